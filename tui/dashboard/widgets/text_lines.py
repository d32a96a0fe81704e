"""TextLines: plain text to scroll through, as long as it may be."""

import asyncio
from collections.abc import Sequence

from tui.dashboard.look import look_of
from tui.dashboard.widgets.lazy_lines import LazyLines, Line
from tui.dashboard.widgets.scroll_lines import ScrollLines
from tui.text.formatting import wrap


class TextLines(ScrollLines):
    """Wraps text that is safe to show already; of 4 MB in a thread, so that no key waits."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.text = ""
        self._wrapped: list[str] = []
        self._wrapped_to = 0

    async def show(self, text: str) -> None:
        """Show another text, holding the scroll position."""
        width = self.scrollable_content_region.width
        wrapped = await asyncio.to_thread(wrap, text, width - 2)
        self.text, self._wrapped, self._wrapped_to = text, wrapped, width
        self.update_lines()

    def build_lines(self, width: int) -> Sequence[Line]:
        """The text in lines of the width."""
        if width != self._wrapped_to:
            self._wrapped, self._wrapped_to = wrap(self.text, width - 2), width
        style, wrapped = look_of(self).text, self._wrapped
        return LazyLines(len(wrapped), lambda number: [(" ", style), (wrapped[number], style)])
