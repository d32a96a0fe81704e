"""Finds tables by what stands in columns in them, without a rule around it."""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from engine.convert.fastlayout.linerows import Row
from engine.convert.fastlayout.pageparts import Grid, Part, is_bold, is_mono
from engine.convert.page.blocks import around
from engine.convert.text.listlabels import is_label
from engine.convert.text.textline import Line

_GUTTER = 0.6
"""Columns are at least so far apart, in sizes of the text."""
_FAR = 3.2
"""Rows of a table are at most so far apart, in sizes of the text."""
_NEAR = 1.7
"""The rest of a cell is so near."""
_ALIGNED = 0.6
"""Of a column's runs begin, end or are centred at one place."""
_OFF = 0.35
"""Of the text's size: what is less off is at one place."""
_MOST_ROWS = 500
"""A column with more is no column of a page that one reads."""
_TRIES = 3
"""So often is a table looked for that ends before what may be its last rows, or the text below it."""

Column = tuple[float, float]


def aligned_tables(rows: Sequence[Row]) -> list[tuple[int, int, Part]]:
    """The tables in the rows of a column: from which row on, to before which, and the part they are."""
    found: list[tuple[int, int, Part]] = []
    first = 0
    while first < len(rows) <= _MOST_ROWS:
        for last in _reaches(rows, first):
            part = _table(rows[first:last])
            if part is not None:
                found.append((first, last, part))
                first = last - 1
                break
        first += 1
    return found


def _reaches(rows: Sequence[Row], first: int) -> list[int]:
    """Before which rows may end what may be a table that begins with a row; the last one first."""
    if not _has_cells(rows[first]):
        return []
    columns = [(run.start, run.end) for run in rows[first]]
    ends: list[int] = []
    last = first + 1
    while last < len(rows):
        before, row = rows[last - 1], rows[last]
        size = max(before[0].size, row[0].size)
        step = row[0].baseline - before[0].baseline
        if step > _FAR * size:
            break
        if _has_cells(row):
            if not _fits(row, columns, size):
                break
            columns = _merged([*columns, *((run.start, run.end) for run in row)], 0.0)
        elif _is_glued(row[0], columns, size):
            ends.append(last)
        elif step > _NEAR * size or not _is_rest(row[0], columns, size):
            break
        last += 1
    return [last, *reversed(ends[-_TRIES:])] if last > first + 1 else []


def _has_cells(row: Row) -> bool:
    return len(row) > 1 and not all(map(is_mono, row)) and not is_label(row[0].text)


def _fits(row: Row, columns: Sequence[Column], size: float) -> bool:
    """Whether the runs of a row leave a gap between columns open."""
    return len(_merged([*columns, *((run.start, run.end) for run in row)], _GUTTER * size)) > 1


def _is_glued(run: Line, columns: Sequence[Column], size: float) -> bool:
    """Whether a run is the cells of several columns, with hardly a gap between them."""
    lefts = [start for start, end in columns if run.start - _OFF * size < start and end <= run.end + _OFF * size]
    starts = [word.start for word in run.words]
    return len(lefts) > 1 and all(any(abs(start - left) < _OFF * size for start in starts) for left in lefts)


def _is_rest(run: Line, columns: Sequence[Column], size: float) -> bool:
    """Whether a run that is alone in its row is within one column."""
    touched = [column for column in columns if column[0] < run.end and column[1] > run.start]
    return len(touched) == 1 and run.start > touched[0][0] - _OFF * size


def _merged(columns: Sequence[Column], gap: float) -> list[Column]:
    merged: list[Column] = []
    for start, end in sorted(columns):
        if merged and start < merged[-1][1] + gap:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def _table(rows: Sequence[Row]) -> Part | None:
    runs = [run for row in rows for run in row]
    size = median(run.size for run in runs)
    columns = _merged([(run.start, run.end) for run in runs], _GUTTER * size)
    full = [row for row in rows if len(row) > 1]
    if len(columns) < 2 or len(full) < (2 if len(columns) > 2 or all(map(is_bold, rows[0])) else 3):
        return None
    if not all(_is_aligned([run for run in runs if _is_within(run, column)], size) for column in columns):
        return None
    return Part("table", runs, around(run.box for run in runs), _grid(rows, columns))


def _is_within(run: Line, column: Column) -> bool:
    return run.start >= column[0] - 0.01 and run.end <= column[1] + 0.01


def _is_aligned(runs: Sequence[Line], size: float) -> bool:
    if len(runs) < 2:
        return True
    places = (
        [run.start for run in runs],
        [run.end for run in runs],
        [(run.start + run.end) / 2 for run in runs],
    )
    return any(
        sum(abs(place - median(found)) < _OFF * size for place in found) >= _ALIGNED * len(found) for found in places
    )


def _grid(rows: Sequence[Row], columns: Sequence[Column]) -> Grid:
    edges = [(before[1] + after[0]) / 2 for before, after in pairwise(columns)]
    xs = [columns[0][0] - 1, *edges, columns[-1][1] + 1]
    ys = [min(run.box[1] for run in rows[0])]
    ys += [max(run.baseline + 0.3 * run.size for run in row) for row in rows]
    return [[(x0, y0, x1, y1) for x0, x1 in pairwise(xs)] for y0, y1 in pairwise(ys)]
