"""Finds tables without rules by their heads where the layout model sees text: bold words, and columns below them.

The model may have put the head and the lines of a small table into boxes of their own, as headings and text.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from statistics import median

from engine.convert.page.blocks import Block, Box, Kind, around
from engine.convert.text.layouttables import cell_of, column_of, runs_of
from engine.convert.text.listlabels import is_label
from engine.convert.text.pagetext import PageText
from engine.convert.text.textflow import visual_lines
from engine.convert.text.textline import Line, dominant_size

_NEXT = 0.9
"""The first row of a table is at most so far below its head, in sizes of the text."""
_ALIKE = 1.3
"""And others at most this many times as far as those before."""
_MOST_BOXES = 60
"""Each is tried with all before it."""
_FLUSH, _MOST = 0.4, 0.85
"""Of the text in a column so much begins, ends or has its middle at one place, off by less than so many sizes."""
_GUTTER = 0.9
"""Between columns, in sizes of the text, where blanks are no characters."""
_NARROW = 0.15
"""And where they are."""
_REACH = 2.0
"""In sizes of the text: words so far beside a table may be of its head."""
_PROSE = 6
"""Words in most lines of a column of running text."""

Level = list[list[Line]]
"""For each column the runs of words that it has at one height."""


def find_tables(
    kinds: Sequence[Kind], frames: Sequence[Box], assigned: Sequence[Sequence[Line]], text: PageText
) -> Iterator[tuple[list[int], Block]]:
    """The tables that are in boxes for text: the numbers of the boxes, and what is in them as one block."""
    taken: set[int] = set()
    for first in sorted(range(len(frames)), key=lambda number: frames[number][1]):
        if first in taken or not _is_text(kinds[first]) or not _begins_bold(assigned[first]):
            continue
        together = [first, *_beside(first, kinds, frames, assigned)]
        found = 0
        boxes = 1 if _is_over_one(together, frames) else len(together)
        if _has_head(_copies(assigned, together), boxes, text):
            for number in _below(together, kinds, frames, assigned):
                if _columns_of(_copies(assigned, together), text) is not None:
                    found = len(together)
                if number is None or number in taken or len(together) == _MOST_BOXES:
                    break
                if not _is_next(number, together, frames, assigned):
                    break
                together.append(number)
        if found:
            del together[found:]
            taken.update(together)
            fragments = [line for each in together for line in assigned[each]]
            levels = _columns_of(fragments, text)
            if levels is not None:
                yield together, _table(fragments, levels, text)


def _is_text(kind: Kind) -> bool:
    """Whether the model sees text; of a head that is repeated at the top of a page, running heads."""
    return kind in (Kind.PARAGRAPH, Kind.HEADING, Kind.PAGE_HEADER)


def gather_heads(kinds: Sequence[Kind], frames: Sequence[Box], assigned: Sequence[list[Line]]) -> None:
    """Give tables the bold words beside those of their first line that the model has put into boxes of their own."""
    for table, kind in enumerate(kinds):
        if kind is not Kind.TABLE or not _begins_bold(assigned[table]):
            continue
        top = min(assigned[table], key=lambda line: line.baseline)
        reach = _REACH * top.size
        for number, frame in enumerate(frames):
            if (
                _is_text(kinds[number])
                and _is_bold_line(assigned[number])
                and abs(assigned[number][0].baseline - top.baseline) < _FLUSH * top.size
                and frame[0] < frames[table][2] + reach
                and frame[2] > frames[table][0] - reach
            ):
                assigned[table].extend(assigned[number])
                assigned[number].clear()


def _beside(
    first: int, kinds: Sequence[Kind], frames: Sequence[Box], assigned: Sequence[Sequence[Line]]
) -> Iterator[int]:
    """The other boxes of bold words at the height of one, or running heads at that of a running head."""
    is_bold = _is_bold_line(assigned[first])
    for number, frame in enumerate(frames):
        if number == first or not _is_text(kinds[number]) or frame[1] >= frames[first][3]:
            continue
        is_next = is_bold and _is_bold_line(assigned[number]) and frame[3] > frames[first][1]
        if is_next or kinds[number] is kinds[first] is Kind.PAGE_HEADER:
            yield number


def _is_bold_line(fragments: Sequence[Line]) -> bool:
    """Whether these are bold words at one height."""
    return (
        bool(fragments)
        and max(line.baseline for line in fragments) - min(line.baseline for line in fragments) < _FLUSH
        and all(word.font.bold for line in fragments for word in line.words)
    )


def _is_over_one(together: Sequence[int], frames: Sequence[Box]) -> bool:
    """Whether the next box below several spans all of them, as none below the headings of two columns does."""
    bottom = max(frames[number][3] for number in together)
    below = [frame for frame in frames if frame[1] >= bottom - 1]
    if not below:
        return False
    left, right = min(frames[number][0] for number in together), max(frames[number][2] for number in together)
    next_ = min(below, key=lambda frame: frame[1])
    return next_[0] <= left and next_[2] >= right


def _begins_bold(fragments: Sequence[Line]) -> bool:
    """Whether what is highest is bold, as hardly any text is: all else takes longer to be told."""
    return bool(fragments) and min(fragments, key=lambda line: line.baseline).words[0].font.bold


def _copies(assigned: Sequence[Sequence[Line]], numbers: Sequence[int]) -> list[Line]:
    """The lines in boxes, to be tried as lines of one table: those side by side are joined by changing their words."""
    return [
        Line([replace(word) for word in line.words], line.direction, line.is_vertical)
        for number in numbers
        for line in assigned[number]
    ]


def _has_head(fragments: Sequence[Line], boxes: int, text: PageText) -> bool:
    """Whether the first line is bold words of one size that stand apart.

    Two in boxes of their own may be the headings of two columns of text.
    """
    if not fragments or not all(line.is_upright for line in fragments):
        return False
    top = visual_lines(fragments)[0]
    runs = list(runs_of(top, text))
    return (
        len(runs) > min(boxes, 2)
        and any(map(str.isalpha, runs[0].text))  # else the number of a heading
        and all(word.font.bold for word in top.words)
        and len({round(word.font.size, 1) for word in top.words}) == 1
    )


def _below(
    heads: Sequence[int], kinds: Sequence[Kind], frames: Sequence[Box], assigned: Sequence[Sequence[Line]]
) -> Iterator[int | None]:
    """The boxes for text at the height of others or below them, from top to bottom; None after the last."""
    heads = list(heads)
    for number in sorted(range(len(frames)), key=lambda number: frames[number][1]):
        if (
            number not in heads
            and frames[number][1] >= frames[heads[0]][1]
            and assigned[number]
            and all(line.is_upright for line in assigned[number])
        ):
            if not _is_text(kinds[number]):
                break
            yield number
    yield None


def _is_next(number: int, together: Sequence[int], frames: Sequence[Box], assigned: Sequence[Sequence[Line]]) -> bool:
    """Whether a box is as near below others as their lines are to each other."""
    boxes = sorted((line.box for each in together for line in assigned[each]), key=lambda box: box[1])
    gaps, bottom = [], boxes[0][3]
    for box in boxes:
        gaps.append(box[1] - bottom)
        bottom = max(bottom, box[3])
    top = min(line.box[1] for line in assigned[number])
    most = max(gaps) if max(gaps) > 0 else _NEXT * dominant_size(assigned[together[0]])
    return top - bottom <= _ALIKE * most


def _columns_of(fragments: Sequence[Line], text: PageText) -> list[Level] | None:
    """These lines in the columns of a table; None if they are none."""
    lines = visual_lines(fragments)
    size = dominant_size(fragments)
    gutter = (_NARROW if text.writes_blanks else _GUTTER) * size
    runs = [list(runs_of(line, text)) for line in lines]
    columns: list[tuple[float, float]] = []
    for run in sorted((run for row in runs for run in row), key=lambda run: run.start):
        if columns and run.start < columns[-1][1] + gutter:
            columns[-1] = (columns[-1][0], max(columns[-1][1], run.end))
        else:
            columns.append((run.start, run.end))
    rights = [right for _, right in columns]
    levels: list[Level] = []
    for row in runs:
        levels.append([[] for _ in columns])
        for run in row:
            levels[-1][column_of((run.start + run.end) / 2, rights)].append(run)
    is_table = (
        len(levels) > 1
        and _is_head(levels[0])
        and _is_set_apart(levels[0], levels[1:], size)
        and _are_columns(levels[1:], size)
    )
    return levels if is_table else None


def _table(fragments: Sequence[Line], levels: Sequence[Level], text: PageText) -> Block:
    """A table with a row for each line; which of them are one, the rules of all tables say later."""
    block = Block(Kind.TABLE, around(line.box for line in fragments), size=dominant_size(fragments))
    text.remember(block, list(fragments))
    for level in levels:
        block.rows.append([cell_of(visual_lines(parts) if parts else [], text) for parts in level])
    for cell in block.rows[0]:
        cell.is_header = True
    return block


def _is_head(level: Level) -> bool:
    """Whether there are bold words over each of several columns."""
    return len(level) > 1 and all(level) and all(word.font.bold for runs in level for run in runs for word in run.words)


def _is_set_apart(head: Level, levels: Sequence[Level], size: float) -> bool:
    """Whether a head differs from what is below: that is not all bold, or begins elsewhere, as below centred words."""
    if not all(word.font.bold for level in levels for runs in level for run in runs for word in run.words):
        return True
    return any(
        abs(runs[0].start - min(run.start for level in levels for run in level[column])) > _FLUSH * size
        for column, runs in enumerate(head)
        if any(level[column] for level in levels)
    )


def _are_columns(levels: Sequence[Level], size: float) -> bool:
    """Whether what is below a head is set in its columns: aligned in each, beside each other, and no prose."""
    columns = list(zip(*levels, strict=True))
    counts = [sum(map(bool, level)) for level in levels]
    return (
        all(any(column) for column in columns)
        and max(counts) > 1
        and (len(levels) > 1 or counts[0] == len(columns))
        and all(_is_aligned([(runs[0].start, runs[-1].end) for runs in column if runs], size) for column in columns)
        and not all(_is_prose(column) for column in columns)
        and not any(is_label(" ".join(run.text for run in level[0])) for level in levels)
    )


def _is_aligned(cells: Sequence[tuple[float, float]], size: float) -> bool:
    """Whether most cells of a column, given by where they begin and end, do so or have their middle at one place."""
    for places in (
        [start for start, _ in cells],
        [end for _, end in cells],
        [(start + end) / 2 for start, end in cells],
    ):
        usual = median(places)
        if sum(abs(place - usual) < _FLUSH * size for place in places) >= _MOST * len(places):
            return True
    return False


def _is_prose(column: Sequence[Sequence[Line]]) -> bool:
    """Whether a column is running text."""
    counts = [sum(len(run.words) for run in runs) for runs in column if runs]
    return len(counts) > 1 and median(counts) >= _PROSE
