"""A document as one cell per page, or per some pages, coloured and shaped by how each came out."""

from collections.abc import Mapping, Sequence

from engine.progress import PageMap, PageMark
from tui.look import Look
from tui.widgets.lines import Part

_LEGEND = {
    PageMark.OK: "done",
    PageMark.OCR: "by OCR",
    PageMark.TEXT_ONLY: "text only",
    PageMark.FAILED: "failed",
    PageMark.RUNNING: "worker",
    PageMark.WAITING: "waiting",
}
_WORST_FIRST = (PageMark.FAILED, PageMark.RUNNING, PageMark.TEXT_ONLY, PageMark.OCR)


def page_map_lines(page_map: PageMap, width: int, height: int, look: Look) -> list[list[Part]]:
    """At most `height` lines of `width` cells; a cell stands for more pages when there is no room for one each."""
    marks = page_map.marks
    per_cell = max(1, -(-len(marks) // max(width * height, 1)))
    cells = [_cell(marks, first, per_cell, page_map.workers, look) for first in range(0, len(marks), per_cell)]
    return [_merged(cells[start : start + width]) for start in range(0, len(cells), width)]


def legend(page_map: PageMap, look: Look) -> list[list[Part]]:
    """What the cells of this map mean, an item each; only those that are in it."""
    present = {PageMark(mark) for mark in set(page_map.marks)}
    items: list[list[Part]] = []
    for mark, word in _LEGEND.items():
        if mark in present:
            glyph = "1-9" if mark is PageMark.RUNNING else look.glyphs.pages[mark]
            items.append([(f"{glyph} ", look.pages[mark]), (word, look.muted)])
    return items


def _cell(marks: bytes, first: int, count: int, workers: Mapping[int, int], look: Look) -> Part:
    """One cell; a page that failed or is being converted is never hidden behind others."""
    pages = marks[first : first + count]
    for mark in _WORST_FIRST:
        if mark in pages:
            glyph = look.glyphs.pages[mark]
            if mark is PageMark.RUNNING:
                page = first + 1 + pages.index(mark)
                glyph = _worker_glyph(workers.get(page), glyph)
            return glyph, look.pages[mark]
    if PageMark.WAITING not in pages:
        return look.glyphs.pages[PageMark.OK], look.pages[PageMark.OK]
    if PageMark.OK in pages:
        return look.glyphs.some_done, look.pages[PageMark.OK]
    return look.glyphs.pages[PageMark.WAITING], look.pages[PageMark.WAITING]


def _worker_glyph(worker: int | None, otherwise: str) -> str:
    return str(worker) if worker is not None and worker < 10 else otherwise


def _merged(cells: Sequence[Part]) -> list[Part]:
    """Neighbours of one style as one part: a long document is a few runs."""
    merged: list[Part] = []
    for glyph, style in cells:
        if merged and merged[-1][1] is style:
            merged[-1] = (merged[-1][0] + glyph, style)
        else:
            merged.append((glyph, style))
    return merged
