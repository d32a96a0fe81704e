"""PeekScreen: a page as a picture beside its Markdown, to judge a conversion without copying a file."""

import asyncio
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.events import Resize

from engine.base.errors import HotfolioError, PageNotLocated
from engine.base.safetext import display_text
from engine.job.pageranges import PageNumbers
from engine.job.snapshot import PageMark
from tui.dashboard.frames import on_full_frame
from tui.dashboard.look import look_of
from tui.dashboard.model import Model, Update
from tui.dashboard.page.blockcursor import BlockCursor
from tui.dashboard.page.blocktext import left_out, placed
from tui.dashboard.page.page_picture import PagePicture
from tui.dashboard.page.page_text import PageText
from tui.dashboard.page.pagewindow import Window
from tui.dashboard.screens.full_screen import MIN_HEIGHT, MIN_WIDTH, DashboardScreen
from tui.dashboard.widgets.frame import Divider, Frame
from tui.dashboard.widgets.key_bar import KeyBar
from tui.dashboard.widgets.title_line import TitleLine
from tui.dashboard.widgets.too_small import TooSmall

_TEXT_CELLS = 34
"""With less left beside the picture, the picture is alone."""
_BARS = 2
"""Lines that title and keys take; a frame takes one more, and two columns."""
_PAGE = "Markdown of this page"
_NEAR = "The whole Markdown, near this page"
_UNCONVERTED = (None, PageMark.WAITING, PageMark.RUNNING)
_HINTS = (
    (("screen.leave",), "back", 0),
    (("page.previous", "page.next"), "turn page", 1),
    (("page.next_block",), "blocks", 3),
    (("page.nearer", "page.farther"), "zoom", 3),
    (("page.pan_left", "page.pan_down", "page.pan_up", "page.pan_right"), "move", 6),
    (("page.first", "page.last"), "first, last", 5),
    (("scroll.down", "scroll.up"), "scroll", 2),
    (("app.help",), "help", 4),
)


@dataclass(frozen=True, slots=True)
class _Markdown:
    """What is beside the picture."""

    text: str
    title: str = _PAGE
    begins: float = 0.0
    """How much of the text comes before the page, as a share of it."""
    reason: str = ""
    """Why it is not the page's own, where it is not."""


class PeekScreen(DashboardScreen):
    """Picture and text are made in threads, for the room there is."""

    DEFAULT_CSS = """
    PeekScreen Horizontal { height: 1fr; }
    PeekScreen.-alone #text, PeekScreen.-alone Divider { display: none; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,i", "leave", "End the look at blocks, or back", id="screen.leave"),
        Binding("tab,b", "block(1)", "Next block, boxed on the page", id="page.next_block"),
        Binding("shift+tab,B", "block(-1)", "Previous block", id="page.previous_block"),
        Binding("left,left_square_bracket,N,h", "turn(-1)", "Previous page", id="page.previous"),
        Binding("right,right_square_bracket,n", "turn(1)", "Next page", id="page.next"),
        Binding("less_than_sign", "go(0)", "First page", id="page.first"),
        Binding("greater_than_sign", "go(-1)", "Last page", id="page.last"),
        Binding("plus,equals_sign", "zoom(1)", "Nearer", id="page.nearer"),
        Binding("minus", "zoom(-1)", "Farther", id="page.farther"),
        Binding("0", "whole", "The whole page", id="page.whole"),
        Binding("H,shift+left", "pan(-1, 0)", "To the left part", id="page.pan_left"),
        Binding("L,shift+right", "pan(1, 0)", "To the right part", id="page.pan_right"),
        Binding("K,shift+up", "pan(0, -1)", "To the upper part", id="page.pan_up"),
        Binding("J,shift+down", "pan(0, 1)", "To the lower part", id="page.pan_down"),
    ]

    def __init__(self, model: Model, job_id: int, page: int) -> None:
        """`page` counts from 1."""
        super().__init__(model)
        self._job_id = job_id
        self.page = page
        self._title = TitleLine()
        self._picture = PagePicture(model, job_id)
        self._picture_frame = Frame(self._title, self._picture)
        self._text_title = TitleLine(_PAGE)
        self._text = PageText()
        self._version: tuple[object, ...] | None = None
        self._text_page = 0
        self._text_name = _PAGE
        self._reason = ""
        self._is_reading = False
        self._window = Window()
        self._blocks: BlockCursor | None = None
        """Of the page that is shown; None until somebody asks for them."""

    def compose(self) -> ComposeResult:
        """Title, picture, text and keys."""
        with Horizontal():
            yield self._picture_frame
            yield Divider()
            yield Frame(self._text_title, self._text, id="text")
        yield KeyBar(_HINTS)
        yield TooSmall(MIN_WIDTH, MIN_HEIGHT)

    def on_mount(self) -> None:
        """The text takes the keys that scroll."""
        self._text.focus()
        on_full_frame(self, self._picture.put_again)
        self.call_after_refresh(self._show)

    def on_resize(self, event: Resize) -> None:
        """Render anew for the room there is."""
        super().on_resize(event)
        self.call_after_refresh(self._show)

    def on_screen_suspend(self) -> None:
        """Something is shown over it."""
        self._picture.take_away()

    def on_screen_resume(self) -> None:
        """It is seen again."""
        self._picture.uncover()

    def take(self, update: Update) -> None:
        """Read the text again when the page, or the document, is finished."""
        if self._job_id in update.changed:
            self._show()

    def action_turn(self, by: int) -> None:
        """Go to another page."""
        pages = self._pages
        self._go(pages.further(self.page, by) if pages else max(self.page + by, 1))

    def action_go(self, place: int) -> None:
        """Go to the first page, or with -1 to the last."""
        if pages := self._pages:
            self._go(pages.ranges[place][0 if place == 0 else 1])

    def action_zoom(self, by: int) -> None:
        """Look from nearer, or from farther away."""
        self._look_through(self._window.zoomed(by))

    def action_whole(self) -> None:
        """Look at the whole page."""
        self._look_through(Window())

    def action_pan(self, x: int, y: int) -> None:
        """Look at another part."""
        if self._window.level == 0:
            self.say(f"The whole page is in sight; {look_of(self._picture).keys('page.nearer')} goes nearer.")
        self._look_through(self._window.moved(x, y))

    def _look_through(self, window: Window) -> None:
        if window != self._window:
            self._window = window
            self._show()

    def action_leave(self) -> None:
        """End the look at blocks; without one, back to where one was."""
        if self._blocks is not None and self._blocks.at is not None:
            self._blocks.at = None
            self._show_block()
        else:
            self.dismiss(None)

    async def action_block(self, by: int) -> None:
        """Go to another block of the page."""
        if (blocks := await self._load_blocks()) is not None:
            blocks.step(by)
            self._show_block()

    @on(PagePicture.Pointed)
    async def _pointed(self, event: PagePicture.Pointed) -> None:
        """Go to the block that was clicked."""
        if (blocks := await self._load_blocks()) is not None and blocks.point(event.x, event.y):
            self._show_block()

    async def _load_blocks(self) -> BlockCursor | None:
        """The blocks of the page; None if there are none, which is said."""
        if self._blocks is None:
            page, entry = self.page, self.model.jobs.entries.get(self._job_id)
            try:
                found = await asyncio.to_thread(self.model.engine.blocks, self._job_id, page)
            except HotfolioError as error:
                self.say(display_text(str(error)), is_problem=True)
                return None
            if page != self.page or entry is None:
                return None
            text = "" if self._reason else self._text.text
            self._blocks = BlockCursor(placed(text, found, left_out(entry.job.options)))
        if not self._blocks.blocks:
            self.say("There are no blocks on this page.")
            return None
        return self._blocks

    def _show_block(self) -> None:
        """The block on the page and in the text, and what it is."""
        blocks = self._blocks or BlockCursor()
        current = blocks.current
        if current is not None:
            self._window = self._window.over(current.block.area)
        self._text.light(*((current.first, current.end) if current is not None else (0, 0)))
        self._text_title.show(blocks.title or self._text_name)
        self._show()

    @property
    def _pages(self) -> PageNumbers | None:
        """The pages there are to look at, None while that is not known."""
        entry = self.model.jobs.entries.get(self._job_id)
        return entry.job.page_numbers or None if entry is not None else None

    def _go(self, page: int) -> None:
        if page != self.page:
            self.page = page
            self._forget_blocks()
            self._show()

    def _forget_blocks(self) -> None:
        """They are another page's, or of another text."""
        if self._blocks is not None:
            self._blocks = None
            self._show_block()

    def _show(self) -> None:
        entry = self.model.jobs.entries.get(self._job_id)
        if entry is None or not self.is_attached:
            return
        pages = entry.job.page_numbers
        of = f" of {pages.ranges[-1][1]}" if pages and entry.job.options.pages is None else ""
        if pages and not of:
            of = f" ({(pages.place(self.page) or 0) + 1} of {len(pages)} to convert)"
        zoom = f" ({self._window.percent} %)" if self._window.level else ""
        self._title.show(f"#{entry.job.id} {entry.job.name}", f"Page {self.page}{of}{zoom}")
        edges = 2 * self.has_class("-framed")
        width, rows = self.size.width - edges, self.size.height - _BARS - edges // 2
        is_alone = width - _TEXT_CELLS < MIN_WIDTH // 2
        columns = width if is_alone else max(width * 3 // 5, width - 100)
        self._picture.show(self.page, columns, rows, self._window.area, self._blocks.box if self._blocks else None)
        version = (self.page, entry.job.state, self._is_converted())
        if not self._is_reading and version != self._version:
            self._is_reading = True
            self._version = version
            self.run_worker(self._read(self.page), exit_on_error=True)

    @on(PagePicture.Shown)
    def _picture_shown(self, event: PagePicture.Shown) -> None:
        """Leave to the text what the picture does not take."""
        cells = event.cells if event.cells is not None else self.size.width // 2
        cells += 2 + 2 * self.has_class("-framed")
        self.set_class(self.size.width - cells < _TEXT_CELLS, "-alone")
        self._picture_frame.styles.width = "1fr" if self.has_class("-alone") else cells

    def _is_converted(self) -> bool | None:
        """Whether the page of a running job is; None for other jobs."""
        page_map = self.model.engine.page_map(self._job_id)
        return None if page_map is None else page_map.mark(self.page) not in _UNCONVERTED

    async def _read(self, page: int) -> None:
        """Show the page's Markdown from its beginning; if it was in sight before, hold the scroll position."""
        try:
            found = await asyncio.to_thread(self._find, page)
        except HotfolioError as error:
            found = _Markdown(display_text(str(error)))
        self._text_name = found.title
        if found.text != self._text.text:
            self._forget_blocks()
            await self._text.show(found.text)
        if self._blocks is None or self._blocks.at is None:
            self._text_title.show(found.title)
        if page != self._text_page:
            top = round(found.begins * self._text.virtual_size.height)
            self._text.scroll_to(y=top, animate=False, force=True)
        if found.reason and found.reason != self._reason:
            self.say(found.reason)
        self._text_page, self._reason = page, found.reason
        self._is_reading = False
        self._show()  # the page may have been turned, or have been finished, meanwhile

    def _find(self, page: int) -> _Markdown:
        """The page's Markdown, or what there is in its place."""
        engine = self.model.engine
        try:
            return _Markdown(engine.preview(self._job_id, page=page).expandtabs(4) or "There is no text on this page.")
        except PageNotLocated as error:
            reason = display_text(str(error))
        text = engine.preview(self._job_id).expandtabs(4)
        pages = self._pages
        begins = (pages.place(page) or 0) / len(pages) if pages else 0.0
        return _Markdown(text or reason, _NEAR, begins, reason)
