"""Which OCR engine reads a document's pages, if any."""

import contextlib
import importlib.util
from dataclasses import dataclass
from typing import Self

from pymupdf4llm.ocr import OCRMode

from engine.convert.ocr.engines.ocrengine import Engine
from engine.convert.plugins.entrypoints import PluginFailed, made
from engine.job.options import ConvertOptions, OcrMode
from engine.job.plugins import Seam
from engine.sandbox.capabilities import Choice, choose, installed_tools


def preload() -> None:
    """Look for engines, and load the one most documents are read by; each process then shares its models."""
    installed_tools()
    if importlib.util.find_spec("rapidocr"):
        with contextlib.suppress(Exception):
            from engine.convert.ocr.engines import rapid

            rapid.load()


@dataclass(frozen=True, slots=True)
class Ocr:
    """How pages of one document are read by OCR, if at all."""

    mode: OcrMode
    engine: Engine | None
    problem: str = ""
    """Why there is no engine although OCR is wanted, or what it will not read: a sentence; empty if all is well."""

    @classmethod
    def for_options(cls, options: ConvertOptions) -> Self:
        """The engine that the options ask for."""
        if options.ocr is OcrMode.NEVER:
            return cls(options.ocr, None)
        choice = choose(installed_tools(), options.ocr_engine, options.ocr_languages)
        try:
            return cls(options.ocr, _engine(choice), choice.problem)
        except PluginFailed as error:
            return cls(options.ocr, None, str(error))

    @property
    def library_mode(self) -> OCRMode:
        """What the library would call it."""
        if self.engine is None:
            return OCRMode.NEVER
        return OCRMode.FORCE_KEEP_OLD if self.mode is OcrMode.FORCE else OCRMode.SELECT_KEEP_OLD


def _engine(choice: Choice) -> Engine | None:
    """The engine that was chosen, for its languages; raises `PluginFailed`."""
    if choice.engine is None:
        return None
    found: Engine = made(Seam.OCR, choice.engine, choice.languages)
    return found
