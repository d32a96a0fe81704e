"""Lines: a widget of finished lines that sends only the cells that have changed."""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.events import Resize
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui.look import look_of

Part = tuple[str, Style]
"""Text and its style."""

_GAP = 6
"""Moving the terminal's cursor costs about as many bytes as sending so many cells again."""


class Lines(Widget):
    """Subclasses build their lines for a width; `update_lines` compares them with what is on the screen."""

    DEFAULT_CSS = """
    Lines { width: 1fr; height: 1; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._lines: list[Strip] = []

    def build_lines(self, width: int, height: int) -> Sequence[Sequence[Part]]:
        """The lines, each in parts, for so many cells."""
        raise NotImplementedError

    def update_lines(self) -> None:
        """Build the lines and have what has changed drawn."""
        width, height = self.size
        if not width or not height:
            return
        lines = [strip_of(parts, width, look_of(self).base) for parts in self.build_lines(width, height)]
        for y in range(max(len(lines), len(self._lines))):
            old = self._lines[y] if y < len(self._lines) else None
            new = lines[y] if y < len(lines) else None
            if old is None or new is None:
                self.refresh(Region(0, y, width, 1))
            else:
                for start, end in changed_spans(old, new):
                    self.refresh(Region(start, y, end - start, 1))
        self._lines = lines

    def on_mount(self) -> None:
        """Draw anew in the colours of another theme."""
        self.app.theme_changed_signal.subscribe(self, lambda _: self.update_lines())

    def on_resize(self, event: Resize) -> None:
        """Draw for the new width."""
        self._lines = []
        self.update_lines()

    def render_line(self, y: int) -> Strip:
        """One line as built."""
        if y < len(self._lines):
            return self._lines[y]
        return Strip.blank(self.size.width, look_of(self).base)


def strip_of(parts: Sequence[Part], width: int, base: Style) -> Strip:
    """A line of exactly `width` cells."""
    segments = [Segment(text, base + style) for text, style in parts if text]
    return Strip(segments).adjust_cell_length(width, base)


def parts_width(parts: Sequence[Part]) -> int:
    """Cells that some parts take."""
    return sum(cell_len(text) for text, _ in parts)


def spread(left: Sequence[Part], right: Sequence[Part], width: int) -> list[Part]:
    """One line with some parts at its left and some at its right end."""
    gap = width - parts_width(left) - parts_width(right)
    return [*left, (" " * max(gap, 1), Style()), *right]


def flow(items: Sequence[Sequence[Part]], width: int, gap: str = "   ") -> list[list[Part]]:
    """Items side by side in as many lines as they take."""
    lines: list[list[Part]] = []
    for item in items:
        if lines and parts_width(lines[-1]) + len(gap) + parts_width(item) <= width:
            lines[-1] += [(gap, Style()), *item]
        else:
            lines.append(list(item))
    return lines


def changed_spans(old: Strip, new: Strip) -> list[tuple[int, int]]:
    """Where two lines differ: first cell and the one after the last, small gaps bridged."""
    if old is new:
        return []
    before, after = _cells(old), _cells(new)
    if len(before) != len(after):
        return [(0, max(len(before), len(after)))]
    spans: list[tuple[int, int]] = []
    for x, (a, b) in enumerate(zip(before, after, strict=True)):
        if a != b:
            if spans and x - spans[-1][1] <= _GAP:
                spans[-1] = (spans[-1][0], x + 1)
            else:
                spans.append((x, x + 1))
    return spans


def _cells(strip: Strip) -> list[tuple[str, Style | None]]:
    cells: list[tuple[str, Style | None]] = []
    for text, style, _ in strip:
        if text.isascii():
            cells.extend((char, style) for char in text)
            continue
        for char in text:
            width = cell_len(char)
            if width:
                cells.append((char, style))
                cells.extend([("", style)] * (width - 1))
            elif cells:
                cells[-1] = (cells[-1][0] + char, style)
    return cells
