"""Puts lines as MuPDF cuts them into rows, each of runs between which there is a gap."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from engine.convert.fastlayout.pageparts import is_mono
from engine.convert.text.listlabels import is_label
from engine.convert.text.textflow import visual_lines
from engine.convert.text.textline import Line

_SAME = 0.4
"""Lines whose baselines differ by less, in sizes of the text, stand in one row."""
_GAP = 0.85
"""Runs of a row are at least so far apart, in sizes of the text."""
_IN_TEXT = 4.0
"""A gap in a line of running text is less wide: justified lines of few words have wide ones."""
_LABEL_GAP = 5.0
"""A list item's text is at most so far from its label."""

_LETTERS = frozenset("oOlnuqv")

Row = list[Line]
"""Runs side by side, from left to right."""


def rows_of(lines: Iterable[Line], *, with_code: bool = True) -> list[Row]:
    """Upright lines of one column as rows, from top to bottom; those of code are one run `with_code`, however wide."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda each: each.baseline):
        for row in rows[:-4:-1]:
            if _is_beside(line, row):
                row.append(line)
                break
        else:
            rows.append([line])
    return [joined(row, _GAP, with_code=with_code) for row in rows]


def _is_beside(line: Line, row: Sequence[Line]) -> bool:
    """Whether a line is of a row, and over nothing in it; scripts are smaller, and a little off."""
    main = max(row, key=lambda each: each.size)
    size = max(line.size, main.size)
    slack = _SAME if min(line.size, main.size) > 0.85 * size else 0.6
    if abs(line.baseline - main.baseline) > slack * size:
        return False
    return all(line.start > each.end - 0.3 * size or line.end < each.start + 0.3 * size for each in row)


def joined(row: list[Line], most: float = _IN_TEXT, *, with_code: bool = True) -> Row:
    """A row with runs put together that are less than `most` apart, in sizes of their text."""
    if len(row) == 1:
        return row
    row = sorted(row, key=lambda line: line.start)
    if with_code and all(map(is_mono, row)):
        return visual_lines(row)
    runs = [[row[0]]]
    for before, after in pairwise(row):
        size = max(before.size, after.size)
        reach = _LABEL_GAP if len(runs[-1]) == 1 and _is_label(before, after) else most
        if after.start - before.end < reach * size:
            runs[-1].append(after)
        else:
            runs.append([after])
    return [visual_lines(run)[0] if len(run) > 1 else run[0] for run in runs]


def _is_label(run: Line, after: Line) -> bool:
    """Whether a run is the label of a list item; word processors have letters of other fonts for bullets."""
    return is_label(run.text) or (run.text in _LETTERS and run.words[0].font.name != after.words[0].font.name)
