"""How keys are called, for hints and help, and which ones a binding has."""

from collections.abc import Iterable, Iterator, Mapping

from textual.binding import ActiveBinding, Binding
from textual.keys import key_to_character
from textual.screen import Screen

_NAMES = {
    "question_mark": "?",
    "slash": "/",
    "plus": "+",
    "minus": "-",
    "equals_sign": "=",
    "comma": ",",
    "colon": ":",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "vertical_line": "|",
    "full_stop": ".",
    "pageup": "pgup",
    "pagedown": "pgdn",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "escape": "esc",
    "down": "↓",
    "up": "↑",
    "left": "←",
    "right": "→",
}


def key_name(key: str) -> str:
    """`?` for `question_mark`, `ctrl+d` as it is."""
    *modifiers, last = key.split("+")
    return "+".join([*modifiers, _NAMES.get(last, last)])


def active_bindings(screen: Screen[object]) -> Iterator[ActiveBinding]:
    """The bindings whose keys do something now: while a line is being typed, not those whose keys are text."""
    focused = screen.focused
    for active in screen.active_bindings.values():
        key = active.binding.key
        if focused is None or not focused.check_consume_key(key, key_to_character(key)):
            yield active


def keys_by_binding(screen: Screen[object]) -> dict[str, list[str]]:
    """The keys of every binding that is in force on a screen, by the binding's id, as Textual calls them."""
    found: dict[str, list[str]] = {}
    for active in active_bindings(screen):
        if active.binding.id:
            found.setdefault(active.binding.id, []).append(active.binding.key)
    return found


class Keys:
    """The keys of all bindings by their ids, for sentences that name a key; as the keymap has them."""

    def __init__(self, bindings: Iterable[Binding] = (), keymap: Mapping[str, str] | None = None) -> None:
        """`bindings` have one key each; `keymap` is as Textual takes it."""
        self._names: dict[str, str] = {}
        for binding in bindings:
            if binding.id:
                first = (keymap or {}).get(binding.id, binding.key).partition(",")[0].strip()
                self._names.setdefault(binding.id, key_name(first))

    def __call__(self, binding_id: str) -> str:
        """The first key of a binding; a dash if it has none."""
        return self._names.get(binding_id, "–")
