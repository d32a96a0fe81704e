"""Passages laid out in lines for a width, a portion at a time: the beginning is there before the rest is looked at."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tui.dashboard.reader.passages import Kind, Passage, passages
from tui.dashboard.reader.tones import Piece, Tone, toned
from tui.text.formatting import breaks, cells_of

Row = tuple[Piece, ...]
"""A line on the screen."""
_MOST_CELLS = 110
"""Longer lines of prose are hard to read, however wide the terminal is."""
_LEAST_COLUMN = 4
_MOST_COLUMN = 60
_COLUMN_GAP = " │ "
_CELL_BORDER = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading, and where it is."""

    level: int
    text: str
    row: int
    """On the screen, from 0."""
    page: int | None


class Typesetting:
    """Rows grow with `extend`; what is there already stays as it is. Not thread-safe: one at a time extends it."""

    def __init__(self, text: str, width: int, page_lines: Sequence[tuple[int, int]] = ()) -> None:
        """`text` must be safe to show; `page_lines` tell the pages and the source line that each begins in."""
        self.width = max(width, 20)
        self.rows: list[Row] = []
        self.lines: list[int] = []
        """The source line of each row."""
        self.headings: list[Heading] = []
        self.page_rows: list[tuple[int, int]] = []
        """The pages that have come so far, and the row that each begins in."""
        self._pages = page_lines
        self._page_of: Mapping[int, int] = {line: page for page, line in page_lines}
        self._due = 0
        self._passages: Sequence[Passage] | None = None
        self._text = text
        self._next = 0

    @property
    def is_complete(self) -> bool:
        """Whether all is laid out."""
        return self._passages is not None and self._next >= len(self._passages)

    def extend(self, rows: int) -> None:
        """Lay out about so many rows more."""
        if self._passages is None:
            self._passages = passages(self._text, self._page_of)
        wanted = len(self.rows) + rows
        while self._next < len(self._passages) and len(self.rows) < wanted:
            passage = self._passages[self._next]
            self._next += 1
            self._begin_pages(passage.line)
            # A blank between two passages, but not between the items of a list.
            before = self._passages[self._next - 2] if self._next > 1 else None
            if before is not None and not (before.kind is passage.kind is Kind.ITEM) and self.rows and self.rows[-1]:
                self._add((), before.line)
            if passage.kind is Kind.HEADING:
                text = "".join(piece for piece, _ in toned(passage.text))
                self.headings.append(Heading(passage.level, text, len(self.rows), self.page_at(len(self.rows))))
            for row in laid_out(passage, self.width):
                self._add(row, passage.line)
        if self.is_complete:
            self._begin_pages(None)

    def row_of_line(self, line: int) -> int:
        """The first row of the passage that a source line is in; behind the last while that is not laid out yet."""
        place = bisect_right(self.lines, line)
        if not place:
            return 0
        return len(self.lines) if place == len(self.lines) and not self.is_complete else self._first(place - 1)

    def _first(self, row: int) -> int:
        return bisect_left(self.lines, self.lines[row])

    def page_at(self, row: int) -> int | None:
        """The page that a row is on; None where that is not known."""
        place = bisect_right(self.page_rows, row, key=lambda entry: entry[1])
        return self.page_rows[place - 1][0] if place else None

    def _begin_pages(self, line: int | None) -> None:
        """Put a rule before each page that has begun by a source line, or before all that are left."""
        while self._due < len(self._pages) and (line is None or self._pages[self._due][1] <= line):
            page, start = self._pages[self._due]
            self._due += 1
            if self.rows and self.rows[-1]:
                self._add((), self.lines[-1])
            self.page_rows.append((page, len(self.rows)))
            label = f" page {page} "
            self._add(
                (("─" * 3 + label + "─" * max(min(self.width, _MOST_CELLS) - 3 - len(label), 0), Tone.QUIET),), start
            )
            self._add((), start)

    def _add(self, row: Row, line: int) -> None:
        self.rows.append(row)
        self.lines.append(line)


def laid_out(passage: Passage, width: int) -> Iterator[Row]:
    """A passage's rows."""
    room = min(width, _MOST_CELLS)
    match passage.kind:
        case Kind.HEADING:
            yield from _heading(passage, room)
        case Kind.RULE:
            yield (("─" * room, Tone.QUIET),)
        case Kind.CODE:
            yield from _listing(passage, width)
        case Kind.TABLE:
            yield from table_rows(passage.text, width)
        case Kind.QUOTE:
            yield from _flowed(toned(passage.text), room, ("│ ", Tone.QUIET), "│ ")
        case Kind.ITEM:
            marker = "• " if passage.marker in "-*+" else f"{passage.marker} "
            indent = " " * min(passage.indent, room // 2)
            first = (indent + marker, Tone.QUIET)
            yield from _flowed(toned(passage.text), room, first, indent + " " * len(marker))
        case Kind.TEXT:
            indent = " " * min(passage.indent, room // 2)
            yield from _flowed(toned(passage.text), room, (indent, Tone.PLAIN), indent)


def _heading(passage: Passage, width: int) -> Iterator[Row]:
    marks = "#" * passage.level + " "
    rows = list(_flowed(toned(passage.text, Tone.HEADING), width, (marks, Tone.QUIET), " " * len(marks)))
    yield from rows
    if passage.level == 1:
        longest = max(sum(cells_of(text) for text, _ in row) for row in rows)
        yield (("═" * longest, Tone.QUIET),)


def _listing(passage: Passage, width: int) -> Iterator[Row]:
    edge: Piece = (" " * passage.indent + "▏ ", Tone.QUIET)
    for line in passage.text.split("\n"):
        for start, end in breaks(line, max(width - passage.indent - 2, 8)):
            yield (edge, (line[start:end], Tone.CODE))


def _flowed(pieces: Sequence[Piece], width: int, first: Piece, rest: str) -> Iterator[Row]:
    """Pieces in lines of a width: `first` before the first line, and `rest` before the others."""
    room = max(width - max(cells_of(first[0]), cells_of(rest)), 8)
    before = first
    for line in _split(pieces):
        text = "".join(piece for piece, _ in line)
        for row in cut_pieces(line, breaks(text, room)):
            yield (before, *row) if before[0] else tuple(row)
            before = (rest, first[1] if rest.strip() else Tone.PLAIN)


def _split(pieces: Sequence[Piece]) -> Iterator[list[Piece]]:
    """Pieces by the lines that they are to be in."""
    line: list[Piece] = []
    for text, tone in pieces:
        first, *others = text.split("\n")
        line.append((first, tone))
        for other in others:
            yield line
            line = [(other.lstrip(), tone)]
    yield line


def cut_pieces(pieces: Sequence[Piece], spans: Iterable[tuple[int, int]]) -> Iterator[list[Piece]]:
    """The characters of some pieces in several spans, each of which begins behind the one before."""
    index, at = 0, 0
    for start, end in spans:
        found: list[Piece] = []
        while index < len(pieces):
            text, tone = pieces[index]
            if part := text[max(start - at, 0) : end - at]:
                found.append((part, tone))
            if at + len(text) > end:  # the next span may begin in this piece
                break
            index, at = index + 1, at + len(text)
        yield found


# --- tables ---


def table_rows(text: str, width: int) -> Iterator[Row]:
    """A table in columns as wide as they need to be, or as there is room for."""
    rows = [[toned(cell.strip()) for cell in _cells(line)] for line in text.split("\n")]
    count = max(map(len, rows), default=0)
    if not count:
        return
    for row in rows:
        row.extend([[]] * (count - len(row)))
    widths = column_widths([[_longest(cell) for cell in row] for row in rows], width - len(_COLUMN_GAP) * (count - 1))
    if widths is None:  # more columns than there is room for: each row is a line of text
        for row in rows:
            joined = [piece for cell in row for piece in [*cell, (" │ ", Tone.QUIET)]][:-1]
            yield from _flowed(joined, width, ("", Tone.PLAIN), "  ")
        return
    for number, row in enumerate(rows):
        yield from _table_row(row, widths, is_head=number == 0)
        if number == 0:
            yield (("─┼─".join("─" * cells for cells in widths), Tone.QUIET),)


def _cells(line: str) -> list[str]:
    parts = _CELL_BORDER.split(line.strip())
    if parts and not parts[0].strip():
        parts = parts[1:]
    if parts and not parts[-1].strip():
        parts = parts[:-1]
    return [part.replace(r"\|", "|") for part in parts]


def _longest(cell: Sequence[Piece]) -> int:
    return max((sum(cells_of(text) for text, _ in line) for line in _split(cell)), default=0)


def column_widths(needs: Sequence[Sequence[int]], room: int) -> list[int] | None:
    """How wide columns are whose cells need so much; None if there is no room for all of them."""
    wanted = [min(max(column, default=1), _MOST_COLUMN) or 1 for column in zip(*needs, strict=True)]
    if sum(wanted) <= room:
        return wanted
    least = [min(cells, _LEAST_COLUMN) for cells in wanted]
    if sum(least) > room:
        return None
    # The widest give way first, to one width, so that narrow columns stay whole.
    low, high = _LEAST_COLUMN, max(wanted)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if sum(min(cells, middle) for cells in wanted) <= room else (low, middle - 1)
    widths = [min(cells, low) for cells in wanted]
    for index, cells in enumerate(wanted):
        if sum(widths) < room and widths[index] < cells:
            widths[index] += 1
    return widths


def _table_row(row: Sequence[Sequence[Piece]], widths: Sequence[int], *, is_head: bool) -> Iterator[Row]:
    columns = [list(_wrapped(cell, cells)) for cell, cells in zip(row, widths, strict=True)]
    for number in range(max(map(len, columns))):
        line: list[Piece] = []
        for index, (column, cells) in enumerate(zip(columns, widths, strict=True)):
            pieces = column[number] if number < len(column) else []
            used = sum(cells_of(text) for text, _ in pieces)
            line += [(text, tone | Tone.STRONG if is_head else tone) for text, tone in pieces]
            gap = " " * (cells - used)
            if index < len(widths) - 1:
                line += [(gap, Tone.PLAIN), (_COLUMN_GAP, Tone.QUIET)]
        yield tuple((text, tone) for text, tone in line if text)


def _wrapped(cell: Sequence[Piece], width: int) -> Iterator[list[Piece]]:
    for line in _split(cell):
        text = "".join(piece for piece, _ in line)
        yield from cut_pieces(line, breaks(text, width))
