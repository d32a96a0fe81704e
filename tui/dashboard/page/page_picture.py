"""PagePicture: a page of a document, as a real picture where the terminal can show one, else as well as cells can."""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from rich.style import Style
from textual.events import Click
from textual.message import Message
from textual.timer import Timer

from engine.base.errors import HotfolioError
from engine.base.safetext import display_text
from engine.job.snapshot import WHOLE_PAGE, Area, Picture
from engine.settings.settings import PictureCells
from tui.dashboard.graphics.encoding import Way, encoded, over_cells, removal
from tui.dashboard.graphics.negotiation import Negotiation
from tui.dashboard.graphics.placeholders import MOST
from tui.dashboard.look import look_of
from tui.dashboard.model import Model
from tui.dashboard.page.picture import PIXELS_A_CELL, fine_cells, half_blocks, ramp, with_box
from tui.dashboard.widgets.lines import Lines, Part, parts_width
from tui.text.formatting import wrap

_KEPT = 16
_PICTURES_KEPT = 3
_MOST_PIXELS = 1_400_000
"""Of what the terminal scales; more takes longer, and shows nothing more."""
_SETTLED_S = 0.15
"""More than two frames."""
_USUAL_CELL = 10, 20
"""Pixels of a cell that is not known."""
_Wanted = tuple[int, int, int, Area, PictureCells | Way, Area | None]
_Place = tuple[int, int, int, Area, Area | None]


class _Shows(Protocol):
    pictures: Negotiation

    def send(self, sequence: str) -> None: ...


@dataclass(frozen=True, slots=True)
class _Rendered:
    """A page as it is shown."""

    picture: Picture | None
    """None where it is not needed any more."""
    lines: list[list[Part]]
    """Its cells; those of a real picture are blank."""
    sent: str = ""
    """What has a terminal show a real picture at its cursor."""
    over: Sequence[str] = ()
    """What is written over the cells then, line by line."""

    @property
    def columns(self) -> int:
        return max((parts_width(line) for line in self.lines[:1]), default=0)


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

    class Pointed(Message):
        """A place of the page was clicked."""

        def __init__(self, x: float, y: float) -> None:
            """As shares of the page's width and height."""
            super().__init__()
            self.x, self.y = x, y

    def __init__(self, model: Model, job_id: int) -> None:
        super().__init__()
        self._model = model
        self._job_id = job_id
        self._wanted: _Wanted | None = None
        self._is_rendering = False
        self._shown: _Rendered | None = None
        self._problem = ""
        self._kept: OrderedDict[_Wanted, _Rendered] = OrderedDict()
        self._pictures: OrderedDict[tuple[int, int, int, Area], Picture] = OrderedDict()
        """By page, size and part, so that a block is boxed without asking for the page again."""
        self._place: _Place | None = None
        self._is_placed = False
        """A real picture is on the terminal."""
        self._timer: Timer | None = None
        self._has_asked = False

    def show(self, page: int, columns: int, rows: int, area: Area = WHOLE_PAGE, box: Area | None = None) -> None:
        """Show a page (from 1), or a part of it, in at most so many cells, with a part of the page boxed."""
        self._place = page, columns, rows, area, box
        wanted = page, columns, rows, area, self._kind, box
        if columns > 0 and rows > 0 and wanted != self._wanted:
            self._wanted = wanted
            if not self._is_rendering:
                self._is_rendering = True
                self.run_worker(self._work(), exit_on_error=True)

    def show_again(self) -> None:
        """The same, as the terminal is known now to show it."""
        if self._place is not None:
            self.show(*self._place)

    @property
    def _terminal(self) -> _Shows:
        return cast(_Shows, self.app)

    @property
    def _kind(self) -> PictureCells | Way:
        look, way = look_of(self), self._terminal.pictures.way
        # A picture without colours is a ramp, which takes two pixels a cell.
        cells = PictureCells.HALVES if look.has_few_colours else look.cells
        return cells if way is None or look.has_few_colours else way

    def build_lines(self, width: int, height: int) -> Sequence[Sequence[Part]]:
        """The picture in the middle, or a sentence."""
        look = look_of(self)
        shown = self._shown
        if shown is None:
            text = self._problem or "Rendering the page …"
            lines: list[list[Part]] = [[(f" {line}", look.muted)] for line in wrap(text, width - 2)]
            return [[]] * max((height - len(lines)) // 3, 0) + lines
        indent: Part = (" " * self._indent(width), Style())
        lines = shown.lines
        if look.has_few_colours and shown.picture is not None:
            lines = ramp(shown.picture, look.glyphs.ramp, look.text)
        return [[indent, *line] for line in lines]

    def _indent(self, width: int) -> int:
        return max((width - (self._shown.columns if self._shown is not None else 0)) // 2, 0)

    # --- real pictures ---

    def update_lines(self) -> None:
        """Draw the cells, and what is to be over them."""
        super().update_lines()
        self.put_again()

    def put_again(self) -> None:
        """Cells were written, perhaps over the picture."""
        if self._shown is not None and self._shown.sent:
            # A moment later: the frame of what has changed comes first, and often is not the last.
            if self._timer is not None:
                self._timer.stop()
            self._timer = self.set_timer(_SETTLED_S, lambda: self.call_after_refresh(self._put))

    def uncover(self) -> None:
        """What was over it is gone."""
        self.forget_drawn()
        self.update_lines()

    def take_away(self) -> None:
        """Something is over it, or it is out of sight."""
        way = self._terminal.pictures.way
        if self._is_placed and way is not None:
            self._terminal.send(removal(way))
        self._is_placed = False

    def on_click(self, event: Click) -> None:
        """Tell which place of the page it was."""
        if self._shown is None or self._place is None:
            return
        left, top, right, bottom = self._place[3]
        x = (event.x - self._indent(self.size.width) + 0.5) / max(self._shown.columns, 1)
        y = (event.y + 0.5) / max(len(self._shown.lines), 1)
        if 0 <= x <= 1 and 0 <= y <= 1:
            self.post_message(self.Pointed(left + x * (right - left), top + y * (bottom - top)))

    def on_hide(self) -> None:
        """There is no room for it."""
        self.take_away()

    def on_unmount(self) -> None:
        """Leave nothing behind."""
        self.take_away()

    def _put(self) -> None:
        """Have the terminal show the picture where the cells are blank."""
        shown, region = self._shown, self.region
        if shown is None or not shown.sent or not region or self.app.screen is not self.screen:
            self.take_away()
            return
        x, y = region.x + self._indent(region.width), region.y
        over = "".join(f"\x1b[{y + nth};{x + 1}H{line}" for nth, line in enumerate(shown.over, start=1))
        self._terminal.send(f"\x1b7\x1b[{y + 1};{x + 1}H{shown.sent}{over}\x1b8")
        self._is_placed = True

    def _ask_terminal(self) -> None:
        """Find out, behind the first picture of cells, whether it can show a real one; who wants cells gets cells."""
        wants_cells = self._model.engine.settings.picture_cells is not PictureCells.AUTO
        has_asked, self._has_asked = self._has_asked, True
        if not (has_asked or wants_cells or look_of(self).has_few_colours or self.app.is_headless or self.app.is_web):
            self._terminal.send(self._terminal.pictures.ask(time.monotonic()))

    # --- rendering ---

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
        if self._is_placed or (kept is not None and kept.sent):
            self.take_away()
            self.forget_drawn()
        self._shown = kept
        self.update_lines()
        self.post_message(self.Shown(wanted[0], kept.columns if kept is not None else None))
        self.call_after_refresh(self._ask_terminal)

    def _rendered(self, wanted: _Wanted) -> _Rendered:
        """The page's picture, and the cells that it is made of."""
        page, columns, rows, area, kind, box = wanted
        if isinstance(kind, Way):
            return self._rendered_whole(page, min(columns, MOST), min(rows, MOST), area, kind, box)
        x, y = (1, 2) if kind is PictureCells.HALVES else PIXELS_A_CELL
        picture = self._picture(page, x * columns, y * rows, area, box)
        return _Rendered(picture, half_blocks(picture) if kind is PictureCells.HALVES else fine_cells(picture, kind))

    def _picture(self, page: int, width: int, height: int, area: Area, box: Area | None) -> Picture:
        wanted = page, width, height, area
        picture = self._pictures.get(wanted)
        if picture is None:
            picture = self._model.engine.peek(self._job_id, page, width, height, area=area)
            self._pictures[wanted] = picture
            while len(self._pictures) > _PICTURES_KEPT:
                self._pictures.popitem(last=False)
        return picture if box is None else with_box(picture, area, box)

    def _rendered_whole(self, page: int, columns: int, rows: int, area: Area, way: Way, box: Area | None) -> _Rendered:
        """In all pixels that there are, as far as that says more."""
        x, y = self._terminal.pictures.cell or _USUAL_CELL
        share = min(1.0, math.sqrt(_MOST_PIXELS / (x * columns * y * rows)))
        if way is Way.SIXEL:
            share = 1.0  # a pixel is a pixel
        width, height = int(x * columns * share), int(y * rows * share)
        picture = self._picture(page, width, height, area, box)
        # The engine may have made it smaller; a terminal that scales makes it as large again.
        scale = 1.0 if way is Way.SIXEL else min(x * columns / picture.width, y * rows / picture.height)
        taken = min(math.ceil(picture.width * scale / x), columns), min(math.ceil(picture.height * scale / y), rows)
        blank: list[Part] = [(" " * taken[0], Style())]
        return _Rendered(None, [blank] * taken[1], encoded(way, picture, *taken), over_cells(way, *taken))
