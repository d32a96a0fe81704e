"""ChoiceDialog: a question with a few answers, the safe one first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

Answer = TypeVar("Answer")
AnswerT_co = TypeVar("AnswerT_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Choice(Generic[AnswerT_co]):
    """One answer, its key, and what it means."""

    key: str
    label: str
    answer: AnswerT_co


class ChoiceDialog(ModalScreen[Answer | None], Generic[Answer]):
    """Dismissed with the answer chosen; None for Escape. Enter takes the first choice unless another is picked."""

    DEFAULT_CSS = """
    ChoiceDialog {
        align: center middle;
        background: $background 60%;
    }
    ChoiceDialog #dialog {
        width: 64; max-width: 90%; height: auto; max-height: 90%;
        background: $surface;
        border: round $border;
        padding: 0 1;
    }
    ChoiceDialog:ansi #dialog { background: ansi_default; }
    ChoiceDialog #title { text-style: bold; }
    ChoiceDialog #text { color: $foreground-muted; margin-bottom: 1; }
    ChoiceDialog OptionList {
        height: auto; border: none; background: transparent; padding: 0;
        &:focus { border: none; background-tint: transparent 0%; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "Back", id="dialog.leave"),
        Binding("j", "move(1)", "Next answer", id="dialog.down"),
        Binding("k", "move(-1)", "Previous answer", id="dialog.up"),
    ]

    def __init__(self, title: str, text: str, choices: Sequence[Choice[Answer | None]]) -> None:
        """Title and text are plain text, shown as they are."""
        super().__init__()
        self._question = title
        self._explanation = text
        self._choices = choices
        for index, choice in enumerate(choices):
            self._bindings.bind(choice.key, f"choose({index})", choice.label)

    def compose(self) -> ComposeResult:
        """The question, and its answers as a list."""
        with Vertical(id="dialog"):
            yield Static(Content(self._question), id="title")
            yield Static(Content(self._explanation), id="text")
            yield OptionList(*(Option(Content(f" {choice.key}  {choice.label}")) for choice in self._choices))

    def on_mount(self) -> None:
        """Begin at the safe answer."""
        answers = self.query_one(OptionList)
        answers.focus()
        answers.highlighted = 0

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter or a click."""
        self.action_choose(event.option_index)

    def action_choose(self, index: int) -> None:
        """Give an answer."""
        self.dismiss(self._choices[index].answer)

    def action_leave(self) -> None:
        """Give none."""
        self.dismiss(None)

    def action_move(self, by: int) -> None:
        """Go to another answer."""
        answers = self.query_one(OptionList)
        answers.action_cursor_down() if by > 0 else answers.action_cursor_up()
