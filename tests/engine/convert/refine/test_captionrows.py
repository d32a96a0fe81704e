"""Captions that the layout model has put into the head of a table."""

import pymupdf
import pytest

from engine.convert.page.blocks import Kind
from engine.convert.refine.tablecells import TableCells
from tests.engine.convert.drawn import DrawnPage

ROWS = [["Place", "Height", "What is there"], ["Ben Nevis", "1,345", "a wall"], ["Snowdon", "1,085", "a train"]]
XS = [50, 120, 170]


def _blocks(caption: str, x: float) -> list[tuple[Kind, object]]:
    page = DrawnPage()
    page.write(x, 44, caption)
    for number, row in enumerate(ROWS):
        for at, cell in zip(XS, row, strict=True):
            page.write(at, 58 + 14 * number, cell)
    page.table([48, 115, 165, 260], [34, 62, 76, 90])
    read, text = page.read()
    TableCells().apply(read, text)
    return [
        (block.kind, [[cell.text for cell in row] for row in block.rows] if block.rows else block.text)
        for block in read.blocks
    ]


@pytest.mark.parametrize(
    "caption",
    [
        "Mountains of the island of Britain",
        "Table 3: Mountains, and how high they are",
        "Table 3: Mountains and what is on them",
    ],
)
def test_a_line_above_the_head_that_reaches_over_columns_is_a_caption(caption: str) -> None:
    x = 154 - pymupdf.get_text_length(caption, "helv", 10) / 2
    assert _blocks(caption, x) == [(Kind.CAPTION, caption), (Kind.TABLE, ROWS)]


@pytest.mark.parametrize(("words", "x", "column"), [("Any", 50, 0), ("Least", 120, 1), ("The name of", 170, 2)])
def test_the_first_line_of_a_cell_of_the_head_is_none(words: str, x: float, column: int) -> None:
    [(kind, rows)] = _blocks(words, x)
    assert kind is Kind.TABLE
    assert isinstance(rows, list)
    assert rows[0] == [f"{words} {cell}" if i == column else cell for i, cell in enumerate(ROWS[0])]
