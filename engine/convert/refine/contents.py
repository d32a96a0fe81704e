"""Makes a list of a table of contents: an item for each entry, below the one that it is part of, without leaders."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from engine.convert.page.blocks import FURNITURE, Block, Box, Cell, Kind, RefinedPage, around
from engine.convert.text.glyphs.characters import without_invisible
from engine.convert.text.layoutblocks import rewrite
from engine.convert.text.pagetext import PageText
from engine.convert.text.textflow import compose, visual_lines
from engine.convert.text.textline import Line, Word

_LEAST = 3
"""Entries with leaders that make a table of contents; fewer, if all are numbered or lead into the document."""
_DOTS = re.compile(r"[.·․‥…]+")
_GLUED = re.compile(r"(.*?)([.·․]{4,}|[‥…]{2,})([^.·․‥…]*)")
"""A title, its leader and its page number without blanks between them."""
_DOTS_IN = {"‥": 2, "…": 3}
_LAST_DOTS = re.compile(r"([.·․‥…]+)([^.·․‥…]+)")
"""The end of a leader, and the page number right after it."""
_FEWEST_DOTS = 4
_IN_SHORT = 2
"""Dots of a leader that a long title has left little room for."""
_PAGE = re.compile(r"[\u200b\u2060]?(?:(?:[A-Z]{1,2}[-–.]?)?\d{1,4}|[ivxlcdm]{1,8}|[IVXLCDM]{1,8})")
_LABEL = re.compile(r"(?:[A-Z]|\d{1,3})(?:\.\d{1,3})*\.?|[IVXLC]+\.?")
"""A number that an entry begins with."""
_GAP = 2.5
"""In sizes: a page number that stands so far from its title, and below others, needs no leader."""
_EDGE = 2.5
"""Points: numbers whose right edges differ by less stand below each other."""
_BELOW, _ABOVE = 3.2, 2.4
"""In sizes: how far such an entry is from one before it, or after it, at most; running heads are further above."""
_NEXT = 1.7
"""In sizes: how far the lines of one entry are apart at most."""
_ALIKE = 0.5
"""Points: sizes that differ by no more are one."""
_DEEPER = 0.5
"""In sizes: what begins so much further right is part of what is above."""


@dataclass(slots=True)
class _Entry:
    """One line of the contents, or what is on several."""

    lines: list[Line]
    """Of its title."""
    page: Word
    box: Box
    column: int
    """How many entries stand left of it."""

    @property
    def left(self) -> float:
        """Where it begins."""
        return self.lines[0].start

    @property
    def size(self) -> float:
        """Of its title."""
        return self.lines[-1].size


class Contents:
    """Entries end with a page number, and most have dots before it; others stand among those, numbers below numbers."""

    name = "contents"

    def apply(self, page: RefinedPage, text: PageText) -> None:
        """Put list items in place of whatever the entries of a table of contents were taken for."""
        entries = _entries([line for block in page.blocks if block.kind not in FURNITURE for line in _of(block, text)])
        if not entries:
            return
        items = [*_items(entries, text)]
        boxes = [entry.box for entry in entries]
        blocks: list[Block] = []
        for block in page.blocks:
            left = _without(block, boxes, text)
            if left is None:
                blocks.append(block)
                continue
            above = [rest for rest in left if rest.box[1] < boxes[0][1]]
            blocks += above
            blocks += items
            items = []
            blocks += [rest for rest in left if rest not in above]
        page.blocks = blocks if not items else page.blocks


def _entries(lines: Sequence[Line]) -> list[_Entry]:
    """Those of a page, column by column from the top; none if it has no table of contents."""
    # Lines side by side are joined by changing the last word of the left one, which may be of another column.
    rows = visual_lines(
        Line([*line.words[:-1], replace(line.words[-1])], line.direction, line.is_vertical)
        for line in lines
        if line.is_upright
    )
    found = {number: entries for number, row in enumerate(rows) if (entries := _led(row))}
    led = [entry for entries in found.values() for entry in entries]
    if not led or not _counts_on(led) or (len(led) < _LEAST and not all(map(_is_certain, led))):
        return []
    edges = [entry.page.end for entry in led]
    for numbers, most in ((range(len(rows)), _BELOW), (range(len(rows) - 1, -1, -1), _ABOVE)):
        near: Line | None = None
        for number in numbers:
            row = rows[number]
            if number not in found and near is not None and abs(row.baseline - near.baseline) < most * near.size:
                entry = _unled(row, edges)
                found |= {number: [entry]} if entry is not None else {}
            near = row if number in found else near
    for number, entries in found.items():
        if len(entries) == 1 and number and number - 1 not in found and _begins(rows[number - 1], entries[0]):
            entries[0].lines.insert(0, rows[number - 1])
            entries[0].box = around([rows[number - 1].box, entries[0].box])
    return sorted((each for entries in found.values() for each in entries), key=lambda e: (e.column, e.page.baseline))


def _is_certain(entry: _Entry) -> bool:
    """Whether it is one by itself."""
    words = [word for line in entry.lines for word in line.words]
    leads_on = any(word.link.startswith("#page=") for word in (*words, entry.page))
    is_numbered = len(words) > 1 and _LABEL.fullmatch(words[0].text) is not None
    return leads_on or (is_numbered and not _is_line_of_form(entry))


def _is_line_of_form(entry: _Entry) -> bool:
    """Whether it ends with the number that it begins with."""
    return entry.lines[0].words[0].text.rstrip(".") == without_invisible(entry.page.text)


def _counts_on(entries: Sequence[_Entry]) -> bool:
    """Whether their numbers are those of pages, and not amounts, or numbers of the lines of a form."""
    in_order = sorted(entries, key=lambda each: (each.column, each.page.baseline))
    drops = sum(_number(entry) < _number(before) for before, entry in pairwise(in_order))
    return 10 * drops <= len(entries) and 2 * sum(map(_is_line_of_form, entries)) < max(len(entries), 2)


def _number(entry: _Entry) -> int:
    """Of its page; of one that is not counted by digits alone, 0."""
    text = without_invisible(entry.page.text)
    return int(text) if text.isascii() and text.isdigit() else 0


def _led(row: Line) -> list[_Entry]:
    """The entries with leaders that stand side by side on a line; none if there is something else on it."""
    found: list[_Entry] = []
    title: list[Word] = []
    leader: list[Word] = []
    first = 0
    words = [part for word in row.words for part in _parts(word)]
    for number, word in enumerate(words):
        if title and _DOTS.fullmatch(word.text):
            leader.append(word)
        elif sum(_DOTS_IN.get(character, 1) for each in leader for character in each.text) < _FEWEST_DOTS:
            title += [*leader, word]  # a few dots belong to it
            leader = []
        elif _PAGE.fullmatch(word.text):
            box = around(each.box for each in words[first : number + 1])
            found.append(_Entry([Line(title, row.direction)], word, box, len(found)))
            title, leader, first = [], [], number + 1
        else:
            return []
    return [] if title else found


def _unled(row: Line, edges: Sequence[float]) -> _Entry | None:
    """A line with two dots or none as an entry, if its page number stands below those of others."""
    *title, page = (part for word in row.words for part in _parts(word))
    if not _PAGE.fullmatch(page.text) or not any(abs(page.end - edge) < _EDGE for edge in edges):
        return None
    dots = 0
    while title and _DOTS.fullmatch(title[-1].text):
        title.pop()
        dots += 1
    if not title or (dots < _IN_SHORT and page.start - title[-1].end < _GAP * row.size):
        return None
    return _Entry([Line(title, row.direction)], page, row.box, 0)


def _begins(row: Line, entry: _Entry) -> bool:
    """Whether a line is the first one of an entry whose page number stands at the end of the next."""
    if not 0 < entry.page.baseline - row.baseline < _NEXT * entry.size or abs(row.size - entry.size) > _ALIKE:
        return False
    has_label = len(row.words) > 1 and _LABEL.fullmatch(row.words[0].text)
    # The second line begins below the title, and not where a heading above the first entry would begin.
    return bool(has_label) and row.words[1].start - _DEEPER * row.size < entry.left and row.end < entry.page.end + _EDGE


def _parts(word: Word) -> Iterator[Word]:
    """A word without the leader, or the page number, that stands right after it; these by themselves."""
    found = _GLUED.fullmatch(word.text) or _LAST_DOTS.fullmatch(word.text)
    rest = word
    for size in map(len, found.groups()[:-1] if found is not None else ()):
        if 0 < size < len(rest.text):
            part, rest = rest.split(size)
            yield part
    yield rest


def _items(entries: Sequence[_Entry], text: PageText) -> Iterator[Block]:
    for entry in entries:
        yield Block(
            Kind.LIST_ITEM,
            entry.box,
            compose(_as_link(entry), text.vocabulary),
            size=entry.size,
            depth=1 + len(_lefts_before(entry, entries)),
        )


def _lefts_before(entry: _Entry, entries: Sequence[_Entry]) -> list[float]:
    """Where entries of the same column begin that it is part of, wherever they stand: perhaps on the page before."""
    lefts: list[float] = []
    for left in sorted(each.left for each in entries if each.column == entry.column):
        apart = _DEEPER * entry.size
        if left < entry.left - apart and (not lefts or left > lefts[-1] + apart):
            lefts.append(left)
    return lefts


def _as_link(entry: _Entry) -> list[Line]:
    """An entry's lines, and its page number after a blank; the title leads to where any part of the entry does."""
    words = [word for line in entry.lines for word in line.words]
    target = next((word.link for word in [*words, entry.page] if word.link), "")
    lines = [Line([replace(word, link=target) for word in line.words], line.direction) for line in entry.lines]
    *title, last = lines[-1].words
    lines[-1] = Line([*title, replace(last, blank_after=True), replace(entry.page, link="")], lines[-1].direction)
    return lines


def _without(block: Block, boxes: Sequence[Box], text: PageText) -> list[Block] | None:
    """What is left of a block without the lines that are in these boxes; None if it has none of them."""
    lines = _of(block, text)
    rest = [line for line in lines if not _is_in(line, boxes)]
    if len(rest) == len(lines):
        return None
    if not rest:
        return []
    if block.rows:
        return [_paragraph(line, text) for line in visual_lines(rest)]
    block.box = around(line.box for line in rest)
    rewrite(block, rest, text)
    return [block]


def _of(block: Block, text: PageText) -> list[Line]:
    """The lines of a block, or of a table's cells."""
    owners: list[Block | Cell] = [cell for row in block.rows for cell in row] if block.rows else [block]
    return [line for owner in owners for line in text.lines_of(owner)]


def _paragraph(line: Line, text: PageText) -> Block:
    block = Block(Kind.PARAGRAPH, line.box)
    rewrite(block, [line], text)
    return block


def _is_in(line: Line, boxes: Sequence[Box]) -> bool:
    x, y = (line.start + line.end) / 2, line.baseline - 0.25 * line.size
    return any(x0 <= x <= x1 and y0 <= y <= y1 for x0, y0, x1, y1 in boxes)
