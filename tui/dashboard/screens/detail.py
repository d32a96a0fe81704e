"""DetailScreen: one job in full, with a page selected to look at."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from engine.job.job import Job
from tui.dashboard.hints import job_hints
from tui.dashboard.model import Model, Update
from tui.dashboard.screens.full_screen import MIN_HEIGHT, MIN_WIDTH
from tui.dashboard.screens.job_screen import JobScreen
from tui.dashboard.widgets.frame import Frame
from tui.dashboard.widgets.job_view import JobView
from tui.dashboard.widgets.key_bar import KeyBar
from tui.dashboard.widgets.title_line import TitleLine
from tui.dashboard.widgets.too_small import TooSmall


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
        self._key_bar = KeyBar(job_hints(self._job))

    def compose(self) -> ComposeResult:
        """The job, and the keys."""
        yield Frame(TitleLine(f"Job #{self.job_id}"), self._view, title_needs_edge=True)
        yield self._key_bar
        yield TooSmall(MIN_WIDTH, MIN_HEIGHT)

    def on_mount(self) -> None:
        """Load the job."""
        self._view.focus()
        self._view.show_job(self.job_id)

    def take(self, update: Update) -> None:
        """Show what has changed of the job, and tell the keys that fit it."""
        self._view.take(update)
        if self.job_id in update.changed:
            self._key_bar.show_hints(job_hints(self._job))

    def chosen_ids(self) -> list[int]:
        """The job that is shown."""
        return [self.job_id] if self.job_id in self.model.jobs.entries else []

    def page_of(self, job_id: int) -> int:
        """The page selected."""
        return self._view.page

    @property
    def _job(self) -> Job | None:
        entry = self.model.jobs.entries.get(self.job_id)
        return entry.job if entry is not None else None

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
