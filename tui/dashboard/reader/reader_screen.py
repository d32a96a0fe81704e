"""ReaderScreen: the Markdown of a job as one reads it, while it grows and when it is published."""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from engine.base.errors import HotfolioError, PageNotLocated
from engine.base.safetext import display_text
from engine.job.job import Job
from engine.job.pageranges import first_selected
from engine.job.snapshot import JobSnapshot
from tui.dashboard.look import look_of
from tui.dashboard.messages import ProgramChosen
from tui.dashboard.model import Model, Update
from tui.dashboard.reader.ask_line import AskLine
from tui.dashboard.reader.changes_screen import ChangesScreen
from tui.dashboard.reader.otherprograms import editor, pager
from tui.dashboard.reader.outline_screen import OutlineScreen
from tui.dashboard.reader.reader_lines import ReaderLines
from tui.dashboard.screens.full_screen import MIN_HEIGHT, MIN_WIDTH, DashboardScreen
from tui.dashboard.screens.peek import PeekScreen
from tui.dashboard.widgets.frame import Frame
from tui.dashboard.widgets.key_bar import Hints, KeyBar
from tui.dashboard.widgets.title_line import TitleLine
from tui.dashboard.widgets.too_small import TooSmall
from tui.text.formatting import number, plural

_RELOAD_S = 1.0
_SEARCH, _PAGE = "search", "page"
_ABOVE = 2
"""Rows that stay above what was found."""
_HINTS = (
    (("screen.leave",), "back", 0),
    (("read.search",), "search", 1),
    (("read.outline",), "outline", 2),
    (("page.previous", "page.next"), "page", 3),
    (("read.page",), "go to page", 5),
    (("read.peek",), "look", 6),
    (("read.editor",), "edit", 7),
    (("read.pager",), "pager", 8),
    (("app.help",), "help", 4),
)
_CHANGES = (("read.changes",), "changes", 0)
"""Told where it is known what the document was before."""
_FOUND_HINTS = (
    (("screen.leave",), "end the search", 0),
    (("read.next", "read.previous"), "next, previous", 0),
    (("read.search",), "search", 1),
    (("app.help",), "help", 2),
)


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read of a job."""

    text: str
    pages: Sequence[tuple[int, int]]
    """The line that each page begins in."""


class ReaderScreen(DashboardScreen):
    """Reads in a thread, and again when pages have been finished, once a second at most."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "End the search, or back", id="screen.leave"),
        Binding("slash", "search", "Search", id="read.search"),
        Binding("n", "match(1)", "Next find", id="read.next"),
        Binding("N", "match(-1)", "Previous find", id="read.previous"),
        Binding("O", "outline", "Outline: go to a heading", id="read.outline"),
        Binding("right_curly_bracket", "heading(1)", "Next heading", id="read.next_heading"),
        Binding("left_curly_bracket", "heading(-1)", "Previous heading", id="read.previous_heading"),
        Binding("p", "ask_page", "Go to a page", id="read.page"),
        Binding("left", "turn(-1)", "Previous page", id="page.previous"),
        Binding("right", "turn(1)", "Next page", id="page.next"),
        Binding("d", "changes", "What has changed since it was run again", id="read.changes"),
        Binding("i", "peek", "Look at this page as a picture", id="read.peek"),
        Binding("E", "edit", "Open in VISUAL or EDITOR", id="read.editor"),
        Binding("vertical_line", "page_through", "Open in PAGER", id="read.pager"),
    ]

    def __init__(self, model: Model, job_id: int) -> None:
        super().__init__(model)
        self._job_id = job_id
        self._version: object = None
        self._is_loading = False
        self._loaded_at = model.clock() - _RELOAD_S
        self._find = 0
        self._title = TitleLine()
        self._lines = ReaderLines()
        self._ask = AskLine(self._lines)
        is_known = model.earlier.of(job_id) is not None
        self._hints: Hints = (*_HINTS[:2], _CHANGES, *_HINTS[2:]) if is_known else _HINTS
        self._key_bar = KeyBar(self._hints)
        self._begun_at = 0

    def compose(self) -> ComposeResult:
        """Title, text, the line to type into, and keys."""
        yield Frame(self._title, self._lines)
        yield self._ask
        yield self._key_bar
        yield TooSmall(MIN_WIDTH, MIN_HEIGHT)

    def on_mount(self) -> None:
        """Read."""
        self._lines.focus()
        self.call_after_refresh(self.when_laid_out, self._lines, lambda: self.take(Update()))

    def take(self, update: Update) -> None:
        """Read again if there may be something new."""
        entry = self._entry
        if entry is None or not self.is_attached or not self._lines.size.width:
            return
        self._show_title()
        # Nothing but finished pages changes the text.
        version = (entry.job.state, entry.pages_done)
        if version != self._version and not self._is_loading and self.model.clock() - self._loaded_at >= _RELOAD_S:
            self._is_loading = True
            self._version = version
            self.run_worker(self._load(entry.job), exit_on_error=True)

    def action_leave(self) -> None:
        """End the search; without one, back to where one was."""
        if self._lines.found is not None:
            self._end_search()
        else:
            self.dismiss(None)

    # --- search ---

    def action_search(self) -> None:
        """Begin to type."""
        self._begun_at = self._lines.top
        self._ask.ask(_SEARCH, "/")

    def action_match(self, direction: int) -> None:
        """Go to another find, from the last to the first too."""
        found = self._lines.found
        if found is None:
            self.action_search()
        elif found:
            self._show_find(self._find + direction)

    @on(AskLine.Typed)
    def _typed(self, event: AskLine.Typed) -> None:
        if event.about == _SEARCH and self._ask.is_open:
            self._search(event.text)

    @on(AskLine.Closed)
    def _asked(self, event: AskLine.Closed) -> None:
        if event.about == _PAGE:
            if event.text:
                self.run_worker(self._go_to_page(event.text.strip()), exclusive=True, group="page")
        elif not event.text:
            self._end_search()
            self._lines.go_to(self._begun_at)
        else:
            self._search(event.text)
            found = self._lines.found
            if found:
                self._key_bar.show_hints(_FOUND_HINTS)
                self._show_find(self._find)
            else:
                self._end_search()
                self.say(f"“{event.text}” is not in the text.", is_problem=True)

    def _search(self, text: str) -> None:
        found = self._lines.find(text)
        if found:
            self._find = found.first_from(self._begun_at)
            self._lines.go_to(found.row_of(self._find), above=_ABOVE)

    def _show_find(self, find: int) -> None:
        found = self._lines.found
        assert found
        self._find = find % len(found)
        self._lines.go_to(found.row_of(self._find), above=_ABOVE)
        self.say(f"{number(self._find + 1)} of {plural(len(found), 'find')}")

    def _end_search(self) -> None:
        self._lines.forget_found()
        self._key_bar.clear()
        self._key_bar.show_hints(self._hints)

    # --- going elsewhere ---

    def action_outline(self) -> None:
        """Choose a heading to go to."""
        headings = self._lines.setting.headings
        if not headings:
            self.say("There are no headings.")
            return

        def chosen(row: int | None) -> None:
            if row is not None:
                self._lines.go_to(row)

        self.app.push_screen(OutlineScreen(headings, self._lines.top), chosen)

    def action_heading(self, direction: int) -> None:
        """Go to the next heading, or the one before."""
        top = self._lines.top
        rows = [heading.row for heading in self._lines.setting.headings]
        rows = [row for row in rows if row > top] if direction > 0 else [row for row in rows if row < top][::-1]
        if rows:
            self._lines.go_to(rows[0])
        else:
            self.say(f"There is no heading {'below' if direction > 0 else 'above'}.")

    def action_ask_page(self) -> None:
        """Ask for the number of a page."""
        self._ask.ask(_PAGE, "page")

    def action_turn(self, by: int) -> None:
        """Go to the beginning of the next page, or of this one, or the one before."""
        rows = [row for _, row in self._lines.setting.page_rows]
        if not rows:
            self.say(f"Pages are told apart once it is published; {look_of(self).keys('read.page')} goes to one.")
            return
        top = self._lines.top
        rows = [row for row in rows if row > top] if by > 0 else [row for row in rows if row < top][::-1]
        self._lines.go_to(rows[0] if rows else 0 if by < 0 else len(self._lines.setting.rows))

    def action_peek(self) -> None:
        """Look at the page that is read as a picture; the first one where that is not known."""
        if (entry := self._entry) is not None:
            page = self._lines.setting.page_at(self._lines.top)
            first = next(iter(first_selected(entry.job.options.pages, 1)))
            self.app.push_screen(PeekScreen(self.model, self._job_id, first if page is None else page))

    async def _go_to_page(self, typed: str) -> None:
        if not typed.isdecimal():
            self.say("Type the number of a page.", is_problem=True)
            return
        page = int(typed[:9])
        if page not in dict(self._lines.setting.page_rows):
            await self._lines.reach(0)  # it may not be laid out yet
        rows = dict(self._lines.setting.page_rows)
        if rows:
            if page in rows:
                self._lines.go_to(rows[page])
            else:
                first, *_, last = [*rows, *rows]
                self.say(f"There is no page {page}: they are {first} to {last}.", is_problem=True)
            return
        try:
            text = await asyncio.to_thread(self.model.engine.preview, self._job_id, page=page)
        except HotfolioError as error:
            self.say(display_text(str(error)), is_problem=True)
            return
        # Where pages are not on record, the page's own beginning says where it is.
        begins = self._lines.text.find(text.expandtabs(4).strip()[:400])
        if begins < 0 or not text.strip():
            self.say(f"It cannot be told where page {page} is in this text.", is_problem=True)
        else:
            self._lines.go_to(await self._lines.reach(self._lines.text.count("\n", 0, begins)))

    # --- changes, and other programs ---

    def action_changes(self) -> None:
        """Show what has changed since the document was run again."""
        earlier, entry = self.model.earlier.of(self._job_id), self._entry
        if earlier is None or entry is None:
            key = look_of(self).keys("job.retry")
            self.say(f"Nothing earlier is known: it is kept when a document is run again here ({key}).")
        elif not entry.job.state.is_finished:
            self.say("It is being converted anew: the changes are told when it is published.")
        else:
            self.app.push_screen(ChangesScreen(self.model, entry.job, earlier, self._lines.text))

    def action_edit(self) -> None:
        """Open the published file in the person's editor."""
        job = self._entry.job if self._entry is not None else None
        file = _published(job) if job is not None else None
        if file is None:
            self.say("There is no file to edit until it is published.", is_problem=True)
            return
        try:
            command = [*editor(), str(file)]
        except HotfolioError as error:
            self.say(str(error), is_problem=True)
            return
        self.post_message(ProgramChosen(command, self._read_again))

    def action_page_through(self) -> None:
        """Open what is shown in the person's pager."""
        self.run_worker(self._page_through(), exclusive=True, group="pager")

    async def _page_through(self) -> None:
        try:
            command = pager()
            file = await asyncio.to_thread(_temporary, self._lines.text)
        except (HotfolioError, OSError) as error:
            self.say(display_text(str(error)), is_problem=True)
            return
        self.post_message(ProgramChosen([*command, str(file)], lambda: file.unlink(missing_ok=True)))

    def _read_again(self) -> None:
        self._version = None
        self._loaded_at = self.model.clock() - _RELOAD_S
        self.take(Update())

    # --- below ---

    @on(ReaderLines.Moved)
    def _moved(self) -> None:
        self._show_title()

    @property
    def _entry(self) -> JobSnapshot | None:
        return self.model.jobs.entries.get(self._job_id)

    def _show_title(self) -> None:
        entry, lines = self._entry, self._lines
        if entry is None:
            return
        job = entry.job
        so_far = (
            "" if job.state.is_finished else f", {number(entry.pages_done)} of {plural(job.pages or 0, 'page')} so far"
        )
        rows = len(lines.setting.rows)
        seen = min(lines.top + lines.size.height, rows)
        parts = [f"{seen * 100 // rows}%"] if rows and lines.setting.is_complete else []
        if (page := lines.setting.page_at(lines.top)) is not None:
            parts.insert(0, f"page {page} of {lines.setting.page_rows[-1][0]}" if parts else f"page {page}")
        self._title.show(f"Markdown of #{job.id} {job.name}{so_far}", "  ".join(parts))

    async def _load(self, job: Job) -> None:
        try:
            read = await asyncio.to_thread(self._read, job)
        except HotfolioError as error:
            # What could be read before stays on the screen.
            read = _Read(self._lines.text or display_text(str(error)), self._lines.pages)
        try:
            if (read.text, read.pages) != (self._lines.text, self._lines.pages):
                await self._lines.show(read.text, read.pages)
        finally:
            self._is_loading = False
            self._loaded_at = self.model.clock()

    def _read(self, job: Job) -> _Read:
        engine = self.model.engine
        text = engine.preview(job.id).expandtabs(4)
        if not text:
            return _Read(_no_text(job), ())
        try:
            return _Read(text, engine.page_lines(job.id))
        except PageNotLocated:
            return _Read(text, ())


def _no_text(job: Job) -> str:
    if not job.options.text_formats:
        return f"This job makes no text: its formats are {', '.join(job.options.formats)}."
    return "The Markdown is empty." if job.state.is_finished else "There is no Markdown yet."


def _published(job: Job) -> Path | None:
    """The Markdown file of a job's result, if there is one."""
    if job.output is None or not job.state.is_finished:
        return None
    found = sorted(Path(os.fsdecode(job.output)).glob("*.md"))
    return found[0] if found else None


def _temporary(text: str) -> Path:
    """A file for a pager, which no one else can read."""
    with NamedTemporaryFile("w", encoding="utf-8", prefix="hotfolio-", suffix=".md", delete=False) as stream:
        stream.write(text)
    return Path(stream.name)
