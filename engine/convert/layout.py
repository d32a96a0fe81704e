"""Reads a page with the library's layout model, and by OCR where the page needs it."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pymupdf
from pymupdf4llm.helpers import document_layout
from pymupdf4llm.ocr import OCRMode

from engine.convert.base import PageContext
from engine.convert.blocks import Box
from engine.convert.ocr import MISSING, looks_scanned
from engine.convert.pagemodel import PageModel
from engine.job import PageState

IMAGE_FOLDER = "images"


def read(page: PageContext, *, images: bool, ocr: bool) -> PageModel:
    """The page as the layout model sees it, its pictures written to files and OCR used where needed if asked for.

    Raises whatever the library raises.
    """
    engine = page.document.ocr
    if engine.missing and looks_scanned(page.load()):
        page.error = f"This page looks scanned. {MISSING}"
    used_ocr = False

    def recognize(*args: Any, **kwargs: Any) -> None:
        nonlocal used_ocr
        used_ocr = True
        page.on_ocr()
        if engine.function is not None:
            engine.function(*args, **kwargs)

    with _boxes_only() if page.options.refine else nullcontext():
        parsed = document_layout.parse_document(
            page.document.pdf,
            pages=[page.number - 1],
            image_dpi=page.options.dpi,
            image_path=IMAGE_FOLDER if images else "",
            write_images=images,
            force_text=True,
            use_ocr=engine.library_mode if ocr else OCRMode.NEVER,
            ocr_function=recognize if ocr else None,
        )
    page.state, page.via = (PageState.OCR, "ocr") if used_ocr else (PageState.OK, "layout")
    return PageModel(page.number, parsed.pages[0])


@contextmanager
def _boxes_only() -> Iterator[None]:
    """Have the library find boxes and tables, but not the text in boxes, nor the lines through or below it.

    A refined page takes its text from `pagetext`. MuPDF compares each character with each graphic to find such lines.
    """
    flags, get_raw_lines = document_layout.FLAGS, document_layout.get_raw_lines
    document_layout.FLAGS = flags & ~pymupdf.TEXT_COLLECT_STYLES
    document_layout.get_raw_lines = lambda *args, **kwargs: []
    try:
        yield
    finally:
        document_layout.FLAGS, document_layout.get_raw_lines = flags, get_raw_lines


def picture_file(page: PageContext, number: int) -> Path:
    """The file of a page's picture, named as the library names those it finds; `number` counts from 0."""
    return Path(IMAGE_FOLDER) / f"{page.document.pdf.name}-{page.number:04d}-{number:02d}.png"


def render(page: PageContext, box: Box, file: Path) -> bool:
    """Render a part of the page into a file; False if there is nothing to be seen."""
    shown = page.load()
    clip = pymupdf.Rect(box) & shown.rect
    if clip.is_empty:
        return False
    pixels = shown.get_pixmap(clip=clip, dpi=page.options.dpi)
    if not pixels.width or not pixels.height:
        return False
    file.parent.mkdir(exist_ok=True)
    pixels.save(str(file))
    return True
