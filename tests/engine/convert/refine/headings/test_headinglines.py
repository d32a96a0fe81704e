"""Headings whose lines the layout model has put into boxes of their own."""

import pymupdf
import pytest

from engine.convert.page.blocks import Kind
from engine.convert.refine.headings.runinheadings import RunInHeadings
from tests.engine.convert.drawn import DrawnPage

TEXT = "This is text that goes over all of the width of its column, as text does."
"""Helvetica of 10 points: 302 points wide."""


def _kinds(page: DrawnPage) -> list[tuple[Kind, str]]:
    page.lines(30, 100, TEXT, TEXT, TEXT)
    page.box("text", 28, 90, 333, 128)
    read, text = page.read()
    RunInHeadings().apply(read, text)
    return [(block.kind, block.text) for block in read.blocks]


LONG, REST = "2. What there is to be said of the birds and of the trees that they", "are living in"


@pytest.mark.parametrize("kind", ["section-header", "text"])
@pytest.mark.parametrize("left", [30, 41])
def test_the_second_line_of_a_heading_belongs_to_it(kind: str, left: float) -> None:
    page = DrawnPage()
    page.write(30, 50, LONG, font="hebo")
    page.write(left, 63, REST, font="hebo")
    page.box("section-header", 28, 40, 333, 53)
    page.box(kind, 28, 54, 333, 66)
    assert _kinds(page)[0] == (Kind.HEADING, f"{LONG} {REST}")


@pytest.mark.parametrize(("font", "more"), [("hebo", ""), ("helv", " all")])
def test_so_it_does_where_both_are_centred(font: str, more: str) -> None:
    page = DrawnPage()
    for text, y in ((LONG + more, 50), (REST, 63)):
        page.write(181 - pymupdf.get_text_length(text, font, 10) / 2, y, text, font=font)
    page.box("section-header", 28, 40, 333, 53)
    page.box("text", 28, 54, 333, 66)
    assert _kinds(page)[0] == (Kind.HEADING, f"{LONG}{more} {REST}")


@pytest.mark.parametrize(
    ("first", "second", "font", "y"),
    [
        ("2. Birds", "are living in trees", "hebo", 63),  # there was room
        (LONG, "2.1. Trees", "hebo", 63),
        (LONG, REST, "helv", 63),  # in another font
        (LONG, REST, "hebo", 72),  # too far below
    ],
)
def test_what_is_no_rest_of_a_heading_stays_apart(first: str, second: str, font: str, y: float) -> None:
    page = DrawnPage()
    page.write(30, 50, first, font="hebo")
    page.write(30, y, second, font=font)
    page.box("section-header", 28, 40, 333, 53)
    page.box("text", 28, y - 9, 333, y + 3)
    assert [text for _, text in _kinds(page)[:2]] == [first, second]
