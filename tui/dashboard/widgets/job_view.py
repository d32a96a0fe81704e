"""JobView: everything about one job, beside the queue list or as a screen of its own."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.style import Style
from textual.events import Click

from engine.base.errors import HotfolioError, NoSuchJob
from engine.job.job import PageResult
from engine.job.snapshot import JobDetail, PageMap, PageMark
from tui.dashboard.look import look_of
from tui.dashboard.model import Model, Update
from tui.dashboard.widgets.job_sections import facts, heading, history, log_section, messages, pages_section
from tui.dashboard.widgets.lazy_lines import Line, chained
from tui.dashboard.widgets.page_list import page_lines, page_list_head
from tui.dashboard.widgets.scroll_lines import ScrollLines
from tui.text.textfiles import read_tail

_RELOAD_S = 1.0
_RELOAD_SHARE = 20
"""Reading takes at most a twentieth of the time, however many pages there are to be read."""
_LOG_LINES = 6
_LOG_BYTES = 4096
_BLANK = Style()
_GAP: Sequence[Line] = [[]]
_INDENT: Line = [(" ", _BLANK)]


@dataclass(frozen=True, slots=True, eq=False)
class _Loaded:
    """What has been read from the disk."""

    detail: JobDetail
    results: Mapping[int, PageResult]
    log: tuple[str, ...]


class JobView(ScrollLines):
    """Reads a job's detail in a thread while something of it changes: once a second, less often if that is slow.

    State and page map are from memory, and follow every look at the engine.
    """

    def __init__(self, model: Model, *, shows_selection: bool = False, id: str | None = None) -> None:  # noqa: A002
        """With `shows_selection`, one page is selected, by the keys of the screen or by a click."""
        super().__init__(id=id)
        self._model = model
        self.job_id: int | None = None
        self._loaded: _Loaded | None = None
        self._shows_selection = shows_selection
        self._selected: int | None = None
        self._map_line = self._list_line = 0
        self._is_stale = False
        self._is_loading = False
        self._is_drawn = True
        self._load_at = 0.0
        self._fixed: tuple[object, ...] = ()
        self._fixed_sections: list[Sequence[Line]] = []

    def show_job(self, job_id: int | None) -> None:
        """Show another job, or none."""
        if job_id == self.job_id:
            return
        self.job_id, self._loaded, self._selected = job_id, None, None
        self._is_stale = True
        self._load_at = 0.0
        self.scroll_home(animate=False)
        self.update_lines()
        self._load_if_due()

    def take(self, update: Update) -> None:
        """Show what has changed of the job."""
        if self.job_id in update.changed:
            self._is_stale = True
        if self.job_id in update.changed | update.ticked or not self._is_drawn:
            self._is_drawn = True
            self.update_lines()
        self._load_if_due()

    # --- the selected page ---

    @property
    def page(self) -> int:
        """The page selected, by its number; until one is, the first being worked on, or that failed, or the first."""
        if self._selected is not None:
            return self._selected
        page_map = self._page_map()
        if page_map is None or not page_map.marks:
            return 1
        failed = page_map.marks.find(PageMark.FAILED)
        return min(page_map.workers, default=page_map.pages.at(max(failed, 0)))

    def select(self, page: int) -> None:
        """Select a page, and have it in sight: in the map, or in the list if that is what one is looking at."""
        page_map = self._page_map()
        if page_map is None or not page_map.marks:
            return
        self._selected = page_map.pages.nearest(page)
        self.update_lines()
        row, height = self._list_line + (page_map.pages.place(self._selected) or 0), max(self.size.height, 1)
        if self.scroll_offset.y > self._map_line and not 0 <= row - self.scroll_offset.y < height:
            self.scroll_to(y=row - height // 2, animate=False, force=True)

    def turn(self, by: int) -> None:
        """Select the page so many further on, of those there are."""
        page_map = self._page_map()
        if page_map is not None and page_map.marks:
            self.select(page_map.pages.further(self.page, by))

    def select_problem(self, direction: int) -> bool:
        """Select the next page that is not plainly done; False if there is none."""
        page_map = self._page_map()
        marked = zip(page_map.pages, page_map.marks, strict=False) if page_map is not None else ()
        pages = [page for page, mark in marked if mark in (PageMark.TEXT_ONLY, PageMark.FAILED)]
        page = self.page
        ahead = [other for other in pages if (other > page if direction > 0 else other < page)]
        if direction < 0:
            ahead.reverse()
            pages.reverse()
        if pages:
            self.select((ahead or pages)[0])
        return bool(pages)

    def on_click(self, event: Click) -> None:
        """Select a page in the list."""
        line = self.scroll_offset.y + event.y - self._list_line
        page_map = self._page_map()
        if self._shows_selection and page_map is not None and 0 <= line < len(page_map.marks) and self._list_line:
            self.select(page_map.pages.at(line))

    # --- drawing ---

    def build_lines(self, width: int) -> Sequence[Line]:
        """All sections; those that need the disk once they are read."""
        look = look_of(self)
        entry = self._model.jobs.entries.get(self.job_id) if self.job_id is not None else None
        if entry is None:
            return [] if self.job_id is None else [[(f" #{self.job_id} is no longer on the list.", look.muted)]]
        width -= 2
        sections: list[Sequence[Line]] = [heading(self._model, entry, width, look)]
        loaded, page_map = self._loaded, self._page_map()
        selected = self.page if self._shows_selection else None
        self._list_line = 0
        if loaded is not None and page_map is not None:
            sections.append(pages_section(entry, page_map, width, look, selected))
            fixed = (loaded, width, look)
            if self._fixed != fixed:
                self._fixed = fixed
                self._fixed_sections = [
                    messages(loaded.detail, width, look),
                    facts(loaded.detail, width, look),
                    history(loaded.detail, width, look),
                    log_section(loaded.log, width, look),
                ]
            sections += self._fixed_sections
            if page_map.marks:
                head = page_list_head(page_map, width, look)
                lines = page_lines(page_map, loaded.results, selected, width, look)
                sections.append(chained([[[("EACH PAGE", look.title)], head], lines]))
        sections = [section for section in sections if section]
        spaced: list[Sequence[Line]] = []
        for section in sections:
            spaced += [section, _GAP]
        whole = chained(spaced[:-1], _INDENT)
        self._map_line = len(sections[0]) + 1
        if page_map is not None:
            self._list_line = len(whole) - len(page_map.marks)
        return whole

    def _page_map(self) -> PageMap | None:
        """From memory while the job is running, else as it was read."""
        if self.job_id is None:
            return None
        live = self._model.engine.page_map(self.job_id)
        if live is not None and live.marks:
            return live
        return self._loaded.detail.page_map if self._loaded is not None else None

    # --- reading ---

    def _load_if_due(self) -> None:
        due = self._model.clock() >= self._load_at
        if self._is_stale and due and not self._is_loading and self.job_id is not None and self.display:
            self._is_stale, self._is_loading = False, True
            self.run_worker(self._load(self.job_id), group="detail", exit_on_error=True)

    async def _load(self, job_id: int) -> None:
        started = time.perf_counter()
        try:
            loaded = await asyncio.to_thread(_read, self._model, job_id)
        except NoSuchJob:
            loaded = None
        except HotfolioError:  # the engine is out of reach: what was read last stays until it is read anew
            loaded, self._is_stale = self._loaded if job_id == self.job_id else None, True
        finally:
            self._is_loading = False
            pause_s = max(_RELOAD_S, _RELOAD_SHARE * (time.perf_counter() - started))
            self._load_at = self._model.clock() + pause_s
        if job_id == self.job_id:
            is_first, self._loaded = self._loaded is None or loaded is None, loaded
            # What is only newer is drawn with the next look, together with what that brings.
            self._is_drawn = is_first
            if is_first:
                self.update_lines()
        else:
            self._load_at = 0.0
            self._load_if_due()


def _read(model: Model, job_id: int) -> _Loaded:
    detail = model.engine.detail(job_id)
    log = read_tail(detail.log_file, most_bytes=_LOG_BYTES)
    lines = tuple(line for line in log.splitlines() if line.strip())
    return _Loaded(detail, {page.page: page for page in detail.pages}, lines[-_LOG_LINES:])
