"""Finds the headings of a document whose text is set in from them, as in manual pages, and their levels."""

from collections import Counter

from engine.convert.page.blocks import FURNITURE, Block, Kind, RefinedPage
from engine.convert.refine.headings.headingstyles import full_text, style_of
from engine.convert.text.glyphs.bidi import has_right_to_left

_OUT = 6.0
"""Points: what begins further left than text by so much stands out."""
_SAME = 5.0
"""Points: edges that differ by less are one."""
_TEXT_LEFT = 0.03
"""Of the characters of text, so many at most begin where headings do."""
_LEAST = 3
"""Such headings make a document one of this kind."""
_MOST_LEVELS = 3
_LONGEST = 120
_SENTENCE_ENDS = (".", "!", "?", ";", ",")
_BLOCKS = frozenset({Kind.PARAGRAPH, Kind.HEADING, Kind.LIST_ITEM, Kind.CODE, Kind.CAPTION})


class HangingHeads:
    """The left edges of a document's text and of what stands out from it."""

    def __init__(self) -> None:
        self._text: Counter[int] = Counter()
        self._heads: Counter[int] = Counter()
        self._bold: set[int] = set()
        self._edges: list[float] | None = None

    def observe(self, page: RefinedPage) -> None:
        """Note where blocks begin."""
        for block in page.blocks:
            if block.kind not in _BLOCKS or not block.text.strip() or has_right_to_left(block.text):
                continue
            if _is_head(block):
                self._heads[round(block.box[0])] += 1
                if style_of(block).bold:
                    self._bold.add(round(block.box[0]))
            elif block.kind is not Kind.LIST_ITEM:  # items are set in from text, which makes that no heading
                self._text[round(block.box[0])] += len(block.text)

    @property
    def are_there(self) -> bool:
        """Whether the document is of this kind."""
        return bool(self._found())

    def level(self, block: Block) -> int:
        """Of a block that is such a heading; 0 if it is none."""
        for level, edge in enumerate(self._found(), 1):
            if abs(block.box[0] - edge) < _SAME and _is_head(block):
                return level
        return 0

    def _found(self) -> list[float]:
        """The left edges of headings, of each level one."""
        if self._edges is None:
            self._edges = self._measured()
        return self._edges

    def _measured(self) -> list[float]:
        total, seen = self._text.total(), 0
        left = 0.0
        for edge, count in sorted(self._text.items()):
            seen += count
            if seen > _TEXT_LEFT * total:
                left = edge
                break
        edges: list[float] = []
        heads = 0
        for edge, count in sorted(self._heads.items()):
            if edge < left - _OUT:
                heads += count
                if not edges or edge - edges[-1] >= _SAME:
                    edges.append(edge)
        is_bold = any(edge < left - _OUT for edge in self._bold)
        return edges if is_bold and heads >= _LEAST and len(edges) <= _MOST_LEVELS else []


def _is_head(block: Block) -> bool:
    """Whether a block is a line, which is not to say that it stands out."""
    return (
        block.kind not in FURNITURE
        and not block.rows
        and block.kind is not Kind.LIST_ITEM
        and not has_right_to_left(block.text)  # it ends where others do, and begins anywhere
        and len(full_text(block)) <= _LONGEST
        and (not block.text.rstrip().endswith(_SENTENCE_ENDS) or style_of(block).bold)
        and block.box[3] - block.box[1] < 1.8 * (block.size or 10.0)
    )
