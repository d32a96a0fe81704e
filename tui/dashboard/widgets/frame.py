"""Frame: a pane with a title in its upper edge, drawn in the focus colour while the keys go there."""

from collections.abc import Sequence

from rich.style import Style
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widget import Widget

from tui.dashboard.look import Look, look_of
from tui.dashboard.widgets.lines import Lines, Part, parts_width, spread

_BLANK = Style()


class FrameEdge(Lines):
    """A piece of a frame. Pieces are lines as all others, so that a change of focus sends the edges' cells alone."""

    @property
    def edge(self) -> Style:
        """How edges are drawn now."""
        look = look_of(self)
        return look.focus if self.is_in_focus else look.line

    @property
    def is_in_focus(self) -> bool:
        """Whether the keys go to what is in the frame."""
        frame = next((each for each in self.ancestors if isinstance(each, Frame)), None)
        return frame is not None and self.screen.focused in frame.walk_children()


class FrameTop(FrameEdge):
    """Where there is no frame, the title is a line of its own."""

    def build_title(self, width: int, look: Look) -> tuple[Sequence[Part], Sequence[Part]]:
        """What stands at the left and at the right, in so many cells at most."""
        raise NotImplementedError

    def build_lines(self, width: int, height: int) -> Sequence[Sequence[Part]]:
        """The title, in the edge or without one."""
        look = look_of(self)
        if not self.screen.has_class("-framed"):
            left, right = self.build_title(width - 2, look)
            return [spread([(" ", _BLANK), *left], [*right, (" ", _BLANK)], width)]
        left, right = self.build_title(width - 6, look)
        glyphs, edge = look.glyphs, self.edge
        spaced = [(" ", _BLANK), *right, (" ", _BLANK)] if right else []
        rule = width - 5 - parts_width(left) - parts_width(spaced)
        corners = glyphs.corners
        line: list[Part] = [(corners[0] + glyphs.rule, edge), (" ", _BLANK), *left]
        return [[*line, (" ", _BLANK), (glyphs.rule * max(rule, 0), edge), *spaced, (corners[1], edge)]]

    @property
    def title_begins(self) -> int:
        """The cell that a title begins at."""
        return 3 if self.screen.has_class("-framed") else 1


class FrameSide(FrameEdge):
    """The left or the right edge."""

    DEFAULT_CSS = """
    FrameSide { width: 1; height: 1fr; display: none; }
    """

    def build_lines(self, width: int, height: int) -> Sequence[Sequence[Part]]:
        """One cell in each line."""
        return [[(look_of(self).glyphs.separator, self.edge)]] * height


class FrameFoot(FrameEdge):
    """The lower edge."""

    DEFAULT_CSS = """
    FrameFoot { display: none; }
    """

    def build_lines(self, width: int, height: int) -> Sequence[Sequence[Part]]:
        """The line, with its corners."""
        glyphs = look_of(self).glyphs
        return [[(glyphs.corners[2] + glyphs.rule * (width - 2) + glyphs.corners[3], self.edge)]]


class Frame(Vertical):
    """Has edges on screens of the class `-framed`, which are those with rows and columns to spare."""

    DEFAULT_CSS = """
    Frame { width: 1fr; height: 1fr; }
    Frame > Horizontal { height: 1fr; }
    Frame > .-in-edge { display: none; }
    """

    def __init__(
        self,
        top: FrameTop,
        *body: Widget,
        id: str | None = None,  # noqa: A002
        title_needs_edge: bool = False,
    ) -> None:
        """`body` from top to bottom, below the title, which with `title_needs_edge` takes no line of its own."""
        super().__init__(id=id)
        self._top = top
        top.set_class(title_needs_edge, "-in-edge")
        self._body = body
        self._sides = FrameSide(), FrameSide()
        self._foot = FrameFoot()

    def compose(self) -> ComposeResult:
        """The edges around the body."""
        yield self._top
        with Horizontal():
            yield self._sides[0]
            yield Vertical(*self._body)
            yield self._sides[1]
        yield self._foot

    def on_mount(self) -> None:
        """Follow the focus."""
        self.watch(self.screen, "focused", self.show_edges, init=False)

    def show_edges(self) -> None:
        """The focus is elsewhere, or there are edges now where there were none."""
        for edge in (self._top, *self._sides, self._foot):
            edge.update_lines()


class Divider(Lines):
    """Between two panes on screens without frames."""

    DEFAULT_CSS = """
    Divider { width: 1; height: 1fr; }
    """

    def build_lines(self, width: int, height: int) -> Sequence[Sequence[Part]]:
        """One cell in each line."""
        look = look_of(self)
        return [[(look.glyphs.separator, look.line)]] * height
