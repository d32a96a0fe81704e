"""Reads a page without the layout model: by the places and fonts of its lines, and what is drawn around them."""

import pymupdf

from engine.convert.fastlayout.pagelayout import lay_out
from engine.convert.fastlayout.ruledtables import ruled_tables
from engine.convert.open.context import PageContext
from engine.convert.page.blocks import Box, RefinedPage
from engine.convert.read.keptpictures import keep_pictures
from engine.convert.read.leftwardpage import mirror_blocks, mirror_text, mirrored, runs_leftward
from engine.convert.read.setformulas import set_formulas
from engine.convert.read.sheet import Sheet
from engine.convert.refine.steps import page_steps
from engine.job.job import PageState
from engine.job.options import RefineStep

_LEAST_PICTURE = 24.0
"""In points: what is less wide or less high is a sign, or an ornament."""
_GROUND = 0.85
"""Of the page: a picture that covers more is what the page is printed on."""


def read(page: PageContext, sheet: Sheet) -> RefinedPage:
    """The page as blocks, mended by the steps that a page of the layout model goes through."""
    shown = sheet.load()
    width, height = float(shown.rect.width), float(shown.rect.height)
    text = sheet.text(page.hiding, page.fields, by_spans=True)
    pictures = _pictures(sheet, shown)
    lines, tables = text.lines, ruled_tables(text.lines, text)
    if RefineStep.FORMULAS not in page.options.skip_steps:
        set_formulas(page, text, pictures, [part.box for part in tables])
    is_mirrored = text.listed is None and runs_leftward(text.lines)
    if is_mirrored:
        mirror_text(text, width)
        pictures = [mirrored(box, width) for box in pictures]
    if is_mirrored or text.lines is not lines:  # with formulas in them
        tables = ruled_tables(text.lines, text)
    refined = lay_out(page.number, (width, height), text, tables, pictures)
    for step in page_steps(page.options):
        step.apply(refined, text)
    if is_mirrored:
        mirror_blocks(refined.blocks, width)
    page.state, page.via = (PageState.OCR, "ocr") if page.ocr_words else (PageState.OK, "rules")
    sheet.map_back(refined)
    if page.options.images:
        keep_pictures(page, refined, sheet.first_picture)
    return refined


def _pictures(sheet: Sheet, shown: pymupdf.Page) -> list[Box]:
    """Where the page has pictures, those that lie in others and what the page is printed on aside."""
    if sheet.pdf.is_pdf and not sheet.pdf.get_page_images(sheet.index):
        return []  # to ask where they are takes as long as to read the text
    area = shown.rect.width * shown.rect.height
    boxes = []
    for kind, box in shown.get_bboxlog():
        rect = pymupdf.Rect(box) & shown.rect
        if kind not in ("fill-image", "fill-imgmask") or min(rect.width, rect.height) < _LEAST_PICTURE:
            continue
        if rect.width * rect.height < _GROUND * area:
            boxes.append(tuple(rect))
    boxes.sort(key=lambda box: (box[0] - box[2]) * (box[3] - box[1]))
    outer: list[Box] = []
    for box in boxes:
        if not any(_is_within(box, other) for other in outer):
            outer.append(box)
    return outer


def _is_within(box: Box, other: Box) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return other[0] <= x <= other[2] and other[1] <= y <= other[3]
