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

from engine.base.safetext import display_name
from tui.dashboard.look import Look, look_of

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


class PlainWidget(Widget):
    """A widget of finished lines with neither border nor padding nor opacity, most of what Textual's way costs."""

    def ground(self, look: Look) -> Style:
        """The colours below those of the lines."""
        return look.base

    def render_lines(self, crop: Region) -> list[Strip]:
        """Only what is asked for."""
        first, end = crop.column_span
        return [Strip(self.render_span(y, first, end), end - first) for y in crop.line_range]

    def render_span(self, y: int, first: int, end: int) -> Sequence[Segment]:
        """The cells of a line from `first` to before `end`, as text and styles."""
        look, strip = look_of(self), self.render_line(y)
        if strip.cell_length < end:
            strip = strip.extend_cell_length(end, self.ground(look))
        for line_filter in self.get_line_filters():
            strip = strip.apply_filter(line_filter, look.background)
        if not first and strip.cell_length == end:
            return list(strip)
        return cut_out(strip, first, end)


class Lines(PlainWidget):
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
        self._drawn = draw_lines(self, self._drawn, lines, width, self.ground(look_of(self)))

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

    def render_line(self, y: int) -> Strip:
        """One line as built."""
        if y < len(self._drawn):
            return self._drawn[y].strip
        return Strip.blank(self.size.width, self.ground(look_of(self)))


def cut_out(strip: Strip, first: int, end: int) -> list[Segment]:
    """The cells of a strip from `first` to before `end`."""
    # Strip.crop would measure each text anew, and make a strip with seven caches of every piece.
    span: list[Segment] = []
    x = 0
    for segment in strip:
        if x >= end:
            break
        text, style, _ = segment
        cells = len(text) if text.isascii() else cell_len(text)
        left, right = max(first - x, 0), min(end - x, cells)
        if not left and right == cells:
            span.append(segment)
        elif left < right:
            if cells == len(text):
                span.append(Segment(text[left:right], style))
            else:
                span.append(
                    segment.split_cells(right)[0].split_cells(left)[1] if left else segment.split_cells(right)[0]
                )
        x += cells
    return span


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
    # `cells_of` in place: this counts the parts of every line that may have changed.
    return sum([len(text) if text.isascii() and text.isprintable() else cell_len(text) for text, _ in parts])


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
    changed = _changes_in_place(before, after)
    if changed is None:
        cells = zip(_cells(before), _cells(after), strict=False)
        changed = [x for x, (a, b) in enumerate(cells) if a != b]
    spans: list[tuple[int, int]] = []
    for x in changed:
        if spans and x - spans[-1][1] <= _GAP:
            spans[-1] = (spans[-1][0], x + 1)
        else:
            spans.append((x, x + 1))
    return spans


def _changes_in_place(before: Sequence[Segment], after: Sequence[Segment]) -> list[int] | None:
    """The cells that differ, if each text lies where it lay, as in most lines whose figures change; else None."""
    if len(before) != len(after):
        return None
    changed: list[int] = []
    x = 0
    for (old, old_style, _), (new, new_style, _) in zip(before, after, strict=True):
        cells = len(new) if new.isascii() else cell_len(new)
        # Identity first: the styles are few, and Rich compares them slowly.
        is_same_style = old_style is new_style or old_style == new_style
        if old != new or not is_same_style:
            if not len(old) == len(new) == cells == (cells if old.isascii() else cell_len(old)):
                return None
            if is_same_style:
                changed += [x + nth for nth, (a, b) in enumerate(zip(old, new, strict=True)) if a != b]
            else:
                changed += range(x, x + cells)
        x += cells
    return changed


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
