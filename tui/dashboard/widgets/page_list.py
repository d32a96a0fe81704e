"""Every page of a job in a line of its own: how it came out, which way, how long it took, and what was to be told."""

from collections.abc import Mapping

from engine.base.safetext import display_text
from engine.job.job import PageResult
from engine.job.snapshot import MARKS, PageMap, PageMark
from tui.dashboard.look import Look
from tui.dashboard.widgets.lazy_lines import LazyLines
from tui.dashboard.widgets.lines import Part
from tui.text.formatting import clip, pad

_STATE, _VIA, _SECONDS = 11, 7, 8
_WORDS = {
    PageMark.WAITING: "waiting",
    PageMark.OK: "done",
    PageMark.OCR: "by OCR",
    PageMark.TEXT_ONLY: "text only",
    PageMark.FAILED: "failed",
}


def page_list_head(page_map: PageMap, width: int, look: Look) -> list[Part]:
    """The titles above the lines."""
    cells = [pad("PAGE", _number_cells(page_map), right=True), pad("STATE", _STATE + 1), pad("VIA", _VIA)]
    text = f"{' '.join(cells)}{'SECONDS':>{_SECONDS}}"
    message = "  MESSAGE"
    return [(clip(text + message if len(text) + len(message) <= width else text, width, ""), look.muted)]


def page_lines(
    page_map: PageMap, results: Mapping[int, PageResult], selected: int | None, width: int, look: Look
) -> LazyLines:
    """A line a page, made when it is looked at."""
    pages = page_map.pages

    def line(index: int) -> list[Part]:
        page = pages.at(index)
        return page_line(page_map, results, page, width, look, is_selected=page == selected)

    return LazyLines(len(page_map.marks), line)


def page_line(
    page_map: PageMap,
    results: Mapping[int, PageResult],
    page: int,
    width: int,
    look: Look,
    *,
    is_selected: bool = False,
) -> list[Part]:
    """The line of a page, by its number."""
    result = results.get(page)
    # What has been read from the disk may be older than the map, which is from memory.
    mark = page_map.mark(page) or (PageMark.WAITING if result is None else MARKS[result.state])
    style = look.pages[mark]
    number_cells = _number_cells(page_map)
    parts: list[Part] = [
        (f"{page:>{number_cells}} ", look.text if is_selected else look.muted),
        (f"{look.glyphs.pages[mark]} ", style),
        (pad(_word(page_map, page, mark), _STATE), style),
    ]
    if result is not None and mark is not PageMark.RUNNING:
        room = width - number_cells - 3 - _STATE - _VIA - _SECONDS - 2
        message = clip(" ".join(display_text(result.error or "").split()), max(room, 0), look.glyphs.ellipsis)
        via = display_text(result.via)
        parts += [
            (pad(via, _VIA), look.muted),
            (f"{result.seconds:>{_SECONDS}.1f}  ", look.text),
            (message, look.text),
        ]
    if is_selected:
        text = "".join(text for text, _ in parts)
        parts.append((" " * max(width - len(text), 0), look.text))
        parts = [(text, look.cursor if look.cursor_is_plain else style + look.cursor) for text, style in parts]
    return parts


def _word(page_map: PageMap, page: int, mark: PageMark) -> str:
    if mark is PageMark.RUNNING:
        worker = page_map.workers.get(page)
        return "running" if worker is None else f"worker {worker}"
    return _WORDS[mark]


def _number_cells(page_map: PageMap) -> int:
    ranges = page_map.pages.ranges
    return max(4, len(str(ranges[-1][1] if ranges else 0)))
