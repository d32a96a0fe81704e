"""Which OCR engine reads a document's pages, if any."""

import contextlib
import importlib.util
from dataclasses import dataclass, field
from typing import Self

from pymupdf4llm.ocr import OCRMode

from engine.convert.loading.reached import need
from engine.convert.ocr.engines.ocrengine import Engine
from engine.convert.plugins.entrypoints import PluginFailed, made
from engine.job.options import ConvertOptions, OcrEngineName, OcrMode
from engine.job.plugins import Seam
from engine.sandbox.capabilities import Choice, choose, installed_tools
from engine.sandbox.stages import Stage


def preload() -> None:
    """Look for engines, and load the one most documents are read by; each process then shares its models."""
    installed_tools()
    if importlib.util.find_spec("rapidocr"):
        with contextlib.suppress(Exception):
            from engine.convert.ocr.engines import rapid

            rapid.load()


@dataclass(slots=True)
class Ocr:
    """How pages of one document are read by OCR, if at all."""

    mode: OcrMode
    choice: Choice
    _engine: Engine | None = field(default=None, init=False)

    @classmethod
    def for_options(cls, options: ConvertOptions) -> Self:
        """The engine that the options ask for."""
        if options.ocr is OcrMode.NEVER:
            return cls(options.ocr, Choice(None))
        ocr = cls(options.ocr, choose(installed_tools(), options.ocr_engine, options.ocr_languages))
        if ocr.choice.engine not in {None, *OcrEngineName}:
            try:
                ocr.engine()
            except PluginFailed as error:  # which is so for every page
                return cls(options.ocr, Choice(None, problem=str(error)))
        return ocr

    @property
    def is_there(self) -> bool:
        """Whether there is an engine for it."""
        return self.choice.engine is not None

    @property
    def problem(self) -> str:
        """Why there is no engine although OCR is wanted, or what it will not read: a sentence; empty if all is well."""
        return self.choice.problem

    def engine(self) -> Engine:
        """The engine, loaded when a page asks for it.

        Raises `NotLoaded` where it is not for this process to do so, and `PluginFailed`.
        """
        if self._engine is None:
            assert self.choice.engine is not None
            if self.choice.engine != OcrEngineName.TESSERACT:  # which is a program
                need(Stage.OCR)
            self._engine = made(Seam.OCR, self.choice.engine, self.choice.languages)
        return self._engine

    @property
    def library_mode(self) -> OCRMode:
        """What the library would call it."""
        if not self.is_there:
            return OCRMode.NEVER
        return OCRMode.FORCE_KEEP_OLD if self.mode is OcrMode.FORCE else OCRMode.SELECT_KEEP_OLD
