"""Divider: a line from top to bottom between two panes."""

from collections.abc import Sequence

from tui.dashboard.look import look_of
from tui.dashboard.widgets.lines import Lines, Part


class Divider(Lines):
    """One cell wide."""

    DEFAULT_CSS = """
    Divider { width: 1; height: 1fr; }
    """

    def build_lines(self, width: int, height: int) -> Sequence[Sequence[Part]]:
        """The line."""
        look = look_of(self)
        return [[(look.glyphs.separator, look.line)]] * height
