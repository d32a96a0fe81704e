"""Turns links to places in the document into links to its headings, as Markdown has them.

GitHub and most others give a heading an anchor made of its words. A place that is at no heading leads to the last one
above it: what people link to is the section.
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator

from engine.convert.blocks import Kind, RefinedPage, Span
from engine.pageranges import is_selected

_PLACE = re.compile(r"#page=(\d+)&y=(\d+)")
_ABOVE = 12
"""Points that a place may be above the heading it means, for viewers to leave some room."""
_NOT_IN_ANCHOR = re.compile(r"[^\w\- ]")


class Anchors:
    """Knows every heading's place and anchor once it has seen all pages."""

    name = "links"

    def __init__(self, selection: str | None = None) -> None:
        """`selection` are the pages that are converted, as in `1-10,15`: what leads to others leads nowhere."""
        self._selection = selection
        self._used: Counter[str] = Counter()
        self._places: list[tuple[int, float]] = []
        self._anchors: list[str] = []

    def observe(self, page: RefinedPage) -> None:
        """Note the page's headings."""
        for block in page.blocks:
            if block.kind is Kind.HEADING and block.text.strip():
                self._places.append((page.number, block.box[1]))
                self._anchors.append(self._anchor(block.text))

    def apply(self, page: RefinedPage) -> None:
        """Have the page's links lead to headings; one that leads nowhere is none."""
        for span in _spans(page):
            place = _PLACE.fullmatch(span.link)
            if place is not None:
                if not is_selected(self._selection, int(place[1])):
                    span.link = ""
                    continue
                at = bisect_right(self._places, (int(place[1]), int(place[2]) + _ABOVE)) - 1
                span.link = f"#{self._anchors[at]}" if at >= 0 else ""

    def _anchor(self, text: str) -> str:
        """As GitHub makes it: its letters, digits and hyphens in lower case; a second one of the same gets a number."""
        anchor = _NOT_IN_ANCHOR.sub("", " ".join(text.lower().split())).replace(" ", "-")
        again = self._used[anchor]
        self._used[anchor] += 1
        return f"{anchor}-{again}" if again else anchor


def _spans(page: RefinedPage) -> Iterator[Span]:
    for block in page.blocks:
        yield from block.spans
        for row in block.rows:
            for cell in row:
                yield from cell.spans
