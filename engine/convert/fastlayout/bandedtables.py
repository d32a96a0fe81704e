"""Finds tables by the rules above, below and within them, and by the ground of their heads."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from engine.convert.fastlayout.linerows import Row, rows_of
from engine.convert.fastlayout.pageparts import Grid, Part, is_mono
from engine.convert.page.blocks import Box, around
from engine.convert.text.pagetext import PageText
from engine.convert.text.textline import Line

_THICK = 3.2
"""Points: what is less high is a rule."""
_STROKE, _FLAT = 10.0, 10.0
"""Points: MuPDF's box of a line that is drawn has room around it; it is still so many times as wide as high."""
_HEAD = 60.0
"""Points: the ground of a table's head is at most so high."""
_LEAST_WIDTH = 40.0
"""Points: of a rule over a whole table."""
_LEAST_PIECE = 8.0
"""Points: of a rule's part over one column."""
_SAME = 2.5
"""Points: edges that are no further apart are one."""
_MOST_RULES = 400
"""A page with more is a drawing."""
_GUTTER = 0.5
"""Columns are at least so far apart, in sizes of the text."""
_WORD_GAP, _MOSTLY = 0.45, 0.5
"""The same where all words leave a gap open, and a word begins right of it in so many of the rows."""
_FAR = 3.5
"""Rows below a head on a ground are at most so far apart, in sizes of the text."""
_LARGER = 1.15
"""Times the size of the row above: a heading."""
_WITHIN = 0.85
"""Of what stands between two rules of a table is within one column each."""


@dataclass(slots=True)
class _Band:
    """Rules side by side, or grounds, from one edge of a table to the other."""

    box: Box
    edges: list[float]
    """Between its parts."""
    is_ground: bool


def banded_tables(lines: Sequence[Line], text: PageText, grids: Sequence[Box] = ()) -> list[Part]:
    """The tables that have rules across all of their width, or a head whose cells have a ground.

    `grids` are the places of tables that are known.
    """
    bands = [band for band in _bands(text) if not any(_overlap(band.box, grid) for grid in grids)]
    if not bands:
        return []
    upright = [line for line in lines if line.is_upright]
    found: list[Part] = []
    for group in _of_one_width(bands):
        for top, bottom, edges in _regions(group, upright):
            box = (group[0].box[0], top, group[0].box[2], bottom)
            inside = [line for line in upright if _is_in(line, box)]
            part = _table(box, inside, edges, [line for line in upright if not _is_in(line, box)])
            if part is not None and not any(_overlap(part.box, other.box) for other in found):
                found.append(part)
    return found


def _bands(text: PageText) -> list[_Band]:
    """The rules and grounds of a page, those that abut put together."""
    pieces: dict[tuple[int, bool], list[Box]] = {}
    count = 0
    for drawing in text.drawings:
        x0, y0, x1, y1 = drawing.box
        height = y1 - y0
        is_line = drawing.is_stroked and height < _STROKE and x1 - x0 > _FLAT * height
        is_ground = height > _THICK and not is_line
        if x1 - x0 < _LEAST_PIECE or height > _HEAD or (is_ground and drawing.is_stroked):
            continue
        pieces.setdefault((round(y0), is_ground), []).append(drawing.box)
        count += 1
    if count > _MOST_RULES:
        return []
    bands = []
    for (_, is_ground), boxes in pieces.items():
        chain: list[Box] = []
        for box in sorted(set(boxes)):
            if chain and box[0] > chain[-1][2] + _SAME:
                bands.append(_band(chain, is_ground))
                chain = []
            chain.append(box)
        bands.append(_band(chain, is_ground))
    return [
        band
        for band in bands
        if band.box[2] - band.box[0] >= _LEAST_WIDTH and (not band.is_ground or len(band.edges) > 0)
    ]


def _band(chain: Sequence[Box], is_ground: bool) -> _Band:
    box = around(chain)
    edges = [before[2] for before, after in pairwise(chain) if abs(after[0] - before[2]) <= _SAME]
    return _Band(box, edges, is_ground)


def _of_one_width(bands: Iterable[_Band]) -> Iterator[list[_Band]]:
    """Bands with the same ends, from top to bottom."""
    rest = sorted(bands, key=lambda band: band.box[1])
    while rest:
        first = rest[0]
        group = [
            band
            for band in rest
            if abs(band.box[0] - first.box[0]) <= _SAME and abs(band.box[2] - first.box[2]) <= _SAME
        ]
        rest = [band for band in rest if not any(band is other for other in group)]
        yield group


def _regions(group: Sequence[_Band], lines: Sequence[Line]) -> Iterator[tuple[float, float, list[float]]]:
    """Where tables may be: the top, the bottom, and the edges between columns that bands tell."""
    left, right = group[0].box[0], group[0].box[2]
    first = 0
    while first < len(group):
        last = first
        edges = group[first].edges
        while last + 1 < len(group):
            upper, lower = group[last].box, group[last + 1].box
            between = [line for line in lines if _is_in(line, (left, upper[1], right, lower[3]))]
            more = max(edges, group[last + 1].edges, key=len)
            if between and not _is_tabular(between, more):
                break
            edges = more
            last += 1
        bottom = group[last].box[3]
        if group[last].is_ground:
            bottom = _end_of_text(group[last].box, edges, lines)
        if last > first or group[last].is_ground:
            yield group[first].box[1], bottom, edges
        first = last + 1


def _is_tabular(lines: Sequence[Line], edges: Sequence[float]) -> bool:
    """Whether lines between two rules are a part of a table."""
    rows = rows_of(lines, with_code=False)
    if any(_are_apart(upper, lower) for upper, lower in pairwise(rows)):
        return False
    if not edges:
        edges = _between(_columns(rows))
    within = sum(not any(_crosses(line, edge) for edge in edges) for line in lines)
    return bool(edges) and within >= _WITHIN * len(lines)


def _are_apart(upper: Row, lower: Row) -> bool:
    """Whether two rows are so far apart, or the lower so much larger, that a table has ended between them."""
    size = max(upper[0].size, lower[0].size)
    return lower[0].baseline - upper[0].baseline > _FAR * size or lower[0].size > _LARGER * upper[0].size


def _crosses(line: Line, edge: float) -> bool:
    return line.start < edge - 1 and line.end > edge + 1


def _end_of_text(head: Box, edges: Sequence[float], lines: Sequence[Line]) -> float:
    """Where the text below a head ends that stands in its columns."""
    left, _, right, bottom = head
    below = sorted(
        (line for line in lines if line.baseline > bottom and line.end > left and line.start < right),
        key=lambda line: line.baseline,
    )
    last = bottom
    for line in below:
        is_out = line.start < left - 1 or line.end > right + 1
        if is_out or line.baseline - last > _FAR * line.size or any(_crosses(line, edge) for edge in edges):
            break
        bottom, last = line.baseline + 0.3 * line.size, line.baseline
    return bottom


def _columns(rows: Sequence[Row]) -> list[tuple[float, float]]:
    """From where to where columns reach: by rows that have several runs, or by the gaps that all words leave open."""
    runs = [run for row in rows for run in row]
    by_runs = _merged(((run.start, run.end) for row in rows if len(row) > 1 for run in row), _GUTTER * runs[0].size)
    words = [word for run in runs for word in run.words]
    by_words = _merged(((word.start, word.end) for word in words), _WORD_GAP * runs[0].size)
    is_told = len(by_words) > len(by_runs) and all(_begin_alike(left, rows) for left, _ in by_words[1:])
    return by_words if is_told else by_runs


def _merged(reaches: Iterable[tuple[float, float]], gap: float) -> list[tuple[float, float]]:
    """Those that are less than a gap apart as one."""
    merged: list[tuple[float, float]] = []
    for start, end in sorted(reaches):
        if merged and start < merged[-1][1] + gap:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def _begin_alike(left: float, rows: Sequence[Row]) -> bool:
    """Whether in most rows a word begins at the left edge of a column."""
    found = sum(any(abs(word.start - left) < _SAME for run in row for word in run.words) for row in rows)
    return found >= max(2.0, _MOSTLY * len(rows))


def _between(columns: Sequence[tuple[float, float]]) -> list[float]:
    return [(before[1] + after[0]) / 2 for before, after in pairwise(columns)]


def _table(box: Box, lines: Sequence[Line], edges: Sequence[float], others: Sequence[Line]) -> Part | None:
    rows = rows_of(lines, with_code=False)
    if len(rows) < 2 or all(map(is_mono, lines)):
        return None
    if not edges:
        edges = _between(_columns(rows))
    if not edges or sum(len(row) > 1 for row in rows) < 2:
        return None
    head = _head(box, rows[0], edges, others)
    rows = [*head, *rows]
    more = [run for row in head for run in row]
    box = around([box, *(run.box for run in more)])
    return Part("table", [*lines, *more], box, _grid(rows, [box[0], *edges, box[2]], box))


def _head(box: Box, first: Row, edges: Sequence[float], others: Iterable[Line]) -> list[Row]:
    """The head of a table, where it stands above its first rule."""
    above = rows_of(
        line for line in others if box[0] - 1 <= line.start and line.end <= box[2] + 1 and line.baseline <= box[1] + 1
    )
    row = above[-1] if above else []
    size = max((run.size for run in [*row, *first]), default=0.0)
    is_near = bool(row) and first[0].baseline - row[0].baseline < _FAR * size
    is_head = is_near and len(row) > 1 and not all(map(is_mono, row))
    return [row] if is_head and not any(_crosses(run, edge) for run in row for edge in edges) else []


def _grid(rows: Sequence[Row], xs: Sequence[float], box: Box) -> Grid:
    ys = [box[1], *(max(run.baseline + 0.3 * run.size for run in row) for row in rows)]
    return [[(x0, y0, x1, y1) for x0, x1 in pairwise(xs)] for y0, y1 in pairwise(ys)]


def _is_in(line: Line, box: Box) -> bool:
    x, y = (line.start + line.end) / 2, line.baseline - 0.25 * line.size
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def _overlap(one: Box, other: Box) -> bool:
    return min(one[2], other[2]) >= max(one[0], other[0]) and min(one[3], other[3]) >= max(one[1], other[1])
