"""Cuts a block that is longer than a chunk: text at sentences, else words; listings at lines; tables between rows."""

from abc import ABC, abstractmethod
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from engine.convert.page.blocks import Block, Box, Cell, Kind, Span
from engine.convert.write.textsize import character_starts, sentence_starts, word_starts

_MOST_HEADS = 3
_MOST_COLUMNS = 100
"""That a cell is taken to span."""

PROSE = frozenset({Kind.PARAGRAPH, Kind.LIST_ITEM, Kind.CAPTION, Kind.FOOTNOTE, Kind.PAGE_HEADER, Kind.PAGE_FOOTER})
"""What is made of sentences."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A block or a part of one, and where it stands."""

    block: Block
    places: tuple[tuple[int, Box], ...]
    """The page and box of each of its parts."""


class Cut(ABC):
    """A block as something that has parts."""

    def __init__(self, block: Block, page: int) -> None:
        self._starts = [0, *(rest.start for rest in block.continued)]
        self._places = [(page, block.box), *((rest.page, rest.box) for rest in block.continued)]

    length: int

    kinds_of_borders: int
    """How many kinds of places there are to cut it at."""

    @abstractmethod
    def borders(self, kind: int) -> list[int]:
        """Where it may be cut, by how good a place that is, 0 the best; the last one is its length."""

    @abstractmethod
    def block(self, start: int, end: int) -> Block:
        """The part between two borders."""

    def part(self, start: int, end: int) -> Placed:
        """The part between two borders, and where it stands."""
        first = max(bisect_right(self._starts, start) - 1, 0)
        last = max(bisect_left(self._starts, end), first + 1)
        return Placed(self.block(start, end), tuple(self._places[first:last]))


_STARTS = (sentence_starts, word_starts, character_starts)


class TextCut(Cut):
    """Text, by its characters."""

    def __init__(self, block: Block, page: int) -> None:
        super().__init__(block, page)
        self._block = block
        self._spans = block.spans
        self._text = block.text
        self.length = len(self._text)
        self._offsets = list(accumulate((len(span.text) for span in block.spans), initial=0))
        self._borders: dict[int, list[int]] = {}

    kinds_of_borders = len(_STARTS)

    def borders(self, kind: int) -> list[int]:
        """Between sentences, words and characters."""
        if kind not in self._borders:
            self._borders[kind] = [*_STARTS[kind](self._text), self.length]
        return self._borders[kind]

    def without_links(self) -> "TextCut | None":
        """The same without the targets of links; None if it has none."""
        if not any(span.link for span in self._spans):
            return None
        copy = TextCut(replace(self._block, spans=[replace(span, link="") for span in self._spans]), 0)
        copy._places, copy._starts = self._places, self._starts
        return copy

    def block(self, start: int, end: int) -> Block:
        """The text between two characters; only the first part of an item is one."""
        kind = Kind.PARAGRAPH if start and self._block.kind is Kind.LIST_ITEM else self._block.kind
        if kind is Kind.HEADING:
            kind = Kind.PARAGRAPH
        label = "" if start else self._block.label
        return replace(self._block, kind=kind, label=label, spans=self._slice(start, end), continued=[])

    def _slice(self, start: int, end: int) -> list[Span]:
        first = max(bisect_right(self._offsets, start) - 1, 0)
        found = []
        for number in range(first, len(self._spans)):
            offset = self._offsets[number]
            if offset >= end:
                break
            span = self._spans[number]
            found.append(replace(span, text=span.text[max(start - offset, 0) : end - offset]))
        return found


class CodeCut(Cut):
    """A listing, by its characters, cut between lines."""

    def __init__(self, block: Block, page: int) -> None:
        super().__init__(block, page)
        self._block = block
        self._text = block.text
        self.length = len(self._text)

    kinds_of_borders = 2

    def borders(self, kind: int) -> list[int]:
        """Between lines and characters."""
        if kind:
            return [*character_starts(self._text), self.length]
        return [*(at + 1 for at, char in enumerate(self._text) if char == "\n" and at + 1 < self.length), self.length]

    def block(self, start: int, end: int) -> Block:
        """The lines between two characters."""
        text = self._text[start:end].removesuffix("\n")
        return replace(self._block, spans=[Span(text, code=True)], continued=[])


class TableCut(Cut):
    """A table, by the rows below its head; every part has the head."""

    def __init__(self, block: Block, page: int) -> None:
        super().__init__(block, page)
        self._block = block
        rows = _grid(block.rows)
        heads = 0
        while heads < min(len(rows) - 1, _MOST_HEADS) and all(cell.is_header for cell in rows[heads]):
            heads += 1
        heads = max(heads, min(1, len(rows) - 1))
        self._head, self._rows = rows[:heads], rows[heads:]
        self._starts = [max(start - heads, 0) for start in self._starts]
        self.length = len(self._rows)

    kinds_of_borders = 1

    def borders(self, kind: int) -> list[int]:
        """Between rows."""
        return list(range(1, self.length + 1))

    def block(self, start: int, end: int) -> Block:
        """The head and the rows between two."""
        return replace(self._block, rows=self._head + self._rows[start:end], row_nodes=[], continued=[])

    def row(self, number: int) -> Block:
        """A row that is too long for a table as text, a cell after the other; with the head if it is the first."""
        rows = [*(self._head if number == 0 else ()), self._rows[number]]
        spans: list[Span] = []
        for cell in (cell for row in rows for cell in row if cell.text.strip()):
            spans += [*([Span("\n")] if spans else []), *cell.spans]
        return replace(self._block, kind=Kind.PARAGRAPH, rows=[], row_nodes=[], spans=spans, continued=[])


def cut(block: Block, page: int) -> Cut:
    """A block as something that has parts."""
    if block.rows:
        return TableCut(block, page)
    return CodeCut(block, page) if block.kind is Kind.CODE else TextCut(block, page)


def whole(block: Block, page: int) -> Placed:
    """A block and all places where it stands."""
    return Placed(block, ((page, block.box), *((rest.page, rest.box) for rest in block.continued)))


def _grid(rows: Sequence[Sequence[Cell]]) -> list[list[Cell]]:
    """A table in which no cell spans others: what spans rows is in each of them, so that each says all."""
    grid: list[list[Cell]] = []
    hanging: dict[int, tuple[Cell, int]] = {}  # by column: a cell from above, and for how many rows more
    for row in rows:
        line: list[Cell] = []

        def hang(line: list[Cell] = line) -> None:
            while len(line) in hanging:
                cell, more = hanging.pop(len(line))
                if more > 1:
                    hanging[len(line)] = (cell, more - 1)
                line.append(cell)

        for cell in row:
            hang()
            for column in range(min(max(cell.columns, 1), _MOST_COLUMNS)):
                single = Cell([] if column else cell.spans, cell.is_header)
                if cell.rows > 1:
                    hanging[len(line)] = (single, cell.rows - 1)
                line.append(single)
        hang()
        grid.append(line)
    return grid
