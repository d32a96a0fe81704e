"""WorkersScreen: a strip for each worker, of what it did in the last minutes; and how long what is left will take."""

from collections.abc import Sequence
from typing import ClassVar

from rich.style import Style
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from engine.job.job import JobState
from engine.job.snapshot import PageMark, WorkerSnapshot, WorkerState
from tui.dashboard.look import Look, look_of
from tui.dashboard.model import Model, Update
from tui.dashboard.screens.full_screen import MIN_HEIGHT, MIN_WIDTH, DashboardScreen
from tui.dashboard.widgets.frame import Frame
from tui.dashboard.widgets.key_bar import KeyBar
from tui.dashboard.widgets.lines import Part, flow
from tui.dashboard.widgets.list_columns import STEP_WORDS
from tui.dashboard.widgets.scroll_lines import ScrollLines
from tui.dashboard.widgets.title_line import TitleLine
from tui.dashboard.widgets.too_small import TooSmall
from tui.dashboard.workers.activity import CELL_S, KEPT, Doing
from tui.text.formatting import duration, number, pad, plural, size, sparkline

_WHAT_CELLS = 22
_MEMORY_CELLS = 6
_MEMORY_LINE_CELLS = 12
_WIDE = 110
_HINTS = (
    (("screen.leave",), "back", 0),
    (("workers.fewer", "workers.more"), "workers", 1),
    (("app.pause",), "pause", 2),
    (("scroll.down", "scroll.up"), "scroll", 4),
    (("app.help",), "help", 3),
)


def doing_looks(look: Look) -> dict[Doing, Part]:
    """The sign and the style of each thing that a worker may be at."""
    glyphs = look.glyphs
    return {
        Doing.NOTHING: (" ", Style()),
        Doing.STEP: (glyphs.rule, look.muted),
        Doing.PAGE: (glyphs.pages[PageMark.WAITING], look.muted),
        Doing.TAGS: (glyphs.some_done, look.states[JobState.DONE]),
        Doing.LAYOUT: (glyphs.pages[PageMark.OK], look.accent),
        Doing.OCR: (glyphs.pages[PageMark.OCR], look.pages[PageMark.OCR]),
        Doing.TEXT: (glyphs.pages[PageMark.TEXT_ONLY], look.warning),
        Doing.FAILED: (glyphs.pages[PageMark.FAILED], look.error),
        Doing.OTHER: (glyphs.mark, look.text),
    }


class _Strips(ScrollLines):
    def __init__(self, model: Model) -> None:
        super().__init__()
        self._model = model

    def build_lines(self, width: int) -> Sequence[Sequence[Part]]:
        """What is left, a line a worker, the time, and what the signs say."""
        look, model = look_of(self), self._model
        looks = doing_looks(look)
        memory_cells = _MEMORY_CELLS + (_MEMORY_LINE_CELLS + 1 if width >= _WIDE else 0)
        cells = min(max(width - _WHAT_CELLS - memory_cells - 8, 8), KEPT)
        lines: list[list[Part]] = [self._left(look), []]
        lines += [self._worker(worker, cells, width, look, looks) for worker in model.workers]
        span = f"{duration(cells * CELL_S)} of work"
        before = 6 + _WHAT_CELLS + memory_cells
        lines.append([(" " * before + pad(span, cells - 3) + "now", look.faint)])
        lines.append([])
        pages = model.activity.pages
        legend: list[list[Part]] = []
        for doing, (sign, style) in looks.items():
            if doing is not Doing.NOTHING and (pages[doing] or doing in (Doing.PAGE, Doing.STEP)):
                count = f" {number(pages[doing])}" if pages[doing] else ""
                legend.append([(f"{sign} ", style), (f"{doing.value}{count}", look.text)])
        lines += [[(" ", Style()), *line] for line in flow(legend, width - 2)]
        return lines

    def _left(self, look: Look) -> list[Part]:
        totals = self._model.totals
        busy = f"{totals.workers_busy} of {plural(totals.workers, 'worker')} busy"
        parts: list[Part] = [(f" {busy}", look.text)]
        if totals.eta_s is not None and totals.pages_per_second > 0:
            pages = round(totals.eta_s * totals.pages_per_second)
            eta = f"   about {plural(pages, 'page')} left at {totals.pages_per_second:.1f} pages/s: "
            parts += [(eta, look.text), (duration(totals.eta_s), look.strong)]
        return parts

    def _worker(
        self, worker: WorkerSnapshot, cells: int, width: int, look: Look, looks: dict[Doing, Part]
    ) -> list[Part]:
        trace = self._model.activity.of(worker.number)
        what, style = _what(worker, look)
        memory = size(worker.rss_bytes) if worker.rss_bytes else ""
        line: list[Part] = [
            (pad(str(worker.number), 3, right=True) + " ", look.muted),
            (f"{look.glyphs.idle if worker.job_id is None else look.glyphs.busy} ", style),
            (pad(what, _WHAT_CELLS), look.text if worker.job_id is not None else look.faint),
            (pad(memory, _MEMORY_CELLS - 1, right=True) + " ", look.muted),
        ]
        if width >= _WIDE:
            line.append((sparkline(list(trace.memory), _MEMORY_LINE_CELLS, look.glyphs) + " ", look.muted))
        shown = list(trace.cells)[-cells:]
        line.append((" " * (cells - len(shown)), Style()))
        line += [looks[doing] for doing in shown]
        return line


def _what(worker: WorkerSnapshot, look: Look) -> tuple[str, Style]:
    if worker.job_id is None:
        return ("ending" if worker.state is WorkerState.STOPPING else "idle"), look.faint
    others = f"+{worker.pages_at_once - 1}" if worker.pages_at_once > 1 else ""
    step = STEP_WORDS[worker.step] if worker.step is not None else ""
    at = step if worker.page is None else f"page {worker.page}{others}"
    ends = ", ending" if worker.state is WorkerState.STOPPING else ""
    return f"#{worker.job_id} {at}{ends}", look.warning if ends else look.accent


class WorkersScreen(DashboardScreen):
    """Follows the engine; stands still while nobody works."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,w", "leave", "Back", id="screen.leave"),
    ]

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self._strips = _Strips(model)

    def compose(self) -> ComposeResult:
        """The strips and the keys."""
        yield Frame(TitleLine("Workers"), self._strips, title_needs_edge=True)
        yield KeyBar(_HINTS)
        yield TooSmall(MIN_WIDTH, MIN_HEIGHT)

    def on_mount(self) -> None:
        """Scroll with the keys."""
        self._strips.focus()

    def take(self, update: Update) -> None:
        """Show what has changed."""
        if self.is_attached and update.rest_changed:
            self._strips.update_lines()

    def action_leave(self) -> None:
        """Back to where one was."""
        self.dismiss(None)
