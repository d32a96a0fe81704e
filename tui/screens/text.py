"""TextScreen: a text that belongs to a job, to scroll through."""

import asyncio
from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from engine.errors import NoSuchJob
from tui.formatting import wrap
from tui.look import look_of
from tui.model import Model, Update
from tui.screens.base import MIN_HEIGHT, MIN_WIDTH, DashboardScreen
from tui.widgets.key_bar import KeyBar
from tui.widgets.lines import Lines, Part
from tui.widgets.scroll_lines import ScrollLines
from tui.widgets.too_small import TooSmall

_HINTS = (
    (("screen.leave",), "back", 0),
    (("scroll.down", "scroll.up"), "scroll", 1),
    (("scroll.first", "scroll.last"), "top, bottom", 2),
    (("app.help",), "help", 3),
)


class _Title(Lines):
    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def build_lines(self, width: int, height: int) -> Sequence[Sequence[Part]]:
        """One line."""
        return [[(f" {self._text}", look_of(self).title)]]


class TextLines(ScrollLines):
    """Plain text, wrapped."""

    text = ""

    def build_lines(self, width: int) -> Sequence[Sequence[Part]]:
        """The text in lines of the width."""
        style = look_of(self).text
        return [[(" ", style), (line, style)] for line in wrap(self.text, width - 2)]


class TextScreen(DashboardScreen):
    """Reads in a thread, and again when the job has changed; the text must be safe to show already."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "Back", id="screen.leave"),
    ]

    def __init__(self, model: Model, job_id: int, title: str, read: Callable[[], str], *, at_end: bool = False) -> None:
        """With `at_end`, the end of the text is shown first, and kept in sight."""
        super().__init__(model)
        self._job_id = job_id
        self._title = title
        self._read = read
        self._at_end = at_end
        self._is_loading = False
        self._lines = TextLines()

    def compose(self) -> ComposeResult:
        """Title, text and keys."""
        yield _Title(self._title)
        yield self._lines
        yield KeyBar(_HINTS)
        yield TooSmall(MIN_WIDTH, MIN_HEIGHT)

    def on_mount(self) -> None:
        """Read."""
        self._lines.focus()
        self._load()

    def take(self, update: Update) -> None:
        """Read again if the job has changed."""
        if self._job_id in update.changed:
            self._load()

    def action_leave(self) -> None:
        """Back to where one was."""
        self.dismiss(None)

    def _load(self) -> None:
        if not self._is_loading:
            self._is_loading = True
            self.run_worker(self._show(), exit_on_error=True)

    async def _show(self) -> None:
        try:
            text = await asyncio.to_thread(self._read)
        except NoSuchJob as error:
            text = str(error)
        finally:
            self._is_loading = False
        lines = self._lines
        was_at_end = lines.scroll_offset.y >= lines.max_scroll_y
        if text != lines.text:
            lines.text = text
            lines.update_lines()
            if self._at_end and was_at_end:
                lines.scroll_end(animate=False)
