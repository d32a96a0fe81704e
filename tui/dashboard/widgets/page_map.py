"""A document as one cell per page, or per some pages, coloured and shaped by how each came out."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby

from rich.style import Style

from engine.job.snapshot import PageMap, PageMark
from tui.dashboard.look import Look
from tui.dashboard.widgets.lines import Part

_LEGEND = {
    PageMark.OK: "done",
    PageMark.OCR: "by OCR",
    PageMark.TEXT_ONLY: "text only",
    PageMark.FAILED: "failed",
    PageMark.RUNNING: "worker",
    PageMark.WAITING: "waiting",
}
_SELECTED = Style(reverse=True, bold=True)
_BY_RANK = (PageMark.WAITING, PageMark.OK, PageMark.OCR, PageMark.TEXT_ONLY, PageMark.RUNNING, PageMark.FAILED)
"""Of several pages in one cell, the one furthest to the right is shown."""
_SOME = 1
"""The rank of a cell of which some pages are done and some are waiting: between the two."""
_DONE, _RUNNING = 2, 5
_RANKS = bytes(
    _BY_RANK.index(PageMark(mark)) + (mark != PageMark.WAITING) if mark in set(PageMark) else 0 for mark in range(256)
)


def page_map_lines(
    page_map: PageMap, width: int, height: int, look: Look, selected: int | None = None
) -> list[list[Part]]:
    """At most `height` lines of `width` cells; a cell stands for more pages when there is no room for one each.

    The cell of the page `selected`, by its number, stands out.
    """
    marks = page_map.marks
    per_cell = max(1, -(-len(marks) // max(width * height, 1)))
    ranks = marks.translate(_RANKS)
    if per_cell > 1:
        ranks = bytes([_rank(ranks[first : first + per_cell]) for first in range(0, len(ranks), per_cell)])
    places = {page: page_map.pages.place(page) for page in page_map.workers}
    workers = {place // per_cell: page_map.workers[page] for page, place in places.items() if place is not None}
    glyphs = [look.glyphs.pages[mark] for mark in _BY_RANK]
    glyphs.insert(_SOME, look.glyphs.some_done)
    styles = [look.pages[mark] for mark in _BY_RANK]
    styles.insert(_SOME, look.pages[PageMark.OK])
    selected_place = None if selected is None else page_map.pages.place(selected)
    selected_cell = None if selected_place is None else selected_place // per_cell
    lines = []
    for start in range(0, len(ranks), width):
        line: list[Part] = []
        cell = start
        # Neighbours of one kind are one part: a long document is a few runs.
        for rank, run in groupby(ranks[start : start + width]):
            text = glyphs[rank] * len(list(run))
            if rank == _RUNNING:
                text = "".join(_worker_glyph(workers.get(cell + x), glyph) for x, glyph in enumerate(text))
            line.append((text, styles[rank]))
            cell += len(text)
        if selected_cell is not None and start <= selected_cell < cell:
            line = _with_selected(line, selected_cell - start)
        lines.append(line)
    return lines


def legend(page_map: PageMap, look: Look) -> list[list[Part]]:
    """What the cells of this map mean, an item each; only those that are in it."""
    items: list[list[Part]] = []
    for mark, word in _LEGEND.items():
        if mark in page_map.marks:
            glyph = "1-9" if mark is PageMark.RUNNING else look.glyphs.pages[mark]
            items.append([(f"{glyph} ", look.pages[mark]), (word, look.muted)])
    return items


@lru_cache(maxsize=1024)
def _rank(ranks: bytes) -> int:
    """Of several pages as one: one that failed or is being converted is never hidden behind others.

    Remembered, since most cells of a long document are alike.
    """
    rank = max(ranks)
    return _SOME if rank == _DONE and 0 in ranks else rank


def _worker_glyph(worker: int | None, otherwise: str) -> str:
    return str(worker) if worker is not None and worker < 10 else otherwise


def _with_selected(line: Sequence[Part], cell: int) -> list[Part]:
    parts: list[Part] = []
    for text, style in line:
        if 0 <= cell < len(text):
            parts += [(text[:cell], style), (text[cell], style + _SELECTED), (text[cell + 1 :], style)]
        else:
            parts.append((text, style))
        cell -= len(text)
    return parts
