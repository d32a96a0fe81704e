"""What the dashboard's full screens have in common: they follow the model, and need a least size."""

from collections.abc import Callable

from textual.events import Resize
from textual.screen import Screen
from textual.widget import Widget

from tui.dashboard.frames import send_only_changes
from tui.dashboard.model import Model, Update
from tui.dashboard.widgets.frame import Frame
from tui.dashboard.widgets.key_bar import KeyBar

MIN_WIDTH, MIN_HEIGHT = 60, 15
WIDE = 120
"""From how many columns on there are panes side by side."""
_FRAMED_WIDTH, _FRAMED_HEIGHT = 90, 30
"""With less, a frame would cost rows that are wanted."""


class DashboardScreen(Screen[None], inherit_bindings=False):
    """Shows the model. Told by the app about every update, also while another screen is on top."""

    DEFAULT_CSS = """
    DashboardScreen { background: $background; }
    DashboardScreen #too-small { display: none; width: 1fr; height: 1fr; content-align: center middle; }
    DashboardScreen.-small > * { display: none; }
    DashboardScreen.-small > #too-small { display: block; }
    DashboardScreen.-framed FrameSide, DashboardScreen.-framed FrameFoot { display: block; }
    DashboardScreen.-framed FrameTop { display: block; }
    DashboardScreen.-framed Divider { display: none; }
    """

    def __init__(self, model: Model) -> None:
        super().__init__()
        send_only_changes(self)
        self.model = model

    def on_resize(self, event: Resize) -> None:
        """One line where there is no room for more, and frames where there is plenty."""
        width, height = event.size
        self.set_class(width < MIN_WIDTH or height < MIN_HEIGHT, "-small")
        self.set_class(width >= WIDE or (width >= _FRAMED_WIDTH and height >= _FRAMED_HEIGHT), "-framed")
        for frame in self.query(Frame):
            self.call_after_refresh(frame.show_edges)

    def when_laid_out(self, widget: Widget, call: Callable[[], object]) -> None:
        """Call something as soon as a widget has its width, so that nothing is laid out for another one before."""
        if widget.size.width or self.has_class("-small") or not self.is_attached:
            call()
        else:
            self.call_after_refresh(self.when_laid_out, widget, call)

    def take(self, update: Update) -> None:
        """Show what has changed."""

    def _compositor_refresh(self) -> None:
        """Draw what has changed, unless an opaque screen is on top of it."""
        # Textual (8.2) takes what is right below an opaque screen to be seen, and for whatever changes there has the
        # whole of the terminal written again: while work goes on, that is all the time.
        top = self.app.screen
        if top is not self and top.styles.background.a == 1:
            self._compositor._dirty_regions.clear()
            self._dirty_widgets.clear()
        else:
            super()._compositor_refresh()

    def say(self, text: str, *, is_problem: bool = False) -> None:
        """Show a message at the bottom for a moment."""
        for key_bar in self.query(KeyBar):
            key_bar.say(text, is_problem=is_problem)

    def offer(self, text: str, to_select: str) -> None:
        """Show a message and something to select below it, until the next key."""
        for key_bar in self.query(KeyBar):
            key_bar.offer(text, to_select)
