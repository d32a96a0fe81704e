"""What runs inside a conversion process, and the fork server such processes come from.

The fork server is started once as a program of its own, loads PyMuPDF and its models, and forks a warm process in
some 10 ms whenever it is sent a pair of descriptors: a socket for the protocol (see `engine.sandbox.protocol`) and a
pipe on which the process's exit status will be reported. It ends when its lifeline, a pipe from the engine, closes, and
its children end with it however the engine died.
"""

import base64
import contextlib
import ctypes
import os
import selectors
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from engine.convert.process import runtime
from engine.convert.process.allowance import allowance, prepare
from engine.sandbox.confinement import confine
from engine.sandbox.protocol import (
    LOG,
    MAX_LINE,
    Event,
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

NICENESS = 5
"""Children yield to the dashboard and to whatever else the machine is for."""

_PR_SET_PDEATHSIG = 1  # prctl(2)
_SIGN_OF_LIFE_S = 1.0


def serve_forks(control: socket.socket, lifeline: int, *preloaded: str) -> NoReturn:
    """Fork a conversion process for every pair of descriptors that arrives on `control`, until `lifeline` closes.

    What only some pages need is loaded by each process that meets one, unless it is `preloaded`.
    """
    runtime.preload(*preloaded)
    prepare()
    sys.stdout.flush()  # or every process would write what the libraries have said into the log of its first job
    threads = runtime.thread_count() or 1
    wakeup_read, wakeup_write = os.pipe()
    os.set_blocking(wakeup_write, False)
    signal.set_wakeup_fd(wakeup_write, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    status_pipes: dict[int, int] = {}
    with selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        selector.register(lifeline, selectors.EVENT_READ)
        selector.register(wakeup_read, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj == lifeline:
                    os._exit(0)
                elif key.fileobj == wakeup_read:
                    os.read(wakeup_read, 512)
                    _report_exits(status_pipes)
                else:
                    _, descriptors, _, _ = socket.recv_fds(control, 16, 2)
                    if len(descriptors) != 2:
                        os._exit(0)
                    channel, status = descriptors
                    try:
                        pid = os.fork()
                    except OSError:
                        os.close(channel)  # which tells the engine
                        os.close(status)
                        continue
                    if pid == 0:
                        with contextlib.suppress(BaseException):
                            for inherited in (
                                *status_pipes.values(),
                                status,
                                lifeline,
                                wakeup_read,
                                wakeup_write,
                            ):
                                os.close(inherited)
                            signal.set_wakeup_fd(-1)
                            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                            selector.close()
                            control.close()
                            _become_child(channel, threads)
                        os._exit(1)
                    os.close(channel)
                    status_pipes[pid] = status


def _report_exits(status_pipes: dict[int, int]) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        pipe = status_pipes.pop(pid, None)
        if pipe is not None:
            with contextlib.suppress(OSError):
                os.write(pipe, str(os.waitstatus_to_exitcode(status)).encode())
            os.close(pipe)


def _become_child(channel: int, threads: int) -> None:
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent or parent == 1:
            return  # the fork server died in between
    os.nice(NICENESS)
    with socket.socket(fileno=channel) as connection:
        _Child(connection, threads).run()


class _Child:
    """Takes tasks from the engine one after the other and keeps the last document open."""

    def __init__(self, connection: socket.socket, threads: int) -> None:
        self._connection = connection
        self._threads = threads
        self._folder: Path | None = None
        """Which the process is held to, from its first task on."""
        self._document: object = None
        self._opened_for: object = None

    def run(self) -> None:
        """Serve until the engine closes the connection."""
        self._send(Ready(pid=os.getpid(), preloaded=runtime.is_preloaded(), threads=self._threads))
        with self._connection.makefile("rb") as lines:
            while line := lines.readline(MAX_LINE):
                self._do(decode_order(line))

    def _send(self, event: Event) -> None:
        self._connection.sendall(encode(event))

    def _do(self, order: Order) -> None:
        task = order.task
        started = time.perf_counter()
        from engine.convert.open.document import CannotOpen, one_line

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
        except CannotOpen as error:
            self._send(Refused(kind=error.kind, message=str(error)))
        except OSError as error:
            self._send(Refused(kind="unwritable", message=f"{error.errno or 0} {error.strerror or error}"))
            _log_traceback()
        except Exception as error:  # noqa: BLE001 - reported to the engine, which decides
            self._send(Refused(kind="internal", message=one_line(error)))
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
            options = None if isinstance(order.task, PeekTask) else order.task.options
            try:
                confine(allowance(folder, options, order.memory))
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
        write_head(document)
        warnings = (*noted, *document.warnings)
        busy_s = time.perf_counter() - started
        self._send(Opened(pages=document.page_count, busy_s=busy_s, warnings=warnings, candidate=document.candidate))

    def _pages(self, task: PagesTask, started: float) -> None:
        from engine.convert.process.batch import convert_batch

        convert_batch(
            self._document_of(task),
            range(task.first, task.last + 1),
            task.options,
            text_only=task.text_only,
            on_start=lambda page: self._send(PageStarted(page=page)),
            on_ocr=lambda page: self._send(OcrStarted(page=page)),
            on_done=lambda result: self._send(
                PageDone(
                    page=result.page,
                    state=result.state,
                    seconds=result.seconds,
                    via=result.via,
                    error=result.error,
                )
            ),
        )
        self._send(PagesDone(busy_s=time.perf_counter() - started))

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
        width, height, rgb = thumbnail(document, task.page, task.width, task.height)
        busy_s = time.perf_counter() - started
        self._send(Peeked(width=width, height=height, rgb=base64.b64encode(rgb), busy_s=busy_s))

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
        from engine.convert.open.document import Document, open_document
        from engine.convert.open.otherkinds import working_copy
        from engine.convert.process.merge import merge_document, versions

        def open_source() -> Document:
            # Not the one that is open already: reading pages may have changed it.
            return open_document(working_copy(), task.name, task.options, task.password)

        warnings = merge_document(
            task.name,
            task.options,
            open_source,
            self._at_times(MergeProgress),
            source=task.source,
            sha256=task.sha256,
        )
        busy_s = time.perf_counter() - started
        self._send(Merged(busy_s=busy_s, warnings=tuple(warnings), versions=versions(task.options)))


def _log_traceback() -> None:
    with contextlib.suppress(OSError):
        traceback.print_exc()


def main() -> NoReturn:
    """Entry point of the fork server: `python -m engine.convert.process.child CONTROL_FD LIFELINE_FD [PRELOAD ...]`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ctrl+c is for the engine, which stops its processes in order
    control, lifeline = int(sys.argv[1]), int(sys.argv[2])
    serve_forks(socket.socket(fileno=control), lifeline, *sys.argv[3:])


if __name__ == "__main__":
    main()
