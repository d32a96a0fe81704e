"""Says what is a running head or foot: only what comes again on other pages at about the same height.

The layout model judges by a page's looks, so it takes a line of text that begins a page for a running head, and a
running head that looks like a heading for one. What it says counts for less than whether the text repeats.
"""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import product

from engine.convert.page.blocks import FURNITURE, Block, Kind, RefinedPage

_ZONE = 0.15
"""Of the page's height, at the top and at the bottom: the models' own training sets mark none further in."""
_CALLED_ZONE = 0.25
"""The same for numbers by themselves and what the model calls furniture; a wide margin is part of some pages."""
_TALLEST = 0.04
"""Of the page's height, the size of a running head or a page's number."""
_EDGE = 0.1
"""A number by itself this close to the edge is the page's."""
_LONGEST = 200
_SAME_HEIGHT = 0.012
"""Of the page's height; boxes of one line differ by what hangs below it."""
_NEAR = 4
"""Pages to each side among which text that the model did not call furniture must come again; a head may be on every
other page."""
_LARGER = 1.2
"""Text this many times as large as the body is a title, even if it is on every page, as on slides."""
_SMALLER = 0.9
"""A running head is at most so large as the heading whose words it has."""
_CALLED = 2
_UNCALLED = 3
_COUNTING = 5
"""Pages on which a text must be: one that the model calls furniture, one that it does not, and one of these with a
number that counts with the pages, like `Exercise 3`."""
_MOST_NUMBERS = 3
_BAND = 0.3
"""Of the pages that have a running head at one height: from so many on, whatever the model calls one there is."""
_MARGIN = 0.07
"""Of the page's height: word processors put heads and feet half an inch from the edge, and text an inch."""
_SHORT = 80
"""Characters."""
_FORM_LONGEST = 160
_APART = 1.5
"""Between such a line and the text, in heights of it."""

_Key = tuple[str, tuple[tuple[str, int], ...]]
"""A text without its numbers, and of each number its value, or by how much it is ahead of the page's."""

_AT_EDGES = re.compile(r"^(?:(?:chapter|section|kapitel|abschnitt)\s)?[\d.\s|§–—-]+|[\d.\s|–—-]+$")
_NUMBERS = re.compile(r"\d{1,6}")
_ROMAN = r"(?=[ivxlc])(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})"
_ROMAN_AT_EDGE = re.compile(rf"^{_ROMAN}(?=\s|$)|(?<=\s){_ROMAN}$")
_ROMAN_VALUES = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}
_PAGE_NUMBER = re.compile(
    r"\W*(?:(?:page|seite|p\.|s\.|pagina|página|стр\.)\s*)?(?:\d{1,4}|[ivxl]{1,7})(?:\s*(?:/|of|von|de|sur|di)\s*\d{1,4})?\W*$"
)
_PRINTED = re.compile(
    r"(?:https?|file)://\S+(?:\s+\d+/\d+)?$|\d{1,4}[./-]\d{1,2}[./-]\d{1,4},?\s+\d{1,2}:\d{2}(?::\d{2})?(?:\s*[ap]\.?m\.?)?(?=\s|$)"
)
"""What browsers print at the edge: the address with the page's number, and the date with the title."""
_FORM = re.compile(
    r"^(?:downloaded (?:from|by|on)|printed (?:on|from|at|in)|retrieved from|available (?:online )?at:?\s+http"
    r"|rev(?:ision|\.)?:?\s+[\d.a-z]{1,8}$|rev(?:ision|\.)\s+\S{1,8}\W|version\s+\d[\d.]*$|p/n\b|part (?:no|number)\b"
    r"|doc(?:ument|\.)? (?:no|id|number|ref)\b|form (?:no\b|[\w-]+ \(rev)|isbn\b|issn\b|doi:?\s|https?://\S+$|www\.\S+$"
    r"|©|\(c\)\s|copyright\b|confidential\b|proprietary\b|internal use only|for (?:internal|official) use)"
    r"|\ball rights reserved\b|\bpage \d+ of \d+$"
)
"""What stands in margins and says nothing of the matter: where a page comes from, and which edition it is of."""
_TEXT = frozenset({Kind.PARAGRAPH, Kind.HEADING, Kind.CAPTION, Kind.FOOTNOTE, Kind.LIST_ITEM})


class Furniture:
    """Makes text of what was called a running head or foot and is none, and the other way round.

    Pages read by their tags stay as they are, since there the author says what is decoration; and so do those that
    somebody else has seen and told us of.
    """

    name = "furniture"

    def __init__(self) -> None:
        self._places: dict[tuple[bool, _Key], dict[int, float]] = {}
        self._bands: dict[tuple[bool, int], set[int]] | None = None
        self._sizes: Counter[float] = Counter()
        self._titles: dict[str, list[tuple[int, float]]] = {}  # of headings, with their pages and sizes
        self._first: list[tuple[str, float]] = []  # texts of the first page, and their sizes
        self._pages = 0
        self._bare: set[int] = set()  # pages with nothing but lines at the top and at the bottom

    def observe(self, page: RefinedPage) -> None:
        """Remember what stands at the top and at the bottom."""
        if page.is_left_alone:
            return
        self._pages += 1
        if all(
            _place(block, page) is not None for block in page.blocks if block.text.strip() or block.kind not in _TEXT
        ):
            self._bare.add(page.number)
        for block in page.blocks:
            if block.kind in (Kind.PARAGRAPH, Kind.LIST_ITEM):
                self._sizes[round(block.size)] += len(block.text)
            if block.kind is Kind.HEADING:
                self._titles.setdefault(_title(block), []).append((page.number, block.size))
            if page.number == 1 and block.kind in _TEXT:
                self._first.append((_folded(block), block.size))
            at = _place(block, page)
            if at is None:
                continue
            for key in _keys(_folded(block), page.number):
                self._places.setdefault((at[0], key), {})[page.number] = at[1]

    def apply(self, page: RefinedPage) -> None:
        """Set the kind of what is furniture, and of what is not."""
        if page.is_left_alone:
            return
        before = [(block, block.kind, block.label, block.level, block.depth) for block in page.blocks]
        called = [block for block in page.blocks if block.kind in FURNITURE]
        confirmed = [block for block in called if self._is_confirmed(block, page)]
        for block in called:
            # What stands on one line with the date or the page's number, as the title does, is of its kind.
            if not any(block is other or (_is_beside(block, other) and _is_mark(other)) for other in confirmed):
                is_code = bool(block.spans) and all(span.code for span in block.spans)
                block.kind = Kind.CODE if is_code else Kind.PARAGRAPH
        for is_top in (True, False):
            for block in sorted(page.blocks, key=lambda block: block.box[1] if is_top else -block.box[3]):
                if block.kind in FURNITURE:
                    continue
                at = _place(block, page)
                if at is None or at[0] is not is_top or not self._is_missed(block, page, at):
                    # Whatever lies further in than text is text too, but for what stands beside it.
                    if not any(_is_beside(block, other) for other in page.blocks if other.kind in FURNITURE):
                        break
                    continue
                block.kind = Kind.PAGE_HEADER if is_top else Kind.PAGE_FOOTER
                block.label, block.level, block.depth = "", 0, 0
        if page.number in self._bare and all(block.kind in FURNITURE for block in page.blocks if block.text.strip()):
            for block, kind, label, level, depth in before:
                if not _is_mark(block) and not self._is_on_full_pages(block, page):
                    block.kind = Kind.PARAGRAPH if kind in FURNITURE else kind
                    block.label, block.level, block.depth = label, level, depth

    def _is_on_full_pages(self, block: Block, page: RefinedPage) -> bool:
        """Whether a running head stands on pages with text as well: lines that are all a page has are its text."""
        at = _place(block, page)
        return at is not None and any(
            number not in self._bare
            for key in _keys(_folded(block), page.number)
            for number in self._pages_with(key, at)
        )

    def _is_confirmed(self, block: Block, page: RefinedPage) -> bool:
        """Whether what the model calls furniture is."""
        text = _folded(block)
        if not text:
            return True
        at = _place(block, page)
        if at is None or block.size > _TALLEST * page.height:
            return False
        if _is_mark(block):
            return True
        if any(len(self._pages_with(key, at)) >= _CALLED for key in _keys(text, page.number)):
            return True
        # A chapter's title above its only page is no less a running head than those of the other chapters.
        if self._pages > _UNCALLED and len(self._repeating(at)) > _BAND * self._pages:
            return True
        if (_FORM.search(text) or self._is_section(block, page)) and self._is_outermost(block, page, at):
            return True
        # What the first page has in place of a running head cannot repeat, nor can anything in a very short document.
        return (page.number == 1 or self._pages <= _CALLED) and self._is_in_margin(block, page, at)

    def _is_section(self, block: Block, page: RefinedPage) -> bool:
        """Whether a line says in smaller letters which section the page is of, or who wrote it, as one before does."""
        title = _title(block)
        before = [size for number, size in self._titles.get(title, ()) if number <= page.number]
        if page.number > 1 and title:
            before += [size for text, size in self._first if text.startswith(title)]
        return any(block.size < _SMALLER * size for size in before)

    def _repeating(self, at: tuple[bool, float]) -> set[int]:
        """The pages that have something at this height which repeats."""
        if self._bands is None:
            self._bands = {}
            for (is_top, _), places in self._places.items():
                if len(places) >= _UNCALLED:
                    for number, distance in places.items():
                        self._bands.setdefault((is_top, round(distance / _SAME_HEIGHT)), set()).add(number)
        return self._bands.get((at[0], round(at[1] / _SAME_HEIGHT)), set())

    def _is_in_margin(self, block: Block, page: RefinedPage, at: tuple[bool, float]) -> bool:
        """Whether a short line stands in the margin, well apart from the text, where word processors put such lines."""
        if at[1] > _MARGIN or len(block.text) > _SHORT or self._is_large(block) or block.text.rstrip().endswith("."):
            return False
        text = [other for other in page.blocks if other.kind not in FURNITURE]
        if not text:
            return False
        gap = (
            min(other.box[1] for other in text) - block.box[3]
            if at[0]
            else block.box[1] - max(other.box[3] for other in text)
        )
        return gap > _APART * block.size

    def _is_outermost(self, block: Block, page: RefinedPage, at: tuple[bool, float]) -> bool:
        """Whether a short line near the edge, no larger than the text, has none of it farther out or beside it."""
        if at[1] > _EDGE or len(block.text) > _FORM_LONGEST or self._is_large(block):
            return False
        text = [other for other in page.blocks if other.kind not in FURNITURE and other.text.strip()]
        if at[0]:
            return all(other.box[1] > block.box[1] for other in text)
        return all(other.box[3] < block.box[3] for other in text)

    def _is_large(self, block: Block) -> bool:
        body = max(self._sizes, key=self._sizes.__getitem__, default=0.0)
        return bool(body) and block.size > body * _LARGER

    def _is_missed(self, block: Block, page: RefinedPage, at: tuple[bool, float]) -> bool:
        """Whether what the model calls text is furniture."""
        text = _folded(block)
        if block.kind not in _TEXT or not text or self._is_large(block):
            return False
        if _PRINTED.match(text) and at[1] < _EDGE / 2:
            return True
        is_number = bool(_PAGE_NUMBER.match(text))
        if is_number and at[1] < _EDGE and text.strip(" -–—|") == str(page.number):
            return True
        for key in _keys(text, page.number):
            counts = any(how == "+" for how, _ in key[1]) and not is_number
            if counts and (block.kind is Kind.HEADING or all(span.bold for span in block.spans)):
                continue
            places = self._places.get((at[0], key), {})
            # A page's number is on each of thousands of pages: only those nearby are looked at.
            near = (places.get(number) for number in range(page.number - _NEAR, page.number + _NEAR + 1))
            found = sum(distance is not None and abs(distance - at[1]) < _SAME_HEIGHT for distance in near)
            if found >= (_COUNTING if counts else _UNCALLED):
                return True
        return False

    def _pages_with(self, key: _Key, at: tuple[bool, float]) -> list[int]:
        places = self._places.get((at[0], key), {})
        return [number for number, distance in places.items() if abs(distance - at[1]) < _SAME_HEIGHT]


def _place(block: Block, page: RefinedPage) -> tuple[bool, float] | None:
    """Whether a block is at the top, and how far from the edge in parts of the page's height; None if at neither."""
    if (block.kind not in _TEXT and block.kind not in FURNITURE) or len(block.text) > _LONGEST or page.height <= 0:
        return None
    is_called = block.kind in FURNITURE or _PAGE_NUMBER.match(_folded(block))
    zone = _CALLED_ZONE if is_called else _ZONE
    top, bottom = block.box[1] / page.height, 1 - block.box[3] / page.height
    middle = (top + 1 - bottom) / 2
    if middle <= zone:
        return True, top
    if middle >= 1 - zone:
        return False, bottom
    return None


def _folded(block: Block) -> str:
    return " ".join(block.text.lower().split())


def _title(block: Block) -> str:
    """The words of a heading, or of a running head, without numbers before and behind them."""
    return _AT_EDGES.sub("", _folded(block))


def _keys(text: str, page: int) -> Iterator[_Key]:
    """What pages with the same running text have in common, whichever of its numbers counts the pages."""
    text = _ROMAN_AT_EDGE.sub(lambda found: str(_roman(found[0])), text.strip(" -–—|."))
    numbers = [int(number) for number in _NUMBERS.findall(text)]
    pattern = _NUMBERS.sub("#", text)
    # Of many, as in dates and versions, none counts but the first or the last.
    few = len(numbers) <= _MOST_NUMBERS
    fixed = "=" * (len(numbers) - 1)
    for ways in product("=+", repeat=len(numbers)) if few else ("=" + fixed, "+" + fixed, fixed + "+"):
        if ways[:1] == ("=",) and _PAGE_NUMBER.match(text):
            continue  # A page's number counts, and would fill the memory with what is nowhere else.
        yield (
            pattern,
            tuple((way, n if way == "=" else n - page) for way, n in zip(ways, numbers, strict=True)),
        )


def _roman(text: str) -> int:
    values = [_ROMAN_VALUES[letter] for letter in text]
    return sum(
        -value if any(value < after for after in values[i + 1 : i + 2]) else value for i, value in enumerate(values)
    )


def _is_mark(block: Block) -> bool:
    """Whether it is furniture by what it says."""
    text = _folded(block)
    return bool(_PAGE_NUMBER.match(text) or _PRINTED.match(text))


def _is_beside(block: Block, other: Block) -> bool:
    return min(block.box[3], other.box[3]) > max(block.box[1], other.box[1])
