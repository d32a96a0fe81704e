"""HelpScreen: every key that is bound, made from the bindings themselves."""

from collections.abc import Sequence
from typing import ClassVar

from rich.style import Style
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen, Screen

from tui.dashboard.keys import active_bindings, key_name
from tui.dashboard.look import Look, look_of
from tui.dashboard.widgets.key_bar import KeyBar
from tui.dashboard.widgets.lines import Part
from tui.dashboard.widgets.scroll_lines import ScrollLines
from tui.text.formatting import clip, pad

_KEY_CELLS = 14
_ID_CELLS = 24
_TWO_COLUMNS = 100
_HINTS = (
    (("screen.leave",), "back", 0),
    (("help.ids",), "names for [keys] in hotfolio.toml", 1),
    (("scroll.down", "scroll.up"), "scroll", 2),
)
_GROUPS = {
    "filter": "The filter that is being typed",
    "move": "Move",
    "scroll": "Move",
    "ask": "What is being typed",
    "read": "Read",
    "changes": "Changes",
    "page": "Pages",
    "job": "Jobs",
    "mark": "Marks: with marks, an action means the marked jobs",
    "view": "View",
    "workers": "Workers",
    "app": "hotfolio",
    "screen": "This screen",
}

Entries = dict[str, list[tuple[str, str, str]]]
"""Group title to keys, what they do, and the id of the binding."""


def help_entries(screen: Screen[object]) -> Entries:
    """What is bound on a screen, as the keymap has it."""
    by_id: dict[str, tuple[list[str], str]] = {}
    for active in active_bindings(screen):
        binding = active.binding
        if binding.id and binding.description:
            by_id.setdefault(binding.id, ([], binding.description))[0].append(key_name(binding.key))
    entries: Entries = {}
    for group, title in _GROUPS.items():
        for binding_id, (keys, description) in by_id.items():
            if binding_id.partition(".")[0] == group:
                entries.setdefault(title, []).append((" ".join(keys), description, binding_id))
    return entries


class _HelpLines(ScrollLines):
    def __init__(self, entries: Entries) -> None:
        super().__init__()
        self._entries = entries
        self.shows_ids = False

    def build_lines(self, width: int) -> Sequence[Sequence[Part]]:
        """Two columns where both fit, or one with the bindings' ids."""
        look = look_of(self)
        per_line = 2 if width >= _TWO_COLUMNS and not self.shows_ids else 1
        column = width // per_line - per_line + 1
        lines: list[list[Part]] = []
        for title, entries in self._entries.items():
            if lines:
                lines.append([])
            lines.append([(title, look.title)])
            cells = [self._cell(*entry, column, look) for entry in entries]
            half = -(-len(cells) // per_line)
            for row in range(half):
                line = list(cells[row])
                if per_line == 2 and row + half < len(cells):
                    line += [("  ", Style()), *cells[row + half]]
                lines.append(line)
        return lines

    def _cell(self, keys: str, text: str, binding_id: str, width: int, look: Look) -> list[Part]:
        id_cells = _ID_CELLS if self.shows_ids else 0
        room = width - _KEY_CELLS - id_cells
        keys = keys.translate(look.glyphs.key_names)
        parts: list[Part] = [
            (pad(clip(keys, _KEY_CELLS - 1, look.glyphs.ellipsis), _KEY_CELLS), look.key),
            (pad(clip(text, room - 1, look.glyphs.ellipsis), room), look.text),
        ]
        return [*parts, (pad(binding_id, id_cells), look.muted)] if id_cells else parts


class HelpScreen(ModalScreen[None]):
    """What the keys do on the screen below."""

    DEFAULT_CSS = """
    HelpScreen { align: center middle; background: $background 60%; }
    HelpScreen #help {
        width: 116; max-width: 100%; height: 40; max-height: 100%;
        background: $background; border: round $border; border-title-color: $primary; padding: 0 1;
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1", "leave", "Back", id="screen.leave"),
        Binding("tab", "toggle_ids", "Names of the bindings", id="help.ids"),
    ]

    def __init__(self, entries: Entries) -> None:
        super().__init__()
        self._entries = entries

    def compose(self) -> ComposeResult:
        """The keys, and how to get back."""
        with Vertical(id="help") as box:
            box.border_title = "Keys"
            yield _HelpLines(self._entries)
            yield KeyBar(_HINTS)

    def on_mount(self) -> None:
        """Scroll with the keys."""
        self.query_one(_HelpLines).focus()

    def action_toggle_ids(self) -> None:
        """Show what the bindings are called in the settings, or no longer."""
        lines = self.query_one(_HelpLines)
        lines.shows_ids = not lines.shows_ids
        lines.update_lines()

    def action_leave(self) -> None:
        """Back to where one was."""
        self.dismiss(None)
