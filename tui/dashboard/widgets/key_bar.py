"""KeyBar: the keys one may want next, or for a moment what the last one has done."""

from collections.abc import Sequence

from rich.style import Style
from textual.timer import Timer

from tui.dashboard.keys import keys_by_binding
from tui.dashboard.look import look_of
from tui.dashboard.widgets.lines import Lines, Part, parts_width
from tui.text.formatting import clip

_MESSAGE_S = 5.0
_GAP = "   "
_BLANK = Style()

Hints = Sequence[tuple[tuple[str, ...], str, int]]
"""Bindings' ids, a word for them, and a rank."""


class KeyBar(Lines):
    """Shows the hints that fit, with the keys as they are bound."""

    def __init__(self, hints: Hints) -> None:
        """Where not all hints fit, low ranks stay."""
        super().__init__()
        self._hints = hints
        self._message: Part | None = None
        self._timer: Timer | None = None

    def show_hints(self, hints: Hints) -> None:
        """Show others, or the same with other keys: what has the focus is another."""
        self._hints = hints
        self.update_lines()

    def say(self, text: str, *, is_problem: bool = False) -> None:
        """Show a message in place of the keys for a few seconds."""
        look = look_of(self)
        style = look.warning if is_problem else look.text
        self._message = (f" {clip(' '.join(text.split()), max(self.size.width - 2, 1), look.glyphs.ellipsis)}", style)
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(_MESSAGE_S, self.clear)
        self.update_lines()

    @property
    def message(self) -> str:
        """What is being said, empty if nothing is."""
        return self._message[0].strip() if self._message else ""

    def clear(self) -> None:
        """Show the keys again."""
        self._message = None
        self.update_lines()

    def build_lines(self, width: int, height: int) -> Sequence[Sequence[Part]]:
        """The line."""
        if self._message is not None:
            return [[self._message]]
        look = look_of(self)
        keys = keys_by_binding(self.screen)
        hints: list[tuple[int, list[Part]]] = []
        for ids, word, rank in self._hints:
            bound = [keys[binding][0] for binding in ids if binding in keys]
            if bound:
                names = " ".join(bound).translate(look.glyphs.key_names)
                hints.append((rank, [(names, look.key), (f" {word}{_GAP}", look.muted)]))
        room = width + len(_GAP) - 2
        kept: set[int] = set()
        for rank in sorted({rank for rank, _ in hints}):
            cells = sum(parts_width(parts) for other, parts in hints if other in kept or other == rank)
            if cells <= room:
                kept.add(rank)
        return [[(" ", _BLANK), *(part for rank, parts in hints if rank in kept for part in parts)]]
