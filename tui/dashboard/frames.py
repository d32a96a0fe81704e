"""Frames that cost little: of a changed line, only the cells that changed, and of their styles, only what differs.

Textual 8.2 renders every line of the region that surrounds all changes, and sends a changed line from the left edge of
its widget on, every piece of text with its whole style. Over SSH at four frames a second that is 30 KB/s for a screen
on which a few numbers change. This replaces the last steps alone, those from changed regions to bytes; if a Textual
has them no longer, frames are made as Textual makes them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import Compositor, CompositorUpdate, LayoutUpdate
from textual.geometry import Offset, Region
from textual.screen import Screen
from textual.widget import Widget

_Render = Callable[[int, int, int], Iterable[Segment]]
_Front = tuple[int, int, _Render, Offset]
"""Cells from the first to before the last, what renders the widget in front there, and where the widget begins."""
Piece = tuple[int, int, Iterable[Segment]]
_MARK = "\x00"
_codes: dict[tuple[Style, ColorSystem], str] = {}


@runtime_checkable
class SpanRenderer(Protocol):
    """A widget that can tell some cells of a line without making strips of them."""

    def render_span(self, y: int, first: int, end: int) -> Sequence[Segment]:
        """The cells of a line from `first` to before `end`."""


class SpansUpdate(CompositorUpdate):
    """Writes exactly what is to be updated."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        """`pieces` are told with the cell each begins at: x, y."""
        self.pieces = pieces

    def render_segments(self, console: Console) -> str:
        """The bytes, as text."""
        colours = console._color_system or ColorSystem.TRUECOLOR
        out: list[str] = []
        current: Style | None = None
        for x, y, span in self.pieces:
            out.append(f"\x1b[{y + 1};{x + 1}H")
            for text, style, control in span:
                if control:
                    continue
                style = style or Style.null()
                if style != current and not (current is not None and _same_blanks(text, style, current)):
                    out.append("\x1b[m" + _code(style, colours) if current is not None else _code(style, colours))
                    current = style
                out.append(text)
        out.append("\x1b[m")
        return "".join(out)


class SpansCompositor(Compositor):
    """Textual's compositor, with partial updates of our own."""

    def __init__(self) -> None:
        super().__init__()
        self._widgets_seen: Mapping[Widget, tuple[Region, Region]] | None = None
        self._fronts: dict[int, list[_Front]] = {}
        """By line, for the widgets seen last: Textual makes a new mapping whenever one has moved."""
        self.on_full_frame: Callable[[], object] = lambda: None
        """Called when the whole screen is about to be written, over whatever else the terminal shows."""

    def render_full_update(self, simplify: bool = False) -> LayoutUpdate:
        """As Textual does, which is rare."""
        self.on_full_frame()
        return super().render_full_update(simplify)

    def render_partial_update(self) -> SpansUpdate | None:  # type: ignore[override]
        """Only what has changed, each cell from the widget that is in front there."""
        regions = self._dirty_regions.copy()
        self._dirty_regions.clear()
        if not regions:
            return None
        width, height = self.size
        widgets = self.visible_widgets
        if widgets is not self._widgets_seen:
            self._widgets_seen = widgets
            self._fronts = {}
        pieces: list[Piece] = []
        for y, first, end in self._regions_to_spans(regions):
            if not 0 <= y < height:
                continue
            front = self._fronts.get(y)
            if front is None:
                front = self._fronts[y] = _front_of(widgets, y, width)
            for left, right, render, origin in front:
                x, x_end = max(first, left), min(end, right)
                if x < x_end:
                    pieces.append((x, y, render(y - origin.y, x - origin.x, x_end - origin.x)))
        return SpansUpdate(pieces)


def send_only_changes(screen: Screen[Any]) -> None:
    """Have a screen's frames sent this way; call it when the screen is made."""
    if type(getattr(screen, "_compositor", None)) is Compositor:
        screen._compositor = SpansCompositor()


def on_full_frame(screen: Screen[Any], call: Callable[[], object]) -> None:
    """Have something called when the whole of a screen is about to be written."""
    if isinstance(screen._compositor, SpansCompositor):
        screen._compositor.on_full_frame = call


def _front_of(widgets: Mapping[Widget, tuple[Region, Region]], y: int, width: int) -> list[_Front]:
    """Which widget is seen where in a line, from left to right; `widgets` come front to back."""
    fronts: list[_Front] = []
    uncovered = [(0, width)]
    for widget, (region, clip) in widgets.items():
        if not max(region.y, clip.y) <= y < min(region.bottom, clip.bottom):
            continue
        left, right = max(region.x, clip.x), min(region.right, clip.right)
        rest: list[tuple[int, int]] = []
        for start, stop in uncovered:
            x, x_end = max(start, left), min(stop, right)
            if x >= x_end:
                rest.append((start, stop))
                continue
            fronts.append((x, x_end, _renderer_of(widget), region.offset))
            if start < x:
                rest.append((start, x))
            if x_end < stop:
                rest.append((x_end, stop))
        uncovered = rest
        if not uncovered:
            break
    return sorted(fronts, key=_by_left)


def _renderer_of(widget: Widget) -> _Render:
    """How to have some cells of a widget's line: its own way if it has one, else as a strip."""
    if isinstance(widget, SpanRenderer):
        return widget.render_span
    return lambda y, first, end: widget.render_lines(Region(first, y, end - first, 1))[0]


def _by_left(front: _Front) -> int:
    return front[0]


def _same_blanks(text: str, style: Style, current: Style) -> bool:
    """Whether `text` looks the same in both styles, because only the background of a blank can be seen."""
    return (
        not text.strip(" ")
        and style.bgcolor == current.bgcolor
        and not (style.underline or style.reverse or style.strike)
        and not (current.underline or current.reverse or current.strike)
    )


def _code(style: Style, colours: ColorSystem) -> str:
    """What turns a style on, from none."""
    key = (style, colours)
    code = _codes.get(key)
    if code is None:
        if len(_codes) > 1000:
            _codes.clear()
        code = _codes[key] = style.render(_MARK, color_system=colours).partition(_MARK)[0]
    return code
