"""Reads the rows of a table again where one of its columns says where they begin, as it has a line for each of them.

Or where its cells have their middles at one height, as browsers set tables: a line beside the middle of two others says
that those are one cell. So they do, where no rule says it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import pairwise

from engine.convert.page.blocks import Block, Cell
from engine.convert.text.cellwraps import are_apart, column_widths, fits, last_line
from engine.convert.text.pagetext import PageText
from engine.convert.text.textflow import compose, visual_lines
from engine.convert.text.textline import Line

_LEVEL = 0.3
"""As a share of the size: baselines of one line differ by less."""
_LEAST = 3
"""Rows that begin with something in each column."""
_SHORT = 0.35
"""A rest of a name is at most such a part of its column."""
_GAP = 1.0
"""Between columns, in sizes of the text."""
_UNFINISHED = ("_", "-", "=", "(", "/", ".", ",")
"""After which a name, or a sentence, goes on."""
_TIGHT = 1.08
"""Lines of one cell are at most this much further apart than the nearest two of the table."""
_LEAST_PITCH = 0.8
"""Nor are they nearer, in sizes of the text."""
_SAME = 0.2
"""In sizes of the text: middles that differ by less are one."""

Level = list[list[Line]]
"""For each column what it has at one height."""


def read_anchored_rows(block: Block, text: PageText) -> bool:
    """Give a table without rules the rows that one of its columns shows; whether there is such a column.

    Each of its lines is surely an entry of its own, and beside each stands something in the first column. What is at
    other heights are the rests of wrapped cells, or rows without an entry there.
    """
    if len({len(row) for row in block.rows}) != 1 or len(block.rows[0]) < 2:
        return False
    levels = _levels(block.rows, text)
    widths = column_widths(levels)
    anchor = _anchor(levels, widths)
    rows = (
        _rows_of_full(levels, _rooms(levels, widths, block.box[2]))
        if anchor is None
        else _rows_by(levels, widths, anchor)
    )
    if not rows:
        return False
    block.rows = [cells_like(row, block.rows[0], text, is_head=not number) for number, row in enumerate(rows)]
    return True


def part_rows(block: Block, text: PageText) -> None:
    """Make several rows of one below the head that holds surely several, with something in each column."""
    if len({len(row) for row in block.rows}) != 1 or len(block.rows[0]) < 2:
        return
    widths = column_widths(_levels(block.rows, text))
    rows: list[list[Cell]] = [block.rows[0]]
    for row in block.rows[1:]:
        parts: list[list[Level]] = []
        for level in _levels([row], text):
            if parts and not (all(level) and all(parts[-1][-1]) and are_apart(parts[-1][-1], level, widths)):
                parts[-1].append(level)
            else:
                parts.append([level])
        if len(parts) < 2:
            rows.append(row)
            continue
        rows += [cells_like(reduce(_together, part), row, text, is_head=row[0].is_header) for part in parts]
    block.rows = rows


def _rows_by(levels: Sequence[Level], widths: Sequence[float], anchor: int) -> list[Level]:
    """The rows that one column shows."""
    rows: list[Level] = []
    for level in levels:
        if not rows or level[anchor] or _is_row(rows[-1], level, widths):
            rows.append(level)
        else:
            rows[-1] = _together(rows[-1], level)
    return rows


def _rooms(levels: Sequence[Level], widths: Sequence[float], right: float) -> list[float]:
    """How far text may reach in each column from where it begins, in points: up to the next, or the table's edge."""
    lefts = [min((line.start for level in levels for line in level[i]), default=right) for i in range(len(widths))]
    ends = [*(left - _GAP * levels[0][0][0].size for left in lefts[1:]), right] if levels[0][0] else lefts
    return [max(width, end - left) for width, left, end in zip(widths, lefts, ends, strict=True)]


def _rows_of_full(levels: Sequence[Level], rooms: Sequence[float]) -> list[Level]:
    """The rows where all begin with something in each column, and all else is the rest of cells; else none.

    None either where a line might be both. With fewer rows, all rests are to read like rests.
    """
    rows: list[Level] = []
    count = 0
    reads_on = True
    for level in levels:
        is_rest = bool(rows) and (_is_rest(rows[-1], level, rooms) or (not level[0] and _is_open(rows[-1], level)))
        is_cut = is_rest and bool(level[0]) and _is_short(level[0], rooms[0])
        if is_rest and all(level) and all(rows[-1]) and _goes_on(rows[-1], level):
            rows[-1] = _together(rows[-1], level)
            continue
        if all(level) and not (is_rest and (is_cut or not _is_name(rows[-1][0], level[0]))):
            rows.append(level)
            count += 1
        elif is_rest and (not level[0] or (is_cut and (not all(level) or _is_full(rows[-1][0], rooms[0])))):
            reads_on = reads_on and _reads_on(rows[-1], level)
            rows[-1] = _together(rows[-1], level)
        else:
            return []
    return rows if count >= _LEAST - reads_on and len(rows) < len(levels) else []


def _is_full(lines: Sequence[Line], room: float) -> bool:
    """Whether the last of them leaves no room for a letter, as where a name is cut."""
    last = last_line(lines) if lines else None
    return last is not None and room - (last.end - last.start) <= last.size


def _is_name(upper: Sequence[Line], lower: Sequence[Line]) -> bool:
    """Whether single words stand below each other."""
    return all(len(lines) > 0 and len(last_line(lines).words) == 1 for lines in (upper, lower))


def _is_short(lines: Sequence[Line], room: float) -> bool:
    """Whether they are a short rest, for which the line above must have been full."""
    return max(line.end for line in lines) - lines[0].start < _SHORT * room


def _is_open(upper: Level, lower: Level) -> bool:
    """Whether each text of a line stands below one that says that it goes on."""
    return all(
        over and last_line(over).text.endswith((",", "(")) for over, under in zip(upper, lower, strict=True) if under
    )


def _reads_on(upper: Level, lower: Level) -> bool:
    """Whether each text of a line reads like the rest of a sentence, or of a name."""
    return all(
        not under or (under[0].text[:1].islower() and not last_line(over).text.endswith((".", "!", "?")))
        for over, under in zip(upper, lower, strict=True)
        if over
    )


def _goes_on(upper: Level, lower: Level) -> bool:
    """Whether a line with something in each column reads like the rest of one that begins with a capital letter.

    So it does in its first column and in most of the others, and in none like what comes after the end of a sentence.
    """
    reads = [
        under[0].text[:1].islower() and not last_line(over).text.endswith((".", "!", "?"))
        for over, under in zip(upper, lower, strict=True)
    ]
    ends = any(
        under[0].text[:1].isupper() and last_line(over).text.endswith((".", "!", "?"))
        for over, under in zip(upper, lower, strict=True)
    )
    return upper[0][0].text[:1].isupper() and reads[0] and not ends and 2 * sum(reads) > len(reads) > 2


def _together(upper: Level, lower: Level) -> Level:
    return [[*over, *under] for over, under in zip(upper, lower, strict=True)]


def _is_rest(upper: Level, lower: Level, widths: Sequence[float]) -> bool:
    """Whether no text of a line had had room in the line above it."""
    return not any(
        under and (not over or fits(last_line(over), under[0], width))
        for over, under, width in zip(upper, lower, widths, strict=True)
    )


def _levels(rows: Sequence[Sequence[Cell]], text: PageText) -> list[Level]:
    """The lines of rows by their height, from top to bottom."""
    columns = [[line for row in rows for line in text.lines_of(row[column])] for column in range(len(rows[0]))]
    found: list[tuple[float, Level]] = []
    for column, lines in enumerate(columns):
        for line in visual_lines(lines) if lines else []:
            level = next((each for at, each in found if abs(at - line.baseline) < _LEVEL * line.size), None)
            if level is None:
                level = [[] for _ in columns]
                found.append((line.baseline, level))
            level[column].append(line)
    return [level for _, level in sorted(found, key=lambda each: each[0])]


def _anchor(levels: Sequence[Level], widths: Sequence[float]) -> int | None:
    """The column that has most lines of those with an entry in each."""
    best, most = None, 2
    for column in range(len(widths)):
        own = [level for level in levels if level[column]]
        if len(own) <= most or own[0] is not levels[0]:
            continue
        is_anchor = all(level[0] and sum(map(bool, level)) > 1 for level in own) and all(
            are_apart([over[column], over[column]], [under[column], under[column]], [widths[column]] * 2)
            for over, under in pairwise(own[1:])  # the first is the head's
        )
        if is_anchor:
            best, most = column, len(own)
    return best


def _is_row(above: Level, level: Level, widths: Sequence[float]) -> bool:
    """Whether a line without an entry in the anchor is a row: in the first column, and nowhere the rest of a cell.

    Without an entry there, as below one that stands for several rows, it has to be one surely.
    """
    if not level[0]:
        return are_apart(above, level, widths)
    both = [
        (last_line(over), under[0], width)
        for over, under, width in zip(above, level, widths, strict=True)
        if over and under
    ]
    return bool(level[0]) and all(
        fits(over, under, width) and not over.words[-1].text.endswith(_UNFINISHED) for over, under, width in both
    )


def cells_like(row: Level, like: Sequence[Cell], text: PageText, *, is_head: bool) -> list[Cell]:
    """The cells of a row, given by their lines; `like` is a row of as many."""
    cells = []
    for lines, cell in zip(row, like, strict=True):
        spans = compose(visual_lines(lines), text.vocabulary) if lines else []
        cells.append(replace(cell, spans=spans, is_header=is_head, columns=1, rows=1))
        text.remember(cells[-1], lines)
    return cells


@dataclass(slots=True)
class _Part:
    """Lines of one column that are as near as lines of a cell."""

    column: int
    lines: list[Line]

    @property
    def top(self) -> float:
        return self.lines[0].baseline - 0.7 * self.lines[0].size

    @property
    def bottom(self) -> float:
        return self.lines[-1].baseline + 0.2 * self.lines[-1].size

    @property
    def middle(self) -> float:
        """Between the small letters of its first line and those of its last."""
        return (self.lines[0].baseline + self.lines[-1].baseline) / 2 - 0.27 * self.lines[0].size


def read_middle_rows(block: Block, text: PageText) -> bool:
    """Give a table the rows that its cells' middles show; whether they show any.

    In a row below the head, a cell has more lines than another beside it, and in each such row all middles are one.
    """
    if len({len(row) for row in block.rows}) != 1 or len(block.rows[0]) < 2:
        return False
    columns = [
        [line for row in block.rows for line in text.lines_of(row[column])] for column in range(len(block.rows[0]))
    ]
    if not all(line.is_upright for lines in columns for line in lines):
        return False
    rows = _side_by_side(_parts([visual_lines(lines) if lines else [] for lines in columns]))
    uneven = [row for row in rows[1:] if len({len(part.lines) for part in row}) > 1]
    if not uneven or not all(map(_has_one_middle, uneven)):
        return False
    if any(len({part.column for part in row}) != len(row) for row in rows):
        return False
    block.rows = [
        cells_like(
            [next((part.lines for part in row if part.column == i), []) for i in range(len(columns))],
            block.rows[0],
            text,
            is_head=not number,
        )
        for number, row in enumerate(rows)
    ]
    return True


def _parts(columns: Sequence[Sequence[Line]]) -> list[_Part]:
    # In sizes of the text, since code in some columns may be smaller than the text in others.
    gaps = [
        gap
        for lines in columns
        for upper, lower in pairwise(lines)
        if (gap := (lower.baseline - upper.baseline) / upper.size) > _LEAST_PITCH
    ]
    pitch = min(gaps, default=0.0)
    parts: list[_Part] = []
    for column, lines in enumerate(columns):
        for number, line in enumerate(lines):
            if number and line.baseline - lines[number - 1].baseline <= _TIGHT * pitch * _largest(
                lines[number - 1], line
            ):
                parts[-1].lines.append(line)
            else:
                parts.append(_Part(column, [line]))
    return parts


def _largest(*lines: Line) -> float:
    """The size that sets how far lines are apart, in points: that of a comma between code, it may be."""
    return max(word.font.size for line in lines for word in line.words)


def _side_by_side(parts: Iterable[_Part]) -> list[list[_Part]]:
    """Parts that are beside each other, from top to bottom."""
    rows: list[list[_Part]] = []
    bottom = 0.0
    for part in sorted(parts, key=lambda part: part.top):
        if rows and part.top < bottom:
            rows[-1].append(part)
        else:
            rows.append([part])
            bottom = part.bottom
        bottom = max(bottom, part.bottom)
    return rows


def _has_one_middle(row: Sequence[_Part]) -> bool:
    middles = [part.middle for part in row]
    return max(middles) - min(middles) < _SAME * max(part.lines[0].size for part in row)
