"""TextScreen: a text that belongs to a job, to scroll through while it grows."""

import asyncio
from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from engine.base.errors import HotfolioError
from engine.base.safetext import display_text
from engine.job.snapshot import JobSnapshot
from tui.dashboard.model import Model, Update
from tui.dashboard.screens.full_screen import MIN_HEIGHT, MIN_WIDTH, DashboardScreen
from tui.dashboard.widgets.frame import Frame
from tui.dashboard.widgets.key_bar import KeyBar
from tui.dashboard.widgets.text_lines import TextLines
from tui.dashboard.widgets.title_line import TitleLine
from tui.dashboard.widgets.too_small import TooSmall

_RELOAD_S = 1.0
_HINTS = (
    (("screen.leave",), "back", 0),
    (("scroll.down", "scroll.up"), "scroll", 1),
    (("scroll.first", "scroll.last"), "top, bottom", 2),
    (("app.help",), "help", 3),
)


class TextScreen(DashboardScreen):
    """Reads in a thread, and again when the job has changed, once a second at most."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "Back", id="screen.leave"),
    ]

    def __init__(
        self,
        model: Model,
        job_id: int,
        title: Callable[[JobSnapshot], str],
        read: Callable[[], str],
        *,
        at_end: bool = False,
        version_of: Callable[[JobSnapshot], object] = lambda entry: entry,
    ) -> None:
        """`read` returns text that is safe to show, and is called again only when the job's `version_of` is another.

        With `at_end`, the end of the text is shown first, and kept in sight.
        """
        super().__init__(model)
        self._job_id = job_id
        self._title = title
        self._read = read
        self._at_end = at_end
        self._version_of = version_of
        self._version: object = None
        self._is_loading = False
        self._loaded_at = model.clock() - _RELOAD_S
        self._title_line = TitleLine()
        self._lines = TextLines()

    def compose(self) -> ComposeResult:
        """Title, text and keys."""
        yield Frame(self._title_line, self._lines)
        yield KeyBar(_HINTS)
        yield TooSmall(MIN_WIDTH, MIN_HEIGHT)

    def on_mount(self) -> None:
        """Read."""
        self._lines.focus()
        self.call_after_refresh(self.when_laid_out, self._lines, lambda: self.take(Update()))

    def take(self, update: Update) -> None:
        """Read again if there may be something new."""
        entry = self.model.jobs.entries.get(self._job_id)
        if entry is None or not self.is_attached:
            return
        self._title_line.show(self._title(entry))
        version = self._version_of(entry)
        if version == self._version and self._version is not None:
            return
        if not self._is_loading and self.model.clock() - self._loaded_at >= _RELOAD_S:
            self._is_loading = True
            self._version = version
            self.run_worker(self._load(), exit_on_error=True)

    def action_leave(self) -> None:
        """Back to where one was."""
        self.dismiss(None)

    async def _load(self) -> None:
        lines = self._lines
        try:
            text = await asyncio.to_thread(self._read)
            was_at_end = lines.scroll_offset.y >= lines.max_scroll_y
            if text != lines.text:
                await lines.show(text)
                if self._at_end and was_at_end:
                    lines.scroll_end(animate=False)
        except HotfolioError as error:
            # What could be read before stays on the screen.
            await lines.show(lines.text or display_text(str(error)))
        finally:
            self._is_loading = False
            self._loaded_at = self.model.clock()
