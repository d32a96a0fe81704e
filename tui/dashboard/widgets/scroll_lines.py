"""ScrollLines: finished lines of any number, scrolled with the same keys as the queue list."""

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.scrollbar import ScrollBar
from textual.strip import Strip

from tui.dashboard.look import look_of
from tui.dashboard.widgets.lines import DrawnLine, Part, PlainWidget, draw_lines
from tui.dashboard.widgets.plain_bar import PlainBar


class PlainScroll(PlainWidget, ScrollView, can_focus=True, inherit_bindings=False):
    """More lines than there is room for: only those in sight are strips, and only changed cells are sent."""

    DEFAULT_CSS = """
    PlainScroll {
        width: 1fr; height: 1fr;
        overflow-x: hidden; overflow-y: auto;
        scrollbar-size-vertical: 1;
        background: $background;
    }
    """

    @property
    def vertical_scrollbar(self) -> ScrollBar:
        """One that costs little to draw; made when it is needed first, as Textual does."""
        if self._vertical_scrollbar is None:
            self._vertical_scrollbar = PlainBar()
            self._vertical_scrollbar.display = False
            self.app._start_widget(self, self._vertical_scrollbar)
        return self._vertical_scrollbar

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Move the scrollbar, and draw what differs."""
        if self.show_vertical_scrollbar:
            self.vertical_scrollbar.position = new_value
        if round(old_value) != round(new_value):
            self._redraw()

    @property
    def _top(self) -> int:
        """The first line in sight."""
        return round(self.scroll_y)

    def _redraw(self) -> None:
        """Have what differs from the lines on the screen sent."""
        raise NotImplementedError


class ScrollLines(PlainScroll, inherit_bindings=False):
    """Subclasses build lines for a width, however many."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "scroll(1)", "Down", id="scroll.down"),
        Binding("k,up", "scroll(-1)", "Up", id="scroll.up"),
        Binding("g,home", "scroll_home", "To the top", id="scroll.first"),
        Binding("G,end", "scroll_end", "To the bottom", id="scroll.last"),
        Binding("pagedown,space", "scroll_page(1.0)", "A screen down", id="scroll.page_down"),
        Binding("pageup", "scroll_page(-1.0)", "A screen up", id="scroll.page_up"),
        Binding("ctrl+d", "scroll_page(0.5)", "Half a screen down", id="scroll.half_down"),
        Binding("ctrl+u", "scroll_page(-0.5)", "Half a screen up", id="scroll.half_up"),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._lines: Sequence[Sequence[Part]] = ()
        self._drawn: list[DrawnLine] = []

    def build_lines(self, width: int) -> Sequence[Sequence[Part]]:
        """All lines, each in parts, for so many cells."""
        raise NotImplementedError

    def update_lines(self) -> None:
        """Build the lines and have what has changed drawn."""
        width = self.scrollable_content_region.width
        if width:
            self._lines = self.build_lines(width)
            self.virtual_size = Size(width, len(self._lines))
            self._redraw()

    @property
    def plain(self) -> str:
        """The lines as text."""
        return "\n".join("".join(text for text, _ in line) for line in self._lines)

    def on_mount(self) -> None:
        """Draw anew in the colours of another theme."""
        self.app.theme_changed_signal.subscribe(self, lambda _: self.update_lines())

    def on_resize(self, event: Resize) -> None:
        """Build the lines for the new width."""
        self._drawn = []
        self.update_lines()

    def render_line(self, y: int) -> Strip:
        """A visible line; `y` counts from the top of the widget."""
        if y < len(self._drawn):
            return self._drawn[y].strip
        return Strip.blank(self.scrollable_content_region.width, look_of(self).base)

    def action_scroll(self, by: int) -> None:
        """Scroll by lines."""
        self.scroll_relative(y=by, animate=False)

    def action_scroll_page(self, share: float) -> None:
        """Scroll by a share of the height."""
        self.scroll_relative(y=round(self.size.height * share), animate=False)

    def _redraw(self) -> None:
        width, height = self.scrollable_content_region.size
        top = self._top
        self._drawn = draw_lines(self, self._drawn, self._lines[top : top + height], width, look_of(self).base)
