"""Tells the lines of one wrapped cell from entries below each other, by the room that a line has left."""

import re
from collections.abc import Sequence

from engine.convert.text.textline import Line

Row = Sequence[Sequence[Line]]
"""For each cell its lines."""

_SOME_WORDS = 3
_NUMBER = re.compile(r"[(+\-−–±~<>≤≥≈]*[$€£¥]?\.?\d[\d.,:/  ]*(?:[%‰°€$kKMG]|[eE][+-]?\d+)?[)*†]*")


def column_widths(rows: Sequence[Row]) -> list[float]:
    """How far the widest line of each column reaches beyond where it begins, in points; 0 for an empty column."""
    widths = [0.0] * max(map(len, rows), default=0)
    for row in rows:
        for column, cell in enumerate(row):
            widths[column] = max([widths[column], *(line.end - line.start for line in cell)])
    return widths


def fits(upper: Line, lower: Line, width: float) -> bool:
    """Whether the first word of a line had had room in the line above, which therefore was not wrapped there."""
    word = lower.words[0]
    blank = 0.25 * upper.size
    return upper.end - upper.start + blank + word.end - word.start <= width


def is_wrapped(upper: Row, lower: Row, widths: Sequence[float]) -> bool:
    """Whether each text of the lower row may be the rest of a line above that had no room for it."""
    return not any(
        fits(last_line(over), first_line(under), width) or _are_numbers(over, under)
        for over, under, width in zip(upper, lower, widths, strict=True)
        if over and under
    )


def is_prose(upper: Row, lower: Row) -> bool:
    """Whether each text of the lower row is below a line of some words, as cells that are wrapped have."""
    return all(
        over and len(last_line(over).words) >= _SOME_WORDS for over, under in zip(upper, lower, strict=True) if under
    )


def are_apart(upper: Row, lower: Row, widths: Sequence[float]) -> bool:
    """Whether two rows are surely two: a number stands under a number, or in no column a line had to be wrapped.

    A single column says nothing here: the lines of a cell may be entries below each other.
    """
    both = [(over, under, width) for over, under, width in zip(upper, lower, widths, strict=True) if over and under]
    if any(_are_numbers(over, under) for over, under, _ in both):
        return True
    return len(both) > 1 and all(fits(last_line(over), first_line(under), width) for over, under, width in both)


def first_line(cell: Sequence[Line]) -> Line:
    """The topmost line of a cell."""
    return min(cell, key=lambda line: line.baseline)


def last_line(cell: Sequence[Line]) -> Line:
    """The lowest line of a cell."""
    return max(cell, key=lambda line: line.baseline)


def _are_numbers(*cells: Sequence[Line]) -> bool:
    return all(_NUMBER.fullmatch(" ".join(line.text for line in cell)) for cell in cells)
