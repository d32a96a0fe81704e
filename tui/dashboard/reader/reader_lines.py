"""ReaderLines: a long Markdown text to scroll through, of which the beginning is there at once."""

import asyncio
import itertools
from collections.abc import Sequence

from rich.style import Style
from textual.message import Message
from textual.worker import Worker

from engine.job.job import JobState
from tui.dashboard.look import Look, look_of
from tui.dashboard.reader.searching import Found
from tui.dashboard.reader.tones import Piece, Tone
from tui.dashboard.reader.typesetting import Row, Typesetting, cut_pieces
from tui.dashboard.widgets.lazy_lines import LazyLines, Line
from tui.dashboard.widgets.lines import Part
from tui.dashboard.widgets.scroll_lines import ScrollLines

_FIRST_ROWS = 300
_ROWS_AT_ONCE = 1500
_FOUND = Style(reverse=True)


class ReaderLines(ScrollLines):
    """Lays the text out in a thread, in portions; the place that is looked at stays, whatever changes."""

    class Moved(Message):
        """Another part is in sight, or more of the text is there."""

        def can_replace(self, message: Message) -> bool:
            """Of several that wait, the last says it."""
            return isinstance(message, ReaderLines.Moved)

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.setting = Typesetting("", 80)
        self.found: Found | None = None
        self.pages: Sequence[tuple[int, int]] = ()
        self._wanted = ""
        self._styles: dict[int, Style] = {}
        self._styles_of: Look | None = None
        self._working = asyncio.Lock()

    async def show(self, text: str, pages: Sequence[tuple[int, int]] = ()) -> None:
        """Show another text; `pages` tell in which of its lines each page begins. Returns when all is laid out."""
        self.text, self.pages = text, pages
        await self._lay_out()

    async def reach(self, line: int) -> int:
        """The row of a source line, once it is laid out."""
        async with self._working:
            return self.setting.row_of_line(line)

    def find(self, wanted: str) -> Found:
        """Look for words; what is found is shown as such."""
        self._wanted = wanted
        self.found = Found(self.setting.rows, wanted)
        self._redraw()
        return self.found

    def forget_found(self) -> None:
        """Show the text as it is."""
        self._wanted, self.found = "", None
        self._redraw()

    @property
    def top(self) -> int:
        """The first row in sight."""
        return self._top

    def go_to(self, row: int, *, above: int = 0) -> None:
        """Bring a row to the top, or leave so many rows above it."""
        self.scroll_to(y=max(row - above, 0), animate=False, force=True)

    def build_lines(self, width: int) -> Sequence[Line]:
        """Those laid out so far; anew if the width is another."""
        if self._room != self.setting.width and self.text:
            _: Worker[None] = self.run_worker(self._lay_out, group="width", exclusive=True)
        rows = self.setting.rows
        return LazyLines(len(rows), lambda number: self._line(number, rows[number]))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Tell where one is now."""
        super().watch_scroll_y(old_value, new_value)
        self.post_message(self.Moved())

    @property
    def _room(self) -> int:
        # With a cell for the scrollbar, also while there is none: it comes and goes with what is laid out.
        return max(self.size.width - 3, 20)

    async def _lay_out(self) -> None:
        text, pages, width = self.text, self.pages, self._room
        async with self._working:
            lines = self.setting.lines
            line = lines[self._top] if 0 < self._top < len(lines) else 0
            within = self._top - self.setting.row_of_line(line) if width == self.setting.width else 0
            setting = Typesetting(text, width, pages)
            await asyncio.to_thread(setting.extend, _FIRST_ROWS)
            while not setting.is_complete and setting.lines[-1] < line:
                await asyncio.to_thread(setting.extend, _ROWS_AT_ONCE)
            self.setting = setting
            self._take_rows()
            if line:
                self.go_to(setting.row_of_line(line) + within)
            while not setting.is_complete and text is self.text and width == self._room:
                await asyncio.to_thread(setting.extend, _ROWS_AT_ONCE)
                self._take_rows()
            if self._wanted:
                self.find(self._wanted)

    def _take_rows(self) -> None:
        self.update_lines()
        self.post_message(self.Moved())

    def _line(self, number: int, row: Row) -> Line:
        look = look_of(self)
        if look is not self._styles_of:
            self._styles, self._styles_of = {}, look
        parts: list[Part] = [(" ", Style())]
        spans = self.found.in_row(number) if self.found is not None else ()
        for (text, tone), is_found in marked(row, spans):
            style = self._styles.get(tone)
            if style is None:
                style = self._styles[tone] = style_of(tone, look)
            parts.append((text, style + _FOUND if is_found else style))
        return parts


def marked(row: Row, spans: Sequence[tuple[int, int]]) -> list[tuple[Piece, bool]]:
    """The pieces of a row, each with whether it is in one of the spans."""
    if not spans:
        return [(piece, False) for piece in row]
    length = sum(len(text) for text, _ in row)
    edges = sorted({0, length, *(edge for span in spans for edge in span)})
    ranges = list(itertools.pairwise(edges))
    pieces = cut_pieces(row, ranges)
    inside = [any(start <= first < end for start, end in spans) for first, _ in ranges]
    return [(piece, is_in) for part, is_in in zip(pieces, inside, strict=True) for piece in part]


def style_of(tone: int, look: Look) -> Style:
    """How a tone looks."""
    style = Style()
    if tone & Tone.HEADING:
        style += look.title
    if tone & Tone.CODE:
        style += look.accent
    if tone & Tone.LINK:
        style += look.accent + Style(underline=True)
    if tone & Tone.QUIET:
        style += look.muted
    if tone & Tone.ADDED:
        style += look.states[JobState.DONE]
    if tone & Tone.REMOVED:
        style += look.error
    if tone & Tone.STRONG:
        style += Style(bold=True)
    if tone & Tone.ITALIC:
        style += Style(italic=True)
    if tone & Tone.STRUCK:
        style += Style(strike=True)
    return style
