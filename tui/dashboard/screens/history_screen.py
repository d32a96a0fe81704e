"""HistoryScreen: what was done from this dashboard, the latest first, and what of it was taken back."""

import time
from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tui.dashboard.history import History
from tui.dashboard.look import look_of
from tui.dashboard.model import Model, Update
from tui.dashboard.screens.full_screen import MIN_HEIGHT, MIN_WIDTH, DashboardScreen
from tui.dashboard.widgets.frame import Frame
from tui.dashboard.widgets.key_bar import KeyBar
from tui.dashboard.widgets.lines import Part
from tui.dashboard.widgets.scroll_lines import ScrollLines
from tui.dashboard.widgets.title_line import TitleLine
from tui.dashboard.widgets.too_small import TooSmall
from tui.text.formatting import clip

_HINTS = (
    (("screen.leave",), "back", 0),
    (("job.undo",), "undo", 1),
    (("job.redo",), "do again", 2),
    (("scroll.down", "scroll.up"), "scroll", 3),
    (("app.help",), "help", 4),
)


class _Deeds(ScrollLines):
    def __init__(self, history: History) -> None:
        super().__init__()
        self._history = history

    def build_lines(self, width: int) -> Sequence[Sequence[Part]]:
        """A deed a line; those that were taken back are above, since they would come next."""
        look, history = look_of(self), self._history
        if not history.done and not history.undone:
            return [[(" Nothing was done yet.", look.text)]]
        lines: list[list[Part]] = []
        deeds = [(deed, True) for deed in history.undone] + [(deed, False) for deed in reversed(history.done)]
        for deed, is_undone in deeds:
            stamp = time.strftime("%H:%M:%S", time.localtime(deed.when))
            text = clip(f"{deed.what}{' (undone)' if is_undone else ''}", width - 12, look.glyphs.ellipsis)
            lines.append([(f" {stamp}  ", look.muted), (text, look.muted if is_undone else look.text)])
        return lines


class HistoryScreen(DashboardScreen):
    """The keys that undo and do again work here too."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,H", "leave", "Back", id="screen.leave"),
    ]

    def __init__(self, model: Model, history: History) -> None:
        super().__init__(model)
        self._deeds = _Deeds(history)

    def compose(self) -> ComposeResult:
        """The deeds and the keys."""
        yield Frame(TitleLine("History", "the next to be undone first"), self._deeds)
        yield KeyBar(_HINTS)
        yield TooSmall(MIN_WIDTH, MIN_HEIGHT)

    def on_mount(self) -> None:
        """Scroll with the keys."""
        self._deeds.focus()

    def take(self, update: Update) -> None:
        """Something may have been done."""
        self._deeds.update_lines()

    def action_leave(self) -> None:
        """Back to where one was."""
        self.dismiss(None)
