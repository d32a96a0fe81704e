"""Makes headings of what a document itself says to be: by its outline, the links of its table of contents, or numbers.

What is stated goes before what a page looks like. An outline is believed if most of it is found on the pages it leads
to: one that names files or pages is not. It says levels too, and by them those of other headings that are set alike.
Where there is none to be believed, numbers that count on are what is stated.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from engine.convert.page.blocks import Block, Kind, RefinedPage, Span, around, merged, stripped
from engine.convert.page.outlineentry import OutlineEntry
from engine.convert.refine.headings.headingnumbers import depth_of, folded
from engine.convert.refine.headings.headingplaces import Found, HeadingPlaces, Stated
from engine.convert.refine.headings.headingseries import HeadingSeries
from engine.convert.refine.headings.headingstyles import LARGER, LEVELS, SAME, Style, full_text, style_of

_BELIEVED = 0.6
"""Of the entries that lead to pages that were seen, the part that has to be found there."""
_PLACE = re.compile(r"#page=(\d+)&y=(\d+)")
_PAGE_NUMBER = re.compile(r"[\s.·…]*\s*(?:\d{1,4}|[ivxlc]{1,7})$")
_CONTENTS = 3
"""Lines of links alone from which on a page has a table of contents."""
_LINKED = 0.8
"""Of such a line, the part that is link."""


class StatedHeadings:
    """What is stated to be a heading, page by page."""

    body = 0.0
    """The size of most of the document's text; to be set once that is known."""

    def __init__(self, outline: Sequence[OutlineEntry] = (), title: str = "", *, by_tex: bool = False) -> None:
        """`title` is what the document's properties call it; `by_tex` is whether they say that TeX has set it."""
        self._by_tex = by_tex
        self._called = folded(title)
        self._has_outline = bool(outline)
        self._waiting: dict[int, list[Stated]] = {}
        for entry in outline:
            stated = Stated(entry.title, entry.page, entry.y, entry.level, entry.x)
            self._waiting.setdefault(entry.page, []).append(stated)
        self._found: dict[int, list[Found]] = {}
        self._levels: dict[Style, Counter[int]] = {}
        self._depths: dict[int, Counter[int]] = {}
        self._title: Style | None = None
        self._title_page = 0
        self._openings: set[int] = set()
        self._is_titled = False
        self._called_headings: Counter[Style] = Counter()
        self._asked = 0
        self._matched = 0
        self._series = HeadingSeries()
        self._has_scheme = False
        self._is_settled = False

    def observe(self, page: RefinedPage) -> None:
        """Look for what is stated to be on a page. Pages come in order, each once."""
        if not self._has_outline:
            for stated in _contents(page):
                self._waiting.setdefault(stated.page, []).append(stated)
        asked = self._waiting.pop(page.number, [])
        found = HeadingPlaces(page).find(asked, strictly=not self._has_outline) if asked else []
        self._series.observe(page)
        self._called_headings.update(style_of(block) for block in page.blocks if block.kind is Kind.HEADING)
        self._asked += len(asked)
        if not self._matched:
            self._note_title(page, min((each.place for each in found), default=len(page.blocks)))
        self._matched += len(found)
        if found:
            self._found[page.number] = found
        for each in found:
            block = page.blocks[each.place]
            if each.level and each.start == 0 and each.end >= len(full_text(block)):
                size = max(style_of(part).size for part in page.blocks[each.place : each.place + each.blocks])
                self._note(style_of(block)._replace(size=size), depth_of(full_text(block)), each.level)

    @property
    def has_levels(self) -> bool:
        """Whether the level of a heading that is not stated follows from those that are."""
        self._settle()
        return self.is_complete or self._has_scheme

    @property
    def deepest(self) -> int:
        """The lowest level that is stated; 0 where none is."""
        if not self.has_levels:
            return 0
        return max((max(levels) + self._shift for levels in self._levels.values()), default=0)

    @property
    def is_complete(self) -> bool:
        """Whether the outline says so much that what it leaves out needs to look like what it names."""
        return self._is_believed and self._matched >= 2

    @property
    def _is_believed(self) -> bool:
        return self._has_outline and self._matched > 0 and self._matched >= _BELIEVED * self._asked

    def _settle(self) -> None:
        """Where no outline is believed, take the numbers in its place."""
        if self._is_settled:
            return
        self._is_settled = True
        if self._is_believed:
            self._add_below(max(self._depths, default=0))
            return
        if self._has_outline:
            self._found, self._levels, self._depths = {}, {}, {}
        scheme = self._series.scheme()
        self._has_scheme = bool(scheme)
        for level, numbered in enumerate(scheme, 1):
            for each in numbered:
                self._add(Found(each.place, 1, 0, each.end, level), each.page)
                if not each.runs_on:
                    self._note(each.style, 0, level)
        for each in self._series.dotted():
            self._add(Found(each.place, 1, 0, each.end, 0), each.page)

    def _add_below(self, deepest: int) -> None:
        """Take numbers with more parts than those of the outline, which goes down to a certain level alone."""
        for each in self._series.dotted():
            if deepest and len(each.values) > deepest and any(each.look):
                self._add(Found(each.place, 1, 0, each.end, 0), each.page)

    def _add(self, found: Found, page: int) -> None:
        others = self._found.setdefault(page, [])
        if not any(other.place <= found.place < other.place + other.blocks for other in others):
            others.append(found)

    def _note(self, style: Style, depth: int, level: int) -> None:
        self._levels.setdefault(style, Counter())[level] += 1
        self._depths.setdefault(depth, Counter())[level] += 1

    def alike(self, block: Block) -> int:
        """How many of those stated are set as a block is."""
        self._settle()
        return (self._alike(style_of(block)) or Counter()).total()

    def is_below_title(self, block: Block) -> bool:
        """Whether a block stands between the title and the first heading that is stated, as authors do."""
        is_as_large = self._title is not None and block.size * SAME > self._title.size
        return id(block) in self._openings and not is_as_large and not self.alike(block)

    def is_like_title(self, block: Block) -> bool:
        """Whether a block above all stated headings is set apart more than they are, as the title of them all."""
        if self._title is None or id(block) not in self._openings:
            return False
        return not _outranks(self._title, style_of(block)) and all(
            _outranks(self._title, each) for each in self._levels
        )

    def apply(self, page: RefinedPage) -> dict[int, int]:
        """Make headings of what is stated, and return the level of each by the block's `id`.

        0 if none is stated, and of what is left of a block that begins with one.
        """
        self._settle()
        levels: dict[int, int] = {}
        if page.number == self._title_page:
            first = min((each.place for each in self._found.get(page.number, [])), default=0)
            self._openings = {id(block) for block in page.blocks[:first]}
        found = sorted(self._found.get(page.number, []), reverse=True)
        for place, group in groupby(found, key=lambda found: found.place):
            pieces = sorted(group)
            made = _joined(page.blocks, pieces[0]) if pieces[0].blocks > 1 else _cut(page.blocks[place], pieces)
            page.blocks[place : place + pieces[0].blocks] = made
            levels |= {id(block): 0 for block in made}
            for block, piece in zip(made, pieces, strict=False):
                levels[id(block)] = min(piece.level + self._shift, LEVELS) if piece.level else 0
        return levels

    def level(self, block: Block) -> int:
        """Of a heading that is not stated, by those that are; 0 if they say nothing."""
        if not self.has_levels:
            return 0
        style, depth = style_of(block), depth_of(full_text(block))
        alike = self._alike(style) if depth <= max(self._depths, default=0) else None
        if alike is not None:
            return min(alike.most_common(1)[0][0] + self._shift, LEVELS)
        known = max((parts for parts in self._depths if 0 < parts <= depth), default=0)
        if known:
            return min(self._depths[known].most_common(1)[0][0] + depth - known + self._shift, LEVELS)
        above = [min(levels) for other, levels in self._levels.items() if _outranks(other, style)]
        return min(max(above, default=0) + self._shift + 1, LEVELS) if above else 1

    @property
    def _shift(self) -> int:
        """How much lower headings are than the outline says: it counts from below what is known to be the title.

        It is known too where all headings but it are set in the size of the text, as in papers, and where TeX has set
        nothing else in the document as large: Word's first headings are of the first level whatever stands above them.
        """
        if self._title is None or not self._levels:
            return 0
        title = self._title
        largest = max(style.size for style in self._levels)
        is_title = self._is_titled or self._has_scheme or 0 < largest < LARGER * self.body < title.size / LARGER
        alike = sum(count for style, count in self._called_headings.items() if not _outranks(title, style))
        is_above = all(_outranks(title, style) for style in self._levels)
        return int((is_title or (self._by_tex and alike == 1)) and is_above)

    def _alike(self, style: Style) -> Counter[int] | None:
        for other, levels in self._levels.items():
            if other[1:] == style[1:] and max(other.size, style.size) <= SAME * min(other.size, style.size):
                return levels
        return None

    def _note_title(self, page: RefinedPage, before: int) -> None:
        """Remember what is larger than all else on the first page that has headings, before those that are stated."""
        if self._title is not None and page.number != self._title_page:
            return
        for block in page.blocks[:before]:
            if block.kind is Kind.HEADING and (self._title is None or block.size > self._title.size):
                self._title, self._title_page = style_of(block), page.number
                self._is_titled = bool(self._called) and folded(block.text) == self._called


def _outranks(one: Style, other: Style) -> bool:
    if one.size > SAME * other.size:
        return True
    return one.size * SAME >= other.size and (one.bold, not one.italic) > (other.bold, not other.italic)


def _joined(blocks: Sequence[Block], found: Found) -> list[Block]:
    """The blocks that one heading is in as one."""
    parts = blocks[found.place : found.place + found.blocks]
    for part in parts:
        _unlabel(part)
    first = parts[0]
    spans = list(first.spans)
    for part in parts[1:]:
        spans += [Span(" "), *part.spans]
    first.kind, first.spans = Kind.HEADING, stripped(spans)
    first.size = max(part.size for part in parts)
    first.box = around(part.box for part in parts)
    return [first]


def _cut(block: Block, pieces: Sequence[Found]) -> list[Block]:
    """A block as the headings it begins with, and what is left of it."""
    kind, goes_on = block.kind, block.goes_on
    _unlabel(block)
    last = pieces[-1].end
    rest = _slice(block.spans, last, len(block.text))
    headings = [block, *(Block(Kind.HEADING, block.box, size=block.size) for _ in pieces[1:])]
    texts = [_slice(block.spans, piece.start, piece.end) for piece in pieces]
    for heading, spans in zip(headings, texts, strict=True):
        heading.kind, heading.spans, heading.goes_on = Kind.HEADING, spans, False
    if not rest:
        return headings
    left = Kind.PARAGRAPH if kind in (Kind.HEADING, Kind.LIST_ITEM) else kind
    return [*headings, Block(left, block.box, rest, size=block.size, goes_on=goes_on)]


def _unlabel(block: Block) -> None:
    """Have a list item's label stand in its text, as a heading's number does."""
    if block.label:
        block.spans = [Span(f"{block.label} "), *block.spans]
    block.label, block.depth, block.quote = "", 0, 0


def _slice(spans: Sequence[Span], start: int, end: int) -> list[Span]:
    parts, at = [], 0
    for span in spans:
        text = span.text[max(start - at, 0) : max(end - at, 0)]
        at += len(span.text)
        parts.append(Span(text, *span.style))
    return stripped(merged(parts))


def _contents(page: RefinedPage) -> Iterator[Stated]:
    """What the lines of a page's table of contents lead to."""
    found: list[tuple[str, re.Match[str]]] = []
    for block in page.blocks:
        linked = [(link, "".join(span.text for span in spans)) for link, spans in groupby(block.spans, _link)]
        length = sum(len(text.strip()) for link, text in linked if _PLACE.fullmatch(link))
        if length < _LINKED * len(block.text.strip()):
            continue
        for link, text in linked:
            place = _PLACE.fullmatch(link)
            if place is not None and len(folded(text)) > 1 and not text.strip().isdigit():
                found.append((" ".join(text.split()), place))
    if len(found) < _CONTENTS:
        return
    for title, place in found:
        yield Stated(title, int(place[1]), float(place[2]))
        without = _PAGE_NUMBER.sub("", title)
        if without != title and len(folded(without)) > 1:
            yield Stated(without, int(place[1]), float(place[2]))


def _link(span: Span) -> str:
    return span.link
