"""How keys are called, for hints and help."""

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
    "full_stop": ".",
    "pageup": "pgup",
    "pagedown": "pgdn",
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


def keys_by_binding(screen: Screen[object]) -> dict[str, list[str]]:
    """The keys of every binding that is in force on a screen, by the binding's id, as the keymap has them."""
    found: dict[str, list[str]] = {}
    for active in screen.active_bindings.values():
        if active.binding.id:
            found.setdefault(active.binding.id, []).append(key_name(active.binding.key))
    return found
