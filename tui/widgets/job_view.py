"""JobView: everything about one job, beside the queue list or as a screen of its own."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rich.style import Style

from engine.display import display_name, display_text
from engine.errors import NoSuchJob
from engine.job import JobState, PageState
from engine.progress import MARKS
from tui.advice import advice
from tui.formatting import bar, clip, duration, plural, shorten, size, wrap
from tui.look import Look, look_of
from tui.model import Model, Update
from tui.widgets.columns import STEP_WORDS, seconds_of
from tui.widgets.lines import Part, flow
from tui.widgets.page_map import legend, page_map_lines
from tui.widgets.scroll_lines import ScrollLines

if TYPE_CHECKING:
    from engine.engine import JobDetail

_RELOAD_S = 0.5
_MAP_LINES = 8
_MESSAGES = 200
_BLANK = Style()

_Line = list[Part]


class JobView(ScrollLines):
    """Reads a job's detail in a thread, at most twice a second, and only while something of it changes."""

    def __init__(self, model: Model, clock: Callable[[], float], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._model = model
        self._clock = clock
        self.job_id: int | None = None
        self.detail: JobDetail | None = None
        self._is_stale = False
        self._is_loading = False
        self._loaded_at = 0.0

    def show_job(self, job_id: int | None) -> None:
        """Show another job, or none."""
        if job_id == self.job_id:
            return
        self.job_id, self.detail = job_id, None
        self._is_stale = True
        self._loaded_at = self._clock() - _RELOAD_S
        self.scroll_home(animate=False)
        self.update_lines()
        self._load_if_due()

    def take(self, update: Update) -> None:
        """Show what has changed of the job."""
        if self.job_id in update.changed:
            self._is_stale = True
            self.update_lines()
        self._load_if_due()

    def build_lines(self, width: int) -> Sequence[Sequence[Part]]:
        """All sections; those that need the disk once they are read."""
        look = look_of(self)
        entry = self._model.jobs.entries.get(self.job_id) if self.job_id is not None else None
        if entry is None:
            return [] if self.job_id is None else [[(f" #{self.job_id} is no longer on the list.", look.muted)]]
        width -= 2
        sections = [_heading(self._model, entry.job.id, width, look)]
        if self.detail is not None:
            sections += [
                _pages(self.detail, width, look),
                _messages(self.detail, width, look),
                _facts(self.detail, width, look),
                _history(self.detail, width, look),
            ]
        lines: list[_Line] = []
        for section in sections:
            if section:
                lines += [*section, []]
        return [[(" ", _BLANK), *line] for line in lines[:-1]]

    def _load_if_due(self) -> None:
        due = self._clock() - self._loaded_at >= _RELOAD_S
        if self._is_stale and due and not self._is_loading and self.job_id is not None and self.display:
            self._is_stale, self._is_loading = False, True
            self.run_worker(self._load(self.job_id), group="detail", exit_on_error=True)

    async def _load(self, job_id: int) -> None:
        try:
            detail = await asyncio.to_thread(self._model.engine.detail, job_id)
        except NoSuchJob:
            detail = None
        finally:
            self._is_loading = False
            self._loaded_at = self._clock()
        if job_id == self.job_id:
            self.detail = detail
            self.update_lines()
        else:
            self._loaded_at -= _RELOAD_S
            self._load_if_due()


def _heading(model: Model, job_id: int, width: int, look: Look) -> list[_Line]:
    entry = model.jobs.entries[job_id]
    job, glyphs = entry.job, look.glyphs
    word = STEP_WORDS[entry.step] if entry.step is not None else str(job.state)
    state: list[_Line] = [[(f"{glyphs.states[job.state]} {word}", look.states[job.state])]]
    took = duration(seconds_of(entry, model.wall_clock()))
    if took:
        state.append([(f"{'for' if entry.step is not None else 'in'} {took}", look.muted)])
    if entry.eta_s is not None and entry.step is not None:
        state.append([(f"ETA {duration(entry.eta_s)}", look.muted)])
    if entry.rate:
        state.append([(f"{entry.rate:.1f} pages/s", look.muted)])
    lines: list[_Line] = [
        [(f"#{job.id} ", look.muted), (shorten(job.name, width - len(f"#{job.id} "), glyphs.ellipsis), look.strong)],
        *flow(state, width),
    ]
    if job.state is JobState.RUNNING and job.pages:
        fraction = entry.pages_done / job.pages
        counted = f"  {entry.pages_done}/{job.pages}  {fraction:.0%}"
        filled, rest = bar(fraction, max(width - len(counted), 4), glyphs)
        lines.append([(filled, look.states[job.state]), (rest, look.bar_rest), (counted, look.text)])
    if job.reason:
        style = look.states[job.state]
        lines += [[(line, style)] for line in wrap(display_text(job.reason), width)]
    lines += [[(line, look.muted)] for line in wrap(advice(entry), width) if line]
    return lines


def _pages(detail: "JobDetail", width: int, look: Look) -> list[_Line]:
    page_map = detail.page_map
    if not page_map.marks:
        return []
    counts = [
        f"{count} {word}"
        for count, word in (
            (detail.snapshot.pages_ocr, "by OCR"),
            (detail.snapshot.pages_text_only, "text only"),
            (detail.snapshot.pages_failed, "failed"),
        )
        if count
    ]
    title = f"{detail.snapshot.pages_done} of {plural(len(page_map.marks), 'page')}"
    head = flow([[("PAGES", look.title)], *([(text, look.text)] for text in [title, *counts])], width, "  ")
    return [*head, *page_map_lines(page_map, width, _MAP_LINES, look), *flow(legend(page_map, look), width, "  ")]


def _messages(detail: "JobDetail", width: int, look: Look) -> list[_Line]:
    """What the reader should know about single pages, failures first."""
    told = [page for page in detail.pages if page.error]
    told.sort(key=lambda page: (page.state is not PageState.FAILED, page.page))
    lines: list[_Line] = []
    for warning in detail.warnings:
        lines += [[(line, look.warning)] for line in wrap(display_text(warning), width)]
    for page in told[:_MESSAGES]:
        mark = MARKS[page.state]
        label = f"{look.glyphs.pages[mark]} page {page.page}  "
        sentence = wrap(" ".join(display_text(page.error or "").split()), max(width - len(label), 10))
        lines.append([(label, look.pages[mark]), (sentence[0], look.text)])
        lines += [[(" " * len(label) + line, look.text)] for line in sentence[1:]]
    if len(told) > _MESSAGES:
        lines.append([(f"and {plural(len(told) - _MESSAGES, 'more page')}", look.muted)])
    slowest = sorted(detail.pages, key=lambda page: -page.seconds)[:3]
    if slowest and slowest[0].seconds >= 1:
        text = ", ".join(f"p{page.page} {page.seconds:.1f} s" for page in slowest)
        lines.append([("slowest  ", look.muted), (text, look.text)])
    return [[("MESSAGES", look.title)], *lines] if lines else []


def _facts(detail: "JobDetail", width: int, look: Look) -> list[_Line]:
    job = detail.snapshot.job
    options = job.options
    facts = [
        ("source", display_name(job.source.file)),
        ("output", display_name(job.output) if job.output else ""),
        ("size", size(job.source.size)),
        ("formats", ", ".join(options.formats)),
        ("options", f"ocr {options.ocr}, images {'yes' if options.images else 'no'}, {options.dpi} dpi"),
        ("priority", f"{job.priority:+}" if job.priority else ""),
        ("attempts", str(job.attempts) if job.attempts else ""),
    ]
    lines: list[_Line] = [[("JOB", look.title)]]
    for name, value in facts:
        if value:
            lines.append([(f"{name:9}", look.muted), (shorten(value, width - 9, look.glyphs.ellipsis), look.text)])
    return lines


def _history(detail: "JobDetail", width: int, look: Look) -> list[_Line]:
    lines: list[_Line] = [[("HISTORY", look.title)]]
    for when, state, cause in detail.history[-12:]:
        stamp = f"{when.astimezone():%m-%d %H:%M:%S}  "
        label = f"{look.glyphs.states[state]} {state:10}"
        room = width - len(stamp) - len(label)
        text = clip(" ".join(display_text(cause).split()), room, look.glyphs.ellipsis) if room > 5 else ""
        lines.append([(stamp, look.muted), (label, look.states[state]), (text, look.muted)])
    return lines if len(lines) > 1 else []
