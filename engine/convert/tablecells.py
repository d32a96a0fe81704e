"""Makes rows and cells of tables what they look like: wrapped lines are no rows, entries below each other stay apart."""

from collections.abc import Sequence
from itertools import pairwise

from engine.convert.blocks import Block, Box, Cell, Kind, RefinedPage, Span, merged
from engine.convert.listlabels import find_label
from engine.convert.pagetext import Line, PageText
from engine.convert.textflow import compose, visual_lines

_TIGHT = 1.08
"""Lines of one cell are at most this much further apart than the lines of cells are."""


class TableCells:
    """Merges rows that are lines of one row, by ruling or by the distance of their lines, and sets entries apart."""

    name = "table-cells"

    def apply(self, page: RefinedPage, text: PageText) -> None:
        """Change the rows of tables, and the text of cells."""
        for block in page.blocks:
            if block.kind is Kind.TABLE and text.lines_of(block):
                _merge_rows(block, text)
                for cell in (cell for row in block.rows for cell in row):
                    _set_entries_apart(cell, text)


def _merge_rows(block: Block, text: PageText) -> None:
    """Make one row of rows that no rule parts where rules part the others, or that are as near as lines of a cell."""
    rows = block.rows
    if len(rows) < 2:
        return
    lines = [[text.lines_of(cell) for cell in row] for row in rows]
    rules = _rules(block.box, text)
    gaps = [_gap(upper, lower) for upper, lower in pairwise(lines)]
    parted = [_is_parted(upper, lower, rules, block.box) for upper, lower in pairwise(lines)]
    if sum(parted) >= 2 and sum(parted) >= 0.4 * len(parted):
        same = [
            not is_parted and _may_wrap(upper, lower, gap, 1.6 * block.size)
            for is_parted, gap, (upper, lower) in zip(parted, gaps, pairwise(lines), strict=True)
        ]
    else:
        pitch = _line_pitch(lines, block.size)
        known = [gap for gap in gaps if gap is not None]
        if not known or max(known) < 1.15 * pitch:
            return
        same = [
            not is_parted
            and _may_wrap(upper, lower, gap, _TIGHT * pitch)
            and _has_empty(lower)
            and _continues(upper, lower)
            for is_parted, gap, (upper, lower) in zip(parted, gaps, pairwise(lines), strict=True)
        ]
    merged_rows: list[list[Cell]] = [rows[0]]
    for is_same, row in zip(same, rows[1:], strict=True):
        if is_same:
            for cell, rest in zip(merged_rows[-1], row, strict=True):
                text.remember(cell, [*text.lines_of(cell), *text.lines_of(rest)])
                cell.spans = compose(text.lines_of(cell), text.vocabulary)
        else:
            merged_rows.append(row)
    block.rows = merged_rows


def _rules(box: Box, text: PageText) -> list[Box]:
    """Horizontal rules in a table, and the upper and lower edges of its backgrounds, as boxes of hardly any height."""
    x0, y0, x1, y1 = box
    rules: list[Box] = []
    for drawing in text.drawings:
        left, top, right, bottom = drawing.box
        if right <= x0 or left >= x1 or bottom < y0 - 3 or top > y1 + 3 or right - left < 4:
            continue
        if bottom - top <= 2.5:
            rules.append((left, top, right, bottom))
        elif right - left < 1.2 * (x1 - x0):
            rules += [(left, top, right, top), (left, bottom, right, bottom)]
    return rules


def _is_parted(
    upper: Sequence[Sequence[Line]], lower: Sequence[Sequence[Line]], rules: Sequence[Box], box: Box
) -> bool:
    """Whether rules run between two rows over most of the table's width."""
    above = max((_last(cell).baseline for cell in upper if cell), default=None)
    below = min((_first(cell).baseline for cell in lower if cell), default=None)
    if above is None or below is None:
        return False
    size = max(line.size for cell in [*upper, *lower] for line in cell)
    near = [rule for rule in rules if above - 0.1 * size <= rule[1] and rule[3] <= below - 0.3 * size]
    covered, reached = 0.0, box[0]
    for left, _, right, _ in sorted(near):
        covered += max(0.0, min(right, box[2]) - max(left, reached))
        reached = max(reached, right)
    return covered >= 0.6 * (box[2] - box[0])


def _gap(upper: Sequence[Sequence[Line]], lower: Sequence[Sequence[Line]]) -> float | None:
    """From the last line of a row to the first of the next, in points: the smallest over the columns that have both."""
    gaps = [
        _first(under).baseline - _last(over).baseline
        for over, under in zip(upper, lower, strict=True)
        if over and under
    ]
    return min(gaps, default=None)


def _may_wrap(upper: Sequence[Sequence[Line]], lower: Sequence[Sequence[Line]], gap: float | None, most: float) -> bool:
    """Whether a row's lines are near enough to those above it to be the rest of its cells."""
    if gap is not None:
        return 0 < gap <= most
    above = max((_last(cell).baseline for cell in upper if cell), default=None)
    below = min((_first(cell).baseline for cell in lower if cell), default=None)
    return above is not None and below is not None and below - above <= most


def _has_empty(row: Sequence[Sequence[Line]]) -> bool:
    return any(not cell for cell in row)


def _continues(upper: Sequence[Sequence[Line]], lower: Sequence[Sequence[Line]]) -> bool:
    """Whether each cell that has text lies under one that has some."""
    return all(over or not under for over, under in zip(upper, lower, strict=True))


def _line_pitch(rows: Sequence[Sequence[Sequence[Line]]], size: float) -> float:
    """From a line of a cell to the next, in points: the least there is in a cell, or what is usual for the size."""
    steps = [
        after.baseline - before.baseline
        for row in rows
        for cell in row
        for before, after in pairwise(cell)
        if after.baseline - before.baseline > 0.8 * size
    ]
    steps += [gap for upper, lower in pairwise(rows) if (gap := _gap(upper, lower)) is not None and gap > 0.9 * size]
    return min(min(steps, default=1.2 * size), 1.45 * size)


def _first(cell: Sequence[Line]) -> Line:
    return min(cell, key=lambda line: line.baseline)


def _last(cell: Sequence[Line]) -> Line:
    return max(cell, key=lambda line: line.baseline)


def _set_entries_apart(cell: Cell, text: PageText) -> None:
    """Put a line feed before each line of a cell that begins with a bullet or a number, if the first does."""
    lines = visual_lines(text.lines_of(cell)) if text.lines_of(cell) else []
    if len(lines) < 2 or not all(line.is_upright for line in lines):
        return
    starts = [i for i, line in enumerate(lines) if find_label(line, text.drawings) is not None]
    if len(starts) < 2:
        return
    starts = sorted({0, *starts})
    spans: list[Span] = []
    for number, start in enumerate(starts):
        end = starts[number + 1] if number + 1 < len(starts) else len(lines)
        if spans:
            spans.append(Span("\n"))
        spans += compose(lines[start:end], text.vocabulary)
    cell.spans = merged(spans)
