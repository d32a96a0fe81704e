"""Says which blocks are headings and of what level, by how the whole document is set.

The layout model sees one page as a picture. What it cannot see is that text of 14 points is a heading in a document set
in 12, and that a line in the same face was one three pages ago. Body text is the size that most characters have; a
heading is set apart from it by size, weight, slant or number, and headings set alike are of one level.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from engine.convert.page.blocks import FURNITURE, Block, Kind, RefinedPage, Span, stripped

_LARGER = 1.1
"""Text is larger than the body from this ratio of sizes on; word processors set the lowest heading at 13 to 11."""
_SMALLER = 0.9
"""And smaller up to this one."""
_SAME = 1.03
"""Sizes that differ by less are one, rounded differently."""
_LONGEST = 200
"""Characters of a heading that the model did not see."""
_MOST_LINES = 3
_LINE_HEIGHT = 1.5
"""Of text in its size; 1.15 to 1.5 is usual."""
_LEVELS = 6
_BODY_SHARE = 0.3
"""Of a page's characters. With less text of the body's size a page is a title page, a slide or a flyer."""
_RUNNING = 0.4
"""Text of one style of which so much is followed by more of it is no heading."""
_BELIEVED = 0.5
"""A style is that of headings if the model says so of such a part of its lines."""
_DOTTED = re.compile(r"\d{1,3}(?:\.\d{1,3})*[.)]?\s+[^\W\d_]|[A-Z](?:\.\d{1,3})+\.?\s+[^\W\d_]")
_CAPTION = re.compile(
    r"(?:fig(?:ure|\.)?|table|listing|algorithm|abb(?:ildung|\.)|tab(?:elle|leau|\.))\s*\d+", re.IGNORECASE
)
_BULLETS = "•◦▪‣●○■□∙·"
_TEXT = frozenset({Kind.PARAGRAPH, Kind.LIST_ITEM})
_PROMOTED = frozenset({Kind.PARAGRAPH, Kind.LIST_ITEM, Kind.CAPTION})


class _Style(NamedTuple):
    """How a block is set."""

    size: float
    bold: bool
    italic: bool


@dataclass(slots=True)
class _Use:
    """What a style is used for in the document, of blocks no longer than a heading."""

    blocks: int = 0
    called_headings: int = 0
    labels: int = 0
    """Of those called headings, they that end like the label of what follows."""
    followed_by_same: int = 0
    depths: set[int] = field(default_factory=set)
    """Of the numbers of its headings: 2 of `3.1`."""


_Group = tuple[list[tuple[_Style, int]], int]
"""Styles, with the parts of a number, that are of one level; and how many blocks have them."""


class Headings:
    """Finds headings and their levels; pages read by their tags, or by a model that sees them, stay as they are."""

    name = "headings"

    def __init__(self) -> None:
        self._sizes: Counter[float] = Counter()
        self._uses: dict[_Style, _Use] = {}
        self._ranks: dict[tuple[_Style, int], int] | None = None
        self._body = 0.0

    def observe(self, page: RefinedPage) -> None:
        """Count how text is set."""
        if page.is_left_alone:
            return
        blocks = [block for block in page.blocks if block.kind not in FURNITURE]
        for block in blocks:
            if block.kind in _TEXT:
                self._sizes[_rounded(block.size)] += len(block.text)
        for block, following in _with_next(blocks):
            if block.kind not in (*_PROMOTED, Kind.HEADING) or not _is_short(block):
                continue
            style = _style(block)
            use = self._uses.setdefault(style, _Use())
            use.blocks += 1
            use.called_headings += block.kind is Kind.HEADING
            use.labels += block.kind is Kind.HEADING and _is_label(_text(block))
            use.followed_by_same += following is not None and not following.rows and _style(following) == style
            if block.kind is Kind.HEADING or _DOTTED.match(_text(block)):
                use.depths.add(_depth(block))

    def apply(self, page: RefinedPage) -> None:
        """Change what is a heading on this page, and set the levels of all."""
        if page.is_left_alone:
            return
        if self._ranks is None:
            self._body = self._sizes.most_common(1)[0][0] if self._sizes else 0.0
            self._ranks = self._rank()
        blocks = [block for block in page.blocks if block.kind not in FURNITURE]
        tables = [block for block in blocks if block.kind is Kind.TABLE]
        pictures = [block for block in blocks if block.kind is Kind.PICTURE]
        may_promote = self._body and self._is_text_page(blocks)
        for block, following in list(_with_next(blocks)):
            if block.kind is Kind.HEADING:
                self._demote(block, tables)
            elif (
                may_promote
                and block.kind in _PROMOTED
                and self._is_missed(block, following)
                and not any(_is_within(block, other) for other in tables + pictures)
            ):
                _promote(block)
        for block in blocks:
            if block.kind is Kind.HEADING:
                block.level = self._level(block)

    def _is_text_page(self, blocks: Sequence[Block]) -> bool:
        total = sum(len(block.text) for block in blocks if not block.rows)
        body = sum(len(block.text) for block in blocks if block.rows or self._is_body_size(block))
        return body >= _BODY_SHARE * total

    def _is_body_size(self, block: Block) -> bool:
        return self._body * _SMALLER < block.size < self._body * _LARGER

    def _is_missed(self, block: Block, following: Block | None) -> bool:
        text = _text(block)
        if not _is_short(block) or not any(map(str.isalpha, text)) or _CAPTION.match(text) or text[0] in _BULLETS:
            return False
        style = _style(block)
        use = self._uses.get(style) or _Use(1)
        if use.followed_by_same > _RUNNING * use.blocks and use.called_headings < _BELIEVED * use.blocks:
            return False
        believed = use.called_headings >= _BELIEVED * use.blocks and use.blocks > 1
        number = _DOTTED.match(text)
        if block.kind is Kind.LIST_ITEM and (not number or (following and following.kind is Kind.LIST_ITEM)):
            return False
        if block.kind is Kind.CAPTION:
            return believed and use.called_headings > 2 and (style.bold or block.size >= self._body * _LARGER)
        if not believed and not self._stands_over(style, following):
            return False
        if block.size >= self._body * _LARGER:
            return not text.endswith((",", ";"))
        if block.size <= self._body * _SMALLER or text.endswith((".", ",", ";", ":")):
            return False
        return (style.bold and bool(number)) or ((style.bold or style.italic) and believed)

    def _stands_over(self, style: _Style, following: Block | None) -> bool:
        """Whether what comes next is what a heading of this style would be the heading of."""
        if following is None:
            return False
        if following.kind in (Kind.TABLE, Kind.CODE, Kind.PICTURE, Kind.FORMULA, Kind.LIST_ITEM):
            return True
        other = _style(following)
        return other.size < style.size or (other.size == style.size and style.bold and not other.bold)

    def _demote(self, block: Block, tables: Sequence[Block]) -> None:
        text = _text(block)
        style = _style(block)
        if not text:
            return
        if text[0] in _BULLETS:
            block.kind = Kind.LIST_ITEM
            block.depth = block.depth or 1
        elif _CAPTION.match(text) and block.size < self._body * _LARGER:
            block.kind = Kind.CAPTION
        elif any(_is_within(block, table) for table in tables) or not any(map(str.isalnum, text)):
            block.kind = Kind.PARAGRAPH
        elif self._body and block.size < self._body * _LARGER:
            plain = not style.bold and not style.italic and not _is_capitals(text)
            if (
                _lines(block) > _MOST_LINES + 1
                or (block.size <= self._body * _SMALLER and not _DOTTED.match(text))
                or _is_label(text)
                or (plain and not _DOTTED.match(text) and (text.endswith(".") or len(text) > _LONGEST / 2))
            ):
                block.kind = Kind.PARAGRAPH
        elif len(text) > 2 * _LONGEST:
            block.kind = Kind.PARAGRAPH

    def _rank(self) -> dict[tuple[_Style, int], int]:
        """The level of each style and number of parts in a heading's number."""
        groups: list[_Group] = []
        last: _Style | None = None
        for style in sorted(self._uses, key=lambda style: (-style.size, not style.bold, style.italic)):
            use = self._uses[style]
            if not self._may_head(style, use):
                continue
            alike = last is not None and last[1:] == style[1:] and last.size < style.size * _SAME
            # A heading without a number, like the list of references, is on the level of the shortest numbers.
            for number, depth in enumerate(sorted(use.depths - {0}) or [0]):
                if alike and number == 0:
                    members, count = groups[-1]
                    groups[-1] = ([*members, (style, depth)], count + use.blocks)
                else:
                    groups.append(([(style, depth)], use.blocks))
            last = style
        return {
            member: level for level, (members, _) in enumerate(_merged_to(_LEVELS, groups), 1) for member in members
        }

    def _may_head(self, style: _Style, use: _Use) -> bool:
        """Whether any heading can have this style after all is said and done."""
        if style.size >= self._body * _LARGER:
            return use.called_headings > 0 or use.followed_by_same <= _RUNNING * use.blocks
        return style.size > self._body * _SMALLER and use.called_headings > use.labels

    def _level(self, block: Block) -> int:
        assert self._ranks is not None
        style, depth = _style(block), _depth(block)
        known = self._ranks.get((style, depth))
        if known is None:
            of_style = [level for (other, _), level in self._ranks.items() if other == style]
            if of_style:
                return min(of_style)
            larger = [level for (other, _), level in self._ranks.items() if other.size > style.size]
            known = min(_LEVELS, max(larger, default=0) + 1)
        return known


def _merged_to(most: int, groups: list[_Group]) -> list[_Group]:
    """No more than `most` groups: the rarest goes with the one above it, since title pages have sizes of their own."""
    groups = list(groups)
    while len(groups) > most:
        rarest = min(range(1, len(groups)), key=lambda place: groups[place][1])
        members, count = groups.pop(rarest)
        above, others = groups[rarest - 1]
        groups[rarest - 1] = ([*above, *members], others + count)
    return groups


def _promote(block: Block) -> None:
    if block.label:
        block.spans = stripped([Span(f"{block.label} "), *block.spans])
    block.kind, block.label, block.depth = Kind.HEADING, "", 0


def _text(block: Block) -> str:
    text = block.text.strip()
    return f"{block.label} {text}" if block.label else text


def _style(block: Block) -> _Style:
    letters = bold = italic = 0
    for span in block.spans:
        count = len(span.text) - span.text.count(" ")
        letters += count
        bold += count * span.bold
        italic += count * span.italic
    return _Style(_rounded(block.size), 5 * bold > 4 * letters, 5 * italic > 4 * letters)


def _rounded(size: float) -> float:
    """To a quarter of a point."""
    return round(size * 4) / 4


def _lines(block: Block) -> float:
    """About how many lines it has."""
    return (block.box[3] - block.box[1]) / (_LINE_HEIGHT * (block.size or 10.0))


def _is_short(block: Block) -> bool:
    return 0 < len(block.text.strip()) <= _LONGEST and _lines(block) <= _MOST_LINES


def _is_label(text: str) -> bool:
    """Whether a line of the body's size leads up to what follows, like `Before:`."""
    return text.endswith((":", ",", ";")) and not _DOTTED.match(text)


def _is_capitals(text: str) -> bool:
    return text == text.upper() and text != text.lower()


def _depth(block: Block) -> int:
    """How many parts the heading's number has; 0 without one."""
    number = _DOTTED.match(_text(block))
    return 1 + number[0].rstrip(" .)abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ").count(".") if number else 0


def _is_within(block: Block, other: Block) -> bool:
    x = (block.box[0] + block.box[2]) / 2
    y = (block.box[1] + block.box[3]) / 2
    return other.box[0] <= x <= other.box[2] and other.box[1] <= y <= other.box[3]


def _with_next(blocks: Sequence[Block]) -> Iterator[tuple[Block, Block | None]]:
    following: Iterable[Block | None] = [*blocks[1:], None]
    return zip(blocks, following, strict=False)
