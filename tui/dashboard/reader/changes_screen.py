"""ChangesScreen: what has changed in a job's Markdown since it was run again."""

import asyncio
from collections.abc import Sequence
from typing import ClassVar

from rich.style import Style
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from engine.job.job import Job
from tui.dashboard.look import look_of
from tui.dashboard.model import Model
from tui.dashboard.reader.comparison import change_rows
from tui.dashboard.reader.reader_lines import style_of
from tui.dashboard.reader.typesetting import Row
from tui.dashboard.screens.full_screen import MIN_HEIGHT, MIN_WIDTH, DashboardScreen
from tui.dashboard.widgets.frame import Frame
from tui.dashboard.widgets.key_bar import KeyBar
from tui.dashboard.widgets.lazy_lines import LazyLines, Line
from tui.dashboard.widgets.scroll_lines import ScrollLines
from tui.dashboard.widgets.title_line import TitleLine
from tui.dashboard.widgets.too_small import TooSmall
from tui.text.formatting import plural

_HINTS = (
    (("screen.leave",), "back", 0),
    (("changes.next", "changes.previous"), "next, previous change", 1),
    (("scroll.down", "scroll.up"), "scroll", 2),
    (("app.help",), "help", 3),
)


class _Changes(ScrollLines):
    def __init__(self) -> None:
        super().__init__()
        self.rows: Sequence[Row] = ()

    def build_lines(self, width: int) -> Sequence[Line]:
        """The rows as they were made; a narrower terminal cuts them."""
        rows = self.rows
        return LazyLines(len(rows), lambda number: self._line(rows[number]))

    def _line(self, row: Row) -> Line:
        look = look_of(self)
        return [(" ", Style()), *((text, style_of(tone, look)) for text, tone in row)]


class ChangesScreen(DashboardScreen):
    """Compares in a thread."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,d", "leave", "Back", id="screen.leave"),
        Binding("n", "change(1)", "Next change", id="changes.next"),
        Binding("N", "change(-1)", "Previous change", id="changes.previous"),
    ]

    def __init__(self, model: Model, job: Job, old: str, new: str) -> None:
        """Both texts must be safe to show."""
        super().__init__(model)
        self._job, self._old, self._new = job, old, new
        self._starts: list[int] = []
        self._title = TitleLine()
        self._lines = _Changes()

    def compose(self) -> ComposeResult:
        """Title, changes and keys."""
        yield Frame(self._title, self._lines)
        yield KeyBar(_HINTS)
        yield TooSmall(MIN_WIDTH, MIN_HEIGHT)

    def on_mount(self) -> None:
        """Compare."""
        self._lines.focus()
        self._title.show(f"Changes of #{self._job.id} {self._job.name}", "comparing")
        self.call_after_refresh(lambda: self.run_worker(self._compare(), exit_on_error=True))

    def action_leave(self) -> None:
        """Back to the text."""
        self.dismiss(None)

    def action_change(self, direction: int) -> None:
        """Go to the next change, or the one before."""
        top = round(self._lines.scroll_y)
        ahead = [row for row in self._starts if row > top] if direction > 0 else []
        behind = [row for row in self._starts if row < top] if direction < 0 else []
        if ahead or behind:
            self._lines.scroll_to(y=ahead[0] if ahead else behind[-1], animate=False, force=True)

    async def _compare(self) -> None:
        width = max(self.size.width - 3, 20)
        self._lines.rows, self._starts = await asyncio.to_thread(change_rows, self._old, self._new, width)
        self._title.show(
            f"Changes of #{self._job.id} {self._job.name}",
            plural(len(self._starts), "change") if self._starts else "nothing has changed",
        )
        self._lines.update_lines()
