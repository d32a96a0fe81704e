"""PagePicture: a page of a document, as well as cells can show it."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence

from rich.style import Style
from textual.message import Message

from engine.base.errors import HotfolioError
from engine.base.safetext import display_text
from engine.job.snapshot import Picture
from tui.dashboard.look import look_of
from tui.dashboard.model import Model
from tui.dashboard.picture import half_blocks, ramp
from tui.dashboard.widgets.lines import Lines, Part
from tui.text.formatting import wrap

_KEPT = 16
_Wanted = tuple[int, int, int]


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
        self._kept: OrderedDict[_Wanted, Picture] = OrderedDict()

    def show(self, page: int, columns: int, rows: int) -> None:
        """Show a page (from 1) in at most so many cells."""
        if columns > 0 and rows > 0 and (page, columns, rows) != self._wanted:
            self._wanted = (page, columns, rows)
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
        picture, few = self._picture, look.has_few_colours
        lines = ramp(picture, look.glyphs.ramp, look.text) if few else half_blocks(picture)
        indent: Part = (" " * max((width - picture.width) // 2, 0), Style())
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
        page, columns, rows = wanted
        picture = self._kept.get(wanted)
        if picture is None:
            try:
                picture = await asyncio.to_thread(self._model.engine.peek, self._job_id, page, columns, 2 * rows)
            except HotfolioError as error:
                self._problem = display_text(str(error))
            else:
                self._kept[wanted] = picture
                while len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
        self._picture = picture
        self.update_lines()
        self.post_message(self.Shown(page, None if picture is None else picture.width))
