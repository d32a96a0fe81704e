"""Reads a page with the library's layout model."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pymupdf
from pymupdf4llm.helpers import document_layout
from pymupdf4llm.ocr import OCRMode

from engine.convert.layoutmodel.quicklayout import quick_layout
from engine.convert.open.context import PageContext
from engine.convert.page.blocks import Box
from engine.convert.page.pagemodel import PageModel
from engine.convert.read.sheet import Sheet
from engine.job.job import PageState

IMAGE_FOLDER = "images"
_MOST_GRAPHICS = 250
"""A page of so many small squares takes a second to be cut into segments, one of 500 four."""
_SLOW = pymupdf.TEXT_SEGMENT | pymupdf.TEXT_COLLECT_STYLES
"""What MuPDF takes a time for that grows with the square of the number of graphics, or faster."""


def read(page: PageContext, sheet: Sheet, *, images: bool) -> PageModel:
    """The page as the layout model sees it, its pictures written to files if asked for.

    Raises whatever the library raises.
    """
    if sheet.is_copy:
        sheet.pdf._name = f"{page.document.pdf.name}-{page.number:04d}"  # part of the names of pictures
    with _boxes_only(graphics=page.graphics) if page.options.refine else quick_layout(to_the_bit=True):
        parsed = document_layout.parse_document(
            sheet.pdf,
            pages=[sheet.index],
            image_dpi=page.options.dpi,
            image_path=IMAGE_FOLDER if images else "",
            write_images=images,
            force_text=True,
            use_ocr=OCRMode.NEVER,
        )
    page.state, page.via = (PageState.OCR, "ocr") if page.ocr_words else (PageState.OK, "layout")
    layout = parsed.pages[0]
    if sheet.is_copy:
        layout.page_number = page.number
        for number, box in enumerate(layout.boxes, sheet.first_picture):
            if isinstance(box.image, str):
                file = picture_file(page, number)
                Path(box.image).replace(file)
                box.image = str(file)
    return PageModel(page.number, layout)


@contextmanager
def _boxes_only(*, graphics: int) -> Iterator[None]:
    """Have the library find boxes and tables, but not the text in boxes, nor the lines through or below it.

    A refined page takes its text from `pagetext`. MuPDF compares each character with each graphic to find such lines,
    and to cut the page into segments, each graphic with all others: of many, no segments are asked for.
    """
    from pymupdf.layout import pymupdf_util_base  # with the model, which no process loads before it needs it

    flags, get_raw_lines = document_layout.FLAGS, document_layout.get_raw_lines
    create_stext_page = pymupdf_util_base.create_stext_page
    document_layout.FLAGS = flags & ~pymupdf.TEXT_COLLECT_STYLES
    document_layout.get_raw_lines = lambda *args, **kwargs: []
    if graphics > _MOST_GRAPHICS:
        pymupdf_util_base.create_stext_page = lambda page, flags: create_stext_page(page, flags & ~_SLOW)
    try:
        with quick_layout():
            yield
    finally:
        document_layout.FLAGS, document_layout.get_raw_lines = flags, get_raw_lines
        pymupdf_util_base.create_stext_page = create_stext_page


def picture_file(page: PageContext, number: int) -> Path:
    """The file of a page's picture, named as the library names those it finds; `number` counts from 0."""
    return Path(IMAGE_FOLDER) / f"{page.document.pdf.name}-{page.number:04d}-{number:02d}.png"


def render(page: PageContext, box: Box, file: Path, turned: int = 0) -> bool:
    """Render a part of the page into a file; False if there is nothing to be seen.

    `turned` is by how many degrees, with the clock, it is turned.
    """
    shown = page.load()
    clip = pymupdf.Rect(box) & shown.rect
    if clip.is_empty:
        return False
    dpi = page.options.dpi
    pixels = shown.get_pixmap(clip=clip, matrix=pymupdf.Matrix(dpi / 72, dpi / 72).prerotate(-turned))
    pixels.set_dpi(dpi, dpi)
    if not pixels.width or not pixels.height:
        return False
    file.parent.mkdir(exist_ok=True)
    pixels.save(str(file))
    return True
