"""PeekScreen: a page as a picture beside its Markdown, to judge a conversion without copying a file."""

import asyncio
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.events import Resize

from engine.display import display_text
from engine.errors import HotfolioError
from engine.progress import PageMark
from tui.model import Model, Update
from tui.screens.base import MIN_HEIGHT, MIN_WIDTH, DashboardScreen
from tui.widgets.divider import Divider
from tui.widgets.key_bar import KeyBar
from tui.widgets.page_picture import PagePicture
from tui.widgets.text_lines import TextLines
from tui.widgets.title_line import TitleLine
from tui.widgets.too_small import TooSmall

_TEXT_CELLS = 34
"""With less left beside the picture, the picture is alone."""
_BARS = 2
"""Lines that title and keys take."""
_NEAR = "Markdown, about where this page is"
_HINTS = (
    (("screen.leave",), "back", 0),
    (("page.previous", "page.next"), "turn page", 1),
    (("page.first", "page.last"), "first, last", 3),
    (("scroll.down", "scroll.up"), "scroll", 2),
    (("app.help",), "help", 4),
)


class PeekScreen(DashboardScreen):
    """Picture and text are made in threads, for the room there is."""

    DEFAULT_CSS = """
    PeekScreen Horizontal { height: 1fr; }
    PeekScreen.-alone Vertical, PeekScreen.-alone Divider { display: none; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,i", "leave", "Back", id="screen.leave"),
        Binding("left,left_square_bracket,N,h", "turn(-1)", "Previous page", id="page.previous"),
        Binding("right,right_square_bracket,n", "turn(1)", "Next page", id="page.next"),
        Binding("less_than_sign", "go(1)", "First page", id="page.first"),
        Binding("greater_than_sign", "go(0)", "Last page", id="page.last"),
    ]

    def __init__(self, model: Model, job_id: int, page: int) -> None:
        """`page` counts from 1."""
        super().__init__(model)
        self._job_id = job_id
        self.page = page
        self._title = TitleLine()
        self._picture = PagePicture(model, job_id)
        self._text_title = TitleLine(_NEAR)
        self._text = TextLines()
        self._pages_read: tuple[int, int] | None = None
        self._is_reading = False

    def compose(self) -> ComposeResult:
        """Title, picture, text and keys."""
        yield self._title
        with Horizontal():
            yield self._picture
            yield Divider()
            with Vertical():
                yield self._text_title
                yield self._text
        yield KeyBar(_HINTS)
        yield TooSmall(MIN_WIDTH, MIN_HEIGHT)

    def on_mount(self) -> None:
        """The text takes the keys that scroll."""
        self._text.focus()
        self.call_after_refresh(self._show)

    def on_resize(self, event: Resize) -> None:
        """Render anew for the room there is."""
        super().on_resize(event)
        self.call_after_refresh(self._show)

    def take(self, update: Update) -> None:
        """Read the text again when pages have been finished."""
        if self._job_id in update.changed:
            self._show()

    def action_turn(self, by: int) -> None:
        """Go to another page."""
        self.action_go(min(max(self.page + by, 1), self._pages or self.page + by))

    def action_go(self, page: int) -> None:
        """Go to a page; 0 is the last one."""
        page = page or self._pages
        if page and page != self.page:
            self.page = page
            self._show()

    def action_leave(self) -> None:
        """Back to where one was."""
        self.dismiss(None)

    @property
    def _pages(self) -> int:
        """How many there are, 0 while that is not known."""
        entry = self.model.jobs.entries.get(self._job_id)
        return (entry.job.pages or 0) if entry is not None else 0

    def _show(self) -> None:
        entry = self.model.jobs.entries.get(self._job_id)
        if entry is None or not self.is_attached:
            return
        of = f" of {entry.job.pages}" if entry.job.pages else ""
        self._title.show(f"Page {self.page}{of} of #{entry.job.id} {entry.job.name}")
        width, rows = self.size.width, self.size.height - _BARS
        is_alone = width - _TEXT_CELLS < MIN_WIDTH // 2
        self._picture.show(self.page, width if is_alone else max(width * 3 // 5, width - 100), rows)
        if not self._is_reading and (self.page, entry.pages_done) != self._pages_read:
            self._is_reading = True
            self._pages_read = (self.page, entry.pages_done)
            self.run_worker(self._read(self.page), exit_on_error=True)

    @on(PagePicture.Shown)
    def _picture_shown(self, event: PagePicture.Shown) -> None:
        """Leave to the text what the picture does not take."""
        cells = event.cells if event.cells is not None else self.size.width // 2
        self.set_class(self.size.width - cells - 2 < _TEXT_CELLS, "-alone")
        self._picture.styles.width = "1fr" if self.has_class("-alone") else cells + 2

    async def _read(self, page: int) -> None:
        """Show the document's Markdown where the page's share of it begins: the engine keeps no marks between pages."""
        try:
            text, share = await asyncio.to_thread(self._find, page)
        except HotfolioError as error:
            text, share = display_text(str(error)), 0.0
        finally:
            self._is_reading = False
        await self._text.show(text)
        self._text.scroll_to(y=round(share * self._text.virtual_size.height), animate=False, force=True)
        if page != self.page:
            self._show()

    def _find(self, page: int) -> tuple[str, float]:
        """The Markdown, and how much of it comes before a page."""
        engine = self.model.engine
        page_map = engine.page_map(self._job_id)
        if page_map is None:
            pages = self._pages
            share = (page - 1) / pages if pages else 0.0
        else:
            done = [mark not in (PageMark.WAITING, PageMark.RUNNING) for mark in page_map.marks]
            if not any(done[page - 1 : page]):
                return "This page is not converted yet.", 0.0
            share = sum(done[: page - 1]) / sum(done)
        return engine.preview(self._job_id).expandtabs(4) or "There is no Markdown of this job.", share
