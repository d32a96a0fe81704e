"""DetailScreen: one job in full, with a page selected to look at."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tui.dashboard.model import Model, Update
from tui.dashboard.screens.full_screen import MIN_HEIGHT, MIN_WIDTH
from tui.dashboard.screens.job_screen import JobScreen
from tui.dashboard.widgets.job_view import JobView
from tui.dashboard.widgets.key_bar import KeyBar
from tui.dashboard.widgets.too_small import TooSmall

_HINTS = (
    (("screen.leave",), "back", 0),
    (("scroll.down", "scroll.up"), "scroll", 1),
    (("page.previous", "page.next"), "page", 2),
    (("job.peek",), "look at it", 2),
    (("job.output",), "output", 3),
    (("job.log",), "log", 3),
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
        Binding("left", "turn(-1)", "Select the previous page", id="page.previous"),
        Binding("right", "turn(1)", "Select the next page", id="page.next"),
        Binding("n", "problem(1)", "Next page with a problem", id="page.next_problem"),
        Binding("N", "problem(-1)", "Previous page with a problem", id="page.previous_problem"),
    ]

    def __init__(self, model: Model, job_id: int) -> None:
        super().__init__(model)
        self.job_id = job_id
        self._view = JobView(model, shows_selection=True, id="job")

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

    def page_of(self, job_id: int) -> int:
        """The page selected."""
        return self._view.page

    def action_turn(self, by: int) -> None:
        """Select another page."""
        self._view.turn(by)

    def action_problem(self, direction: int) -> None:
        """Select the next page that has failed or is text only."""
        if not self._view.select_problem(direction):
            self.say("No page has a problem.")

    def action_leave(self) -> None:
        """Back to the list."""
        self.dismiss(None)
