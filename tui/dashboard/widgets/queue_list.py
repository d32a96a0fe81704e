"""QueueList: the jobs, a line each, however many there are."""

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Click, Resize
from textual.geometry import Offset, Region, Size
from textual.strip import Strip

from engine.job.snapshot import JobSnapshot
from tui.dashboard.look import Look, look_of
from tui.dashboard.messages import JobHighlighted, JobOpened, MarksChanged
from tui.dashboard.model import Model, Update
from tui.dashboard.widgets.lines import changed_spans, strip_of
from tui.dashboard.widgets.list_columns import Columns, fit_columns, row_parts
from tui.dashboard.widgets.scroll_lines import PlainScroll

_CACHED_ROWS = 2000

_Row = tuple[JobSnapshot, Columns, Look, tuple[bool, bool, int, str], Strip]
"""What a row was drawn from, with cursor, mark, the time for a running job and what it waits for, and how it looks."""


class QueueList(PlainScroll, inherit_bindings=False):
    """Draws visible rows only, and of those the cells that have changed. The cursor stays on its job."""

    DEFAULT_CSS = """
    QueueList { overflow-y: scroll; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "Next job", id="move.down"),
        Binding("k,up", "move(-1)", "Previous job", id="move.up"),
        Binding("g,home", "first", "First job", id="move.first"),
        Binding("G,end", "last", "Last job", id="move.last"),
        Binding("pagedown", "page(1.0)", "A screen down", id="move.page_down"),
        Binding("pageup", "page(-1.0)", "A screen up", id="move.page_up"),
        Binding("ctrl+d", "page(0.5)", "Half a screen down", id="move.half_down"),
        Binding("ctrl+u", "page(-0.5)", "Half a screen up", id="move.half_up"),
        Binding("enter", "open", "Show the job in full", id="job.open"),
        Binding("space", "mark", "Mark or unmark, and go on", id="mark.toggle"),
        Binding("v", "mark_range", "Mark from the last mark to here", id="mark.range"),
        Binding("a", "mark_all", "Mark all jobs shown", id="mark.all"),
        Binding("A", "unmark_all", "Unmark all", id="mark.none"),
    ]

    def __init__(self, model: Model, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._model = model
        self.cursor_id: int | None = None
        self._cursor_row = 0
        self._top_id: int | None = None
        self._mark_anchor: int | None = None
        self._greatest_id = 0
        self._columns: Columns | None = None
        self._window: list[Strip] = []
        self._cache: dict[int, _Row] = {}

    # --- what the model says ---

    def take(self, update: Update) -> None:
        """Show what has changed."""
        if update.rows_moved or self.cursor_id is None:
            self._rows_moved()
        elif update.changed or update.ticked:
            self._redraw()

    def rows_changed(self) -> None:
        """Other rows are shown, or in another order, because the person said so: keep the cursor in sight."""
        self._rows_moved()
        self._scroll_to_cursor()

    @property
    def columns(self) -> Columns:
        """The columns as they fit now."""
        width = max(self.scrollable_content_region.width, 20)
        # The width counts too: the titles above may have asked before the list had its place.
        if self._columns is None or self._columns.width != width:
            self._columns = fit_columns(width, self._greatest_id)
        return self._columns

    @property
    def is_cursor_visible(self) -> bool:
        """Whether the job that an action would take is on the screen."""
        return self.cursor_id is not None and self._top <= self._cursor_row < self._top + self.size.height

    @property
    def cursor_row(self) -> int:
        """The row under the cursor, from 0."""
        return self._cursor_row

    def show_marks(self) -> None:
        """Other jobs are marked."""
        self._redraw()

    def show_cursor(self) -> None:
        """Scroll to the cursor."""
        self._scroll_to_cursor()

    # --- drawing ---

    def on_mount(self) -> None:
        """Draw anew in the colours of another theme."""
        self.app.theme_changed_signal.subscribe(self, lambda _: self.refresh())

    def on_resize(self, event: Resize) -> None:
        """Fit the columns anew."""
        self._columns = None
        self._window = []
        self._resize_rows()
        if self.cursor_id is not None:
            self._scroll_to_cursor()
        self._redraw()

    def render_line(self, y: int) -> Strip:
        """A visible row; `y` counts from the top of the widget."""
        if y < len(self._window):
            return self._window[y]
        return Strip.blank(self.scrollable_content_region.width, look_of(self).base)

    def notify_style_update(self) -> None:
        """Draw all rows in new colours."""
        self._window = []
        self._redraw()
        super().notify_style_update()

    def _redraw(self) -> None:
        """Build the visible rows, and have what differs from those on the screen sent."""
        width, height = self.scrollable_content_region.size
        if not width or not self.is_attached:
            return
        jobs = self._model.jobs
        top = self._top
        ids = jobs.ids(top, top + height)
        self._top_id = ids[0] if ids else None
        window = self._strips(ids, width)
        before, self._window = self._window, window
        if self.has_focus:  # for those who read the screen by where the terminal's cursor is
            x, y = self.content_region.offset
            self.app.cursor_position = Offset(x, y + max(self._cursor_row - top, 0))
        regions: list[Region] = []
        for y, (old, new) in enumerate(zip(before, window, strict=False)):
            if old is not new:
                regions += [Region(start, y, end - start, 1) for start, end in changed_spans(old, new)]
        fewer, more = sorted((len(before), len(window)))
        regions += [Region(0, y, width, 1) for y in range(fewer, more)]
        if regions:  # without any, the whole list would be drawn
            self.refresh(*regions)

    def _strips(self, ids: Iterable[int], width: int) -> list[Strip]:
        model, look, columns, cache = self._model, look_of(self), self.columns, self._cache
        entries, marks, cursor_id = model.jobs.entries, model.marks, self.cursor_id
        now: float | None = None
        second = int(model.clock())
        if len(cache) >= _CACHED_ROWS:
            cache.clear()
        strips = []
        for job_id in ids:
            entry, cursor, mark = entries[job_id], job_id == cursor_id, job_id in marks
            waiting = model.waiting_word(entry)
            cached = cache.get(job_id)
            # Identity: comparing two snapshots or looks field by field would cost more than drawing the row.
            if (
                cached is not None
                and cached[0] is entry
                and cached[1] is columns
                and cached[2] is look
                and cached[3] == (cursor, mark, second if entry.step is not None else 0, waiting)
            ):
                strips.append(cached[4])
                continue
            now = model.wall_clock() if now is None else now
            parts = row_parts(entry, columns, look, now=now, cursor=cursor, mark=mark, waiting=waiting)
            strip = strip_of(parts, width, look.base + look.cursor if cursor else look.base)
            cache[job_id] = (
                entry,
                columns,
                look,
                (cursor, mark, second if entry.step is not None else 0, waiting),
                strip,
            )
            strips.append(strip)
        return strips

    # --- rows and cursor ---

    def _rows_moved(self) -> None:
        """Rows are elsewhere: the cursor goes with its job, the screen stays with the rows that are on it."""
        jobs = self._model.jobs
        was_visible = self.is_cursor_visible
        offset = self._cursor_row - self._top
        greatest = jobs.greatest_id
        if len(str(greatest)) > len(str(self._greatest_id)):
            self._columns = None
        self._greatest_id = greatest
        row = jobs.row_of(self.cursor_id) if self.cursor_id is not None else None
        stays_at_top = self._top == 0
        if row is None:
            row = min(self._cursor_row, len(jobs) - 1)
            self._set_cursor(row if row >= 0 else None)
        moved_far = abs(row - self._cursor_row) > self.size.height
        self._cursor_row = max(row, 0)
        self._resize_rows()
        if not stays_at_top:
            top_row = jobs.row_of(self._top_id) if self._top_id is not None else None
            if was_visible and not moved_far:
                self._scroll_rows_to(self._cursor_row - offset)
            elif top_row is not None:
                self._scroll_rows_to(top_row)
        self._redraw()

    def _resize_rows(self) -> None:
        self.virtual_size = Size(self.scrollable_content_region.width, len(self._model.jobs))

    def _set_cursor(self, row: int | None) -> None:
        job_id = None if row is None or not len(self._model.jobs) else self._model.jobs.id_at(row)
        self._cursor_row = row or 0
        if job_id != self.cursor_id:
            self.cursor_id = job_id
            self.post_message(JobHighlighted(job_id))

    def move_to(self, job_id: int) -> None:
        """Put the cursor on a job, if it is shown."""
        row = self._model.jobs.row_of(job_id)
        if row is not None:
            self.move_to_row(row)

    def move_to_row(self, row: int) -> None:
        """Put the cursor on a row, or the last one if there are not so many."""
        count = len(self._model.jobs)
        if not count:
            return
        self._set_cursor(max(0, min(row, count - 1)))
        self._scroll_to_cursor()
        self._redraw()

    def _scroll_to_cursor(self) -> None:
        height = max(self.size.height, 1)
        if self._cursor_row < self._top:
            self._scroll_rows_to(self._cursor_row)
        elif self._cursor_row >= self._top + height:
            self._scroll_rows_to(self._cursor_row - height + 1)

    def _scroll_rows_to(self, row: int) -> None:
        limit = max(len(self._model.jobs) - self.size.height, 0)
        self.scroll_to(y=max(0, min(row, limit)), animate=False, force=True)

    # --- keys and mouse ---

    def action_move(self, by: int) -> None:
        """Move the cursor; if it has been left behind out of sight, begin from what is in sight."""
        if self.is_cursor_visible:
            self.move_to_row(self._cursor_row + by)
        else:
            self.move_to_row(self._top if self._cursor_row < self._top else self._top + self.size.height - 1)

    def action_page(self, share: float) -> None:
        """Move by a share of the screen."""
        step = max(1, int(self.size.height * abs(share)))
        self.move_to_row(self._cursor_row + (step if share > 0 else -step))

    def action_first(self) -> None:
        """Go to the first job."""
        self.move_to_row(0)

    def action_last(self) -> None:
        """Go to the last job."""
        self.move_to_row(len(self._model.jobs) - 1)

    def action_open(self) -> None:
        """Show the job under the cursor in full."""
        if self.cursor_id is not None:
            self.post_message(JobOpened(self.cursor_id))

    def action_mark(self) -> None:
        """Mark or unmark the job under the cursor, and go on to the next."""
        if self.cursor_id is not None:
            self._model.marks ^= {self.cursor_id}
            self._mark_anchor = self.cursor_id
            self.move_to_row(self._cursor_row + 1)
            self._marked()

    def action_mark_range(self) -> None:
        """Mark everything from the last job marked by hand to the cursor."""
        anchor = self._model.jobs.row_of(self._mark_anchor) if self._mark_anchor is not None else None
        start = self._cursor_row if anchor is None else anchor
        first, last = sorted((start, self._cursor_row))
        self._model.marks.update(self._model.jobs.ids(first, last + 1))
        self._mark_anchor = self.cursor_id
        self._marked()

    def action_mark_all(self) -> None:
        """Mark all jobs shown."""
        self._model.marks.update(self._model.jobs.ids())
        self._marked()

    def action_unmark_all(self) -> None:
        """Unmark all."""
        self._model.marks.clear()
        self._marked()

    def on_click(self, event: Click) -> None:
        """Put the cursor on the row; a double click opens the job."""
        row = self._top + event.y
        if row < len(self._model.jobs):
            self.move_to_row(row)
            if event.chain > 1:
                self.action_open()

    def next_of(self, candidates: Iterable[int], *, backwards: bool = False) -> int | None:
        """The nearest of some rows after (or before) the cursor, going round at the end."""
        rows = sorted(candidates, reverse=backwards)
        ahead = [row for row in rows if (row < self._cursor_row if backwards else row > self._cursor_row)]
        return next(iter(ahead or rows), None)

    def _marked(self) -> None:
        self._redraw()
        self.post_message(MarksChanged())
