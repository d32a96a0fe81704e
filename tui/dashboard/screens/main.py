"""MainScreen: the queue, and above and below it what the engine is doing."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.events import Resize
from textual.widgets import Input

from engine.base.safetext import display_name
from engine.job.job import FINISHED, JobState
from tui.dashboard.exporting import export_jobs
from tui.dashboard.guide.tour import Tour
from tui.dashboard.hints import FILTER_HINTS, row_hints
from tui.dashboard.jobfilter import JobFilter
from tui.dashboard.joblist import Sort, View
from tui.dashboard.look import look_of
from tui.dashboard.messages import (
    ActionChosen,
    FilterChanged,
    FilterClosed,
    JobHighlighted,
    MarksChanged,
    SortChosen,
    ViewChosen,
)
from tui.dashboard.model import Model, Update
from tui.dashboard.screens.choice_dialog import Choice, ChoiceDialog
from tui.dashboard.screens.full_screen import MIN_HEIGHT, MIN_WIDTH, WIDE
from tui.dashboard.screens.job_screen import JobScreen
from tui.dashboard.widgets.banners import Banners
from tui.dashboard.widgets.column_head import ColumnHead
from tui.dashboard.widgets.empty_hint import EmptyHint
from tui.dashboard.widgets.filter_bar import FilterBar
from tui.dashboard.widgets.frame import Frame
from tui.dashboard.widgets.header import Header
from tui.dashboard.widgets.job_view import JobView
from tui.dashboard.widgets.key_bar import KeyBar
from tui.dashboard.widgets.queue_list import QueueList
from tui.dashboard.widgets.title_line import TitleLine
from tui.dashboard.widgets.too_small import TooSmall
from tui.dashboard.widgets.view_tabs import ViewTabs
from tui.dashboard.widgets.workers_line import WorkersLine
from tui.text.export import ExportFormat
from tui.text.formatting import plural

_SIDE, _LIST = 70, 82
"""Cells of the panel beside the list at most, and of the list at least, with their frames."""


class MainScreen(JobScreen):
    """The list has the keys; everything else follows it."""

    DEFAULT_CSS = """
    MainScreen #panel { display: none; }
    MainScreen.-wide #panel { display: block; }
    MainScreen #middle { height: 1fr; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(str(number), f"view('{view.name}')", f"Show {view.title.lower()} jobs", id=f"view.{number}")
            for number, view in enumerate(View, start=1)
        ),
        Binding("tab", "next_pane", "Next pane, or next view", id="view.next"),
        # Before the focus: what is typed right behind it, or pasted with it, must not reach the list.
        Binding("slash", "filter", "Filter by name, state, pages", id="view.filter", priority=True),
        Binding("n", "match(1)", "Next match, or next failed job", id="view.next_match"),
        Binding("N", "match(-1)", "Previous match, or previous failed job", id="view.previous_match"),
        Binding("s", "sort", "Sort by the next column", id="view.sort"),
        Binding("S", "reverse", "Reverse the order", id="view.reverse"),
        Binding("f", "follow", "Go to the running job and follow", id="view.follow"),
        Binding("F", "freeze", "Freeze the list, or let it go on", id="view.freeze"),
        Binding("R", "retry_all", "Run all failed jobs again", id="job.retry_all"),
        Binding("D", "clear_finished", "Remove all finished jobs from the list", id="job.clear"),
        Binding("e", "export", "Export the jobs shown (CSV, JSON)", id="view.export"),
        Binding("escape", "back", "Clear the filter, then the marks", id="view.back"),
    ]

    def __init__(self, model: Model, *, has_tour: bool = False) -> None:
        super().__init__(model)
        # Widgets are held, not looked up: an update may come before they are mounted or after they are gone.
        self._queue = QueueList(model, id="queue")
        self._side = JobView(model, id="side")
        self._panel = Frame(TitleLine("Under the cursor"), self._side, id="panel")
        self._header = Header(model)
        self._workers = WorkersLine(model)
        self._banners = Banners(model)
        self._tabs = ViewTabs(model)
        self._head = ColumnHead(model, self._queue)
        self._hint = EmptyHint(model)
        self._filter_bar = FilterBar(self._queue)
        self._tour = [Tour(model.engine.settings)] if has_tour else []
        self._key_bar = KeyBar(row_hints(None, has_marks=False, in_side=False))
        self._last_filter: JobFilter | None = None
        self._follows = False
        self._hinted: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield self._header
        with Horizontal(id="middle"):
            yield Frame(self._tabs, self._head, self._queue, self._hint)
            yield self._panel
        yield self._banners
        yield self._filter_bar
        yield self._workers
        yield from self._tour
        yield self._key_bar
        yield TooSmall(MIN_WIDTH, MIN_HEIGHT)

    def on_mount(self) -> None:
        """Begin on the list."""
        self.set_focus(self._queue)
        self.watch(self, "focused", self._show_hints)
        self.take(Update(rows_moved=True))

    def on_resize(self, event: Resize) -> None:
        """A side panel where there is room, one line where there is none."""
        self.set_class(event.size.width >= WIDE, "-wide")
        self._panel.styles.width = max(min(event.size.width * 35 // 100, _SIDE, event.size.width - _LIST), 1)
        if event.size.width < WIDE and self.focused is self._side:
            self.set_focus(self._queue)
        super().on_resize(event)
        self.call_after_refresh(self._show_side)

    def take(self, update: Update) -> None:
        """Show what has changed."""
        self._queue.take(update)
        if update.rest_changed or update.rows_moved:
            self._show_lines()
        self._banners.take()
        self._side.take(update)
        self._show_hints()
        if self._follows:
            self._go_to_running()

    def chosen_ids(self) -> list[int]:
        """The marked jobs in the list's order, else the one under the cursor if it can be seen."""
        jobs, marks = self.model.jobs, self.model.marks
        if marks:
            return sorted(marks, key=lambda job_id: (jobs.row_of(job_id) is None, jobs.row_of(job_id) or job_id))
        if self._queue.cursor_id is None:
            return []
        if not self._queue.is_cursor_visible:
            self._queue.show_cursor()
            self.say(f"#{self._queue.cursor_id} was out of sight: press again if you mean it.", is_problem=True)
            return []
        return [self._queue.cursor_id]

    # --- what was done ---

    @property
    def cursor_place(self) -> tuple[int | None, int]:
        """The job under the cursor, and its row."""
        return self._queue.cursor_id, self._queue.cursor_row

    def show_done(self, job_ids: Sequence[int], place: tuple[int | None, int] | None) -> None:
        """Keep what the person looks at in sight, now that these jobs were changed.

        With the `place` that the cursor had before, it stays in that row although its job has left it.
        """
        cursor = self._queue.cursor_id
        if cursor is None or cursor not in job_ids:
            return
        if place is not None and place[0] == cursor and self._queue.cursor_row != place[1]:
            self._queue.move_to_row(place[1])
        else:
            self._queue.show_cursor()

    def show_returned(self, job_ids: Sequence[int]) -> None:
        """Go to what was brought back."""
        if found := next((job_id for job_id in job_ids if job_id in self.model.jobs), None):
            self._queue.move_to(found)
        self._queue.show_marks()
        self._marks_changed()

    # --- views, sort, filter ---

    def action_view(self, name: str) -> None:
        """Show the jobs of a view."""
        self.model.jobs.show(view=View[name])
        self._rows_changed()

    def action_next_pane(self) -> None:
        """Go between list and side panel, or, where there is none, to the next view."""
        # At once, and by what has the focus, not by who knows of it already: the next key may be there.
        if self.focused is self._side:
            self.set_focus(self._queue)
        elif self.has_class("-wide"):
            self.set_focus(self._side)
        else:
            views = self.model.views
            self.action_view(views[(views.index(self.model.jobs.view) + 1) % len(views)].name)

    def action_sort(self) -> None:
        """Sort by the next of the columns; numbers begin with the greatest."""
        sorts = list(Sort)
        self._sort_by(sorts[(sorts.index(self.model.jobs.sort) + 1) % len(sorts)])

    def action_reverse(self) -> None:
        """Turn the order round."""
        self.model.jobs.show(is_reversed=not self.model.jobs.is_reversed)
        self._rows_changed()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave the filter's key to a line that is being typed."""
        if action == "filter" and isinstance(self.focused, Input):
            return False
        return super().check_action(action, parameters)

    def action_filter(self) -> None:
        """Begin to type a filter."""
        self._filter_bar.open()

    def action_match(self, direction: int) -> None:
        """Go to the next job that passes the last filter; without one, that has failed."""
        jobs = self.model.jobs
        wanted = jobs.filter or self._last_filter

        def passes(job_id: int) -> bool:
            entry = jobs.entries[job_id]
            return wanted(entry) if wanted is not None else entry.job.state in View.FAILED.states

        row = self._queue.next_of(
            [row for row, job_id in enumerate(jobs.ids()) if passes(job_id)], backwards=direction < 0
        )
        if row is None:
            self.say("No other job matches." if wanted else "No job has failed.")
        else:
            self._queue.move_to(jobs.id_at(row))

    def action_back(self) -> None:
        """Clear the filter, or else the marks; leave the side panel before either."""
        if self.focused is not self._queue:
            self.set_focus(self._queue)
        elif self.model.jobs.filter is not None:
            self._close_filter(keep=False)
        elif self.model.marks:
            self._queue.action_unmark_all()

    def action_follow(self) -> None:
        """Keep the cursor on a running job, until it is moved by hand."""
        self._follows = not self._follows
        if self._follows and not self._go_to_running():
            self.say("Nothing is running now; the cursor will go to what starts next.")
        elif not self._follows:
            self.say("No longer following.")

    def action_freeze(self) -> None:
        """Let the list stand still while the header goes on, or catch up."""
        self.model.is_frozen = not self.model.is_frozen
        self.say(
            f"Frozen: press {look_of(self).keys('view.freeze')} to go on." if self.model.is_frozen else "Going on."
        )
        self.take(self.model.pull(settle=True))

    # --- all jobs of a kind ---

    def action_retry_all(self) -> None:
        """Run all failed and partial jobs again."""
        ids = self.model.jobs.in_states(View.FAILED.states)
        if ids:
            self.post_message(ActionChosen("retry", ids))
        else:
            self.say("No job has failed.")

    def action_clear_finished(self) -> None:
        """Remove all finished jobs from the list, after asking."""
        ids = self.model.jobs.in_states(frozenset(FINISHED))
        if not ids:
            self.say("No job is finished.")
            return
        failed = len(self.model.jobs.in_states(View.FAILED.states))
        text = f"Results and sources stay where they are, and {look_of(self).keys('job.undo')} brings the jobs back."
        text += (
            f" {plural(failed, 'job')} with failed pages {'is' if failed == 1 else 'are'} among them." if failed else ""
        )
        choices = [Choice("n", "Leave them", False), Choice("y", f"Remove {plural(len(ids), 'job')}", True)]

        def answered(answer: bool | None) -> None:
            if answer:
                self.post_message(ActionChosen("remove", ids))

        dialog = ChoiceDialog(f"Remove {plural(len(ids), 'finished job')} from the list?", text, choices)
        self.app.push_screen(dialog, answered)

    def action_export(self) -> None:
        """Write the jobs shown to a file in the working directory, after asking in which format."""
        ids = self.model.jobs.ids()
        if not ids:
            self.say("There is nothing to export.")
            return
        if self.app.is_web:
            self.say("A browser is given no file; `hotfolio ls --json` lists the jobs, and so does the API.")
            return
        text = f"A new file in {display_name(Path.cwd())}."
        choices = [Choice(str(index), kind.upper(), kind) for index, kind in enumerate(ExportFormat, start=1)]
        dialog: ChoiceDialog[ExportFormat] = ChoiceDialog(f"Export {plural(len(ids), 'job')}?", text, choices)

        def answered(kind: ExportFormat | None) -> None:
            if kind is not None:
                export = export_jobs(self._entries(ids), kind, self.model.wall_clock(), self.say)
                self.run_worker(export, group="export", exclusive=True)

        self.app.push_screen(dialog, answered)

    # --- what the widgets tell ---

    @on(ViewChosen)
    def _view_chosen(self, event: ViewChosen) -> None:
        self.action_view(event.view.name)

    @on(SortChosen)
    def _sort_chosen(self, event: SortChosen) -> None:
        if event.sort is self.model.jobs.sort:
            self.action_reverse()
        else:
            self._sort_by(event.sort)

    @on(FilterChanged)
    def _filter_changed(self, event: FilterChanged) -> None:
        self.model.jobs.set_filter(event.job_filter)
        self._rows_changed()

    @on(FilterClosed)
    def _filter_closed(self, event: FilterClosed) -> None:
        self._close_filter(keep=event.keep)

    @on(JobHighlighted)
    def _job_highlighted(self) -> None:
        self._show_side()
        self._show_hints()

    @on(MarksChanged)
    def _marks_changed(self) -> None:
        self._tabs.update_lines()
        self._show_hints()

    # --- below ---

    def _sort_by(self, sort: Sort) -> None:
        self.model.jobs.show(sort=sort, is_reversed=sort in (Sort.PAGES, Sort.TIME))
        self._rows_changed()

    def _close_filter(self, *, keep: bool) -> None:
        self._last_filter = self.model.jobs.filter or self._last_filter
        if not keep:
            self.model.jobs.set_filter(None)
            self._filter_bar.set_text("")
            self._rows_changed()

    def _rows_changed(self) -> None:
        self._queue.rows_changed()
        self._show_lines()

    def _show_lines(self) -> None:
        """Redraw what stands above and below the list, and the hint if the list is empty."""
        is_empty = not len(self.model.jobs)
        if self._hint.display != is_empty:
            self._hint.display = is_empty
            self._hint.forget_drawn()
            self._head.display = not is_empty
            self._queue.styles.height = 0 if is_empty else "1fr"
        for lines in (self._header, self._tabs, self._hint if is_empty else self._head, self._workers):
            lines.update_lines()

    def _show_hints(self) -> None:
        """Tell the keys of what has the focus, and of the job under the cursor."""
        entry = self.model.jobs.entries.get(self._queue.cursor_id or 0)
        job = entry.job if entry is not None else None
        in_side, has_marks = self.focused is self._side, bool(self.model.marks)
        about = (self.focused, job and (job.state, job.needs_password), has_marks)
        if about == self._hinted:
            return
        self._hinted = about
        own = row_hints(job, has_marks=has_marks, in_side=in_side)
        self._key_bar.show_hints(FILTER_HINTS if isinstance(self.focused, Input) else own)

    def _show_side(self) -> None:
        if self.has_class("-wide"):
            self._side.show_job(self._queue.cursor_id)

    def _go_to_running(self) -> bool:
        """Put the cursor on a running job, unless it is on one."""
        jobs = self.model.jobs
        current = jobs.entries.get(self._queue.cursor_id or 0)
        if current is not None and current.job.state is JobState.RUNNING:
            return True
        for worker in self.model.workers:
            if worker.job_id is not None and worker.job_id in jobs:
                self._queue.move_to(worker.job_id)
                return True
        return False
