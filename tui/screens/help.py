"""HelpScreen: every key that is bound, made from the bindings themselves."""

from collections.abc import Sequence
from typing import ClassVar

from rich.style import Style
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from tui.formatting import clip, pad
from tui.keys import key_name
from tui.look import look_of
from tui.widgets.lines import Part
from tui.widgets.scroll_lines import ScrollLines

_GROUPS = {
    "move": "Move",
    "scroll": "Move",
    "job": "Jobs",
    "mark": "Marks: with marks, an action means the marked jobs",
    "view": "View",
    "workers": "Workers",
    "app": "hotfolio",
    "screen": "This screen",
}

Entries = dict[str, list[tuple[str, str]]]


def help_entries(screen: Screen[object]) -> Entries:
    """Group title to keys and what they do, as they are bound on a screen."""
    by_id: dict[str, tuple[list[str], str]] = {}
    for active in screen.active_bindings.values():
        binding = active.binding
        if binding.id and binding.description:
            by_id.setdefault(binding.id, ([], binding.description))[0].append(key_name(binding.key))
    entries: Entries = {}
    for group, title in _GROUPS.items():
        for binding_id, (keys, description) in by_id.items():
            if binding_id.partition(".")[0] == group:
                entries.setdefault(title, []).append((" ".join(keys), description))
    return entries


class _HelpLines(ScrollLines):
    def __init__(self, entries: Entries) -> None:
        super().__init__()
        self._entries = entries

    def build_lines(self, width: int) -> Sequence[Sequence[Part]]:
        """Two columns where both fit."""
        look = look_of(self)
        column = max(width // 2 - 1, 30) if width >= 100 else width
        key_width = 14
        lines: list[list[Part]] = []
        for title, entries in self._entries.items():
            if lines:
                lines.append([])
            lines.append([(title, look.title)])
            cells: list[list[Part]] = [
                [
                    (pad(keys, key_width), look.key),
                    (pad(clip(text, column - key_width - 1, look.glyphs.ellipsis), column - key_width), look.text),
                ]
                for keys, text in entries
            ]
            per_line = 2 if width >= 100 else 1
            half = -(-len(cells) // per_line)
            for row in range(half):
                line = list(cells[row])
                if per_line == 2 and row + half < len(cells):
                    line += [("  ", Style()), *cells[row + half]]
                lines.append(line)
        return lines


class HelpScreen(ModalScreen[None]):
    """What the keys do on the screen below."""

    DEFAULT_CSS = """
    HelpScreen { align: center middle; background: $background 60%; }
    HelpScreen #help {
        width: 116; max-width: 100%; height: 40; max-height: 100%;
        background: $background; border: round $border; border-title-color: $primary; padding: 0 1;
    }
    HelpScreen #foot { height: 1; color: $foreground-muted; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1", "leave", "Back", id="screen.leave"),
    ]

    def __init__(self, entries: Entries) -> None:
        super().__init__()
        self._entries = entries

    def compose(self) -> ComposeResult:
        """The keys, and how to get back."""
        with Vertical(id="help") as box:
            box.border_title = "Keys"
            yield _HelpLines(self._entries)
            yield Static(Content("j k to scroll, esc to go back"), id="foot")

    def on_mount(self) -> None:
        """Scroll with the keys."""
        self.query_one(_HelpLines).focus()

    def action_leave(self) -> None:
        """Back to where one was."""
        self.dismiss(None)
