"""PagePicture: a page of a document, as well as cells can show it."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence

from rich.style import Style
from textual.message import Message

from engine.base.errors import HotfolioError
from engine.base.safetext import display_text
from engine.job.snapshot import WHOLE_PAGE, Area, Picture
from engine.settings.settings import PictureCells
from tui.dashboard.look import look_of
from tui.dashboard.model import Model
from tui.dashboard.picture import PIXELS_A_CELL, fine_cells, half_blocks, ramp
from tui.dashboard.widgets.lines import Lines, Part, parts_width
from tui.text.formatting import wrap

_KEPT = 16
_Wanted = tuple[int, int, int, Area, PictureCells]


class PagePicture(Lines):
    """Renders one page at a time, in a thread; pages turned past meanwhile are not rendered at all."""

    DEFAULT_CSS = """
    PagePicture { height: 1fr; }
    """

    class Shown(Message):
        """A page's picture is on the screen, or a sentence why not."""

        def __init__(self, page: int, cells: int | None) -> None:
            """`cells` is how many columns the picture takes, None without one."""
            super().__init__()
            self.page = page
            self.cells = cells

    def __init__(self, model: Model, job_id: int) -> None:
        super().__init__()
        self._model = model
        self._job_id = job_id
        self._wanted: _Wanted | None = None
        self._is_rendering = False
        self._picture: Picture | None = None
        self._problem = ""
        self._lines: list[list[Part]] = []
        self._kept: OrderedDict[_Wanted, tuple[Picture, list[list[Part]]]] = OrderedDict()

    def show(self, page: int, columns: int, rows: int, area: Area = WHOLE_PAGE) -> None:
        """Show a page (from 1), or a part of it, in at most so many cells."""
        look = look_of(self)
        # A picture without colours is a ramp, which takes two pixels a cell.
        wanted = page, columns, rows, area, PictureCells.HALVES if look.has_few_colours else look.cells
        if columns > 0 and rows > 0 and wanted != self._wanted:
            self._wanted = wanted
            if not self._is_rendering:
                self._is_rendering = True
                self.run_worker(self._work(), exit_on_error=True)

    def build_lines(self, width: int, height: int) -> Sequence[Sequence[Part]]:
        """The picture in the middle, or a sentence."""
        look = look_of(self)
        if self._picture is None:
            text = self._problem or "Rendering the page …"
            lines: list[list[Part]] = [[(f" {line}", look.muted)] for line in wrap(text, width - 2)]
            return [[]] * max((height - len(lines)) // 3, 0) + lines
        cells = max((parts_width(line) for line in self._lines[:1]), default=0)
        indent: Part = (" " * max((width - cells) // 2, 0), Style())
        lines = ramp(self._picture, look.glyphs.ramp, look.text) if look.has_few_colours else self._lines
        return [[indent, *line] for line in lines]

    async def _work(self) -> None:
        try:
            done: _Wanted | None = None
            while self._wanted is not None and done != self._wanted:
                done = self._wanted
                await self._show(done)
        finally:
            self._is_rendering = False

    async def _show(self, wanted: _Wanted) -> None:
        kept = self._kept.get(wanted)
        if kept is None:
            try:
                kept = await asyncio.to_thread(self._rendered, wanted)
            except HotfolioError as error:
                self._problem = display_text(str(error))
            else:
                self._kept[wanted] = kept
                while len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
        self._picture, self._lines = kept or (None, [])
        self.update_lines()
        cells = None if kept is None else max((parts_width(line) for line in self._lines[:1]), default=0)
        self.post_message(self.Shown(wanted[0], cells))

    def _rendered(self, wanted: _Wanted) -> tuple[Picture, list[list[Part]]]:
        """The page's picture, and the cells that it is made of."""
        page, columns, rows, area, kind = wanted
        x, y = (1, 2) if kind is PictureCells.HALVES else PIXELS_A_CELL
        picture = self._model.engine.peek(self._job_id, page, x * columns, y * rows, area=area)
        return picture, half_blocks(picture) if kind is PictureCells.HALVES else fine_cells(picture, kind)
