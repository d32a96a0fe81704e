"""PasswordDialog: one line for the password of a locked PDF, which nobody can read over a shoulder."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tui.dashboard.screens.choice_dialog import ChoiceDialog


class PasswordDialog(ModalScreen[str | None]):
    """Dismissed with the password; None for Escape or an empty line."""

    DEFAULT_CSS = (
        ChoiceDialog.DEFAULT_CSS.replace("ChoiceDialog", "PasswordDialog")
        + """
    PasswordDialog Input {
        height: 1; border: none; padding: 0 1; background: $panel;
        &:focus { border: none; background-tint: transparent 0%; }
    }
    PasswordDialog #keys { color: $foreground-muted; margin-top: 1; }
    """
    )

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", id="dialog.leave"),
    ]

    def __init__(self, title: str, text: str) -> None:
        """Title and text are plain text, shown as they are."""
        super().__init__()
        self._question = title
        self._explanation = text

    def compose(self) -> ComposeResult:
        """The question and the line."""
        with Vertical(id="dialog"):
            yield Static(Content(self._question), id="title")
            yield Static(Content(self._explanation), id="text")
            yield Input(password=True, compact=True)
            yield Static(Content("enter to try it, esc to go back"), id="keys")

    def on_mount(self) -> None:
        """Begin to type."""
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter."""
        event.stop()
        self.dismiss(event.value or None)

    def action_leave(self) -> None:
        """Give none."""
        self.dismiss(None)
