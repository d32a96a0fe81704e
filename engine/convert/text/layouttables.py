"""Reads a table from the grid of the layout model and the words in it."""

from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any

from engine.convert.page.blocks import Block, Box, Cell, Kind
from engine.convert.text.pagetext import PageText
from engine.convert.text.textflow import compose, visual_lines
from engine.convert.text.textline import Line, dominant_size

_BLANK = 0.5
"""Words of one cell are at most this far apart, as a share of their size; a usual blank is 0.25 to 0.33."""


def read_table(table: dict[str, Any] | None, frame: Box, fragments: Sequence[Line], text: PageText) -> Block:
    """A table with a row for each row of the grid that has text; without a grid, a row for each line.

    Words that stand together stay together: a column's edge that runs through them is wrong, or they span columns.
    """
    block = Block(Kind.TABLE, frame, size=dominant_size(fragments))
    text.remember(block, list(fragments))
    grid = (table or {}).get("cells") or []
    if not grid:
        for line in visual_lines(fragments):
            block.rows.append([_cell([line], text)])
        return block
    bottoms = [float(row[0][3]) for row in grid]
    rights = [float(cell[2]) for cell in grid[0]]
    runs = [run for fragment in fragments for run in _runs(fragment, rights)]
    lefts = _left_edges(runs, rights)
    contents: list[list[list[Line]]] = [[[] for _ in rights] for _ in bottoms]
    for run in runs:
        for part in _cut(run, rights, lefts):
            row, column = _row(part, bottoms), _column((part.start + part.end) / 2, rights)
            contents[row][column].append(part)
    for parts_of_row in contents:
        if any(parts_of_row):
            first = not block.rows
            cells = [_cell(visual_lines(parts) if parts else [], text) for parts in parts_of_row]
            for cell in cells:
                cell.is_header = first
            block.rows.append(cells)
    return block


def _cell(lines: list[Line], text: PageText) -> Cell:
    cell = Cell(compose(lines, text.vocabulary))
    text.remember(cell, lines)
    return cell


def _runs(fragment: Line, rights: Sequence[float]) -> Iterator[Line]:
    """A line's words in runs without more than a usual blank between them."""
    if not fragment.is_upright:
        yield fragment
        return
    first = 0
    words = fragment.words
    for last in range(1, len(words) + 1):
        if last == len(words) or words[last].start - words[last - 1].end > _BLANK * words[last].font.size:
            yield Line(words[first:last], fragment.direction, fragment.is_vertical)
            first = last


def _left_edges(runs: Sequence[Line], rights: Sequence[float]) -> list[float | None]:
    """Where the text of each column usually begins, by the runs that begin in it; None for an empty column."""
    starts: list[list[float]] = [[] for _ in rights]
    for run in runs:
        if run.is_upright:
            starts[_column(run.start, rights)].append(run.start)
    return [median(found) if found else None for found in starts]


def _cut(run: Line, rights: Sequence[float], lefts: Sequence[float | None]) -> Iterator[Line]:
    """A run, in parts where a column's edge between two words is where the next column's text begins."""
    words = run.words
    if not run.is_upright or _column(run.start, rights) == _column(run.end, rights):
        yield run
        return
    first = 0
    for last in range(1, len(words)):
        before, after = words[last - 1], words[last]
        column = _column((after.start + after.end) / 2, rights)
        left = lefts[column]
        if (
            column != _column((before.start + before.end) / 2, rights)
            and before.blank_after
            and left is not None
            and abs(after.start - left) < 0.4 * after.font.size
        ):
            yield Line(words[first:last], run.direction, run.is_vertical)
            first = last
    yield Line(words[first:], run.direction, run.is_vertical)


def _row(part: Line, bottoms: Sequence[float]) -> int:
    box = part.box
    y = part.baseline - 0.25 * part.size if part.is_upright else (box[1] + box[3]) / 2
    return next((i for i, bottom in enumerate(bottoms) if y <= bottom), len(bottoms) - 1)


def _column(x: float, rights: Sequence[float]) -> int:
    return next((i for i, right in enumerate(rights) if x <= right), len(rights) - 1)
