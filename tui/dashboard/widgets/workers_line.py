"""WorkersLine: what each worker is on."""

from collections.abc import Sequence

from rich.style import Style

from engine.job.snapshot import WorkerSnapshot, WorkerState
from tui.dashboard.look import Look, look_of
from tui.dashboard.model import Model
from tui.dashboard.widgets.lines import Lines, Part, parts_width
from tui.dashboard.widgets.list_columns import STEP_WORDS
from tui.text.formatting import size

_LONG_PAGE_S = 1.0


class WorkersLine(Lines):
    """As much of each worker as fits: seconds, then memory, then the last workers give way."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self._model = model

    def build_lines(self, width: int, height: int) -> Sequence[Sequence[Part]]:
        """The line."""
        look, workers = look_of(self), self._model.workers
        if not workers:
            return [[(" no workers", look.muted)]]
        for detail in (2, 1, 0):
            line = self._line(workers, detail, look)
            if parts_width(line) <= width - 1:
                return [line]
        for shown in range(len(workers) - 1, 0, -1):
            line = [*self._line(workers[:shown], 0, look), (f" +{len(workers) - shown} more", look.muted)]
            if parts_width(line) <= width - 1:
                break
        return [line]

    def _line(self, workers: Sequence[WorkerSnapshot], detail: int, look: Look) -> list[Part]:
        parts: list[Part] = [(" workers ", look.muted)]
        for index, worker in enumerate(workers):
            parts.append((f"{look.glyphs.separator} " if index else f"{look.glyphs.rule} ", look.line))
            parts += _worker(worker, detail, look)
        return parts


def _worker(worker: WorkerSnapshot, detail: int, look: Look) -> list[Part]:
    parts: list[Part] = [(f"{worker.number} ", look.muted)]
    if worker.job_id is None:
        word = "stopping" if worker.state is WorkerState.STOPPING else "idle"
        return [*parts, (f"{look.glyphs.idle} {word} ", look.faint)]
    style = look.warning if worker.state is WorkerState.STOPPING else look.accent
    parts += [(f"{look.glyphs.busy} ", style), (f"#{worker.job_id} ", look.text)]
    if worker.page is not None:
        others = f"+{worker.pages_at_once - 1}" if worker.pages_at_once > 1 else ""
        parts.append((f"p{worker.page}{others} ", look.text))
    elif worker.step is not None and detail:
        parts.append((f"{STEP_WORDS[worker.step]} ", look.muted))
    if detail >= 1 and worker.rss_bytes:
        parts.append((f"{size(worker.rss_bytes)} ", look.muted))
    seconds = worker.seconds_on_page
    if detail >= 2 and seconds is not None and seconds >= _LONG_PAGE_S:
        # Shorter ones would change with every frame and say nothing: what matters is a page that takes long.
        parts.append((f"{int(seconds)}s ", look.warning if seconds >= 10 else Style()))
    return parts
