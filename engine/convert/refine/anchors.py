"""Turns links to places in the document into links to its headings, as Markdown has them.

GitHub and most others give a heading an anchor made of its words. Browsers put the places of links above the headings
they mean, by as much as the page's margin. So a link whose words are those of a heading leads to it, and how far such
headings are below their places, if most are as far, tells how far others are. A place that is at no heading leads to
the last one above it: what people link to is the section.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import groupby
from statistics import median

from engine.convert.page.blocks import Kind, RefinedPage, Span
from engine.convert.refine.headings.headingnumbers import forms
from engine.job.pageranges import is_selected

_PLACE = re.compile(r"#page=(\d+)&y=(\d+)")
_ABOVE = 12
"""Points that a place may be above the heading it means, for viewers to leave some room."""
_MARGIN = 90
"""Points that it may be where a printer puts it higher by the page's margin, 25 mm at most."""
_AS_FAR = 3
"""Points by which such distances may differ to be one."""
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
        self._headings: dict[tuple[int, str], list[int]] = {}  # by page and words, numbers in the lists above
        self._links: list[tuple[int, float, str]] = []
        self._above: float | None = None

    def observe(self, page: RefinedPage) -> None:
        """Note the page's headings, and where its links lead."""
        for block in page.blocks:
            if block.kind is Kind.HEADING and block.text.strip():
                for form in forms(block.text):
                    self._headings.setdefault((page.number, form), []).append(len(self._places))
                self._places.append((page.number, block.box[1]))
                self._anchors.append(self._names.next(block.text))
        self._links += [(int(place[1]), float(place[2]), words) for place, words, _ in _links(page)]

    def apply(self, page: RefinedPage) -> None:
        """Have the page's links lead to headings; one that leads nowhere is none."""
        if self._above is None:
            self._above = self._usual_distance()
        for place, words, spans in _links(page):
            target = self._target(int(place[1]), float(place[2]), words, self._above)
            for span in spans:
                span.link = target

    def _target(self, number: int, y: float, words: str, above: float) -> str:
        if not is_selected(self._selection, number):
            return ""
        named = self._named(number, y, words)
        at = named if named is not None else bisect_right(self._places, (number, y + above)) - 1
        return f"#{self._anchors[at]}" if at >= 0 else ""

    def _named(self, number: int, y: float, words: str) -> int | None:
        """The nearest heading on a page that has these words."""
        found = [at for form in forms(words) for at in self._headings.get((number, form), ())]
        return min(found, key=lambda at: abs(self._places[at][1] - y), default=None)

    def _usual_distance(self) -> float:
        """How far headings may be below the places that mean them, in points."""
        named = [(self._named(number, y, words), y) for number, y, words in self._links]
        below = [self._places[at][1] - y for at, y in named if at is not None]
        if not below:
            return _ABOVE
        usual = median(below)
        is_same = sum(abs(each - usual) <= _AS_FAR for each in below) > len(below) / 2
        return max(usual + _AS_FAR, _ABOVE) if is_same and usual <= _MARGIN else _ABOVE


def _links(page: RefinedPage) -> Iterator[tuple[re.Match[str], str, list[Span]]]:
    """The links to places on a page: where they lead, their words, and the spans that they are.

    A blank between two styles belongs to neither, and parts no link.
    """
    for spans in _spans(page):
        for link, group in groupby((s for s in spans if s.link or s.text.strip()), key=lambda span: span.link):
            place = _PLACE.fullmatch(link)
            if place is not None:
                linked = list(group)
                yield place, " ".join(span.text for span in linked), linked


def _spans(page: RefinedPage) -> Iterator[Sequence[Span]]:
    for block in page.blocks:
        yield block.spans
        for row in block.rows:
            for cell in row:
                yield cell.spans
