"""What runs inside a conversion process: it takes tasks from the engine and keeps the last document open."""

import base64
import contextlib
import json
import os
import socket
import sys
import time
import traceback
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.convert.loading import reached
from engine.convert.process import office
from engine.convert.process.allowance import allowance, code
from engine.job.job import Checkpoint, PageResult, PageState
from engine.sandbox.confinement import confine
from engine.sandbox.protocol import (
    LOG,
    MAX_LINE,
    MERGE_LIST,
    Begun,
    Event,
    InOneGo,
    Lacking,
    Merged,
    MergeProgress,
    MergeTask,
    OcrStarted,
    Opened,
    OpenProgress,
    OpenTask,
    Order,
    PageDone,
    PagesDone,
    PageStarted,
    PagesTask,
    Peeked,
    PeekTask,
    Previewed,
    PreviewTask,
    Ready,
    Refused,
    decode_order,
    encode,
    path_of,
)
from engine.sandbox.shortage import is_shortage
from engine.sandbox.stages import Stage

_PICTURE_BYTES = MAX_LINE * 3 // 4 - 1000
"""What fits into a message in base64."""
_SIGN_OF_LIFE_S = 1.0


class Child:
    """Takes tasks from the engine one after the other and keeps the last document open."""

    def __init__(self, connection: socket.socket, threads: int) -> None:
        """`threads` are those of the fork server."""
        self._connection = connection
        self._threads = threads
        self._folder: Path | None = None
        """Which the process is held to, from its first task on."""
        self._document: object = None
        self._opened_for: tuple[Any, ...] | None = None
        """With what the document was opened, its password third."""

    def run(self) -> None:
        """Serve until the engine closes the connection."""
        self._send(Ready(pid=os.getpid(), stage=reached.reached() or Stage.BARE, threads=self._threads))
        with self._connection.makefile("rb") as lines:
            while line := lines.readline(MAX_LINE):
                self._do(decode_order(line))

    def _send(self, event: Event) -> None:
        self._connection.sendall(encode(event))

    def _do(self, order: Order) -> None:
        task = order.task
        started = time.perf_counter()
        from engine.convert.open.document import CannotOpen

        try:
            self._enter(order)
            match task:
                case OpenTask():
                    self._open(task, started)
                case PagesTask():
                    self._pages(task, started)
                case MergeTask():
                    self._merge(task, started)
                case PreviewTask():
                    self._preview(task, started)
                case PeekTask():
                    self._peek(task, started)
        except reached.NotLoaded as lack:
            self._send(Lacking(stage=lack.stage, busy_s=time.perf_counter() - started))
        except Exception as error:  # noqa: BLE001 - reported to the engine, which decides
            self._send(_refusal(error))
            if not isinstance(error, CannotOpen):
                _log_traceback()
        finally:
            with contextlib.suppress(OSError):  # the log's disk may be full
                sys.stdout.flush()
                sys.stderr.flush()

    def _enter(self, order: Order) -> None:
        """Work in the job's folder, and from then on nowhere else; what the libraries print goes to the job's log."""
        folder = path_of(order.folder)
        if self._folder not in (None, folder):
            raise RuntimeError("This process is held to another document.")
        os.chdir(folder)
        log = os.open(LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)
        if self._folder is None:
            self._folder = folder
            problem = ""
            try:
                if isinstance(order.task, OpenTask):
                    problem = office.make_pdf(order.task.name, order.task.options.accept, code(), order.memory)
            finally:
                self._hold(order)
            if problem:
                from engine.convert.open.document import CannotOpen

                raise CannotOpen("damaged", problem)

    def _hold(self, order: Order) -> None:
        options = None if isinstance(order.task, PeekTask) else order.task.options
        try:
            confine(allowance(path_of(order.folder), options, order.memory))
        except OSError as error:  # `hotfolio doctor` says what holds on this machine
            print(f"This process is not held to its document: {error}", file=sys.stderr)

    def _document_of(self, task: OpenTask | PagesTask):  # type: ignore[no-untyped-def]
        from engine.convert.open.document import Document, open_document
        from engine.convert.open.otherkinds import working_copy

        file = working_copy()
        copy = file.stat()
        candidates = task.candidates if isinstance(task, OpenTask) else ()
        wanted = (task.desk, task.options, task.password, copy.st_ino, copy.st_mtime_ns)
        if wanted != self._opened_for or not isinstance(self._document, Document):
            if isinstance(self._document, Document):
                self._document.close()
            self._document, self._opened_for = None, None
            document = open_document(file, task.name, task.options, task.password, candidates)
            # The tasks that follow come with the password that has opened it.
            password = task.password if document.candidate is None else candidates[document.candidate]
            self._document, self._opened_for = document, (*wanted[:2], password, *wanted[3:])
        return self._document

    def _open(self, task: OpenTask, started: float) -> None:
        from engine.convert.open.document import CannotOpen
        from engine.convert.open.otherkinds import make_pdf
        from engine.convert.plugins.entrypoints import PluginFailed, check
        from engine.convert.process.batch import write_head

        try:
            check(task.options.needed)
        except PluginFailed as error:  # before anything is done that would be for nothing
            raise CannotOpen("plugin", str(error)) from error
        noted = make_pdf(task.name, task.options.accept, self._at_times(OpenProgress))
        document = self._document_of(task)
        if task.options.asks_model:
            from engine.convert.vlm.prompts import load

            load(task.options.vlm_prompts)  # what is wrong with them is wrong with every page
        goes_on = task.in_one_go if _is_small(document, task.in_one_go) else None
        write_head(document, lasts=goes_on is None)
        warnings = (*noted, *document.warnings)
        busy_s = time.perf_counter() - started
        opened = Opened(
            pages=document.page_count,
            busy_s=busy_s,
            warnings=warnings,
            kinds=tuple(document.kinds),
            needs=document.needs,
            candidate=document.candidate,
        )
        if goes_on is None:
            self._send(opened)
        else:
            self._send(Begun(opened=opened))
            self._go_on(task, goes_on, document, started)

    def _go_on(self, task: OpenTask, small: InOneGo, document, started: float) -> None:  # type: ignore[no-untyped-def]
        """Convert and merge a document that has just been opened."""
        checkpoint = Checkpoint(1, document.page_count)
        if self._convert(document, task, range(1, document.page_count + 1), in_one_go=True):
            Path(MERGE_LIST).write_text(json.dumps({"checkpoints": [checkpoint.part], "failed": {}}))
            self._put_together(task, small.source, small.sha256, started, lasts=False)
        else:
            self._send(PagesDone(busy_s=time.perf_counter() - started))

    def _pages(self, task: PagesTask, started: float) -> None:
        self._convert(self._document_of(task), task, range(task.first, task.last + 1), text_only=task.text_only)
        self._send(PagesDone(busy_s=time.perf_counter() - started))

    def _convert(  # type: ignore[no-untyped-def]
        self, document, task: OpenTask | PagesTask, pages: range, *, text_only: bool = False, in_one_go: bool = False
    ) -> bool:
        """Convert pages; returns whether none has failed. In one go, nothing is durable then."""
        from engine.convert.process.batch import convert_batch

        failed: list[int] = []

        def on_done(result: PageResult) -> None:
            if result.state is PageState.FAILED:
                failed.append(result.page)
            self._send(
                PageDone(
                    page=result.page,
                    state=result.state,
                    seconds=result.seconds,
                    via=result.via,
                    error=result.error,
                )
            )

        convert_batch(
            document,
            pages,
            task.options,
            text_only=text_only,
            on_start=lambda page: self._send(PageStarted(page=page)),
            on_ocr=lambda page: self._send(OcrStarted(page=page)),
            on_done=on_done,
            lasts=lambda: bool(failed) or not in_one_go,
        )
        return not failed

    def _preview(self, task: PreviewTask, started: float) -> None:
        from engine.convert.process.merge import preview_document, preview_page

        file = Path(task.file)
        if task.page is None:
            pages = preview_document(task.name, task.options, file)
        else:
            pages = preview_page(task.name, task.options, file, task.page, task.failure)
        self._send(Previewed(pages=pages, busy_s=time.perf_counter() - started))

    def _peek(self, task: PeekTask, started: float) -> None:
        from engine.convert.formats.pictures import thumbnail
        from engine.convert.open.document import Document, open_document
        from engine.convert.open.otherkinds import kind_to_open, single_page, working_copy
        from engine.job.options import ConvertOptions, DocumentKind, OcrMode

        file = working_copy()
        options = ConvertOptions(ocr=OcrMode.NEVER)
        accept = (*task.accept, DocumentKind.PDF)  # also what has been made one
        kind = kind_to_open(file, task.name, accept)
        if kind is DocumentKind.PDF:
            document = open_document(file, "", options, task.password, task.candidates)
        else:
            pdf = single_page(file, kind, task.page)
            document = Document(pdf, "", options, lambda: pdf)
        width, height, rgb = thumbnail(document, task.page, task.width, task.height, task.area)
        while len(deflated := zlib.compress(rgb, 1)) > _PICTURE_BYTES:
            width, height = width * 7 // 10, height * 7 // 10
            width, height, rgb = thumbnail(document, task.page, width, height, task.area)
        data, busy_s = base64.b64encode(deflated), time.perf_counter() - started
        self._send(Peeked(width=width, height=height, rgb=data, is_deflated=True, busy_s=busy_s))

    def _at_times(self, event: type[OpenProgress | MergeProgress]) -> Callable[[int], None]:
        """Tells the engine of a page, as a sign of life, if it has not heard of one for a second."""
        last = time.perf_counter()

        def on_page(page: int) -> None:
            nonlocal last
            if time.perf_counter() - last > _SIGN_OF_LIFE_S:
                last = time.perf_counter()
                self._send(event(page=page))

        return on_page

    def _merge(self, task: MergeTask, started: float) -> None:
        self._put_together(task, task.source, task.sha256, started, lasts=True)

    def _put_together(
        self, task: OpenTask | MergeTask, source: str, sha256: str, started: float, *, lasts: bool
    ) -> None:
        from engine.convert.open.document import Document, open_document
        from engine.convert.open.otherkinds import working_copy
        from engine.convert.process.merge import merge_document, versions

        password = task.password if self._opened_for is None else self._opened_for[2]

        def open_source() -> Document:
            # Not the one that is open already: reading pages may have changed it.
            return open_document(working_copy(), task.name, task.options, password)

        warnings, kinds = merge_document(
            task.name,
            task.options,
            open_source,
            self._at_times(MergeProgress),
            source=source,
            sha256=sha256,
            lasts=lasts,
        )
        busy_s = time.perf_counter() - started
        self._send(Merged(busy_s=busy_s, warnings=tuple(warnings), kinds=tuple(kinds), versions=versions(task.options)))


def _is_small(document, limit: InOneGo | None) -> bool:  # type: ignore[no-untyped-def]
    """Whether a document is done in one go: where nobody could help with it, or it would take longer to ask."""
    if limit is None or document.page_count > limit.pages:
        return False
    needs, has = document.needs, reached.reached()
    return (document.page_count == 1 or needs is Stage.BARE) and (has is None or needs <= has)


def _refusal(error: Exception) -> Refused:
    from engine.convert.open.document import CannotOpen, one_line

    if is_shortage(error):  # whatever came of that in the end
        return Refused(kind="memory", message=one_line(error))
    if isinstance(error, CannotOpen):
        return Refused(kind=error.kind, message=str(error))
    if isinstance(error, OSError):
        return Refused(kind="unwritable", message=f"{error.errno or 0} {error.strerror or error}")
    return Refused(kind="internal", message=one_line(error))


def _log_traceback() -> None:
    with contextlib.suppress(OSError):
        traceback.print_exc()
