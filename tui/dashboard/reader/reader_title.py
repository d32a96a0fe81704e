"""ReaderTitle: what is read, and where one is in it."""

from collections.abc import Sequence

from tui.dashboard.look import look_of
from tui.dashboard.widgets.lines import Lines, Part, parts_width, spread
from tui.text.formatting import shorten


class ReaderTitle(Lines):
    """One line; the title gives way."""

    def __init__(self) -> None:
        super().__init__()
        self._title = ""
        self._place = ""

    def show(self, title: str, place: str) -> None:
        """Show others; both must be safe to show."""
        if (title, place) != (self._title, self._place):
            self._title, self._place = title, place
            self.update_lines()

    def build_lines(self, width: int, height: int) -> Sequence[Sequence[Part]]:
        """The line."""
        look = look_of(self)
        place: list[Part] = [(f"{self._place} ", look.muted)]
        room = width - parts_width(place) - 3
        return [spread([(f" {shorten(self._title, room, look.glyphs.ellipsis)}", look.title)], place, width)]
