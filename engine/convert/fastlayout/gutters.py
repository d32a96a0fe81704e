"""Finds the gutters between columns of running text, which no line is read across."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from engine.convert.text.textline import Line

_WIDTH = 0.6
"""A gutter is at least so wide, in sizes of the text."""
_LEAST_COLUMN = 8.0
"""And so far from the next one."""
_LEAST_LINES = 5
"""On each side of a gutter."""
_LEAST_CHARACTERS = 18
"""In most lines that fill a column."""
_FULL = 0.75
"""Of the width of their column, lines of running text fill so much, and have so much of a column's characters."""
_MOSTLY = 0.25
_MOST_OVER = 0.25
"""Of the lines beside a gutter so many may have run over it."""
_BESIDE = 0.8
"""In sizes of the text: lines whose baselines are so near stand side by side."""
_MOST_LINES = 1500
"""A page with more is a map or a listing of numbers, and no text in columns."""


@dataclass(frozen=True, slots=True)
class Gutter:
    """A strip of a page between two columns."""

    x: float
    top: float
    bottom: float


def find_gutters(lines: Sequence[Line], size: float) -> list[Gutter]:
    """The gutters of a page, by its upright lines; `size` is that of most text, in points."""
    if not 2 * _LEAST_LINES <= len(lines) <= _MOST_LINES:
        return []
    strips = sorted((_Strip(line.start, line.end, line.baseline, len(line.text)) for line in lines), key=_level)
    width = _WIDTH * size
    ends: dict[int, float] = {}
    for strip in strips:
        place = int(strip.end / width)
        ends[place] = max(ends.get(place, 0.0), strip.end)
    starts, stops = sorted(strip.start for strip in strips), sorted(strip.end for strip in strips)
    places = [
        x + 0.01
        for x in ends.values()
        if len(starts) - bisect_left(starts, x + width) >= _LEAST_LINES <= bisect_right(stops, x)
    ]
    possible = [each for x in places for each in _along(x, width, strips, size)]
    found: list[Gutter] = []
    for gutter, _ in sorted(possible, key=lambda each: -each[1]):
        if not any(abs(gutter.x - other.x) < _LEAST_COLUMN * size and _overlap(gutter, other) for other in found):
            found.append(gutter)
    return found


def zone_of(line: Line, gutters: Sequence[Gutter]) -> tuple[int, ...]:
    """On which sides of which gutters a line lies: lines with another answer are in another column."""
    if not gutters:
        return ()
    return tuple(
        (1 if line.start > gutter.x else -1) if gutter.top <= line.baseline <= gutter.bottom else 0
        for gutter in gutters
    )


class _Strip(NamedTuple):
    """What has to be known of a line."""

    start: float
    end: float
    baseline: float
    length: int
    """In characters."""


def _level(strip: _Strip) -> float:
    return strip.baseline


def _overlap(one: Gutter, other: Gutter) -> bool:
    return min(one.bottom, other.bottom) > max(one.top, other.top)


def _along(x: float, width: float, strips: Sequence[_Strip], size: float) -> Iterator[tuple[Gutter, int]]:
    """The gutters that begin at a place, each between what parts the page, with how much running text is beside.

    What has run over from the left column has a line of the right one beside it, and parts nothing.
    """
    right = [strip.baseline for strip in strips if strip.start >= x + width]
    parted: list[list[_Strip]] = [[]]
    over = [0]
    for strip in strips:
        if strip.start >= x + width or strip.end <= x:
            parted[-1].append(strip)
        elif strip.start < x - 2 * width and _has_beside(strip.baseline, right, size):
            over[-1] += 1
        else:
            parted.append([])
            over.append(0)
    for inside, run_over in zip(parted, over, strict=True):
        left = [strip for strip in inside if strip.end <= x]
        beyond = [strip for strip in inside if strip.end > x]
        running = _running(left, beyond, size) if run_over <= _MOST_OVER * len(inside) else 0
        if running:
            start = min(strip.start for strip in beyond)
            yield Gutter((x + start) / 2, inside[0].baseline - size, inside[-1].baseline), running


def _has_beside(baseline: float, others: Sequence[float], size: float) -> bool:
    """Whether one of some baselines, in order, is as near as that of a line beside."""
    at = bisect_left(others, baseline - _BESIDE * size)
    return at < len(others) and others[at] <= baseline + _BESIDE * size


def _running(left: Sequence[_Strip], right: Sequence[_Strip], size: float) -> int:
    """How many characters are in lines that fill two columns of running text side by side; 0 if these are none."""
    if min(len(left), len(right)) < _LEAST_LINES:
        return 0
    if min(left[-1].baseline, right[-1].baseline) - max(left[0].baseline, right[0].baseline) < 3 * size:
        return 0
    found = 0
    for side in (left, right):
        room = max(strip.end for strip in side) - min(strip.start for strip in side)
        full = [strip.length for strip in side if strip.end - strip.start >= _FULL * room]
        if len(full) < _LEAST_LINES - 1 or median(full) < _LEAST_CHARACTERS:
            return 0
        if sum(full) < _MOSTLY * sum(strip.length for strip in side):
            return 0
        found += sum(full)
    return found
