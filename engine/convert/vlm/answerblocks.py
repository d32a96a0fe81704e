"""Makes blocks of what a vision model has said of a page."""

import re
from collections.abc import Callable
from dataclasses import replace

from pymupdf4llm.helpers.document_layout import LayoutBox, PageLayout

from engine.convert.page import latex
from engine.convert.page.blocks import Block, Box, Kind, Span
from engine.convert.page.told import Element, Told
from engine.convert.vlm.readhtml import read_tables
from engine.convert.vlm.readmarkdown import read_inline, read_markdown

_LINES = {
    "Caption": Kind.CAPTION,
    "Footnote": Kind.FOOTNOTE,
    "Page-header": Kind.PAGE_HEADER,
    "Page-footer": Kind.PAGE_FOOTER,
}
_SIGNS = re.compile(r"^\s*(#{1,6})\s+")
_LABEL = re.compile(r"^([–—*+-]|\(?(?:\d{1,3}|[a-zA-Z]|[ivxlc]{1,6}|[IVXLC]{1,6})[.)]|\[\d{1,3}\])\s+(?=\S)")
"""Of a list item that does not begin as Markdown has it."""


def blocks_of(told: Told, size: tuple[float, float], text_in: Callable[[Box], str]) -> list[Block]:
    """The page's blocks in reading order; `size` is the page's, in points, and `text_in` its own text in a box."""
    page = (0.0, 0.0, *size)
    if told.markdown is not None:
        return read_markdown(told.markdown, page)
    blocks: list[Block] = []
    for number, element in enumerate(told.elements):
        if number in told.unread and element.box is not None:
            blocks += _block(replace(element, text=_escaped(text_in(element.box))), element.box)
        else:
            blocks += _block(element, element.box or page)
    return blocks


def layout_of(told: Told, number: int, size: tuple[float, float]) -> PageLayout:
    """What the model sees as the layout model says it, for a page (from 1) whose own text is to be read by it."""
    boxes = [LayoutBox(*e.box, e.category.lower()) for e in told.elements if e.box is not None]
    return PageLayout(number, size[0], size[1], boxes=boxes, fulltext=[], words=[], links=[])


def _block(element: Element, box: Box) -> list[Block]:
    text = element.text
    match element.category:
        case "Picture":
            return [Block(Kind.PICTURE, box)] if element.box is not None else []
        case "Title" | "Section-header":
            return _heading(text, box, 1 if element.category == "Title" else 2)
        case "Formula":
            formula = latex.bare(text)
            return [Block(Kind.FORMULA, box, [Span(formula, math=True)])] if formula else []
        case "Table" if "<table" in text.lower():
            tables, aside = read_tables(text)
            before = [Block(Kind.PARAGRAPH, box, aside)] if aside else []
            return [*before, *(Block(Kind.TABLE, box, rows=rows) for rows in tables)]
        case "List-item":
            return _list(read_markdown(text, box))
        case "Table" | "Text":
            return read_markdown(text, box)
        case category:
            spans = read_inline(_SIGNS.sub("", text))
            return [Block(_LINES[category], box, spans)] if spans else []


def _heading(text: str, box: Box, level: int) -> list[Block]:
    """One heading, of the level that it has in Markdown if it says so."""
    signs = _SIGNS.match(text)
    spans = read_inline(_SIGNS.sub("", text))
    return [Block(Kind.HEADING, box, spans, level=len(signs[1]) if signs else level)] if spans else []


def _list(blocks: list[Block]) -> list[Block]:
    """Blocks of which the first is an item of a list, whatever it looks like."""
    first = blocks[0] if blocks else None
    if first is not None and first.kind is Kind.PARAGRAPH and first.spans:
        first.kind, first.depth, first.label = Kind.LIST_ITEM, 1, "•"
        label = _LABEL.match(first.spans[0].text)
        if label is not None:
            first.label = label[1]
            first.spans[0].text = first.spans[0].text[label.end() :]
    return blocks


def _escaped(text: str) -> str:
    """The PDF's own text, in which nothing is Markdown."""
    return re.sub(r"([\\`*_{}\[\]<>()#+.!|$~&-])", r"\\\1", " ".join(text.split()))
