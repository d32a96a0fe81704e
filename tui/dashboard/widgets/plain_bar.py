"""PlainBar: Textual's scrollbar, whose cells are made once for all lines, and anew only when one of them differs."""

from collections.abc import Sequence

from rich.segment import Segment, Segments
from textual.scrollbar import ScrollBar, ScrollBarRender
from textual.strip import Strip

from tui.dashboard.widgets.lines import PlainWidget


class _Cells(ScrollBarRender):
    """Told apart by what they are of."""

    @property
    def key(self) -> tuple[object, ...]:
        return self.virtual_size, self.window_size, self.position, self.style


class PlainBar(PlainWidget, ScrollBar, inherit_css=True):
    """For vertical ones of one cell."""

    renderer = _Cells

    def __init__(self) -> None:
        super().__init__(vertical=True, name="vertical")
        self._key: tuple[object, ...] = ()
        self._cells: Sequence[Strip] = ()

    def render_line(self, y: int) -> Strip:
        """The cell of a line."""
        bar, height = self.render(), self.size.height
        assert isinstance(bar, _Cells)
        if (key := (*bar.key, height)) != self._key:
            self._key = key
            self._cells = [Strip([cell], 1) for cell in _cells(bar, height)]
        return self._cells[y] if y < len(self._cells) else Strip.blank(1)


def _cells(bar: _Cells, height: int) -> list[Segment]:
    style = bar.style
    assert not isinstance(style, str)
    assert style.bgcolor is not None
    assert style.color is not None
    drawn: Segments = bar.render_bar(
        size=height,
        virtual_size=bar.virtual_size,
        window_size=bar.window_size,
        position=bar.position,
        back_color=style.bgcolor,
        bar_color=style.color,
    )
    return list(drawn.segments)
