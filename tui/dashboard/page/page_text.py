"""PageText: the Markdown of a page, with the lines of one block lit."""

from collections.abc import Sequence

from tui.dashboard.look import look_of
from tui.dashboard.widgets.lazy_lines import LazyLines, Line
from tui.dashboard.widgets.text_lines import TextLines
from tui.text.formatting import pad, wrap


class PageText(TextLines):
    """Lines are those of the text before it is wrapped, from 0."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._lit = (0, 0)

    def light(self, first: int, end: int) -> None:
        """Light the lines from the first to before `end`, and bring them into sight; none if there are none."""
        width = self.scrollable_content_region.width - 2
        lines = self.text.split("\n")
        top = len(wrap("\n".join(lines[:first]), width)) if first else 0
        height = len(wrap("\n".join(lines[first:end]), width)) if end > first else 0
        self._lit = (top, top + height)
        self.update_lines()
        room = self.scrollable_content_region.height
        if height and not self.scroll_y <= top <= self.scroll_y + room - min(height, room):
            self.scroll_to(y=max(top - 2, 0), animate=False, force=True)

    def build_lines(self, width: int) -> Sequence[Line]:
        """The text in lines of the width, those of the block on the colour of the cursor."""
        lines, look = super().build_lines(width), look_of(self)
        first, end = self._lit

        def line(number: int) -> Line:
            if not first <= number < end:
                return lines[number]
            text = "".join(text for text, _ in lines[number])
            return [(f"{look.glyphs.cursor}{pad(text[1:], width - 1)}", look.cursor)]

        return LazyLines(len(lines), line) if end > first else lines
