"""Finds what lies sideways on a page whose text is upright: a landscape table, or a paragraph beside a figure.

Labels are left as they are: those of an axis, notes along a margin, and the turned heads of columns.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any

from engine.convert.page.blocks import Box, around
from engine.convert.sight.bearing import characters_in, turn_of

_LEAST_CHARACTERS = 40
_LEAST_ROWS = 3
_ALONG, _ACROSS = 150.0, 18.0
"""In points: lines of one region are no further apart than this, along their text and across it."""
_TIGHT = 1.9
"""Times its size: lines of a paragraph are no further from each other."""
_LONG = 20
"""Characters of most lines of a paragraph."""


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a page."""

    box: Box
    """Around its text."""
    turned: int
    """By how many degrees, with the clock, that is turned: 90, 180 or 270."""
    lines: tuple[Box, ...]
    """Around each of its lines."""
    others: tuple[Box, ...] = ()
    """Around each line of the page that is not of it."""


def lying_region(blocks: Iterable[dict[str, Any]]) -> Region | None:
    """The largest part of an upright page that lies another way; `blocks` are those of a dictionary of PyMuPDF's."""
    turned: dict[int, list[dict[str, Any]]] = {}
    for block in blocks:
        for line in block.get("lines", ()):
            turn = 0 if line["dir"] == (1.0, 0.0) and not line.get("wmode") else turn_of(line)
            turned.setdefault(-1 if line.get("wmode") else turn, []).append(line)
    upright = turned.pop(0, [])
    aslant = turned.pop(-1, [])
    found = [(turn, group) for turn, lines in turned.items() for group in _groups(lines, turn)]
    for turn, group in sorted(found, key=lambda each: -sum(map(characters_in, each[1]))):
        box = around(line["bbox"] for line in group)
        if _is_text(group, turn) and not any(_is_in(line["bbox"], box) and characters_in(line) for line in upright):
            own = {id(line) for line in group}
            rest = [line for lines in (upright, aslant, *turned.values()) for line in lines if id(line) not in own]
            return Region(box, turn, _boxes(group), _boxes(rest))
    return None


def _boxes(lines: Iterable[dict[str, Any]]) -> tuple[Box, ...]:
    return tuple(tuple(line["bbox"]) for line in lines)


def _groups(lines: Sequence[dict[str, Any]], turn: int) -> list[list[dict[str, Any]]]:
    """Lines that are near each other."""
    along, across = (_ALONG, _ACROSS) if turn == 180 else (_ACROSS, _ALONG)
    groups: list[list[dict[str, Any]]] = []
    for line in lines:
        x0, y0, x1, y1 = line["bbox"]
        wide = (x0 - along, y0 - across, x1 + along, y1 + across)
        near = [group for group in groups if any(_touch(wide, other["bbox"]) for other in group)]
        groups = [group for group in groups if group not in near]
        groups.append([line, *(other for group in near for other in group)])
    return groups


def _is_text(lines: Sequence[dict[str, Any]], turn: int) -> bool:
    """Whether lines are those of a table, several side by side in several rows, or of a paragraph."""
    if sum(map(characters_in, lines)) < _LEAST_CHARACTERS:
        return False
    edge = 1 if turn == 180 else 0
    size = median(line["spans"][0]["size"] for line in lines)
    rows: list[list[float]] = []
    for place in sorted(line["bbox"][edge] for line in lines):
        if rows and place - rows[-1][-1] < 0.4 * size:
            rows[-1].append(place)
        else:
            rows.append([place])
    if len(rows) < _LEAST_ROWS:
        return False
    if sum(len(row) > 1 for row in rows) >= _LEAST_ROWS - 1:
        return True
    pitch = median(after[0] - before[0] for before, after in pairwise(rows))
    return pitch < _TIGHT * size and median(map(characters_in, lines)) >= _LONG


def _touch(one: Box, other: Box) -> bool:
    return one[0] < other[2] and one[2] > other[0] and one[1] < other[3] and one[3] > other[1]


def _is_in(box: Box, other: Box) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return other[0] <= x <= other[2] and other[1] <= y <= other[3]
