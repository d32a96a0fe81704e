"""Reads a table from the grid of the layout model and the words in it."""

from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any

from engine.convert.page.blocks import Block, Box, Cell, Kind
from engine.convert.text.codetext import is_code
from engine.convert.text.listlabels import is_label
from engine.convert.text.pagetext import PageText
from engine.convert.text.textflow import compose, visual_lines
from engine.convert.text.textline import Line, Word, dominant_size

_GUTTER = 0.9
"""Between columns that the model has not seen, in sizes of the text."""
_FLUSH, _MOST = 0.4, 0.85
"""Of the text in a column so much begins at its left edge, off by less than so many sizes."""
_LEAST_ROWS = 3
_WIDE = 1.5
"""Between columns of which the model sees one, in sizes of the text."""
_PROSE = 6
"""Words in most lines of a column of running text."""
_BLANK = 0.5
"""Words of one cell are at most this far apart, as a share of their size; a usual blank is 0.25 to 0.33."""
_MONO_BLANK = 0.7
"""In monospaced fonts, where it is as wide as any character."""
_CUT = 0.15
"""And those with no character in between are no words of one cell, if they are further apart than letters can be."""


def read_table(table: dict[str, Any] | None, frame: Box, fragments: Sequence[Line], text: PageText) -> Block:
    """A table with a row for each row of the grid that has text; without a grid, a row for each line.

    Words that stand together stay together: a column's edge that runs through them is wrong, or they span columns.
    """
    block = Block(Kind.TABLE, frame, size=dominant_size(fragments))
    text.remember(block, list(fragments))
    grid = (table or {}).get("cells") or []
    if not grid:
        for line in visual_lines(fragments):
            block.rows.append([cell_of([line], text)])
        return block
    bottoms = [float(row[0][3]) for row in grid]
    rights = [float(cell[2]) for cell in grid[0]]
    runs = [run for fragment in fragments for run in runs_of(fragment, text)]
    if len(rights) == 1 and (seen := _columns_of(runs)):
        rights = seen
        bottoms = [line.baseline for line in visual_lines(fragments)]
    lefts = _left_edges(runs, rights)
    contents: list[list[list[Line]]] = [[[] for _ in rights] for _ in bottoms]
    for run in runs:
        for part in _cut(run, rights, lefts):
            row, column = _row(part, bottoms), column_of((part.start + part.end) / 2, rights)
            contents[row][column].append(part)
    for parts_of_row in contents:
        if any(parts_of_row):
            first = not block.rows
            cells = [cell_of(visual_lines(parts) if parts else [], text) for parts in parts_of_row]
            for cell in cells:
                cell.is_header = first
            block.rows.append(cells)
    _join_halves(block, text)
    return block


def _columns_of(runs: Sequence[Line]) -> list[float]:
    """The right edges of the columns that a grid of a single one holds; none if it holds no others.

    A wide gap that no run crosses parts them; most of their text begins at their left edges, and most lines have both.
    """
    if not all(run.is_upright for run in runs):
        return []
    size = dominant_size(runs)
    columns: list[list[Line]] = []
    reach = float("-inf")
    for run in sorted(runs, key=lambda run: run.start):
        if run.start > reach + _WIDE * size:
            columns.append([])
        columns[-1].append(run)
        reach = max(reach, run.end)
    first = {round(run.baseline) for run in columns[0]}
    for column in columns:
        flush = sum(run.start - column[0].start < _FLUSH * size for run in column)
        if len(column) < _LEAST_ROWS or flush < _MOST * len(column):
            return []
    beside = sum(round(run.baseline) in first for run in columns[-1])
    if len(columns) < 2 or 2 * beside < len(first) or any(is_label(run.text) for run in columns[0]):
        return []
    return [max(run.end for run in column) for column in columns]


def table_in_text(frame: Box, fragments: Sequence[Line], text: PageText) -> Block | None:
    """What the model takes for text and stands in columns below the words of a head, as a table; None if it does not.

    No word lies in the gaps between the columns, the first line has something in each of them, and so have half of the
    others in two. Two columns alone may be terms and what is said of them, or prose.
    """
    if len(fragments) < 6 or not all(fragment.is_upright for fragment in fragments):
        return None
    rows = visual_lines(fragments)
    if len(list(runs_of(rows[0], text))) < 2:
        return None
    runs = [run for line in rows for run in runs_of(line, text)]
    size = dominant_size(fragments)
    columns: list[tuple[float, float]] = []
    for run in sorted(runs, key=lambda run: run.start):
        if columns and run.start < columns[-1][1] + _GUTTER * size:
            columns[-1] = (columns[-1][0], max(columns[-1][1], run.end))
        else:
            columns.append((run.start, run.end))
    rights = [right for _, right in columns]
    levels: list[list[list[Line]]] = []
    for line in rows:
        levels.append([[] for _ in columns])
        for run in runs_of(line, text):
            levels[-1][column_of((run.start + run.end) / 2, rights)].append(run)
    counts = [sum(map(bool, level)) for level in levels]
    # The words of a head that is set apart may be centred, as browsers do; and blanks of justified lines be wide.
    cells = [cell for level in levels[_is_bold(levels[0]) :] for cell in level if cell]
    below = [cell[0].start for cell in cells]
    flush = sum(abs(start - columns[column_of(start, rights)][0]) < _FLUSH * size for start in below)
    if (
        len(columns) < 2
        or len(levels) < _LEAST_ROWS
        or (is_code(rows) and not _is_bold(levels[0]))
        or counts[0] < len(columns)
        or 2 * sum(count > 1 for count in counts) < len(counts)
        or flush < _MOST * len(below)
        or sum(count > 1 for count in counts) < _LEAST_ROWS - 1
        or (len(columns) == 2 and _is_prose(levels))
        or any(is_label(" ".join(run.text for run in level[0])) for level in levels)
    ):
        return None
    block = Block(Kind.TABLE, frame, size=size)
    text.remember(block, list(fragments))
    for level in levels:
        block.rows.append([cell_of(visual_lines(parts) if parts else [], text) for parts in level])
    for cell in block.rows[0]:
        cell.is_header = True
    return block


def _is_bold(level: Sequence[Sequence[Line]]) -> bool:
    return all(word.font.bold for runs in level for run in runs for word in run.words)


def _is_prose(levels: Sequence[Sequence[Sequence[Line]]]) -> bool:
    """Whether two columns are running text, side by side, or terms and what is said of them at length."""
    words = [[sum(len(run.words) for run in level[side]) for level in levels if level[side]] for side in (0, 1)]
    return any(median(counts) >= _PROSE for counts in words) or min(map(len, words)) < _LEAST_ROWS


def _join_halves(block: Block, text: PageText) -> None:
    """Make one column of two neighbours whose text begins at one place, and of which no row has both.

    But for words that are no farther from each other than any, as of a head that is centred over its column.
    """
    column = 0
    while block.rows and column + 1 < len(block.rows[0]):
        pairs = [(row[column], row[column + 1]) for row in block.rows]
        lefts = [[line.start for pair in pairs for line in text.lines_of(pair[side])] for side in (0, 1)]
        is_one = all(lefts) and abs(min(lefts[0]) - min(lefts[1])) < _FLUSH * (block.size or 10.0)
        both = [pair for pair in pairs if pair[0].spans and pair[1].spans]
        if not is_one or 2 * len(both) > len(pairs) or not all(_is_one_run(*pair, text) for pair in both):
            column += 1
            continue
        for row in block.rows:
            one, other = row[column : column + 2]
            if one.spans and other.spans:
                joined = cell_of(visual_lines([*text.lines_of(one), *text.lines_of(other)]), text)
                joined.is_header = one.is_header
                row[column : column + 2] = [joined]
            else:
                row[column : column + 2] = [one if one.spans else other]


def _is_one_run(one: Cell, other: Cell, text: PageText) -> bool:
    """Whether there is but a blank between the first words of two cells side by side."""
    before, after = (visual_lines(text.lines_of(cell))[0] for cell in (one, other))
    gap = after.start - before.end
    return abs(before.baseline - after.baseline) < _FLUSH * after.size and 0 <= gap <= _BLANK * after.size


def cell_of(lines: list[Line], text: PageText) -> Cell:
    """A cell of these lines, which it remembers."""
    cell = Cell(compose(lines, text.vocabulary))
    text.remember(cell, lines)
    return cell


def runs_of(fragment: Line, text: PageText) -> Iterator[Line]:
    """A line's words in runs without more than a usual blank between them.

    A gap that no character fills parts them however small it is, where blanks are characters.
    """
    if not fragment.is_upright:
        yield fragment
        return
    first = 0
    words = fragment.words
    for last in range(1, len(words) + 1):
        if last == len(words) or _is_parted(words[last - 1], words[last], text):
            yield Line(words[first:last], fragment.direction, fragment.is_vertical)
            first = last


def _is_parted(before: Word, after: Word, text: PageText) -> bool:
    """Whether two words, whichever of them is at the left, are of two cells."""
    gap = max(after.start - before.end, before.start - after.end)
    is_cut = before.is_gap and text.writes_blanks and gap > _CUT * after.font.size
    return is_cut or gap > (_MONO_BLANK if before.font.mono and after.font.mono else _BLANK) * after.font.size


def _left_edges(runs: Sequence[Line], rights: Sequence[float]) -> list[float | None]:
    """Where the text of each column usually begins, by the runs that begin in it; None for an empty column."""
    starts: list[list[float]] = [[] for _ in rights]
    for run in runs:
        if run.is_upright:
            starts[column_of(run.start, rights)].append(run.start)
    return [median(found) if found else None for found in starts]


def _cut(run: Line, rights: Sequence[float], lefts: Sequence[float | None]) -> Iterator[Line]:
    """A run, in parts where a column's edge between two words is where the next column's text begins."""
    words = run.words
    if not run.is_upright or column_of(run.start, rights) == column_of(run.end, rights):
        yield run
        return
    first = 0
    for last in range(1, len(words)):
        before, after = words[last - 1], words[last]
        column = column_of((after.start + after.end) / 2, rights)
        left = lefts[column]
        if (
            column != column_of((before.start + before.end) / 2, rights)
            and (before.blank_after or before.font is not after.font)
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


def column_of(x: float, rights: Sequence[float]) -> int:
    """Which column a place is in, by the right edges of all."""
    return next((i for i, right in enumerate(rights) if x <= right), len(rights) - 1)
