"""FilterBar: one line to type a filter into."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Static

from tui.jobfilter import FilterError, parse_filter
from tui.messages import FilterChanged, FilterClosed

_HELP = "name  !name  state:failed  pages>100"


class FilterBar(Horizontal):
    """Narrows the list with every key; Enter keeps the filter, Escape drops it."""

    DEFAULT_CSS = """
    FilterBar { height: 1; display: none; background: $surface; }
    FilterBar.-open { display: block; }
    FilterBar #slash { width: 3; color: $primary; text-style: bold; }
    FilterBar Input { width: 1fr; height: 1; border: none; padding: 0; background: $surface; }
    FilterBar Input:focus { border: none; background-tint: transparent 0%; }
    FilterBar #note { width: auto; max-width: 60%; color: $foreground-muted; padding: 0 1; }
    FilterBar #note.-wrong { color: $error; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "drop", "Drop the filter", id="filter.drop"),
    ]

    def compose(self) -> ComposeResult:
        """A slash, the line, and a note on its meaning."""
        yield Static(Content(" / "), id="slash")
        yield Input(compact=True, select_on_focus=False)
        yield Static(Content(_HELP), id="note")

    def open(self) -> None:
        """Begin to type."""
        self.add_class("-open")
        # At once; `Widget.focus` waits, and what is typed meanwhile would go elsewhere.
        self.screen.set_focus(self.query_one(Input))

    def close(self) -> None:
        """Out of sight."""
        self.remove_class("-open")

    def set_text(self, text: str) -> None:
        """Set what is typed."""
        self.query_one(Input).value = text

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter with every key; what is not a filter yet changes nothing."""
        event.stop()
        if not event.value.isprintable():  # pasted from somewhere: the line itself would show it to the terminal
            self.set_text("".join(char for char in event.value if char.isprintable()))
            return
        note = self.query_one("#note", Static)
        try:
            job_filter = parse_filter(event.value)
        except FilterError as error:
            note.update(Content(str(error)))
            note.add_class("-wrong")
            return
        if note.has_class("-wrong"):
            note.remove_class("-wrong")
            note.update(Content(_HELP))
        self.post_message(FilterChanged(job_filter))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter and go back to the list."""
        event.stop()
        self.post_message(FilterClosed(keep=True))

    def action_drop(self) -> None:
        """Go back to the list without a filter."""
        self.post_message(FilterClosed(keep=False))
