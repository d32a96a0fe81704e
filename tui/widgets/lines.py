"""Lines: a widget of finished lines that sends only the cells that have changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.events import Resize
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from engine.display import display_name
from tui.formatting import cells_of
from tui.look import look_of

Part = tuple[str, Style]
"""Text and its style."""

_GAP = 6
"""Moving the terminal's cursor costs about as many bytes as sending so many cells again."""


@dataclass(frozen=True, slots=True)
class DrawnLine:
    """A line as it was given, and as it is on the screen."""

    parts: Sequence[Part]
    base: Style
    strip: Strip


class Lines(Widget):
    """Subclasses build their lines for a width; `update_lines` compares them with what is on the screen."""

    DEFAULT_CSS = """
    Lines { width: 1fr; height: 1; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._drawn: list[DrawnLine] = []

    def build_lines(self, width: int, height: int) -> Sequence[Sequence[Part]]:
        """The lines, each in parts, for so many cells."""
        raise NotImplementedError

    def update_lines(self) -> None:
        """Build the lines and have what has changed drawn."""
        width, height = self.size
        if not width or not height:
            return
        lines = self.build_lines(width, height)
        self._drawn = draw_lines(self, self._drawn, lines, width, look_of(self).base)

    def forget_drawn(self) -> None:
        """Draw all of it next time: it was out of sight, or is about to be."""
        self._drawn = []
        self.refresh()

    def on_mount(self) -> None:
        """Draw anew in the colours of another theme."""
        self.app.theme_changed_signal.subscribe(self, lambda _: self.update_lines())

    def on_resize(self, event: Resize) -> None:
        """Draw for the new width."""
        self._drawn = []
        self.update_lines()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Only what is asked for."""
        return plain_lines(self, crop)

    def render_line(self, y: int) -> Strip:
        """One line as built."""
        if y < len(self._drawn):
            return self._drawn[y].strip
        return Strip.blank(self.size.width, look_of(self).base)


def plain_lines(widget: Widget, crop: Region) -> list[Strip]:
    """Part of a widget that has neither border nor padding nor opacity, which are most of what Textual's way costs."""
    look, filters = look_of(widget), widget.get_line_filters()
    first, end = crop.column_span
    strips = []
    for y in crop.line_range:
        strip = widget.render_line(y)
        if strip.cell_length < end:
            strip = strip.extend_cell_length(end, look.base)
        if first or end < strip.cell_length:
            strip = strip.crop(first, end)
        for line_filter in filters:
            strip = strip.apply_filter(line_filter, look.background)
        strips.append(strip)
    return strips


def draw_lines(
    widget: Widget, drawn: Sequence[DrawnLine], lines: Sequence[Sequence[Part]], width: int, base: Style
) -> list[DrawnLine]:
    """Make `lines` the lines of a widget, and have those cells sent that differ from the ones `drawn` before."""
    result: list[DrawnLine] = []
    regions: list[Region] = []
    for y, parts in enumerate(lines):
        before = drawn[y] if y < len(drawn) else None
        if before is not None and before.base is base and before.parts == parts:
            result.append(before)
            continue
        line = DrawnLine(parts, base, strip_of(parts, width, base))
        result.append(line)
        spans = [(0, width)] if before is None else changed_spans(before.strip, line.strip)
        regions += [Region(start, y, end - start, 1) for start, end in spans]
    regions += [Region(0, y, width, 1) for y in range(len(lines), len(drawn))]
    if regions:  # without any, the whole widget would be drawn
        widget.refresh(*regions)
    return result


def strip_of(parts: Sequence[Part], width: int, base: Style) -> Strip:
    """A line of exactly `width` cells. What is not to be printed and has come so far is made visible here at last."""
    parts = [(text if text.isprintable() else display_name(text), style) for text, style in parts]
    segments = [Segment(text, over(base, style)) for text, style in parts if text]
    cells = parts_width(parts)
    if cells < width:
        segments.append(Segment(" " * (width - cells), base))
        cells = width
    strip = Strip(segments, cells)
    return strip if cells == width else strip.crop(0, width)


@lru_cache(maxsize=1 << 14)
def over(base: Style, style: Style) -> Style:
    """`base + style`, remembered: few are in use, and Rich adds them anew for every piece of text."""
    return base + style


def parts_width(parts: Sequence[Part]) -> int:
    """Cells that some parts take."""
    return sum([cells_of(text) for text, _ in parts])


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
    if old.cell_length != new.cell_length:
        return [(0, max(old.cell_length, new.cell_length))]
    before, after = list(old), list(new)
    first, last = 0, 0
    most = min(len(before), len(after))
    while first < most and before[first] == after[first]:
        first += 1
    while last < most - first and before[-1 - last] == after[-1 - last]:
        last += 1
    start = sum([cells_of(segment.text) for segment in before[:first]])
    spans: list[tuple[int, int]] = []
    changed = zip(_cells(before[first : len(before) - last]), _cells(after[first : len(after) - last]), strict=False)
    for x, (a, b) in enumerate(changed, start=start):
        if a != b:
            if spans and x - spans[-1][1] <= _GAP:
                spans[-1] = (spans[-1][0], x + 1)
            else:
                spans.append((x, x + 1))
    return spans


def _cells(segments: Sequence[Segment]) -> list[tuple[str, Style | None]]:
    cells: list[tuple[str, Style | None]] = []
    for text, style, _ in segments:
        if text.isascii() or cell_len(text) == len(text):
            cells.extend([(char, style) for char in text])
            continue
        for char in text:
            width = cell_len(char)
            if width:
                cells.append((char, style))
                cells.extend([("", style)] * (width - 1))
            elif cells:
                cells[-1] = (cells[-1][0] + char, style)
    return cells
