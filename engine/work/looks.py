"""Looks into documents on demand, in a process of its own that lives for one look."""

import os
import uuid
import zlib
from collections.abc import Callable
from pathlib import Path

from engine.base.beneath import lstat_beneath
from engine.base.errors import ChildError, DocumentError, HotfolioError, PasswordRequired, SourceGone
from engine.base.safetext import display_text
from engine.job.formats import Format
from engine.job.job import Job, PageResult, PageState
from engine.job.pageranges import first_selected
from engine.job.snapshot import WHOLE_PAGE, Area, PageBlock, Picture
from engine.publish.blockindex import read_blocks
from engine.publish.pageindex import page_lines, read_page
from engine.publish.publisher import MANIFEST, read_manifest
from engine.sandbox.backend import Backend, Desk, Limits
from engine.sandbox.protocol import (
    CONVERTED,
    MAX_PEEK,
    PAGES,
    SOURCE,
    Peeked,
    PeekTask,
    Previewed,
    PreviewTask,
    Refused,
    Task,
)
from engine.work.runs import file_name, refusal

_MAX_PREVIEW_BYTES = 4 << 20
_LIMITS = Limits(open_timeout_s=20, step_timeout_s=20)


class Inspector:
    """Thread-safe: it keeps no state. Every call opens a sandbox, which takes some 10 ms where that is a process."""

    def __init__(self, backend: Backend, state_folder: Path, passwords: Callable[[], tuple[str, ...]] = tuple) -> None:
        """`backend` is where sandboxes come from. `passwords` reads the file of them; may raise `PasswordsRefused`."""
        self._backend = backend
        self._state_folder = state_folder
        self._passwords = passwords

    def preview(self, job: Job, desk: Desk) -> str:
        """The job's Markdown: as published, or of the pages finished so far. Raises `HotfolioError`.

        `desk` is its private folder, which exists while it is unfinished. At most 4 MB are read.
        """
        if _is_published(job):
            return _read(_place(job) / _markdown_name(job))
        if not job.options.text_formats or not _has_pages(desk.path):
            return ""
        return self._preview(job, desk) or ""

    def preview_page(self, job: Job, desk: Desk, page: int, recorded: PageResult | None) -> str:
        """The Markdown of one page (from 1), as published or as it will be by the pages finished so far.

        `recorded` is how the page came out, where that is on record already. Raises `PageNotLocated` if the published
        Markdown cannot be cut into pages, `HotfolioError` if there is none of this page.
        """
        if _is_published(job):
            if Format.MD not in job.options.formats:
                raise HotfolioError(_no_markdown(job))
            place = _place(job)
            found = read_page(place / _markdown_name(job), read_manifest(place), page, _MAX_PREVIEW_BYTES)
            return _shown(found)
        if not job.options.text_formats:
            raise HotfolioError(_no_markdown(job))
        failure = (recorded.error or "unknown") if recorded and recorded.state is PageState.FAILED else None
        text = self._preview(job, desk, page, failure) if _has_pages(desk.path) else None
        if text is not None:
            return text
        if failure is not None:
            raise HotfolioError(f"Page {page} could not be converted: {failure}")
        raise HotfolioError(
            f"Page {page} was not converted." if job.state.is_finished else f"Page {page} is not converted yet."
        )

    def page_lines(self, job: Job) -> list[tuple[int, int]]:
        """The pages of the published Markdown and the line of `preview` (from 0) that each begins in; raises as above.

        There are none before it is published.
        """
        if not _is_published(job) or Format.MD not in job.options.formats:
            return []
        place = _place(job)
        return page_lines(place / _markdown_name(job), read_manifest(place), _MAX_PREVIEW_BYTES)

    def blocks(self, job: Job, page: int) -> tuple[PageBlock, ...]:
        """The blocks of a page (from 1), in the order of the Markdown, as the published JSON tells them.

        Raises `HotfolioError`, also where there is no JSON.
        """
        if Format.JSON not in job.options.formats:
            raise HotfolioError("Where the blocks of a page are stands in JSON: add it to `formats`, and run it again.")
        if not _is_published(job):
            raise HotfolioError("Where the blocks of a page are is told once the result is published.")
        return read_blocks(_place(job) / f"{Path(file_name(job)).stem}.json", page)

    def peek(
        self, job: Job, desk: Desk, page: int, width: int, height: int, area: Area, password: str | None
    ) -> Picture:
        """A part of a page of the job's document, fitted into so many pixels, at most 1600 a side.

        Raises `HotfolioError`.
        """
        answer = self._peeked(job, desk, page, (width, height), password, self._passwords, area)
        if not isinstance(answer, Peeked) or (rgb := _pixels(answer)) is None:
            raise HotfolioError("The page could not be rendered.")
        return Picture(answer.width, answer.height, rgb)

    def opens(self, job: Job, desk: Desk, password: str) -> bool:
        """Whether the job's document opens with a password. Raises `HotfolioError` if that cannot be found out.

        One that is damaged behind its password opens: what is wrong with it, its job will tell.
        """
        first = next(iter(first_selected(job.options.pages, 1)))
        try:
            self._peeked(job, desk, first, (1, 1), password, tuple)
        except PasswordRequired:
            return False
        except (DocumentError, ChildError):
            return True
        return True

    def _peeked(
        self,
        job: Job,
        desk: Desk,
        page: int,
        size: tuple[int, int],
        password: str | None,
        more: Callable[[], tuple[str, ...]],
        area: Area = WHOLE_PAGE,
    ) -> object:
        """What a process makes of the document's page; `more` are tried where the password does not open it."""
        file = _document(job, desk)
        try:
            return self._peeked_at(file, job, page, size, password, more, area)
        except PasswordRequired:
            raise
        except HotfolioError:
            if file.exists():
                raise
        # The job has ended meanwhile, and what it had of the document is gone: that says nothing about the document.
        return self._peeked_at(_document(job, desk), job, page, size, password, more, area)

    def _peeked_at(
        self,
        file: Path,
        job: Job,
        page: int,
        size: tuple[int, int],
        password: str | None,
        more: Callable[[], tuple[str, ...]],
        area: Area,
    ) -> object:
        look = self._backend.desk(f"look-{uuid.uuid4()}")  # which may be at a document of a job that is long over
        task = PeekTask(
            desk=look.name,
            name=file_name(job),
            accept=job.options.accept,
            page=page,
            width=max(1, min(size[0], MAX_PEEK)),
            height=max(1, min(size[1], MAX_PEEK)),
            area=area,
            password=password,
        )
        try:
            look.put_source(file)
            try:
                return self._ask(task)
            except PasswordRequired:
                candidates = more()
                if not candidates:
                    raise
                return self._ask(task.model_copy(update={"candidates": candidates}))
        finally:
            look.discard()

    def _preview(self, job: Job, desk: Desk, page: int | None = None, failure: str | None = None) -> str | None:
        """What a process makes of the checkpoints, None if there is nothing in it."""
        file = desk.path / f"preview-{uuid.uuid4()}.md"  # of this look alone: another may be under way
        task = PreviewTask(
            desk=desk.name,
            name=file_name(job),
            options=job.options,
            file=file.name,
            page=page,
            failure=failure,
        )
        try:
            answer = self._ask(task)
            return _read(file) if isinstance(answer, Previewed) and answer.pages else None
        finally:
            file.unlink(missing_ok=True)

    def _ask(self, task: Task) -> object:
        sandbox = self._backend.open(_LIMITS)
        try:
            answer = sandbox.run(task, lambda _: None)
        finally:
            sandbox.close()
        if isinstance(answer, Refused):
            raise refusal(answer, self._state_folder)
        return answer


def _document(job: Job, desk: Desk) -> Path:
    """Where the job's document is: with the job, else where it came from. Raises `SourceGone`."""
    for file in (desk.path / CONVERTED, desk.path / SOURCE):
        if file.exists():
            return file
    try:
        unchanged = job.source.matches(lstat_beneath(job.source.root, job.source.path))
    except OSError:
        unchanged = False
    if not unchanged:
        raise SourceGone("The document is no longer where it was, so there is nothing to look at.")
    return job.source.file


def _read(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            return _shown(stream.read(_MAX_PREVIEW_BYTES))
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise HotfolioError(f"The preview cannot be read: {error.strerror}.") from error


def _shown(markdown: bytes) -> str:
    return display_text(markdown.decode("utf-8", "replace"))


def _is_published(job: Job) -> bool:
    """Whether there is a result of this job, also of an earlier run than the one that has ended."""
    if job.output is None or not job.state.is_finished:
        return False
    return job.state.is_published or (_place(job) / MANIFEST).exists()


def _place(job: Job) -> Path:
    return Path(os.fsdecode(job.output or b""))


def _markdown_name(job: Job) -> str:
    return f"{Path(file_name(job)).stem}.md"


def _has_pages(folder: Path) -> bool:
    return any((folder / PAGES).glob("*.jsonl*"))


def _no_markdown(job: Job) -> str:
    return f"This job makes no Markdown: its formats are {', '.join(job.options.formats)}."


def _pixels(answer: Peeked) -> bytes | None:
    """The bytes of a picture, None if they are not as many as it has; what a process says is not believed."""
    size = answer.width * answer.height * 3
    try:
        rgb = zlib.decompressobj().decompress(answer.rgb, size + 1) if answer.is_deflated else answer.rgb
    except zlib.error:
        return None
    return rgb if len(rgb) == size else None
