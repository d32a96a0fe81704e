"""KeyBar: the keys one may want next, or for a moment what the last one has done."""

from collections.abc import Sequence

from rich.style import Style
from textual.events import Click
from textual.timer import Timer

from tui.dashboard.keys import key_name, keys_by_binding
from tui.dashboard.look import Look, look_of
from tui.dashboard.widgets.lines import Lines, Part, parts_width
from tui.text.formatting import clip, cut

_MESSAGE_S = 5.0
_GAP = "   "
_BLANK = Style()

Hint = tuple[tuple[str, ...], str, int]
"""Bindings' ids, a word for them, and a rank."""
Hints = Sequence[Hint]


class KeyBar(Lines):
    """Shows the hints that fit, with the keys as they are bound."""

    def __init__(self, hints: Hints) -> None:
        """Where not all hints fit, low ranks stay."""
        super().__init__()
        self._hints = hints
        self._message: Part | None = None
        self._to_select = ""
        self._pressed: list[tuple[range, str]] = []
        self._timer: Timer | None = None

    def ground(self, look: Look) -> Style:
        """A bar."""
        return look.bar

    def show_hints(self, hints: Hints) -> None:
        """Show others, or the same with other keys: what has the focus is another."""
        self._hints = hints
        self.update_lines()

    def say(self, text: str, *, is_problem: bool = False) -> None:
        """Show a message in place of the keys for a few seconds."""
        self.next_key()
        look = look_of(self)
        style = look.warning if is_problem else look.text
        self._message = (f" {clip(' '.join(text.split()), max(self.size.width - 2, 1), look.glyphs.ellipsis)}", style)
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(_MESSAGE_S, self.clear)
        self.update_lines()

    def offer(self, text: str, to_select: str) -> None:
        """Show a message, and below it what can be selected with the terminal's own means, until the next key."""
        self.say(text)
        if self._timer is not None:
            self._timer.stop()
        self._to_select = to_select
        self.styles.height = 1 + len(self._selectable(self.size.width))
        self.update_lines()

    def next_key(self) -> None:
        """A key was pressed: what was there to be selected makes way."""
        if self._to_select:
            self._to_select = ""
            self.styles.height = 1
            self.clear()

    @property
    def message(self) -> str:
        """What is being said, empty if nothing is."""
        return self._message[0].strip() if self._message else ""

    def clear(self) -> None:
        """Show the keys again."""
        self._message = None
        self.update_lines()

    def _selectable(self, width: int) -> list[str]:
        """Cut at the edge and nowhere else, blanks or not, so that the pieces are one when they are pasted."""
        rest, pieces = self._to_select, []
        while rest:
            piece = cut(rest, width)
            pieces.append(piece)
            rest = rest[len(piece) :]
        return pieces

    def build_lines(self, width: int, height: int) -> Sequence[Sequence[Part]]:
        """The line."""
        if self._message is not None:
            # From the edge on, so that what is selected has no blanks before it.
            return [[self._message], *([(line, look_of(self).strong)] for line in self._selectable(width))]
        look = look_of(self)
        keys = keys_by_binding(self.screen)
        hints: list[tuple[int, list[tuple[Part, str]]]] = []
        for ids, word, rank in self._hints:
            bound = [keys[binding][0] for binding in ids if binding in keys]
            if bound:
                named = [(f"{key_name(key)} ".translate(look.glyphs.key_names), key) for key in bound]
                pressed = [((name, look.key), key) for name, key in named]
                hints.append((rank, [*pressed, ((f"{word}{_GAP}", look.muted), bound[0])]))
        room = width + len(_GAP) - 2
        kept: set[int] = set()
        for rank in sorted({rank for rank, _ in hints}):
            cells = sum(
                parts_width([part for part, _ in parts]) for other, parts in hints if other in kept or other == rank
            )
            if cells <= room:
                kept.add(rank)
        line: list[Part] = [(" ", _BLANK)]
        self._pressed = []
        for part, key in (each for rank, parts in hints if rank in kept for each in parts):
            start = parts_width(line)
            line.append(part)
            self._pressed.append((range(start, start + parts_width([(part[0].rstrip(), part[1])])), key))
        return [line]

    def on_click(self, event: Click) -> None:
        """Press the key that is told there."""
        if self._message is not None:
            return
        for cells, key in self._pressed:
            if event.x in cells:
                self.app.simulate_key(key)
