"""Packs the blocks of a document into chunks, which keep to its sections and to a size.

Whole blocks are packed as long as they fit; what does not fit by itself is cut. A chunk begins with its section's
heading or within that section. What a section comes to alone, if that is less than a quarter of a chunk, is joined with
the next one that is not above it. A chunk that is half full ends with the page: what changes on one page then seldom
moves the borders of chunks further on.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import replace

from engine.convert.page.blocks import FURNITURE, Block, Kind, RefinedPage, Span
from engine.convert.write.captions import with_captions
from engine.convert.write.chunkdraft import Chunk, Draft, Measure, markdown
from engine.convert.write.chunkparts import PROSE, Cut, Placed, TableCut, TextCut, cut, whole

_TINY = 4
"""A section smaller than this part of a chunk is joined with the next one."""
_LONGEST_HEADING = 300
"""Characters of a heading that the path says."""


class Chunker:
    """Takes pages in order and gives chunks as they become full; holds two and a block in memory."""

    def __init__(self, size: int, overlap: int, measure: Measure, left_out: frozenset[Kind] = FURNITURE) -> None:
        """`size` and `overlap` are in what `measure` counts; blocks of the kinds in `left_out` are in no chunk."""
        self._size, self._overlap, self._measure = size, overlap, measure
        self._left_out = left_out
        self._headings: list[tuple[int, str]] = []
        self._draft = self._new(0)
        self._tiny: Draft | None = None  # a whole section, or the end of one

    def page(self, page: RefinedPage) -> Iterator[Chunk]:
        """The chunks that one more page completes."""
        for group in with_captions([block for block in page.blocks if block.kind not in self._left_out]):
            if len(group) == 1 and _is_bare_picture(group[0]):
                continue
            if group[0].kind is Kind.HEADING:
                yield from self._heading(group[0], page.number)
            else:
                yield from self._body([whole(block, page.number) for block in group])

    def end(self) -> Iterator[Chunk]:
        """The chunks that the end of the document completes."""
        yield from self._end_section(0)
        yield from self._flush()

    def _new(self, level: int) -> Draft:
        return Draft(self._size, self._measure, level)

    @property
    def _path(self) -> tuple[str, ...]:
        return tuple(text for _, text in self._headings)

    # --- sections ---

    def _heading(self, block: Block, page: int) -> Iterator[Chunk]:
        text = " ".join(block.text.split())
        if not text:
            return
        level = min(max(block.level, 1), 6)
        yield from self._end_section(level)
        while self._headings and self._headings[-1][0] >= level:
            self._headings.pop()
        self._headings.append((level, text if len(text) <= _LONGEST_HEADING else f"{text[: _LONGEST_HEADING - 1]}…"))
        placed = whole(block, page)
        if self._draft.items and not self._draft.room_for(block):
            yield from self._emit()
        if not self._draft.items:
            self._draft.level = level
        if not self._draft.add(placed, self._path, is_body=False):
            yield from self._cut(TextCut(block, page))

    def _end_section(self, level: int) -> Iterator[Chunk]:
        """End the section before one whose heading is of this level."""
        draft = self._draft
        if not draft.items or (not draft.has_body and level >= draft.level):
            return  # headings alone: what follows is theirs
        if self._tiny is not None:
            if draft.level >= self._tiny.level and self._tiny.join(draft):
                draft = self._tiny
            else:
                yield self._tiny.chunk()
            self._tiny = None
        self._draft = self._new(level)
        if draft.size * _TINY < self._size and level >= draft.level:
            self._tiny = draft
        else:
            yield draft.chunk()

    def _flush(self) -> Iterator[Chunk]:
        tiny, self._tiny = self._tiny, None
        if tiny is not None:
            yield tiny.chunk()

    def _emit(self) -> Iterator[Chunk]:
        """End a chunk within a section; of what follows, only what is deeper may be joined to the section's end."""
        yield from self._flush()
        if self._draft.items and not self._draft.is_overlap:
            yield self._draft.chunk()
        self._draft = self._new(self._headings[-1][0] + 1 if self._headings else 1)

    # --- blocks ---

    def _body(self, group: list[Placed]) -> Iterator[Chunk]:
        """Add a block, or a picture or table with its caption."""
        before = self._draft
        is_new_page = before.has_body and before.items[-1].places[-1][0] != group[0].places[0][0]
        if not (is_new_page and before.size * 2 >= self._size) and before.add_all(group, self._path):
            return
        if before.has_body:
            yield from self._emit()
            if self._draft.add_all(group, self._path):
                self._begin_with(self._tail(before, min(self._overlap, self._size - self._draft.size)), group)
                return
        if len(group) > 1:
            for placed in group:
                yield from self._body([placed])
            return
        if before.has_body:
            self._begin_with(self._tail(before, self._overlap), [])
        yield from self._cut(_cut_of(group[0]))

    def _begin_with(self, tail: list[Placed], group: list[Placed]) -> None:
        """Put the end of the chunk before in front of what the open chunk holds, if it fits."""
        draft = self._new(self._draft.level)
        for placed in tail:
            draft.add(placed, self._path, is_body=False)
        if tail and draft.add_all(group, self._path):
            self._draft = draft

    def _cut(self, pieces: Cut) -> Iterator[Chunk]:
        """Add a block in parts, the first of them to what is open."""
        start = first = 0  # from `first` to `start`, it stands in the chunk before
        while start < pieces.length:
            end = self._end_of_part(pieces, first, start)
            if end is not None:
                if not self._draft.add(pieces.part(first, end), self._path):
                    yield from self._emit()  # it would be set in below an item, and be longer
                    first = start
                    continue
                if end < pieces.length:
                    first = self._overlap_of(pieces, first, end)
                    yield from self._emit()
                start = end
            elif first < start:
                first = start
            elif self._draft.has_body or self._draft.is_overlap or self._fits_alone(pieces, start):
                yield from self._emit()
            elif isinstance(pieces, TableCut):
                (page, box), *_ = pieces.part(start, start + 1).places
                yield from self._cut(TextCut(replace(pieces.row(start), box=box), page))
                start = first = start + 1
            elif isinstance(pieces, TextCut) and (unlinked := pieces.without_links()) is not None:
                pieces = unlinked
            else:
                yield from self._emit()
                borders = pieces.borders(pieces.kinds_of_borders - 1)
                end = borders[bisect_right(borders, start)]
                self._draft.add(pieces.part(start, end), self._path, must_fit=False)
                start = first = end

    def _fits_alone(self, pieces: Cut, start: int) -> bool:
        """Whether some part fits into a chunk of its own that does not fit below the headings that are open."""
        if not self._draft.items:
            return False
        kept, self._draft = self._draft, self._new(0)
        end = self._end_of_part(pieces, start, start)
        self._draft = kept
        return end is not None

    def _end_of_part(self, pieces: Cut, first: int, start: int) -> int | None:
        """Where the longest part ends that begins at `first`, goes beyond `start` and fits into the open chunk."""
        for kind in range(pieces.kinds_of_borders):
            borders = pieces.borders(kind)

            def fits(number: int, borders: list[int] = borders) -> bool:
                return self._draft.room_for(pieces.block(first, borders[number]))

            last = _last_fitting(bisect_right(borders, start), len(borders), fits)
            if last is not None:
                return borders[last]
        return None

    # --- overlap ---

    def _overlap_of(self, pieces: Cut, first: int, end: int) -> int:
        """Where the next part begins, so that it repeats the end of this one; `end` if it does not."""
        if not isinstance(pieces, TextCut):
            return end
        begins = self._begin_of_end(pieces, first, end, self._overlap, kinds=2)
        return end if begins is None else begins

    def _tail(self, draft: Draft, room: int) -> list[Placed]:
        """The end of a chunk, up to a size: blocks of text, the first of them from a sentence on, or else a word."""
        tail: list[Placed] = []
        for placed in reversed(draft.body):
            if placed.block.kind not in PROSE:
                break
            between = self._measure("\n\n")
            size = self._measure(markdown(placed.block)) + between
            if size > room:
                pieces = TextCut(placed.block, placed.places[0][0])
                begins = self._begin_of_end(pieces, 0, pieces.length, room - between, kinds=1 if tail else 2)
                if begins is not None:
                    tail.insert(0, Placed(pieces.block(begins, pieces.length), placed.places[-1:]))
                break
            tail.insert(0, placed)
            room -= size
        return tail

    def _begin_of_end(self, pieces: TextCut, start: int, end: int, room: int, *, kinds: int) -> int | None:
        """Where, between two characters, the longest end begins that is no longer than `room`."""
        for kind in range(kinds):
            borders = pieces.borders(kind)
            low, high = bisect_right(borders, start), bisect_left(borders, end)
            past = high
            while low < high:
                middle = (low + high) // 2
                if self._measure(markdown(pieces.block(borders[middle], end))) <= room:
                    high = middle
                else:
                    low = middle + 1
            if low < past:
                return borders[low]
        return None


def _last_fitting(low: int, end: int, fits: Callable[[int], bool]) -> int | None:
    """The last number from `low` up to `end`, that one excluded, that fits; looks at few far behind it."""
    if low >= end or not fits(low):
        return None
    step = 1
    while low + step < end and fits(low + step):
        low += step
        step *= 2
    high = min(end, low + step)
    while high - low > 1:
        middle = (low + high) // 2
        if fits(middle):
            low = middle
        else:
            high = middle
    return low


def _cut_of(placed: Placed) -> Cut:
    block, page = placed.block, placed.places[0][0]
    if block.kind is Kind.PICTURE:
        block = replace(block, kind=Kind.PARAGRAPH, spans=[Span(block.alt)])
    return cut(block, page)


def _is_bare_picture(block: Block) -> bool:
    """Whether there is nothing to be read: neither searched for nor told."""
    return block.kind is Kind.PICTURE and not block.alt.strip()
