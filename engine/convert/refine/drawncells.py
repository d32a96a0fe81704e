"""Reads a table again by the grid that is drawn around its cells."""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from engine.convert.page.blocks import Block, Cell, Span, merged
from engine.convert.text.cellwraps import are_apart, column_widths, fits
from engine.convert.text.drawngrid import Place, drawn_grid
from engine.convert.text.layouttables import runs_of
from engine.convert.text.pagetext import PageText
from engine.convert.text.textflow import compose, visual_lines
from engine.convert.text.textline import Line, Word

_NEW = 1.35
"""Lines of a cell that are so many times further apart than its others are no lines of one paragraph."""

_FLUSH = 0.4
"""In sizes of the text: what begins no farther from each other begins at one place."""


def read_drawn_cells(block: Block, text: PageText) -> bool:
    """Give a table the rows and cells of the grid drawn in it; whether there is one.

    There is none if words of the table are outside, if its cells hold nothing, or if it leaves rows together that are
    surely several, as where a rule stands below the head only.
    """
    places = drawn_grid(block.box, block.size, text)
    # The lines of its cells, as those know the links on them.
    lines = [line for row in block.rows for cell in row for line in text.lines_of(cell)]
    contents = _contents(places, lines) if len(places) > 1 else None
    if contents is None or _holds_rows(places, block, text):
        return False
    parted = _parted(places, contents, text)
    if parted != places:
        places, contents = parted, _contents(parted, lines) or []
    rows: dict[int, list[Cell]] = {}
    filled = {row for place, parts in zip(places, contents, strict=True) if parts for row in (place.row,)}
    # What a page's end has cut off may be a row alone.
    if (len(filled) < 2 or sum(map(bool, contents)) < 3) and not (len(block.rows) == 1 and all(contents)):
        return False
    for place, parts in zip(places, contents, strict=True):
        # Rows in which no cell begins that has text are none: what reaches over them is that much lower.
        if place.row not in filled:
            continue
        cell = Cell([], is_header=place.row == min(filled))
        cell.columns = place.last_column - place.column + 1
        cell.rows = sum(row in filled for row in range(place.row, place.last_row + 1))
        cell.spans = _spans(visual_lines(parts) if parts else [], place, text)
        text.remember(cell, parts)
        rows.setdefault(place.row, []).append(cell)
    block.rows = [rows[row] for row in sorted(rows)]
    # By its right edge the parts of a table on several pages are known; the left one is that of the column's text.
    block.box = (*block.box[:2], max(place.box[2] for place in places), block.box[3])
    return True


def _contents(places: Sequence[Place], lines: Sequence[Line]) -> list[list[Line]] | None:
    """For each cell the lines in it; None if a word is in none, or a line lies another way."""
    contents: list[list[Line]] = [[] for _ in places]
    for line in lines:
        if not line.is_upright:
            return None
        owners = [_owner(word, places) for word in line.words]
        if None in owners:
            return None
        first = 0
        for last in range(1, len(owners) + 1):
            if last == len(owners) or owners[last] != owners[first]:
                owner = owners[first]
                if owner is not None:
                    contents[owner].append(Line(line.words[first:last], line.direction, line.is_vertical))
                first = last
    return contents


def _parted(places: Sequence[Place], contents: Sequence[Sequence[Line]], text: PageText) -> list[Place]:
    """Places without those that hold the words of several columns, as where rules run down every other row alone.

    They do if words stand apart at an edge of columns, and begin there as those of the cells below and above do.
    """
    edges: dict[int, float] = {}
    starts: dict[int, list[float]] = {}
    for place, lines in zip(places, contents, strict=True):
        edges[place.column], edges[place.last_column + 1] = place.box[0], place.box[2]
        if place.column == place.last_column and lines:
            starts.setdefault(place.column, []).append(min(line.start for line in lines))
    result: list[Place] = []
    for place, lines in zip(places, contents, strict=True):
        inner = range(place.column + 1, place.last_column + 1)
        if inner and lines and all(column in edges for column in inner):
            runs = [run for line in visual_lines(lines) for run in runs_of(line, text)]
            crossed = any(run.start < edges[column] < run.end for run in runs for column in inner)
            begins = any(
                abs(run.start - median(starts[column])) < _FLUSH * run.size
                for column in inner
                for run in runs
                if column in starts and edges[column] <= run.start
            )
            if begins and not crossed:
                bounds = [edges[column] for column in range(place.column, place.last_column + 2)]
                for column, (left, right) in enumerate(pairwise(bounds), place.column):
                    box = (left, place.box[1], right, place.box[3])
                    result.append(Place(place.row, column, place.last_row, column, box))
                continue
        result.append(place)
    return result


def _owner(word: Word, places: Sequence[Place]) -> int | None:
    x, y = (word.start + word.end) / 2, word.baseline - 0.25 * word.font.size
    return next(
        (i for i, p in enumerate(places) if p.box[0] <= x <= p.box[2] and p.box[1] <= y <= p.box[3]),
        None,
    )


def _holds_rows(places: Sequence[Place], block: Block, text: PageText) -> bool:
    """Whether the grid's rows hold several: more rows of the model's grid are surely parted than it parts."""
    rows = [[text.lines_of(cell) for cell in row] for row in block.rows]
    widths = column_widths(rows)
    edges = {place.box[1] for place in places} | {place.box[3] for place in places}
    parted = held = 0
    for upper, lower in pairwise(rows):
        above = max((line.baseline for cell in upper for line in cell), default=0.0)
        below = min((line.baseline for cell in lower for line in cell), default=0.0)
        if any(above < edge < below for edge in edges):
            parted += 1
        elif are_apart(upper, lower, widths):
            held += 1
    return held > 0 and held >= parted


def _spans(lines: Sequence[Line], place: Place, text: PageText) -> list[Span]:
    """The text of a cell, with a line feed before each line that begins a block of its own.

    It does where its first word had had room above, or below a gap.
    """
    if not lines:
        return []
    room = place.box[2] - place.box[0]
    slack = min(min(line.start - place.box[0], place.box[2] - line.end) for line in lines)
    width = max(room - 2 * max(slack, 0.0) - 1, 0.0)
    pitch = min((after.baseline - before.baseline for before, after in pairwise(lines)), default=0.0)
    parts = [[lines[0]]]
    for before, after in pairwise(lines):
        gap = after.baseline - before.baseline
        if fits(before, after, width) or gap > _NEW * max(pitch, before.size):
            parts.append([after])
        else:
            parts[-1].append(after)
    spans: list[Span] = []
    for part in parts:
        if spans:
            spans.append(Span("\n"))
        spans += compose(part, text.vocabulary)
    return merged(spans)
