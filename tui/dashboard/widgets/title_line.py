"""TitleLine: what a screen shows, in its first line."""

from collections.abc import Sequence

from tui.dashboard.look import look_of
from tui.dashboard.widgets.lines import Lines, Part
from tui.text.formatting import shorten


class TitleLine(Lines):
    """One line, shortened in the middle."""

    def __init__(self, text: str = "") -> None:
        """`text` must be safe to show."""
        super().__init__()
        self._text = text

    def show(self, text: str) -> None:
        """Show another title."""
        if text != self._text:
            self._text = text
            self.update_lines()

    def build_lines(self, width: int, height: int) -> Sequence[Sequence[Part]]:
        """The line."""
        look = look_of(self)
        return [[(f" {shorten(self._text, width - 2, look.glyphs.ellipsis)}", look.title)]]
