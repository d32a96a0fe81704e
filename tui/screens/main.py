"""MainScreen: the queue, and above and below it what the engine is doing."""

import time
from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.events import Resize

from engine.job import JobState
from tui.jobfilter import JobFilter
from tui.joblist import Sort, View
from tui.messages import FilterChanged, FilterClosed, JobHighlighted, MarksChanged, ViewChosen
from tui.model import Model, Update
from tui.screens.base import MIN_HEIGHT, MIN_WIDTH, JobScreen
from tui.widgets.banners import Banners
from tui.widgets.column_head import ColumnHead
from tui.widgets.empty_hint import EmptyHint
from tui.widgets.filter_bar import FilterBar
from tui.widgets.header import Header
from tui.widgets.job_view import JobView
from tui.widgets.key_bar import KeyBar
from tui.widgets.queue_list import QueueList
from tui.widgets.too_small import TooSmall
from tui.widgets.view_tabs import ViewTabs
from tui.widgets.workers_line import WorkersLine

WIDE = 120
"""From this width on, a panel beside the list shows the job under the cursor."""

_HINTS = (
    (("app.help",), "help"),
    (("view.filter",), "filter"),
    (("mark.toggle",), "mark"),
    (("job.cancel",), "cancel"),
    (("job.raise", "job.lower"), "priority"),
    (("job.hold",), "hold"),
    (("job.retry",), "retry"),
    (("job.open",), "detail"),
    (("app.palette",), "commands"),
    (("app.quit",), "quit"),
    (("app.pause",), "pause"),
    (("workers.fewer", "workers.more"), "workers"),
    (("view.sort",), "sort"),
)


class MainScreen(JobScreen):
    """The list has the keys; everything else follows it."""

    DEFAULT_CSS = """
    MainScreen #side { display: none; width: 38%; max-width: 72; border-left: vkey $border; }
    MainScreen.-wide #side { display: block; }
    MainScreen #list-and-side { height: 1fr; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(str(number), f"view('{view.name}')", f"Show {view.title.lower()} jobs", id=f"view.{number}")
            for number, view in enumerate(View, start=1)
        ),
        Binding("tab", "next_pane", "Next pane, or next view", id="view.next"),
        Binding("slash", "filter", "Filter: name, !name, state:failed, pages>100", id="view.filter"),
        Binding("n", "match(1)", "Next match, or next failed job", id="view.next_match"),
        Binding("N", "match(-1)", "Previous match, or previous failed job", id="view.previous_match"),
        Binding("s", "sort", "Sort by the next column", id="view.sort"),
        Binding("S", "reverse", "Reverse the order", id="view.reverse"),
        Binding("f", "follow", "Go to the running job and follow", id="view.follow"),
        Binding("F", "freeze", "Freeze the list, or let it go on", id="view.freeze"),
        Binding("R", "retry_all", "Run all failed jobs again", id="job.retry_all"),
        Binding("D", "clear_finished", "Remove all finished jobs from the list", id="job.clear"),
        Binding("escape", "back", "Clear the filter, then the marks", id="view.back"),
    ]

    def __init__(self, model: Model, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(model)
        self._clock = clock
        self._queue = QueueList(model, id="queue")
        self._last_filter: JobFilter | None = None
        self._follows = False

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield Header(self.model)
        yield ViewTabs(self.model)
        with Horizontal(id="list-and-side"):
            yield self._queue
            yield EmptyHint(self.model)
            yield JobView(self.model, self._clock, id="side")
        yield Banners(self.model)
        yield FilterBar()
        yield WorkersLine(self.model)
        yield KeyBar(_HINTS)
        yield TooSmall(MIN_WIDTH, MIN_HEIGHT)
