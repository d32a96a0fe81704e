"""Frames that cost little: of a changed line, only the cells that changed, and of their styles, only what differs.

Textual 8.2 renders every line of the region that surrounds all changes, and sends a changed line from the left edge of
its widget on, every piece of text with its whole style. Over SSH at four frames a second that is 30 KB/s for a screen
on which a few numbers change. This replaces the last steps alone, those from changed regions to bytes; if a Textual
has them no longer, frames are made as Textual makes them.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from rich.color import ColorSystem
from rich.console import Console
from rich.style import Style
from textual._compositor import Compositor, CompositorUpdate
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip

_MARK = "\x00"
_codes: dict[tuple[Style, ColorSystem], str] = {}


class SpansUpdate(CompositorUpdate):
    """Writes exactly what is to be updated."""

    def __init__(self, pieces: Sequence[tuple[int, int, Strip]]) -> None:
        """`pieces` are strips with the cell each begins at: x, y."""
        self.pieces = pieces

    def render_segments(self, console: Console) -> str:
        """The bytes, as text."""
        colours = console._color_system or ColorSystem.TRUECOLOR
        out: list[str] = []
        current: Style | None = None
        for x, y, strip in self.pieces:
            out.append(f"\x1b[{y + 1};{x + 1}H")
            for text, style, control in strip:
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

    def render_partial_update(self) -> SpansUpdate | None:  # type: ignore[override]
        """Only what has changed, each cell from the widget that is in front there."""
        regions = self._dirty_regions.copy()
        self._dirty_regions.clear()
        if not regions:
            return None
        width, height = self.size
        pieces: list[tuple[int, int, Strip]] = []
        for y, first, end in self._regions_to_spans(regions):
            if 0 <= y < height:
                pieces += sorted(self._pieces(y, max(first, 0), min(end, width)), key=_by_x)
        return SpansUpdate(pieces)

    def _pieces(self, y: int, first: int, end: int) -> Iterable[tuple[int, int, Strip]]:
        """The cells of a line from `first` to before `end`; widgets come front to back."""
        uncovered = [(first, end)]
        for widget, (region, clip) in self.visible_widgets.items():
            top, left = max(region.y, clip.y), max(region.x, clip.x)
            if not top <= y < min(region.bottom, clip.bottom):
                continue
            right = min(region.right, clip.right)
            rest: list[tuple[int, int]] = []
            for start, stop in uncovered:
                x, x_end = max(start, left), min(stop, right)
                if x >= x_end:
                    rest.append((start, stop))
                    continue
                (strip,) = widget.render_lines(Region(x - region.x, y - region.y, x_end - x, 1))
                yield x, y, strip
                if start < x:
                    rest.append((start, x))
                if x_end < stop:
                    rest.append((x_end, stop))
            uncovered = rest
            if not uncovered:
                return


def send_only_changes(screen: Screen[Any]) -> None:
    """Have a screen's frames sent this way; call it when the screen is made."""
    if type(getattr(screen, "_compositor", None)) is Compositor:
        screen._compositor = SpansCompositor()


def _by_x(piece: tuple[int, int, Strip]) -> int:
    return piece[0]


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
