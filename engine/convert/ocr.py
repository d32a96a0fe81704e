"""Which OCR engine there is, and what the library is told about it."""

import contextlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import pymupdf
from pymupdf4llm.helpers import document_layout
from pymupdf4llm.ocr import OCRMode

from engine.options import OcrMode

MISSING = "No OCR engine is installed: pip install 'hotfolio[ocr]'."

_LIBRARY_MODES = {
    OcrMode.AUTO: OCRMode.SELECT_KEEP_OLD,
    OcrMode.NEVER: OCRMode.NEVER,
    OcrMode.FORCE: OCRMode.FORCE_KEEP_OLD,
}

_NOT_ASKED: Any = object()
_function: Any = _NOT_ASKED


def preload() -> None:
    """Import the engine's code; its models are loaded by the first page that needs them."""
    _engine_function()


@dataclass(frozen=True)
class OcrEngine:
    """How pages of one document are read by OCR, if at all."""

    function: Callable[..., None] | None
    library_mode: OCRMode
    missing: bool
    """OCR is wanted and there is no engine."""

    @property
    def is_used(self) -> bool:
        """Whether any page may be read by OCR."""
        return self.function is not None

    def is_needed(self, page: pymupdf.Page) -> bool:
        """Whether the library would read this page by OCR."""
        return self.is_used and bool(document_layout.make_ocr_decision(page, self.library_mode)[0])

    @classmethod
    def for_mode(cls, mode: OcrMode) -> Self:
        """The engine the library finds, used as `mode` says."""
        if mode is OcrMode.NEVER:
            return cls(None, OCRMode.NEVER, missing=False)
        function = _engine_function()
        if function is None:
            return cls(None, OCRMode.NEVER, missing=True)
        return cls(function, _LIBRARY_MODES[mode], missing=False)


def looks_scanned(page: pymupdf.Page) -> bool:
    """Whether a page has pictures but no text at all."""
    return not page.get_text("text").strip() and bool(page.get_images())


def _engine_function() -> Callable[..., None] | None:
    global _function
    if _function is _NOT_ASKED:
        _function = None
        if importlib.util.find_spec("cv2"):
            import cv2

            cv2.setNumThreads(1)
        with contextlib.suppress(Exception):
            _function = document_layout.select_ocr_function()
    return _function  # type: ignore[no-any-return]
