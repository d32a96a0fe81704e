"""KeyBar: the keys one may want next, or for a moment what the last one has done."""

from collections.abc import Sequence

from rich.style import Style
from textual.timer import Timer

from tui.formatting import clip
from tui.keys import keys_by_binding
from tui.look import look_of
from tui.widgets.lines import Lines, Part, parts_width

_MESSAGE_S = 5.0
_BLANK = Style()


class KeyBar(Lines):
    """Shows the hints that fit, the first ones first, with the keys as they are bound."""

    def __init__(self, hints: Sequence[tuple[tuple[str, ...], str]]) -> None:
        """`hints` are bindings' ids and a word for them."""
        super().__init__()
        self._hints = hints
        self._message: Part | None = None
        self._timer: Timer | None = None

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
        parts: list[Part] = [(" ", _BLANK)]
        for ids, word in self._hints:
            bound = [keys[binding][0] for binding in ids if binding in keys]
            if not bound:
                continue
            hint: list[Part] = [(" ".join(bound), look.key), (f" {word}   ", look.muted)]
            if parts_width(parts) + parts_width(hint) - 2 <= width:
                parts += hint
        return [parts]
