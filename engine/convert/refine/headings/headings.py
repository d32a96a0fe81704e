"""Says which blocks are headings and of what level, by how the whole document is set.

The layout model sees one page as a picture. What it cannot see is that text of 14 points is a heading in a document set
in 12, and that a line in the same face was one three pages ago. Body text is the size that most characters have; a
heading is set apart from it by size, weight, slant or number, and headings set alike are of one level.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest

from engine.convert.page.blocks import FURNITURE, Block, Kind, RefinedPage, Span, stripped
from engine.convert.page.outlineentry import OutlineEntry
from engine.convert.refine.headings.bylines import bylines
from engine.convert.refine.headings.hangingheads import HangingHeads
from engine.convert.refine.headings.headingnumbers import depth_of
from engine.convert.refine.headings.headingstyles import (
    LARGER,
    LEVELS,
    RUNNING,
    SMALLER,
    Style,
    Use,
    full_text,
    level_of,
    ranked,
    rounded,
    style_of,
)
from engine.convert.refine.headings.statedheadings import StatedHeadings

_LONGEST = 200
"""Characters of a heading that the model did not see."""
_MOST_LINES = 3
_CODE_SIZE = 0.78
"""Of the body's size is code, which browsers set in 13 of 16 pixels."""
_LINE_HEIGHT = 1.5
"""Of text in its size; 1.15 to 1.5 is usual."""
_BODY_SHARE = 0.3
"""Of a page's characters. With less text of the body's size a page is a title page, a slide or a flyer."""
_BELIEVED = 0.5
"""A style is that of headings if the model says so of such a part of its lines."""
_DOTTED = re.compile(r"\d{1,3}(?:\.\d{1,3})*[.)]?\s+[^\W\d_]|[A-Z](?:\.\d{1,3})+\.?\s+[^\W\d_]")
_SENTENCES = re.compile(r"(?:\S+\s+){5,}\S+[.!?]\s+(?=[^\W\d_a-z])(?:\S+\s+){3,}\S+[.!?]$")
"""Two of them or more, which headings in the size of text are not."""
_DIGITS = 3
"""A number of so many is a page's; one of four may be a year."""
_NOTE = re.compile(
    r"(?:notes?|important|warnings?|tips?|hints?|caution|attention|danger|info|see also|hinweise?|wichtig|warnung"
    r"|achtung|vorsicht|gefahr|siehe auch|tipp|remarques?|avertissement|astuce|conseil|nota|importante|advertencia"
    r"|consejo|aviso|atención|atenção|avviso|suggerimento|opmerking|let op|waarschuwing|uwaga|ważne|wskazówka"
    r"|примечание|важно|внимание)[.!:]?",
    re.IGNORECASE,
)
"""What stands above a note within a section, in the size of text."""
_CAPTION = re.compile(
    r"(?:fig(?:ure|\.)?|table|listing|algorithm|abb(?:ildung|\.)|tab(?:elle|leau|\.))\s*\d+", re.IGNORECASE
)
_BULLETS = "•◦▪‣●○■□∙·"
_TEXT = frozenset({Kind.PARAGRAPH, Kind.LIST_ITEM})
_PROMOTED = frozenset({Kind.PARAGRAPH, Kind.LIST_ITEM, Kind.CAPTION})


class Headings:
    """Finds headings and their levels; pages read by their tags, or by a model that sees them, stay as they are."""

    name = "headings"

    def __init__(self, outline: Sequence[OutlineEntry] = (), title: str = "", *, by_tex: bool = False) -> None:
        """`outline` is the document's, and `title` what its properties say it is called.

        `by_tex` is whether they say that TeX has set it.
        """
        self._stated = StatedHeadings(outline, title, by_tex=by_tex)
        self._hanging = HangingHeads()
        self._sizes: Counter[float] = Counter()
        self._uses: dict[Style, Use] = {}
        self._ranks: dict[tuple[Style, int], int] | None = None
        self._body = 0.0
        self._first = 0

    def observe(self, page: RefinedPage) -> None:
        """Count how text is set."""
        if page.is_left_alone:
            return
        self._first = self._first or page.number
        self._stated.observe(page)
        self._hanging.observe(page)
        blocks = [block for block in page.blocks if block.kind not in FURNITURE]
        for block in blocks:
            if block.kind in _TEXT:
                self._sizes[rounded(block.size)] += len(block.text)
        for block, following in _with_next(blocks):
            if block.kind not in (*_PROMOTED, Kind.HEADING) or not _is_short(block) or block.level:
                continue
            style = style_of(block)
            use = self._uses.setdefault(style, Use())
            use.blocks += 1
            use.called_headings += block.kind is Kind.HEADING
            use.labels += block.kind is Kind.HEADING and _is_label(full_text(block))
            use.followed_by_same += following is not None and not following.rows and style_of(following) == style
            use.depths.add(depth_of(full_text(block)))

    def apply(self, page: RefinedPage) -> None:
        """Change what is a heading on this page, and set the levels of all."""
        if page.is_left_alone:
            return
        if self._ranks is None:
            self._body = max(self._sizes, key=self._sizes.__getitem__, default=0.0)
            self._stated.body = self._body
            self._ranks = ranked(self._uses, self._body)
        stated = self._stated.apply(page)
        is_opening = page.number == self._first and not self._stated.has_levels
        below_title = bylines(page, self._uses, self._body) if is_opening else set()
        blocks = [block for block in page.blocks if block.kind not in FURNITURE]
        tables = [block for block in blocks if block.kind is Kind.TABLE]
        pictures = [block for block in blocks if block.kind is Kind.PICTURE]
        may_promote = self._body and self._is_text_page(blocks)
        for block, following in list(_with_next(blocks)):
            if id(block) in stated or (block.level and not self._hanging.are_there):
                continue
            if self._hanging.are_there and block.kind in (*_PROMOTED, Kind.CODE, Kind.HEADING):
                self._hang(block)
                continue
            if id(block) in below_title:
                block.kind = Kind.PARAGRAPH
            elif block.kind is Kind.HEADING:
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
                if block.level:
                    block.level = min(self._deepest(self._ranks) + 1, LEVELS)
                    continue
                block.level = (
                    stated.get(id(block))
                    or self._hanging.level(block)
                    or self._stated.level(block)
                    or level_of(self._as_text(block), self._ranks)
                )

    def _as_text(self, block: Block) -> Block:
        """A heading in code as if it were set in the size of text, if browsers would have it so."""
        is_smaller = _CODE_SIZE * self._body < block.size <= self._body * SMALLER
        is_code = all(span.code and span.bold for span in block.spans if span.text.strip())
        return replace(block, size=self._body) if is_smaller and is_code else block

    def _deepest(self, ranks: Mapping[tuple[Style, int], int]) -> int:
        """The lowest level of headings that are in no paragraph."""
        return self._stated.deepest or max(ranks.values(), default=1)

    def _hang(self, block: Block) -> None:
        """Make a heading of what stands out from the text; what stands in it is none, unless it is larger."""
        if self._hanging.level(block):
            _promote(block)
        elif block.kind is Kind.HEADING and block.size < self._body * LARGER:
            block.kind = Kind.PARAGRAPH

    def _is_text_page(self, blocks: Sequence[Block]) -> bool:
        total = sum(len(block.text) for block in blocks if not block.rows)
        body = sum(len(block.text) for block in blocks if block.rows or self._is_body_size(block))
        return body >= _BODY_SHARE * total

    def _is_body_size(self, block: Block) -> bool:
        return self._body * SMALLER < block.size < self._body * LARGER

    def _is_missed(self, block: Block, following: Block | None) -> bool:
        text = full_text(block)
        if not _is_short(block) or not any(map(str.isalpha, text)) or _CAPTION.match(text) or text[0] in _BULLETS:
            return False
        if self._is_label_of_note(block):
            return False
        style = style_of(block)
        use = self._uses.get(style) or Use(1)
        if use.followed_by_same > RUNNING * use.blocks and use.called_headings < _BELIEVED * use.blocks:
            return False
        believed = use.called_headings >= _BELIEVED * use.blocks and use.blocks > 1
        number = _DOTTED.match(text)
        if block.kind is Kind.LIST_ITEM and (not number or (following and following.kind is Kind.LIST_ITEM)):
            return False
        if block.kind is Kind.CAPTION:
            return believed and use.called_headings > 2 and (style.bold or block.size >= self._body * LARGER)
        if self._stated.has_levels and self._is_like_stated(block):
            return not _is_label(text) and following is not None and style_of(following) != style
        if self._stated.is_complete:
            return False
        if not (believed or (not self._stated.has_levels and self._stands_over(style, following))):
            return False
        if block.size >= self._body * LARGER:
            return not text.endswith((",", ";"))
        if block.size <= self._body * SMALLER or text.endswith((".", ",", ";", ":")):
            return False
        return (style.bold and bool(number)) or ((style.bold or style.italic) and believed)

    def _is_label_of_note(self, block: Block) -> bool:
        if block.size >= self._body * LARGER or not _NOTE.fullmatch(full_text(block)):
            return False
        return not (block.text.isupper() and self._stated.alike(block))

    def _is_like_stated(self, block: Block) -> bool:
        """Whether a block is set as stated headings are, and as little else is."""
        style = style_of(block)
        if self._stated.is_complete and not self._may_be_left_out(block):
            return False
        if not (style.bold or style.italic or style.size >= self._body * LARGER or block.text.isupper()):
            return False
        use = self._uses.get(style) or Use(1)
        return self._stated.alike(block) >= _BELIEVED * use.blocks

    def _may_be_left_out(self, block: Block) -> bool:
        """Whether a heading may be one that the outline does not name, as titles and lists of references are.

        What is set in the body's size, as the labels of notes are, would have to be in capitals.
        """
        if block.size >= self._body * LARGER:
            return True
        return self._stated.is_like_title(block) or (block.text.isupper() and self._stated.alike(block) > 0)

    def _stands_over(self, style: Style, following: Block | None) -> bool:
        """Whether what comes next is what a heading of this style would be the heading of."""
        if following is None:
            return False
        if following.kind in (Kind.TABLE, Kind.CODE, Kind.PICTURE, Kind.FORMULA, Kind.LIST_ITEM):
            return True
        other = style_of(following)
        return other.size < style.size or (other.size == style.size and style.bold and not other.bold)

    def _demote(self, block: Block, tables: Sequence[Block]) -> None:
        text = full_text(block)
        style = style_of(block)
        if not text:
            return
        if text[0] in _BULLETS:
            block.kind = Kind.LIST_ITEM
            block.depth = block.depth or 1
        elif (self._stated.is_complete and not self._may_be_left_out(block)) or (
            self._stated.has_levels and not text.isupper() and self._stated.is_below_title(block)
        ):
            block.kind = Kind.PARAGRAPH
        elif _CAPTION.match(text) and block.size < self._body * LARGER:
            block.kind = Kind.CAPTION
        elif any(_is_within(block, table) for table in tables) or not any(map(str.isalnum, text)):
            block.kind = Kind.PARAGRAPH
        elif self._body and block.size < self._body * LARGER:
            plain = not style.bold and not style.italic and not _is_capitals(text)
            if (
                _lines(block) > _MOST_LINES + 1
                or (
                    self._as_text(block).size <= self._body * SMALLER
                    and not _DOTTED.match(text)
                    and not self._is_like_stated(block)
                )
                or _is_label(text)
                or self._is_label_of_note(block)
                or (text.isdigit() and len(text) <= _DIGITS)
                or (_SENTENCES.match(text) and not _DOTTED.match(text))
                or (plain and not _DOTTED.match(text) and (text.endswith(".") or len(text) > _LONGEST / 2))
            ):
                block.kind = Kind.PARAGRAPH
        elif len(text) > 2 * _LONGEST:
            block.kind = Kind.PARAGRAPH


def _promote(block: Block) -> None:
    if block.label:
        block.spans = stripped([Span(f"{block.label} "), *block.spans])
    block.kind, block.label, block.depth = Kind.HEADING, "", 0


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


def _is_within(block: Block, other: Block) -> bool:
    x = (block.box[0] + block.box[2]) / 2
    y = (block.box[1] + block.box[3]) / 2
    return other.box[0] <= x <= other.box[2] and other.box[1] <= y <= other.box[3]


def _with_next(blocks: Sequence[Block]) -> Iterator[tuple[Block, Block | None]]:
    return zip_longest(blocks, blocks[1:])
