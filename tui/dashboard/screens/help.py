"""HelpScreen: every key that is bound, made from the bindings themselves, and found by what one wants."""

from collections.abc import Sequence
from typing import ClassVar

from rich.style import Style
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen, Screen
from textual.widgets import Input

from tui.dashboard.guide.wishes import HelpLine, granted
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
    (("help.down", "help.up"), "scroll", 2),
    (("help.ids",), "names for [keys] in hotfolio.toml", 1),
)
_WISH = "Type what you want: faster, again, where. Or look through all:"
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
    "node": "The machine under the cursor",
    "workers": "Workers",
    "app": "hotfolio",
    "screen": "This screen",
}

Entries = dict[str, list[HelpLine]]
"""By the title of their group."""


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
        self._wish = ""
        self.shows_ids = False

    def wish(self, wish: str) -> None:
        """Show only what does what somebody wants; all of it for an empty wish."""
        self._wish = wish
        self.scroll_home(animate=False)
        self.update_lines()

    def build_lines(self, width: int) -> Sequence[Sequence[Part]]:
        """Two columns where both fit, or one with the bindings' ids."""
        look = look_of(self)
        if self._wish.strip():
            return self._granted(width, look)
        per_line = 2 if width >= _TWO_COLUMNS and not self.shows_ids else 1
        column = width // per_line - per_line + 1
        lines: list[list[Part]] = [[(_WISH, look.muted)]]
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

    def _granted(self, width: int, look: Look) -> Sequence[Sequence[Part]]:
        every = {line[2]: line for entries in self._entries.values() for line in entries}
        found = granted(every.values(), self._wish)
        if not found:
            return [[("Nothing is called that.", look.muted)]]
        return [self._cell(*line, width, look) for line in found]

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
    HelpScreen Input { height: 1; border: none; padding: 0; background: $surface; }
    HelpScreen Input:focus { border: none; background-tint: transparent 0%; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Clear what is typed, then back", id="screen.leave", priority=True),
        Binding("f1", "leave", "Back", id="help.leave", priority=True),
        Binding("tab", "toggle_ids", "Names of the bindings", id="help.ids", priority=True),
        Binding("down", "scroll(1)", "Down", id="help.down", priority=True),
        Binding("up", "scroll(-1)", "Up", id="help.up", priority=True),
        Binding("pagedown", "scroll_page(1.0)", "A screen down", id="help.page_down", priority=True),
        Binding("pageup", "scroll_page(-1.0)", "A screen up", id="help.page_up", priority=True),
    ]

    def __init__(self, entries: Entries) -> None:
        super().__init__()
        self._entries = entries

    def compose(self) -> ComposeResult:
        """What one wants, the keys, and how to get back."""
        with Vertical(id="help") as box:
            box.border_title = "Keys"
            yield Input(compact=True)
            yield _HelpLines(self._entries)
            yield KeyBar(_HINTS)

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one(Input).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Look for it with every key; what is pasted must not steer the terminal that the line is shown on."""
        event.stop()
        if event.value == "?":  # the key that has opened it
            self.action_leave()
        elif event.value.isprintable():
            self.query_one(_HelpLines).wish(event.value)
        else:
            self.query_one(Input).value = "".join(char for char in event.value if char.isprintable())

    def action_scroll(self, by: int) -> None:
        """Scroll by lines."""
        self.query_one(_HelpLines).action_scroll(by)

    def action_scroll_page(self, share: float) -> None:
        """Scroll by a share of the height."""
        self.query_one(_HelpLines).action_scroll_page(share)

    def action_toggle_ids(self) -> None:
        """Show what the bindings are called in the settings, or no longer."""
        lines = self.query_one(_HelpLines)
        lines.shows_ids = not lines.shows_ids
        lines.update_lines()

    def action_back(self) -> None:
        """Clear what is typed; if there is nothing, back to where one was."""
        line = self.query_one(Input)
        if line.value:
            line.value = ""
        else:
            self.action_leave()

    def action_leave(self) -> None:
        """Back to where one was."""
        self.dismiss(None)
