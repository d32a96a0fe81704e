"""Pages of blocks for tests of the steps, on a page of 600 by 800 points."""

import pymupdf

from engine.convert.page.blocks import Block, Cell, Kind, RefinedPage, Span
from engine.convert.text.pagetext import PageText

WIDTH, HEIGHT = 600.0, 800.0
BODY = "The quick brown fox jumps over the lazy dog and goes on to the next one. " * 4
NO_TEXT = PageText.of(pymupdf.open().new_page())


def block(
    text: str,
    box: tuple[float, float, float, float],
    kind: Kind = Kind.PARAGRAPH,
    *,
    size: float = 10.0,
    bold: bool = False,
    italic: bool = False,
    code: bool = False,
    label: str = "",
    node: str = "",
) -> Block:
    """A block of one span."""
    spans = [Span(text, bold=bold, italic=italic, code=code)]
    return Block(kind, box, spans, size=size, label=label, node=node)


def line(
    text: str, top: float, kind: Kind = Kind.PARAGRAPH, *, left: float = 50.0, size: float = 10.0, bold: bool = False
) -> Block:
    """A block of one line, about as wide as it would be."""
    return block(text, (left, top, left + 0.5 * size * len(text), top + size), kind, size=size, bold=bold)


def paragraph(top: float, text: str = BODY) -> Block:
    """A paragraph of several lines over the whole width."""
    return block(text, (50.0, top, 550.0, top + 48.0))


def table(rows: list[list[str]], box: tuple[float, float, float, float], *, node: str = "") -> Block:
    """A table whose first row is its head."""
    cells = [[Cell([Span(text)], is_header=number == 0) for text in row] for number, row in enumerate(rows)]
    return Block(Kind.TABLE, box, rows=cells, size=10.0, node=node)


def page(*blocks: Block, number: int = 1) -> RefinedPage:
    """A page of these blocks, in this order."""
    return RefinedPage(number, WIDTH, HEIGHT, list(blocks))


def texts(refined: RefinedPage, *kinds: Kind) -> list[str]:
    """The texts of a page's blocks of these kinds, or of all."""
    return [each.text for each in refined.blocks if not kinds or each.kind in kinds]
