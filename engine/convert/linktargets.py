"""Reads where the links of a page lead: to the web, or to a place in the document."""

from typing import Any

import pymupdf

from engine.convert.blocks import Box


def link_targets(page: pymupdf.Page) -> list[tuple[Box, str]]:
    """The page's links: the rectangle of each, and a URI or a place as `#page=3&y=120`, in points from the top."""
    found: list[tuple[Box, str]] = []
    for entry in page.get_links():
        target = _target(page.parent, entry)
        if target:
            x0, y0, x1, y1 = entry["from"]
            found.append(((x0, y0, x1, y1), target))
    return found


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
