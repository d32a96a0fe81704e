"""Makes rows and cells of tables what they look like: wrapped lines are no rows, separate entries stay apart."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from engine.convert.page.blocks import Block, Box, Cell, Kind, RefinedPage, Span, around, merged
from engine.convert.refine.anchoredrows import part_rows, read_anchored_rows, read_middle_rows
from engine.convert.refine.captionrows import caption_of_head
from engine.convert.refine.drawncells import read_drawn_cells
from engine.convert.text.cellwraps import are_apart, column_widths, first_line, is_prose, is_wrapped, last_line
from engine.convert.text.layoutblocks import rewrite
from engine.convert.text.listlabels import Label, find_label
from engine.convert.text.pagetext import PageText
from engine.convert.text.textflow import compose, visual_lines
from engine.convert.text.textline import Line

_TIGHT = 1.08
"""Lines of one cell are at most this much further apart than the lines of cells are."""


_MARGIN = 0.08
"""Running heads are in this upper share of a page."""
_OTHERS, _FAR = 2, 1.5
"""Gaps between rows, and how many times as large as all of them that below a running head is."""
_SOME, _MOST = 0.1, 0.7
"""Shares of a table's width: rules over less are no ruling, over more they part all columns."""
_DESCENT = 0.18
"""As a share of the size: what is nearer below a baseline underlines it, as letters reach down by 0.2 or more."""


class TableCells:
    """Merges rows that are lines of one row, by ruling or by the distance of their lines, and sets entries apart."""

    name = "table-cells"

    def apply(self, page: RefinedPage, text: PageText) -> None:
        """Change the rows of tables, and the text of cells."""
        blocks: list[Block] = []
        for block in page.blocks:
            if block.kind is Kind.TABLE and text.lines_of(block):
                caption = caption_of_head(block, text)
                blocks += [caption] if caption is not None else _taken_out(block, page.height, text)
                if not read_drawn_cells(block, text):
                    _merge_rows(block, text)
                for cell in (cell for row in block.rows for cell in row):
                    _set_entries_apart(cell, text)
            blocks.append(block)
        page.blocks = blocks


def _taken_out(block: Block, height: float, text: PageText) -> list[Block]:
    """The first row as blocks, if it is none of the table's: a running head that the model has put into it.

    It is none where it lies above the background of the next row, which has more cells, or in the page's margin and
    farther above that than rows are from each other.
    """
    if len(block.rows) < 3:
        return []
    upper, lower = ([text.lines_of(cell) for cell in row] for row in block.rows[:2])
    if sum(map(bool, upper)) >= sum(map(bool, lower)) or not any(upper) or not any(lower):
        return []
    last = max(last_line(cell).baseline for cell in upper if cell)
    next_ = min(first_line(cell).baseline for cell in lower if cell)
    grounds = [
        drawing.box
        for drawing in text.backgrounds
        if drawing.box[3] - drawing.box[1] > 1.3 * block.size
        and last < drawing.box[1] < next_ - 0.5 * block.size < drawing.box[3]
    ]
    is_above = _covered(grounds, block.box) >= _MOST
    if not is_above and not (last < _MARGIN * height and _is_far(block, next_ - last, text)):
        return []
    first, *block.rows = block.rows
    for cell in block.rows[0]:
        cell.is_header = True
    top = min(ground[1] for ground in grounds) if is_above else next_ - block.size
    block.box = (block.box[0], max(block.box[1], top), block.box[2], block.box[3])
    result = []
    for cell in first:
        lines = text.lines_of(cell)
        if lines:
            kind = Kind.PAGE_HEADER if last < _MARGIN * height else Kind.PARAGRAPH
            head = Block(kind, around(line.box for line in lines))
            rewrite(head, lines, text)
            result.append(head)
    return result


def _is_far(block: Block, gap: float, text: PageText) -> bool:
    """Whether the first two rows are much farther apart than the others, which are three or more."""
    lines = [[text.lines_of(cell) for cell in row] for row in block.rows[1:]]
    others = [min(found) for upper, lower in pairwise(lines) if (found := _gaps(upper, lower))]
    return len(others) >= _OTHERS and gap > _FAR * max(others)


def _merge_rows(block: Block, text: PageText) -> None:
    """Make one row of rows that no rule parts where rules part the others, or that are as near as lines of a cell."""
    if len(block.rows) < 2:
        return
    lines = [[text.lines_of(cell) for cell in row] for row in block.rows]
    rules = _rules(block.box, block.size, text)
    parting = [_parting(upper, lower, rules) for upper, lower in pairwise(lines)]
    widths = [_covered(found, block.box) for found in parting]
    ruled = [width >= _SOME for width in widths]
    is_ruled = sum(ruled) >= 2 and sum(ruled) >= 0.4 * len(ruled)
    if not is_ruled and (read_middle_rows(block, text) or read_anchored_rows(block, text)):
        return
    if not is_ruled:
        before = len(block.rows)
        part_rows(block, text)
        if len(block.rows) > before:
            _merge_rows(block, text)
            return
    pitch = _line_pitch(lines, block.size)
    gaps = [_gaps(upper, lower) for upper, lower in pairwise(lines)]
    is_varied = max((min(found) for found in gaps if found), default=0.0) > 1.15 * pitch
    free = [min(found) for found, is_parted in zip(gaps, ruled, strict=True) if found and not is_parted]
    is_spaced = max(free, default=0.0) > 1.15 * pitch
    head = _head_rows(ruled, gaps, pitch)
    widest = column_widths(lines)
    same: list[bool] = []
    filled = [False] * len(lines[0])
    for number, (upper, lower) in enumerate(pairwise(lines)):
        goes_on = bool(same) and same[-1]
        filled = [bool(cell) or (goes_on and before) for cell, before in zip(upper, filled, strict=True)]
        if ruled[number]:
            same.append(False)
        elif is_ruled:
            same.append(_near(upper, lower) <= 1.7 * block.size and not are_apart(upper, lower, widest))
        elif number < head - 1:
            same.append(not are_apart(upper, lower, widest))
        else:
            near = bool(gaps[number]) and 0 < min(gaps[number]) <= _TIGHT * pitch
            rest = _is_rest(filled, lower, is_spaced) and is_wrapped(upper, lower, widest)
            rest = rest and (is_varied or (not lower[0] and is_prose(upper, lower)))
            same.append(near and (_is_unfinished(upper, lower) or rest))
    spanned = [_spanned(lines[i], lines[i + 1], parting[i], widths[i]) for i in range(len(parting))]
    _rebuild(block, same, spanned if is_ruled else [], text)


def _rebuild(block: Block, same: Sequence[bool], spanned: Sequence[Sequence[bool]], text: PageText) -> None:
    """Put rows that are one together; a cell that a rule does not part from the one below spans both."""
    rows = [block.rows[0]]
    above: list[Cell] = list(rows[0])
    for number, (is_same, row) in enumerate(zip(same, block.rows[1:], strict=True)):
        if is_same:
            for cell, rest in zip(above, row, strict=True):
                if text.lines_of(rest):
                    text.remember(cell, [*text.lines_of(cell), *text.lines_of(rest)])
                    cell.spans = compose(visual_lines(text.lines_of(cell)), text.vocabulary)
            continue
        kept = []
        for column, cell in enumerate(row):
            if spanned and spanned[number][column]:
                above[column].rows += 1
            else:
                above[column] = cell
                kept.append(cell)
        rows.append(kept)
    block.rows = rows


def _spanned(
    upper: Sequence[Sequence[Line]], lower: Sequence[Sequence[Line]], rules: Sequence[Box], width: float
) -> list[bool]:
    """For each column whether its cell goes on below a boundary that is ruled in others only.

    That is so for the columns left of where the rules begin, if nothing stands in them below.
    """
    if not _SOME <= width < _MOST:
        return [False] * len(lower)
    begin = min(rule[0] for rule in rules)
    first = next((i for i, cell in enumerate(lower) if cell), len(lower))
    return [
        i < first and not below and (not above or max(line.end for line in above) <= begin)
        for i, (above, below) in enumerate(zip(upper, lower, strict=True))
    ]


def _head_rows(ruled: Sequence[bool], gaps: Sequence[Sequence[float]], pitch: float) -> int:
    """How many rows of the grid are lines of the head: those above the first rule, if as near as lines are.

    Not so if hardly any are below: a rule also stands before a sum.
    """
    first = next((i for i, is_ruled in enumerate(ruled) if is_ruled), 0)
    if (
        0 < first < 4
        and first <= len(ruled) - first
        and all(found and 0 < min(found) <= _TIGHT * pitch for found in gaps[:first])
    ):
        return first + 1
    return 1


def _rules(box: Box, size: float, text: PageText) -> list[Box]:
    """Horizontal rules in a table, and the upper and lower edges of its backgrounds, as boxes of hardly any height.

    A background is higher than that of a word, by which code is often set off.
    """
    x0, y0, x1, y1 = box
    rules: list[Box] = []
    for drawing in text.drawings:
        left, top, right, bottom = drawing.box
        if right <= x0 or left >= x1 or bottom < y0 - 3 or top > y1 + 3 or right - left < 4:
            continue
        if bottom - top <= 2.5:
            rules.append((left, top, right, bottom))
        elif right - left < 1.2 * (x1 - x0) and bottom - top > 1.5 * size:
            rules += [(left, top, right, top), (left, bottom, right, bottom)]
    return rules


def _parting(upper: Sequence[Sequence[Line]], lower: Sequence[Sequence[Line]], rules: Sequence[Box]) -> list[Box]:
    """The rules between two rows."""
    above = max((last_line(cell).baseline for cell in upper if cell), default=None)
    below = min((first_line(cell).baseline for cell in lower if cell), default=None)
    if above is None or below is None:
        return []
    size = max(line.size for cell in [*upper, *lower] for line in cell)
    return [
        rule for rule in rules if above + _DESCENT * size <= (rule[1] + rule[3]) / 2 and rule[3] <= below - 0.3 * size
    ]


def _covered(rules: Sequence[Box], box: Box) -> float:
    """Over how much of a table's width rules run, as a share."""
    covered, reached = 0.0, box[0]
    for left, _, right, _ in sorted(rules):
        covered += max(0.0, min(right, box[2]) - max(left, reached))
        reached = max(reached, right)
    return covered / (box[2] - box[0]) if box[2] > box[0] else 0.0


def _gaps(upper: Sequence[Sequence[Line]], lower: Sequence[Sequence[Line]]) -> list[float]:
    """From the last line of a row to the first of the next, in points, for the columns that have both."""
    return [
        first_line(under).baseline - last_line(over).baseline
        for over, under in zip(upper, lower, strict=True)
        if over and under
    ]


def _near(upper: Sequence[Sequence[Line]], lower: Sequence[Sequence[Line]]) -> float:
    """How far the first line of a row is below the last of the one above, in points."""
    above = max((last_line(cell).baseline for cell in upper if cell), default=0.0)
    return min(_gaps(upper, lower) or [min((first_line(cell).baseline for cell in lower if cell), default=0.0) - above])


def _is_rest(filled: Sequence[bool], lower: Sequence[Sequence[Line]], is_spaced: bool) -> bool:
    """Whether a row has text only where the row above has some, `filled`, and lacks it in one of those columns.

    It may be in all where rows are further apart than lines, `is_spaced`.
    """
    pairs = list(zip(filled, lower, strict=True))
    is_part = is_spaced or any(over and not under for over, under in pairs)
    return is_part and all(over or not under for over, under in pairs)


def _is_unfinished(upper: Sequence[Sequence[Line]], lower: Sequence[Sequence[Line]]) -> bool:
    """Whether a cell breaks off in the middle of a word that the cell below goes on with."""
    return any(
        last_line(over).words[-1].text.endswith(("_", "-", "=", "(")) and len(last_line(over).words[-1].text) > 1
        for over, under in zip(upper, lower, strict=True)
        if over and under
    )


def _line_pitch(rows: Sequence[Sequence[Sequence[Line]]], size: float) -> float:
    """From a line of a cell to the next, in points: the least there is in a cell, or what is usual for the size."""
    steps = [
        after.baseline - before.baseline
        for row in rows
        for cell in row
        for before, after in pairwise(cell)
        if after.baseline - before.baseline > 0.8 * size
    ]
    steps += [gap for upper, lower in pairwise(rows) for gap in _gaps(upper, lower) if gap > 0.9 * size]
    return min(min(steps, default=1.2 * size), 1.45 * size)


def _set_entries_apart(cell: Cell, text: PageText) -> None:
    """Put a line feed before each line of a cell that begins with a bullet or a number, if the first does.

    Bullets of symbol fonts, which may have no characters of their own, are such.
    """
    lines = visual_lines(text.lines_of(cell)) if text.lines_of(cell) else []
    if not lines or not all(line.is_upright for line in lines):
        return
    labels = [find_label(line, text) for line in lines]
    starts = [i for i, label in enumerate(labels) if label is not None]
    lines = [_with_label(line, label) for line, label in zip(lines, labels, strict=True)]
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


def _with_label(line: Line, label: Label | None) -> Line:
    """A line with the bullet that its label is."""
    if label is None or not label.words:
        return line
    first = replace(line.words[0], text=label.text)
    return Line([first, *line.words[1:]], line.direction, line.is_vertical)
