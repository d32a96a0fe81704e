"""Leaves out what is written across most pages of a document; elsewhere it is a paragraph of its own."""

from collections import Counter

from engine.convert.page.blocks import Block, Kind, RefinedPage

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
