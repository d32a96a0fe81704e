"""Puts among a page's text what stands apart from it: stamps, unless most pages have them, notes, filled-in forms."""

from collections import Counter
from collections.abc import Sequence

from engine.convert.page.blocks import FURNITURE, Block, Box, Kind, RefinedPage, Remark, Span
from engine.convert.page.formentry import FormEntry

_MOST = 0.5
"""Of the pages: what is written across more of them, and more than one, says nothing of the matter."""


class Stamps:
    """Puts watermarks and stamps to the end of their page, or calls them a running head.

    Without `leaves_out`, they are all kept.
    """

    name = "stamps"

    def __init__(self, *, leaves_out: bool) -> None:
        self._leaves_out = leaves_out
        self._pages = 0
        self._texts: Counter[str] = Counter()

    def observe(self, page: RefinedPage) -> None:
        """Count what is written across pages."""
        self._pages += 1
        self._texts.update({block.text for block in page.stamps})

    def apply(self, page: RefinedPage) -> None:
        """Have what is written across a page be among its blocks."""
        heads: list[Block] = []
        for block in page.stamps:
            count = self._texts[block.text]
            if self._leaves_out and count > 1 and count > _MOST * self._pages:
                block.kind = Kind.PAGE_HEADER
                heads.append(block)
            else:
                page.blocks.append(block)
        page.blocks, page.stamps = [*heads, *page.blocks], []


class ReviewNotes:
    """Comes after all steps that join and judge text, so that no note cuts any."""

    name = "notes"

    def observe(self, page: RefinedPage) -> None:
        """Nothing of a page is needed for others."""

    def apply(self, page: RefinedPage) -> None:
        """Have each remark be a block behind the one that it is nearest to."""
        behind: dict[int, list[Block]] = {}
        texts = [(place, block) for place, block in enumerate(page.blocks) if block.kind not in FURNITURE]
        for remark in page.remarks:
            place, nearest = min(texts, key=lambda each: _distance(each[1].box, remark.box), default=(-1, None))
            depth = nearest.depth if nearest is not None else 0
            behind.setdefault(place, []).append(_quoted(remark, depth))
        blocks = behind.get(-1, [])
        for place, block in enumerate(page.blocks):
            blocks += [block, *behind.get(place, [])]
        page.blocks = blocks


class FilledForm:
    """Has the first page end with what was filled into a form that is on no page, as a list."""

    name = "form"

    def __init__(self, form: Sequence[FormEntry]) -> None:
        self._form = form
        self._first: int | None = None

    def observe(self, page: RefinedPage) -> None:
        """See which page is the first."""
        self._first = page.number if self._first is None else min(self._first, page.number)

    def apply(self, page: RefinedPage) -> None:
        """Add the list to it; nothing more is known of where its items are."""
        if page.number == self._first:
            sheet = (0.0, 0.0, page.width, page.height)
            page.blocks += [
                Block(Kind.LIST_ITEM, sheet, [Span(entry.text)], depth=entry.depth, label="•") for entry in self._form
            ]


def _quoted(remark: Remark, depth: int) -> Block:
    what = f" on “{remark.marked}”: " if remark.marked else ": "
    spans = [Span(remark.author or "Note", bold=True), Span(f"{what}{' '.join(remark.text.split())}")]
    return Block(Kind.PARAGRAPH, remark.box, spans, depth=depth, quote=1)


def _distance(box: Box, other: Box) -> tuple[float, float]:
    """How far a box is from the middle of another: in height first, as notes stand in margins."""
    x, y = (other[0] + other[2]) / 2, (other[1] + other[3]) / 2
    return (max(box[1] - y, y - box[3], 0.0), max(box[0] - x, x - box[2], 0.0))
