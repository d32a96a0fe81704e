"""Reads a page as plain text, block by block: what remains when the layout step fails."""

import pymupdf
from pymupdf4llm.helpers.document_layout import FLAGS, LayoutBox, PageLayout

from engine.convert.open.context import PageContext
from engine.convert.page.pagemodel import PageModel
from engine.convert.read.sheet import Sheet
from engine.job.job import PageState

_MOST_PAINTINGS = 2000
"""Of a page, text included, whose struck out text is marked as such: a tenth of a second."""


def read(page: PageContext, sheet: Sheet) -> PageModel:
    """The page's text blocks in the order of the file, each a paragraph."""
    pdf_page = sheet.load()
    flags = FLAGS & ~pymupdf.TEXT_COLLECT_VECTORS & ~pymupdf.TEXT_PRESERVE_IMAGES
    is_refined = all(map(page.options.has_blocks, page.options.text_formats))
    if is_refined or len(pdf_page.get_bboxlog()) > _MOST_PAINTINGS:
        # A refined page has its text from elsewhere, and to find the lines through it takes seconds where there are
        # tens of thousands of graphics, which may be what the layout step has failed of.
        flags &= ~pymupdf.TEXT_COLLECT_STYLES
    blocks = [b for b in pdf_page.get_text("dict", flags=flags)["blocks"] if b["type"] == 0]
    boxes = []
    for block_number, block in enumerate(blocks):
        lines = []
        for line_number, line in enumerate(block["lines"]):
            spans = [s | {"line": line_number, "block": block_number} for s in line["spans"] if s["text"].strip()]
            if spans:
                lines.append({"bbox": line["bbox"], "spans": spans})
        if lines:
            boxes.append(LayoutBox(*block["bbox"], "text", textlines=lines))
    page.state, page.via = PageState.TEXT_ONLY, "text"
    layout = PageLayout(
        page_number=page.number,
        width=pdf_page.rect.width,
        height=pdf_page.rect.height,
        boxes=boxes,
        fulltext=blocks,
        words=[],
        links=[],
    )
    return PageModel(page.number, layout)
