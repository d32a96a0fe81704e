"""Writes listings out of the places of their characters: indentation, runs of blanks and blank lines."""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from engine.convert.text.textflow import visual_lines
from engine.convert.text.textline import Line

_WRAP_SIGNS = " ↪⏎↳"
"""What stands before the rest of a line that was too long."""
_BREAKS_AFTER = tuple("._/=([{-&?,")
"""Where TeX breaks a line without a blank being there; after `=` and `,` only if no blank stands before it."""
_OWN_LINE = ("#", "//", "/*", "*", "|", "+", "$ ", "> ", ">>> ", "--- ", "% ", "@", "}", ")", "]")
"""What begins a line of its own."""

_LEAST_ROOM = 24
"""Characters: no listing is set so narrow that its lines are cut after fewer."""


def is_code(lines: Sequence[Line]) -> bool:
    """Whether all of it is set in a monospaced font."""
    return bool(lines) and all(word.font.mono for line in lines for word in line.words)


def write_code(lines: Sequence[Line], right: float | None = None) -> str:
    """Lines as they stand: each character in the column of its place, blank lines where there is room for them.

    The first column is that of the leftmost character, or of the leftmost blank where a line begins with some. `right`
    is how far lines may reach, in points: a line that ends there only for want of room is joined with the rest of it.
    """
    rows = visual_lines(lines)
    advance = advance_width(rows)
    if not rows or not advance:
        return "\n".join(row.text for row in rows)
    left = min(min(row.start, row.words[0].lead or row.start) for row in rows)
    pitch = line_pitch([after.baseline - before.baseline for before, after in pairwise(rows)], rows[0].size)
    longest = round(max(row.end - left for row in rows) / advance)
    columns = int((right - left) / advance + 0.2) if right is not None else longest
    written: list[str] = []
    for number, row in enumerate(rows):
        text = _write_row(row, left, advance)
        if number:
            before = rows[number - 1]
            missing = round((row.baseline - before.baseline) / pitch) - 1
            if missing <= 0 and row.words[0].lead is None:
                ends_blank = before.words[-1].blank_after
                joint = None
                if right is not None or ends_blank:
                    joint = _joint(_write_row(before, left, advance), text, ends_blank, columns)
                if joint is not None:
                    written[-1] += joint + text.lstrip(_WRAP_SIGNS)
                    continue
            written += [""] * max(0, min(missing, 3))
        written.append(text)
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


def _joint(before: str, after: str, blank_after: bool, columns: int) -> str | None:
    """What joins a row with the next if that is the rest of the same line: a blank or nothing; None if it is not.

    It is the rest where its first word would not have fitted, and unless the row ends in a blank, which no line does by
    itself, where neither looks like a whole line.
    """
    rest = after.lstrip(" ")
    if rest[:1] in _WRAP_SIGNS.strip():
        return "" if before.endswith(_BREAKS_AFTER) else " "
    words = rest.split()
    hanging, indent = len(after) - len(rest), len(before) - len(before.lstrip(" "))
    if not words or len(before) > columns + 1 or len(before) + 1 + len(words[0]) <= columns:
        return None
    if columns < _LEAST_ROOM or 0 < hanging < indent:
        return None
    if blank_after:
        return " " if hanging == 0 or hanging != indent else None
    looks_new = rest.startswith(_OWN_LINE) or words[0] == before.split()[0] or hanging - indent in (0, 2, 4, 8)
    if looks_new and (hanging or indent or not _is_open(before)):
        return None
    is_open = _is_open(before) or rest.startswith(('"', "'", "("))
    if not is_open and (before.endswith((":", ";", "}", ")")) or hanging == indent):
        return None
    if len(before.split()[-1]) + len(words[0]) > columns - hanging:
        return ""
    glued = before.endswith(_BREAKS_AFTER) and before[-2:-1] not in (" ", "") and not before.endswith((",", "--"))
    return "" if glued else " "


def _is_open(row: str) -> bool:
    """Whether a row has a bracket or a quote that it does not close, or ends in the middle of an expression."""
    if any(row.count(opening) > row.count(closing) for opening, closing in ("()", "[]", "{}")):
        return True
    if row.count('"') % 2 or row.count("'") % 2:
        return True
    return row.endswith((",", "=", "\\", "(", "+", ".", " import", " =", " and", " or", "|", "&"))
