"""TitleLine: what a screen or a pane shows, in the upper edge of its frame or in its first line."""

from collections.abc import Sequence

from tui.dashboard.look import Look
from tui.dashboard.widgets.frame import FrameTop
from tui.dashboard.widgets.lines import Part, parts_width
from tui.text.formatting import shorten


class TitleLine(FrameTop):
    """One line, shortened in the middle; what is at its right stays."""

    def __init__(self, text: str = "", place: str = "") -> None:
        """`place`, at the right, is where one is in it; both must be safe to show."""
        super().__init__()
        self._text = text
        self._place = place

    def show(self, text: str, place: str = "") -> None:
        """Show others."""
        if (text, place) != (self._text, self._place):
            self._text, self._place = text, place
            self.update_lines()

    def build_title(self, width: int, look: Look) -> tuple[Sequence[Part], Sequence[Part]]:
        """The title, and the place."""
        place: list[Part] = [(self._place, look.muted)] if self._place else []
        room = width - parts_width(place) - (2 if place else 0)
        return [(shorten(self._text, room, look.glyphs.ellipsis), look.title)], place
