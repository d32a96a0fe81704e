"""PasswordDialog: one line for the password of a locked PDF, which nobody can read over a shoulder."""

import asyncio
from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from engine.base.errors import HotfolioError
from engine.base.safetext import display_text
from tui.dashboard.screens.choice_dialog import ChoiceDialog

Check = Callable[[str], Sequence[int]]
"""Tells the jobs that a password opens; may take a while, and raise `HotfolioError`."""
_WRONG = "This password does not open it. Try another one."


class PasswordDialog(ModalScreen[tuple[str, Sequence[int]] | None]):
    """Dismissed with a password and the jobs that it opens, at least one; None for Escape or an empty line."""

    DEFAULT_CSS = (
        ChoiceDialog.DEFAULT_CSS.replace("ChoiceDialog", "PasswordDialog")
        + """
    PasswordDialog Input {
        height: 1; border: none; padding: 0 1; background: $panel;
        &:focus { border: none; background-tint: transparent 0%; }
    }
    PasswordDialog #told { height: auto; color: $warning; }
    PasswordDialog #keys { color: $foreground-muted; margin-top: 1; }
    """
    )

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", id="dialog.leave"),
    ]

    def __init__(self, title: str, text: str, check: Check) -> None:
        """Title and text are plain text, shown as they are."""
        super().__init__()
        self._question = title
        self._explanation = text
        self._check = check

    def compose(self) -> ComposeResult:
        """The question and the line."""
        with Vertical(id="dialog"):
            yield Static(Content(self._question), id="title")
            yield Static(Content(self._explanation), id="text")
            yield Input(password=True, compact=True)
            yield Static(id="told")
            yield Static(Content("enter to try it, esc to go back"), id="keys")

    def on_mount(self) -> None:
        """Begin to type."""
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter."""
        event.stop()
        if not event.value:
            self.dismiss(None)
            return
        self._tell("Trying it …")
        self.run_worker(self._try(event.value), exclusive=True)

    def action_leave(self) -> None:
        """Give none."""
        self.dismiss(None)

    async def _try(self, password: str) -> None:
        try:
            opened = await asyncio.to_thread(self._check, password)
        except HotfolioError as error:
            self._tell(display_text(str(error)))
            return
        if opened:
            self.dismiss((password, opened))
            return
        line = self.query_one(Input)
        if line.value == password:  # else the next one is being typed
            line.value = ""
        self._tell(_WRONG)

    def _tell(self, text: str) -> None:
        self.query_one("#told", Static).update(Content(text))
