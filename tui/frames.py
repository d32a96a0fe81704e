"""Frames that cost few bytes: of a changed line, only the cells that changed, and of their styles, only what differs.

Textual 8.2 sends a changed region from the left edge of its widget on, and every piece of text with its whole style.
Over SSH at four frames a second that is 30 KB/s for a screen on which a few numbers change. This replaces the last
step alone, the one from cells to bytes; if a Textual has it no longer, frames are sent as Textual sends them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.color import ColorSystem
from rich.console import Console
from rich.style import Style
from textual._compositor import ChopsUpdate, Compositor
from textual.screen import Screen
from textual.strip import Strip

_MARK = "\x00"
_codes: dict[tuple[Style, ColorSystem], str] = {}


class SpansUpdate(ChopsUpdate):
    """Writes exactly the spans that are to be updated."""

    def render_segments(self, console: Console) -> str:
        """The bytes, as text."""
        colours = console._color_system or ColorSystem.TRUECOLOR
        out: list[str] = []
        current: Style | None = None
        for y, start, end in self.spans:
            for x, strip in _pieces(self.chops[y], self.chop_ends[y], start, end):
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

    def render_partial_update(self) -> ChopsUpdate | None:
        """Only what has changed."""
        update = super().render_partial_update()
        return None if update is None else SpansUpdate(update.chops, update.spans, update.chop_ends)


def send_only_changes(screen: Screen[Any]) -> None:
    """Have a screen's frames sent this way; call it when the screen is made."""
    if type(getattr(screen, "_compositor", None)) is Compositor:
        screen._compositor = SpansCompositor()


def _pieces(line: Mapping[int, Strip | None], ends: Sequence[int], start: int, end: int) -> list[tuple[int, Strip]]:
    """The parts of a line, widget by widget, that lie between two cells, each with where it begins."""
    pieces = []
    for stop, (x, strip) in zip(ends, line.items(), strict=False):
        if strip is not None and x < end and stop > start:
            first, last = max(x, start), min(stop, end)
            pieces.append((first, strip if (first, last) == (x, stop) else strip.crop(first - x, last - x)))
    return pieces


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
