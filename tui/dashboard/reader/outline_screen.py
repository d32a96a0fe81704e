"""OutlineScreen: the headings of a text, to go to one of them."""

from collections.abc import Sequence
from typing import ClassVar

from rich.style import Style
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from tui.dashboard.look import look_of
from tui.dashboard.reader.typesetting import Heading
from tui.dashboard.widgets.key_bar import KeyBar
from tui.dashboard.widgets.lazy_lines import LazyLines, Line
from tui.dashboard.widgets.scroll_lines import ScrollLines
from tui.text.formatting import clip, pad

_PAGE_CELLS = 7
_HINTS = (
    (("screen.leave",), "back", 0),
    (("scroll.down", "scroll.up"), "choose", 1),
    (("outline.go",), "go there", 0),
)


class _Headings(ScrollLines):
    """One heading is chosen, and kept in sight."""

    def __init__(self, headings: Sequence[Heading], chosen: int) -> None:
        super().__init__()
        self._headings = headings
        self.chosen = chosen

    def build_lines(self, width: int) -> Sequence[Line]:
        """A heading a line, with its page."""
        return LazyLines(len(self._headings), lambda number: self._line(number, width))

    def _line(self, number: int, width: int) -> Line:
        look, heading = look_of(self), self._headings[number]
        is_chosen = number == self.chosen
        page = "" if heading.page is None else f"p {heading.page}"
        room = max(width - _PAGE_CELLS - 2, 4)
        text = pad(clip("  " * (heading.level - 1) + heading.text, room, look.glyphs.ellipsis), room)
        style = look.cursor if is_chosen else Style()
        mark = look.glyphs.cursor if is_chosen else " "
        strong = Style(bold=True) if heading.level == 1 else Style()
        return [
            (f"{mark} ", look.accent + style),
            (text, strong + style),
            (pad(page, _PAGE_CELLS, right=True), look.muted + style),
        ]

    def choose(self, number: int) -> None:
        """Choose another, and bring it into sight."""
        self.chosen = max(0, min(number, len(self._headings) - 1))
        height = max(self.size.height, 1)
        if not self._top <= self.chosen < self._top + height:
            top = self.chosen if self.chosen < self._top else self.chosen - height + 1
            self.scroll_to(y=top, animate=False, force=True)
        self._redraw()

    def action_scroll(self, by: int) -> None:
        """Choose the next one, or the one before."""
        self.choose(self.chosen + by)

    def action_scroll_page(self, share: float) -> None:
        """Choose by a share of the height."""
        self.choose(self.chosen + round(self.size.height * share))

    def action_scroll_home(self) -> None:
        """Choose the first."""
        self.choose(0)

    def action_scroll_end(self) -> None:
        """Choose the last."""
        self.choose(len(self._headings) - 1)


class OutlineScreen(ModalScreen[int | None]):
    """Ends with the row of a heading, or None."""

    DEFAULT_CSS = """
    OutlineScreen { align: center middle; background: $background 60%; }
    OutlineScreen #outline {
        width: 90; max-width: 100%; height: 80%; min-height: 12;
        background: $background; border: round $border; border-title-color: $primary; padding: 0 1;
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,O", "leave", "Back", id="screen.leave"),
        Binding("enter", "go", "Go to this heading", id="outline.go"),
    ]

    def __init__(self, headings: Sequence[Heading], row: int) -> None:
        """`row` is where one is."""
        super().__init__()
        self._headings = headings
        above = [number for number, heading in enumerate(headings) if heading.row <= row]
        self._lines = _Headings(headings, above[-1] if above else 0)

    def compose(self) -> ComposeResult:
        """The headings and the keys."""
        with Vertical(id="outline") as box:
            box.border_title = "Outline"
            yield self._lines
            yield KeyBar(_HINTS)

    def on_mount(self) -> None:
        """Begin where one is."""
        self._lines.focus()
        self.call_after_refresh(self._lines.choose, self._lines.chosen)

    def action_go(self) -> None:
        """Take the one chosen."""
        self.dismiss(self._headings[self._lines.chosen].row if self._headings else None)

    def action_leave(self) -> None:
        """Back to where one was."""
        self.dismiss(None)
