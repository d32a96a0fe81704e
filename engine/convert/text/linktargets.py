"""Reads where the links of a page lead: to the web, or to a place in the document."""

from collections.abc import Iterable
from typing import Any

import pymupdf
from pymupdf import utils

from engine.convert.page.blocks import Box


def link_targets(page: pymupdf.Page) -> list[tuple[Box, str]]:
    """The page's links: the rectangle of each, and a URI or a place as `#page=3&y=120`, in points from the top."""
    found: list[tuple[Box, str]] = []
    link = page.first_link
    if link is not None:
        link.xref = 0  # or PyMuPDF would look through all annotations for the number of each
    while link:
        entry = utils.getLinkDict(link, page.parent)
        link = link.next
        target = _target(page.parent, entry)
        if target and "from" in entry:
            x0, y0, x1, y1 = entry["from"]
            found.append(((x0, y0, x1, y1), target))
    return found


class LinksByHeight:
    """A page's links by height: a page may have thousands, and of pieces of text as many."""

    _BAND = 16.0  # points

    def __init__(self, links: Iterable[tuple[Box, str]], height: float) -> None:
        self._bands: dict[int, list[tuple[Box, str]]] = {}
        for box, target in links:
            top, bottom = max(box[1] - 1, 0.0), min(box[3] + 1, height)
            for band in range(int(top // self._BAND), int(bottom // self._BAND) + 1):
                self._bands.setdefault(band, []).append((box, target))

    def near(self, y: float) -> list[tuple[Box, str]]:
        """Those that may be at this height."""
        return self._bands.get(int(y // self._BAND), [])


def _target(document: pymupdf.Document, entry: dict[str, Any]) -> str:
    if entry["kind"] == pymupdf.LINK_URI:
        return str(entry.get("uri") or "")
    number = entry.get("page", -1)
    if entry["kind"] not in (pymupdf.LINK_GOTO, pymupdf.LINK_NAMED) or not 0 <= number < document.page_count:
        return ""
    point = entry.get("to")
    y = point.y if point is not None else 0.0
    if entry["kind"] == pymupdf.LINK_NAMED and point is not None:
        y = document.load_page(number).rect.height - y  # of a named place PyMuPDF gives it from the bottom
    return f"#page={number + 1}&y={max(round(y), 0)}"
