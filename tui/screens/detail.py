"""DetailScreen: one job in full."""

import time
from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tui.model import Model, Update
from tui.screens.base import MIN_HEIGHT, MIN_WIDTH
from tui.screens.job_screen import JobScreen
from tui.widgets.job_view import JobView
from tui.widgets.key_bar import KeyBar
from tui.widgets.too_small import TooSmall

_HINTS = (
    (("screen.leave",), "back", 0),
    (("scroll.down", "scroll.up"), "scroll", 1),
    (("job.log",), "log", 2),
    (("job.output",), "output", 3),
    (("job.copy",), "copy path", 4),
    (("job.cancel",), "cancel", 5),
    (("job.retry",), "retry", 6),
    (("job.hold",), "hold", 7),
    (("job.raise", "job.lower"), "priority", 8),
    (("app.help",), "help", 9),
)


class DetailScreen(JobScreen):
    """The keys for jobs mean this job."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter", "leave", "Back to the list", id="screen.leave"),
    ]

    def __init__(self, model: Model, job_id: int, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(model)
        self.job_id = job_id
        self._view = JobView(model, clock, id="job")

    def compose(self) -> ComposeResult:
        """The job, and the keys."""
        yield self._view
        yield KeyBar(_HINTS)
        yield TooSmall(MIN_WIDTH, MIN_HEIGHT)

    def on_mount(self) -> None:
        """Load the job."""
        self._view.focus()
        self._view.show_job(self.job_id)

    def take(self, update: Update) -> None:
        """Show what has changed of the job."""
        self._view.take(update)

    def chosen_ids(self) -> list[int]:
        """The job that is shown."""
        return [self.job_id] if self.job_id in self.model.jobs.entries else []

    def action_leave(self) -> None:
        """Back to the list."""
        self.dismiss(None)
