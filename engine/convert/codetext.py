"""Writes listings out of the places of their characters: indentation, runs of blanks and blank lines."""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from engine.convert.pagetext import Line
from engine.convert.textflow import visual_lines


def is_code(lines: Sequence[Line]) -> bool:
    """Whether all of it is set in a monospaced font."""
    return bool(lines) and all(word.font.mono for line in lines for word in line.words)


def write_code(lines: Sequence[Line]) -> str:
    """Lines as they stand: each character in the column of its place, blank lines where there is room for them."""
    rows = visual_lines(lines)
    advance = advance_width(rows)
    if not rows or not advance:
        return "\n".join(row.text for row in rows)
    left = min(row.start for row in rows)
    pitch = line_pitch([after.baseline - before.baseline for before, after in pairwise(rows)], rows[0].size)
    written: list[str] = []
    for number, row in enumerate(rows):
        if number:
            missing = round((row.baseline - rows[number - 1].baseline) / pitch) - 1
            written += [""] * max(0, min(missing, 3))
        written.append(_write_row(row, left, advance))
    return "\n".join(written)


def advance_width(lines: Sequence[Line]) -> float:
    """How wide most characters are, in points; 0 if no word has two."""
    widths = [
        after - before
        for line in lines
        for word in line.words
        for before, after in zip(word.edges[:-2], word.edges[1:-1], strict=True)
        if after > before
    ]
    return median(widths) if widths else 0.0


def line_pitch(steps: Sequence[float], size: float) -> float:
    """From a line of a listing to the next, in points, by the distances between its lines and its font size.

    The shortest distance is that of lines without a blank one between, if it is below twice the size, or if no other
    is longer, as where each line is a paragraph; else all lines have a blank one between.
    """
    steps = sorted(step for step in steps if step > 0.5 * size)
    if not steps:
        return 1.2 * size
    usual = steps[len(steps) // 8]
    if usual < 2 * size or (usual < 2.5 * size and steps[-1] < 1.2 * usual):
        return usual
    return 1.2 * size


def _write_row(row: Line, left: float, advance: float) -> str:
    text = ""
    has_blank = False
    for word in row.words:
        column = round((word.start - left) / advance)
        if column > len(text):
            text += " " * (column - len(text))
        elif text and has_blank:
            text += " "
        text += word.text
        has_blank = word.blank_after
    return text
