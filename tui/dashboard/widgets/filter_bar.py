"""FilterBar: one line to type a filter into."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.dashboard.jobfilter import FilterError, parse_filter
from tui.dashboard.messages import FilterChanged, FilterClosed

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
        # Before the line itself: what is typed right behind it, or comes with it, is for the list.
        Binding("enter,tab", "keep", "Keep the filter", id="filter.keep", priority=True),
        Binding("escape", "drop", "Drop the filter", id="filter.drop"),
    ]

    def __init__(self, behind: Widget) -> None:
        """`behind` has the keys once a filter has been typed."""
        super().__init__()
        self._behind = behind

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

    @property
    def is_open(self) -> bool:
        """Whether a filter is being typed."""
        return self.has_class("-open")

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
            if not self.is_open:  # the key that keeps it was quicker than the last ones of the text
                self.open()
            return
        if note.has_class("-wrong"):
            note.remove_class("-wrong")
            note.update(Content(_HELP))
        self.post_message(FilterChanged(job_filter))

    def on_descendant_blur(self) -> None:
        """Keep the filter when the person goes elsewhere, but not when it is the terminal that goes to the back."""
        if self.is_open and self.app.app_focus:
            self._close(keep=True)

    def action_keep(self) -> None:
        """Go back to the list, unless the filter has to be mended first."""
        if not self.query_one("#note").has_class("-wrong"):
            self._close(keep=True)
            self.screen.set_focus(self._behind)

    def action_drop(self) -> None:
        """Go back to the list without a filter."""
        self._close(keep=False)
        self.screen.set_focus(self._behind)

    def _close(self, *, keep: bool) -> None:
        self.remove_class("-open")
        self.post_message(FilterClosed(keep))
