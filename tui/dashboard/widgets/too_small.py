"""TooSmall: the one calm line of a terminal that is too small for anything else."""

from collections.abc import Sequence

from tui.dashboard.look import look_of
from tui.dashboard.widgets.lines import Lines, Part
from tui.text.formatting import clip


class TooSmall(Lines):
    """Says which size it takes."""

    DEFAULT_CSS = """
    TooSmall { height: 1fr; }
    """

    def __init__(self, least_width: int, least_height: int) -> None:
        super().__init__(id="too-small")
        self._text = f"hotfolio needs {least_width}x{least_height}"

    def build_lines(self, width: int, height: int) -> Sequence[Sequence[Part]]:
        """The line, in the middle."""
        text = clip(f"{self._text}, this is {self.app.size.width}x{self.app.size.height}", width)
        lines: list[list[Part]] = [[] for _ in range((height - 1) // 2)]
        return [*lines, [(text.center(width), look_of(self).muted)]]
