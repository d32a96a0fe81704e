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
    pitch = _pitch(rows)
    written: list[str] = []
    for number, row in enumerate(rows):
        if number:
            missing = round((row.baseline - rows[number - 1].baseline) / pitch) - 1 if pitch else 0
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


def _pitch(rows: Sequence[Line]) -> float:
    """From a line to the next, in points: the usual distance, or a little more than the size if there is just one."""
    steps = sorted(after.baseline - before.baseline for before, after in pairwise(rows))
    steps = [step for step in steps if step > 0]
    if not steps:
        return 0.0
    size = rows[0].size
    # The smallest step is that of lines without a blank one between; a listing of two lines may have just that one.
    usual = steps[len(steps) // 4]
    return usual if usual < 2 * size else 1.2 * size


def _write_row(row: Line, left: float, advance: float) -> str:
    text = ""
    for word in row.words:
        column = round((word.start - left) / advance)
        if column > len(text):
            text += " " * (column - len(text))
        elif text and word.start - (left + len(text) * advance) > -0.5 * advance and _blank_before(row, word):
            text += " "
        text += word.text
    return text


def _blank_before(row: Line, word: object) -> bool:
    for before, after in pairwise(row.words):
        if after is word:
            return before.blank_after
    return False
