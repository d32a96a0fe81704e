"""Turns links to places in the document into links to its headings, as Markdown has them.

GitHub and most others give a heading an anchor made of its words. A place that is at no heading leads to the last one
above it: what people link to is the section.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator

from engine.convert.page.blocks import Kind, RefinedPage, Span
from engine.job.pageranges import is_selected

_PLACE = re.compile(r"#page=(\d+)&y=(\d+)")
_ABOVE = 12
"""Points that a place may be above the heading it means, for viewers to leave some room."""
_NOT_IN_ANCHOR = re.compile(r"[^\w\- ]")


class AnchorNames:
    """Gives the headings of a document their anchors, as GitHub does."""

    def __init__(self) -> None:
        self._again: dict[str, int] = {}  # how often a name has been wanted again

    def next(self, heading: str) -> str:
        """The next heading's: its letters, digits and hyphens in lower case, with a number if there is one like it.

        Empty if it has none of these. No two that are not are the same.
        """
        wanted = anchor = _NOT_IN_ANCHOR.sub("", " ".join(heading.lower().split())).replace(" ", "-")
        while anchor in self._again:
            self._again[wanted] += 1
            anchor = f"{wanted}-{self._again[wanted]}"
        self._again[anchor] = 0
        return anchor


class Anchors:
    """Knows every heading's place and anchor once it has seen all pages."""

    name = "links"

    def __init__(self, selection: str | None = None) -> None:
        """`selection` are the pages that are converted, as in `1-10,15`: what leads to others leads nowhere."""
        self._selection = selection
        self._names = AnchorNames()
        self._places: list[tuple[int, float]] = []
        self._anchors: list[str] = []

    def observe(self, page: RefinedPage) -> None:
        """Note the page's headings."""
        for block in page.blocks:
            if block.kind is Kind.HEADING and block.text.strip():
                self._places.append((page.number, block.box[1]))
                self._anchors.append(self._names.next(block.text))

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


def _spans(page: RefinedPage) -> Iterator[Span]:
    for block in page.blocks:
        yield from block.spans
        for row in block.rows:
            for cell in row:
                yield from cell.spans
