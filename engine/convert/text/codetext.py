"""Writes listings out of the places of their characters: indentation, runs of blanks and blank lines."""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from engine.convert.text.textflow import visual_lines
from engine.convert.text.textline import Line

_WRAP_SIGNS = " ↪⏎↳"
"""What stands before the rest of a line that was too long."""
_ARROWS = frozenset("↪⏎↳→\N{REPLACEMENT CHARACTER}")
"""The same where it is of another font; of the arrow with a hook TeX paints the hook by itself."""
_FOREIGN = frozenset("`´'\"|<>~^\\_*→·") | _ARROWS
"""Signs that listings may take from another font."""
_BREAKS_AFTER = tuple("._/=([{-&?,")
"""Where TeX breaks a line without a blank being there; after `=` and `,` only if no blank stands before it."""
_OWN_LINE = ("#", "//", "/*", "*", "|", "+", "$ ", "> ", ">>> ", "--- ", "% ", "@", "}", ")", "]")
"""What begins a line of its own."""

_LEAST_ROOM = 24
"""Characters: no listing is set so narrow that its lines are cut after fewer."""


def is_code(lines: Sequence[Line]) -> bool:
    """Whether all of it is set in a monospaced font, but for signs between what is."""
    return bool(lines) and all(_is_code(line) for line in lines)


def _is_code(line: Line) -> bool:
    others = [word for word in line.words if not word.font.mono]
    if not others:
        return True
    signs = sum(len(word.text) for word in others)
    length = sum(len(word.text) for word in line.words)
    return 2 * signs < length and all(_FOREIGN.issuperset(word.text) for word in others)


def is_wrap_sign(line: Line) -> bool:
    """Whether a line is nothing but the sign before the rest of a line that was too long."""
    return not any(word.font.mono for word in line.words) and all(_ARROWS.issuperset(word.text) for word in line.words)


def _without_sign(row: Line) -> tuple[Line, bool]:
    """A row without the sign of another font that it begins with, and whether there is one."""
    count = next((i for i, word in enumerate(row.words) if word.font.mono or not _ARROWS.issuperset(word.text)), 0)
    return (Line(row.words[count:], row.direction, row.is_vertical), True) if count else (row, False)


def write_code(lines: Sequence[Line], right: float | None = None) -> str:
    """Lines as they stand: each character in the column of its place, blank lines where there is room for them.

    The first column is that of the leftmost character, or of the leftmost blank where a line begins with some. `right`
    is how far lines may reach, in points: a line that ends there only for want of room is joined with the rest of it.
    """
    rows, are_rests = _rows(lines)
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
                if are_rests[number]:
                    joint = _wrapped_joint(written[-1])
                elif right is not None or ends_blank:
                    joint = _joint(_write_row(before, left, advance), text, ends_blank, columns)
                if joint is not None:
                    written[-1] += joint + text.lstrip(_WRAP_SIGNS)
                    continue
            written += [""] * max(0, min(missing, 3))
        written.append(text)
    return "\n".join(written)


def _rows(lines: Sequence[Line]) -> tuple[list[Line], list[bool]]:
    """The lines as a reader sees them, and of each whether a sign says that it is the rest of the one before."""
    rows = [_without_sign(row) for row in visual_lines(lines)]
    return [row for row, _ in rows], [is_rest for _, is_rest in rows]


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
        return _wrapped_joint(before)
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


def _wrapped_joint(before: str) -> str:
    """What joins a row with the rest of it that a sign stands before."""
    return "" if before.endswith(_BREAKS_AFTER) and not before.endswith(",") else " "


def _is_open(row: str) -> bool:
    """Whether a row has a bracket or a quote that it does not close, or ends in the middle of an expression."""
    if any(row.count(opening) > row.count(closing) for opening, closing in ("()", "[]", "{}")):
        return True
    if row.count('"') % 2 or row.count("'") % 2:
        return True
    return row.endswith((",", "=", "\\", "(", "+", ".", " import", " =", " and", " or", "|", "&"))
