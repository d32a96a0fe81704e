"""Whether a line of a cell had room for the word below it."""

import pytest

from engine.convert.text.cellwraps import are_apart, column_widths, is_wrapped
from engine.convert.text.textline import Line
from tests.engine.convert.drawn import DrawnPage


def _rows(*rows: tuple[str, ...]) -> list[list[list[Line]]]:
    """Rows of cells of one line each, or of none where there is no text."""
    page = DrawnPage()
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            if cell:
                page.write(20 + 120 * column, 30 + 12 * number, cell)
    lines = {(round(line.start / 120), round((line.baseline - 30) / 12)): line for line in page.read()[1].lines}
    return [
        [[lines[column, number]] if (column, number) in lines else [] for column in range(len(row))]
        for number, row in enumerate(rows)
    ]


def test_the_widest_line_of_a_column_says_how_much_room_there_is() -> None:
    rows = _rows(("takes in", ""), ("whatever there may be", ""))
    widths = column_widths(rows)
    assert widths[0] == pytest.approx(rows[1][0][0].end - rows[1][0][0].start)
    assert widths[1] == 0


@pytest.mark.parametrize(("above", "wrapped"), [("takes", False), ("takes whatever there", True)])
def test_a_word_that_had_room_in_the_line_above_was_not_wrapped(above: str, wrapped: bool) -> None:
    rows = _rows((above,), ("may come",), ("whatever there may be",))
    assert is_wrapped(rows[0], rows[1], column_widths(rows)) is wrapped


@pytest.mark.parametrize(
    ("upper", "lower", "apart"),
    [
        (("Snowdon", "1,085"), ("or Wyddfa", "-12.5 %"), True),
        (("a few", "or so"), ("two", "one"), True),
        (("a few", ""), ("two", "one"), False),
        (("every one of them", "or so"), ("two", "one"), False),
    ],
)
def test_numbers_and_columns_with_room_set_rows_apart(
    upper: tuple[str, ...], lower: tuple[str, ...], apart: bool
) -> None:
    rows = _rows(upper, lower, ("every one of them", "that there is"))
    assert are_apart(rows[0], rows[1], column_widths(rows)) is apart
