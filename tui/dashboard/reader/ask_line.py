"""AskLine: a line at the bottom to type words to look for into, or the number of a page."""

from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static


class AskLine(Horizontal):
    """Out of sight until something is asked."""

    DEFAULT_CSS = """
    AskLine { height: 1; display: none; background: $surface; }
    AskLine.-open { display: block; }
    AskLine #about { width: auto; color: $primary; text-style: bold; }
    AskLine Input { width: 1fr; height: 1; border: none; padding: 0; background: $surface; }
    AskLine Input:focus { border: none; background-tint: transparent 0%; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "keep", "Take what is typed", id="ask.keep", priority=True),
        Binding("escape", "drop", "Leave it", id="ask.drop"),
    ]

    @dataclass
    class Typed(Message):
        """What stands there so far."""

        about: str
        text: str

        def can_replace(self, message: Message) -> bool:
            """Of several that wait, only the last counts."""
            return isinstance(message, AskLine.Typed)

    @dataclass
    class Closed(Message):
        """It was typed to the end; or given up, where the text is None."""

        about: str
        text: str | None

    def __init__(self, behind: Widget) -> None:
        """`behind` has the keys once something has been typed."""
        super().__init__()
        self._behind = behind
        self._about = ""

    def compose(self) -> ComposeResult:
        """What it is about, and the line."""
        yield Static(Content(""), id="about")
        yield Input(compact=True)

    def ask(self, about: str, label: str) -> None:
        """Begin to type; `about` comes with the messages."""
        self._about = about
        self.query_one("#about", Static).update(Content(f" {label} "))
        self.query_one(Input).value = ""
        self.add_class("-open")
        # At once; `Widget.focus` waits, and what is typed meanwhile would go elsewhere.
        self.screen.set_focus(self.query_one(Input))

    @property
    def is_open(self) -> bool:
        """Whether something is being typed."""
        return self.has_class("-open")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Tell it; what is pasted must not steer the terminal that the line is shown on."""
        event.stop()
        if not event.value.isprintable():
            self.query_one(Input).value = "".join(char for char in event.value if char.isprintable())
        elif self.is_open:
            self.post_message(self.Typed(self._about, event.value))

    def on_descendant_blur(self) -> None:
        """Give it up when the person goes elsewhere, but not when it is the terminal that goes to the back."""
        if self.is_open and self.app.app_focus:
            self._close(None)

    def action_keep(self) -> None:
        """Take what is typed."""
        self._close(self.query_one(Input).value)
        self.screen.set_focus(self._behind)

    def action_drop(self) -> None:
        """Leave it."""
        self._close(None)
        self.screen.set_focus(self._behind)

    def _close(self, text: str | None) -> None:
        self.remove_class("-open")
        self.post_message(self.Closed(self._about, text))
