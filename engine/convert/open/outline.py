"""Reads a document's outline (its bookmarks): what its author calls headings, of what level and where."""

import math

import pymupdf

from engine.convert.page.outlineentry import OutlineEntry

_MOST = 20_000
"""Entries; more are no outline but an index, and an outline may lead back to itself."""


def read_outline(pdf: pymupdf.Document) -> list[OutlineEntry]:
    """The entries that lead to pages of the document itself, in their order. Raises whatever MuPDF raises."""
    entries: list[OutlineEntry] = []
    waiting = [(pdf.outline, 1)]
    seen = 0
    while waiting and seen < _MOST:
        item, level = waiting.pop()
        if item is None or not item.this.m_internal:
            continue
        seen += 1
        waiting += [(item.next, level), (item.down, level + 1)]
        title = " ".join((item.title or "").split())
        if title and not item.is_external and 0 <= item.page < pdf.page_count:
            entries.append(OutlineEntry(level, title, item.page + 1, _known(item.x), _known(item.y)))
    return entries


def _known(coordinate: float) -> float | None:
    return coordinate if math.isfinite(coordinate) else None
