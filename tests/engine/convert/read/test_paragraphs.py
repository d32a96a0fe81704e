"""Lines put together by their places alone."""

import pytest

from engine.convert.page.blocks import Kind
from engine.convert.read.paragraphs import Piece, blocks_of

EM = 10.0


def piece(x: float, y: float, text: str, *, width: float = 0.0, bold: bool = False, mono: bool = False) -> Piece:
    """A line of 10 points whose baseline is at `y`."""
    end = x + (width or 5 * len(text))
    return Piece(text, (x, y - 8, end, y + 2), y, EM, is_bold=bold, is_mono=mono)


def paragraph(x: float, y: float, *lines: str, width: float = 200.0) -> list[Piece]:
    """Full lines, and a last one as long as its text."""
    full = [piece(x, y + 12 * n, line, width=width) for n, line in enumerate(lines[:-1])]
    return [*full, piece(x, y + 12 * (len(lines) - 1), lines[-1])]


def texts(pieces: list[Piece], *, in_columns: bool = True) -> list[str]:
    return [block.text for block in blocks_of(pieces, in_columns=in_columns)]


def test_lines_below_each_other_are_one_paragraph_without_the_hyphens_of_their_ends() -> None:
    lines = paragraph(50, 100, "Where the ware-", "house stands, a well-", "known house of pre-", "and post-war times.")
    known = [piece(50, 400, "It is a well-known thing")]
    assert texts([*lines, *known])[0] == "Where the warehouse stands, a well-known house of pre- and post-war times."


def test_a_paragraph_begins_where_a_line_is_set_in_stands_apart_or_the_last_one_has_ended_early() -> None:
    one = paragraph(50, 100, "One that fills its lines,", "and ends.")
    two = [
        piece(50, 124, "Two is at the edge as well", width=200),
        piece(50, 136, "and is full to its end.", width=200),
    ]
    three = [piece(65, 148, "Three is set in,", width=185), piece(50, 160, "and goes on.", width=190)]
    four = [piece(50, 178, "Four stands apart.", width=150)]
    assert texts([*one, *two, *three, *four]) == [
        "One that fills its lines, and ends.",
        "Two is at the edge as well and is full to its end.",
        "Three is set in, and goes on.",
        "Four stands apart.",
    ]


def test_the_lines_of_an_item_hang_below_its_label() -> None:
    pieces = [
        piece(50, 100, "•"),
        piece(62, 100, "Ropes of all the lengths", width=188),
        piece(62, 112, "that there are", width=180),
        piece(50, 124, "•"),
        piece(62, 124, "Lanterns"),
        piece(50, 160, "1. Boats", width=150),
        piece(50, 172, "2. Oars", width=150),
    ]
    assert texts(pieces) == ["• Ropes of all the lengths that there are", "• Lanterns", "1. Boats", "2. Oars"]


def test_columns_are_read_one_after_the_other_whatever_the_order_of_the_file() -> None:
    left = paragraph(
        50, 100, "The column on the left has", "nothing but lines of its own,", "and there are three of them."
    )
    right = paragraph(
        300, 100, "The one on the right has too,", "which are to be read after all", "of those that are on the left."
    )
    title = [piece(50, 60, "A title over both of the columns", width=450)]
    expected = [
        "A title over both of the columns",
        "The column on the left has nothing but lines of its own, and there are three of them.",
        "The one on the right has too, which are to be read after all of those that are on the left.",
    ]
    assert texts([*title, *left, *right]) == expected
    assert texts([*right, *title, *left]) == expected
    by_line = [piece for both in zip(left, right, strict=True) for piece in both]
    assert texts([*title, *by_line]) == expected
    assert texts([*right, *title, *left], in_columns=False) == [expected[2], *expected[:2]]


def test_the_rows_of_a_table_are_lines_with_their_cells_apart() -> None:
    rows = [("Place", "Boats"), ("Old quay", "41"), ("Bridge", "3")]
    pieces = [
        piece(x, 100 + 12 * n, text) for n, row in enumerate(rows) for x, text in zip((50, 200), row, strict=True)
    ]
    assert texts(pieces) == ["Place  Boats\nOld quay  41\nBridge  3"]


def test_listings_keep_their_lines_and_their_indentation() -> None:
    lines = [(50, "def total():"), (74, "if boats:"), (98, "return 44")]
    pieces = [piece(x, 100 + 12 * n, text, mono=True) for n, (x, text) in enumerate(lines)]
    (block,) = blocks_of(pieces)
    assert (block.kind, block.text) == (Kind.CODE, "def total():\n    if boats:\n        return 44")


@pytest.mark.parametrize(
    "lines", [("Harbour Office", "Old Quay 3", "Westport", "Tel. 41"), ("To be", "or not", "to be", "asked")]
)
def test_lines_of_which_most_end_early_are_lines_of_their_own(lines: tuple[str, ...]) -> None:
    wide = piece(50, 100, "What is as wide as can be", width=200)
    pieces = [wide, *(piece(50, 112 + 12 * n, line) for n, line in enumerate(lines))]
    assert texts(pieces) == ["\n".join(("What is as wide as can be", *lines))]


def test_what_runs_another_way_stands_by_itself() -> None:
    label = Piece("Depth in metres", (20, 100, 30, 180), 30, EM, is_upright=False)
    assert sorted(texts([label, piece(50, 110, "A word beside it")]), reverse=True) == [
        "Depth in metres",
        "A word beside it",
    ]
