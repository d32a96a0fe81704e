"""The process a worker drives: start it, hand it a task, watch its deadlines and memory, kill it.

This is the seam to whatever converts a page batch; a process on this machine is the one kind there is so far.
"""

import contextlib
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import psutil

from engine.base.errors import (
    ChildDied,
    ChildError,
    ChildGarbage,
    ChildKilled,
    MemoryLimit,
    PageTimeout,
    SandboxUnavailable,
)
from engine.sandbox.ends import ProcessEnd
from engine.sandbox.protocol import (
    MAX_LINE,
    Answer,
    Event,
    Merged,
    MergeProgress,
    OcrStarted,
    Opened,
    OpenProgress,
    PageDone,
    PagesDone,
    PageStarted,
    PagesTask,
    Peeked,
    Preload,
    Previewed,
    Ready,
    Refused,
    Task,
    decode_event,
    encode,
)

log = logging.getLogger(__name__)

PROGRAM = "engine.convert.process.child"
"""The fork server's module, by its name alone: its code is loaded by processes of its own and by nobody else."""
START_TIMEOUT_S = 60.0
"""For the fork server to load its libraries on a slow, busy machine (1 s on a fast one)."""
_TICK_S = 0.25
_GRACE_S = 60.0
"""A process that keeps the deadlines of a vision model's answers itself has so much longer, for all else it does."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a process may use."""

    page_timeout_s: float = 60.0
    ocr_timeout_s: float = 300.0
    memory_bytes: int = 2 << 30
    step_timeout_s: float = 300.0
    """For opening a document and for a merge, between two signs of life."""

    def page_limit_s(self, task: Task) -> float:
        """Seconds that a page of this task may take."""
        if isinstance(task, PagesTask) and task.options.asks_model and not task.text_only:
            return max(self.page_timeout_s, task.options.vlm_patience_s + _GRACE_S)
        return self.page_timeout_s


class ForkServer:
    """Starts conversion processes in milliseconds by forking one that has everything loaded.

    Thread-safe: `_lock` guards which server process is current; starting one happens outside it, by one thread.
    """

    def __init__(
        self,
        log_file: Path,
        program: str = PROGRAM,
        preloaded: Collection[Preload] = (),
        hidden: Collection[str] = (),
    ) -> None:
        """`program` is the module that is run as the fork server, which loads what is `preloaded` too.

        A process whose pages need something that is not among it has to load it by itself. Environment variables that
        are `hidden`, by their names in capitals, are not handed on.
        """
        self._log_file = log_file
        self._program = program
        self._preloaded = preloaded
        self._hidden = hidden
        self._lock = threading.Lock()
        self._server: _ServerProcess | None = None
        self._closed = False

    def fork(self) -> tuple[socket.socket, int]:
        """A new process: the engine's end of its socket, and a pipe that will say its exit status.

        Raises `SandboxUnavailable` if no fork server can be reached.
        """
        for attempt in (1, 2):
            server = self._current()
            try:
                ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
                status_read, status_write = os.pipe()
            except OSError as error:
                raise SandboxUnavailable(f"No conversion process can be started: {error.strerror}.") from error
            try:
                # One datagram carries both descriptors: sending it is atomic, so threads need not take turns.
                socket.send_fds(server.control, [b"fork"], [theirs.fileno(), status_write])
            except OSError as error:
                ours.close()
                os.close(status_read)
                self._discard(server)
                if attempt == 2:
                    raise SandboxUnavailable(
                        "The fork server ended; see forkserver.log in the state folder."
                    ) from error
            else:
                return ours, status_read
            finally:
                theirs.close()
                os.close(status_write)
        raise AssertionError("unreachable")

    def start(self) -> None:
        """Begin loading the libraries without waiting for it."""
        self._current()

    @property
    def pid(self) -> int | None:
        """The fork server's process, if there is one right now."""
        with self._lock:
            server = self._server
        return server.pid if server is not None else None

    def close(self) -> None:
        """End the fork server, and with it every process that is left."""
        with self._lock:
            self._closed, server, self._server = True, self._server, None
        if server is not None:
            server.close()

    def _current(self) -> "_ServerProcess":
        with self._lock:
            if self._closed:
                raise SandboxUnavailable("The engine is stopping.")
            if self._server is None:
                self._server = _ServerProcess()
            server = self._server
        try:
            server.ensure_started(self._program, self._preloaded, self._hidden, self._log_file)
        except OSError as error:
            self._discard(server)
            raise SandboxUnavailable(f"No conversion process can be started: {error.strerror}.") from error
        return server

    def restart(self) -> None:
        """Have the next process come from a new fork server: this one does not answer."""
        with self._lock:
            server = self._server
        if server is not None:
            self._discard(server)

    def _discard(self, server: "_ServerProcess") -> None:
        with self._lock:
            if self._server is server:
                self._server = None
        server.close()


class _ServerProcess:
    """One run of the fork server program."""

    def __init__(self) -> None:
        self.control, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._lifeline_read, self._lifeline = os.pipe()
        self._starting = threading.Lock()  # guards: the program is started once
        self._process: subprocess.Popen[bytes] | None = None

    def ensure_started(
        self, program: str, preloaded: Collection[Preload], hidden: Collection[str], log_file: Path
    ) -> None:
        """Start it, if nobody has yet."""
        if not self._starting.acquire(blocking=False):
            return  # datagrams wait in the socket until the server reads them
        log_file.parent.mkdir(parents=True, exist_ok=True)
        with log_file.open("ab") as output:
            self._process = subprocess.Popen(
                # -P: a file called json.py in the current folder must not be imported.
                [
                    sys.executable,
                    "-P",
                    "-m",
                    program,
                    str(self._theirs.fileno()),
                    str(self._lifeline_read),
                    *sorted(preloaded),
                ],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={name: value for name, value in os.environ.items() if name.upper() not in hidden},
                pass_fds=[self._theirs.fileno(), self._lifeline_read],
                # ctrl+c and a hang-up are for the engine, which ends its processes in order.
                start_new_session=True,
            )
        self._theirs.close()
        os.close(self._lifeline_read)

    @property
    def pid(self) -> int | None:
        process = self._process
        return process.pid if process is not None else None

    def close(self) -> None:
        self.control.close()
        for descriptor in (self._lifeline, *(() if self._process else (self._lifeline_read,))):
            with contextlib.suppress(OSError):
                os.close(descriptor)
        if self._process is None:
            self._theirs.close()
        if self._process is not None:
            try:
                self._process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
            self._lifeline_read = self._lifeline = -1


class Sandbox:
    """One conversion process, driven by one worker thread; only `kill` and the readings are for other threads.

    `_kill_lock` guards the descriptor that signals go to, so that a kill cannot hit a process that came after.
    """

    def __init__(self, fork_server: ForkServer, limits: Limits) -> None:
        """Start a process; raises `SandboxUnavailable`."""
        self._limits = limits
        self._socket, self._status_pipe = fork_server.fork()
        self._buffer = bytearray()
        self._kill_lock = threading.Lock()
        self._pidfd: int | None = None
        self.pid: int | None = None
        self.rss_bytes = 0
        self.pages_converted = 0
        self.busy_s = 0.0
        """Seconds the process has spent on tasks, as it reports them."""
        self.end: ProcessEnd | None = None
        """Why the process has ended, if a task ended with it."""
        self._process: psutil.Process | None = None
        self._next_reading = 0.0
        self._killed = False
        try:
            self._await_ready()
        except ChildError as error:
            self.close()
            if isinstance(error, PageTimeout):
                fork_server.restart()
            raise SandboxUnavailable(f"{error} See forkserver.log in the state folder.") from error
        except BaseException:
            self.close()
            raise

    def run(self, task: Task, on_event: Callable[[Event], None]) -> Answer:
        """Have a task done; `on_event` hears of progress, in this thread.

        Raises `PageTimeout`, `MemoryLimit`, `ChildDied` or `ChildGarbage`; the process is dead after any of them.
        """
        try:
            self._send(task)
            return self._listen(self._limits.page_limit_s(task), on_event)
        except BaseException as error:
            self.end = ProcessEnd.of(error)
            self.close()
            raise

    def kill(self) -> None:
        """End the process at once, from any thread; the worker's `run` raises `ChildDied`."""
        with self._kill_lock:
            self._killed = True
            if self._pidfd is not None:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
            elif self.pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.pid, signal.SIGKILL)

    @property
    def is_usable(self) -> bool:
        """Whether the process can take another task."""
        return self.pid is not None and not self._killed

    def close(self) -> None:
        """Kill the process if it still runs, and let go of everything."""
        self.kill()
        self._socket.close()
        with self._kill_lock:
            if self._pidfd is not None:
                os.close(self._pidfd)
            self._pidfd, self.pid = None, None
        if self._status_pipe >= 0:
            os.close(self._status_pipe)
            self._status_pipe = -1

    def _await_ready(self) -> None:
        event = self._next_event(time.monotonic() + START_TIMEOUT_S)
        if event is None:
            raise PageTimeout("The conversion process did not start in time.")
        if not isinstance(event, Ready):
            raise ChildGarbage("The conversion process did not introduce itself.")
        if event.pid < 2:
            raise ChildGarbage("The conversion process did not introduce itself.")
        if not event.preloaded or event.threads > 1:
            raise SandboxUnavailable(
                f"The conversion libraries have started threads ({event.threads - 1}); conversions would hang."
            )
        with self._kill_lock:
            self.pid = event.pid
            if hasattr(os, "pidfd_open"):
                with contextlib.suppress(OSError):
                    self._pidfd = os.pidfd_open(event.pid)
        with contextlib.suppress(psutil.Error):
            self._process = psutil.Process(event.pid)

    def _send(self, task: Task) -> None:
        try:
            self._socket.settimeout(self._limits.step_timeout_s)
            self._socket.sendall(encode(task))
        except OSError as error:
            raise self._death() from error

    def _listen(self, page_limit_s: float, on_event: Callable[[Event], None]) -> Answer:
        under_way: dict[int, tuple[float, float]] = {}  # page to its deadline, and for how long that is
        step_s = self._limits.step_timeout_s
        deadline, allowed_s = time.monotonic() + step_s, step_s
        while True:
            event = self._next_event(deadline)
            match event:
                case None:
                    where = "The page" if under_way else "The document"  # who tells it says which
                    raise PageTimeout(f"{where} took longer than {allowed_s:g} s.")
                case Refused():
                    return event
                case Opened() | PagesDone() | Merged() | Previewed() | Peeked():
                    self.busy_s += event.busy_s
                    return event
                case PageStarted():
                    under_way[event.page] = (time.monotonic() + page_limit_s, page_limit_s)
                case OcrStarted():
                    if event.page in under_way:
                        ocr_s = max(page_limit_s, self._limits.ocr_timeout_s)
                        under_way[event.page] = (time.monotonic() + ocr_s, ocr_s)
                case PageDone():
                    self.pages_converted += 1
                    under_way.pop(event.page, None)
                case OpenProgress() | MergeProgress():
                    pass
                case Ready():
                    raise ChildGarbage("The conversion process introduced itself twice.")
            on_event(event)
            deadline, allowed_s = min(under_way.values(), default=(time.monotonic() + step_s, step_s))

    def _next_event(self, deadline: float) -> Event | None:
        """The next event; None when the deadline passes first."""
        while True:
            if (end := self._buffer.find(b"\n")) >= 0:
                line = bytes(self._buffer[:end])
                del self._buffer[: end + 1]
                return decode_event(line)
            if len(self._buffer) > MAX_LINE:
                raise ChildGarbage("The conversion process sent an endless line.")
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return None
            self._watch_memory()
            readable, _, _ = select.select([self._socket], [], [], min(_TICK_S, remaining))
            if not readable:
                continue
            try:
                data = self._socket.recv(1 << 16)
            except OSError as error:
                raise self._death() from error
            if not data:
                raise self._death()
            self._buffer += data

    def _watch_memory(self) -> None:
        now = time.monotonic()
        if self._process is None or now < self._next_reading:
            return
        self._next_reading = now + _TICK_S
        try:
            self.rss_bytes = self._process.memory_info().rss
        except psutil.Error:
            return
        if self.rss_bytes > self._limits.memory_bytes:
            raise MemoryLimit(f"It needed more than {self._limits.memory_bytes >> 20} MB of memory (memory_limit).")

    def _death(self) -> ChildError:
        if self._killed:
            return ChildKilled("The conversion process was stopped.")
        status = ""
        readable, _, _ = select.select([self._status_pipe], [], [], 1.0)
        if readable:
            status = os.read(self._status_pipe, 32).decode(errors="replace")
        with contextlib.suppress(ValueError):
            code = int(status)
            if code < 0:
                return ChildDied(f"The conversion process was killed by {signal.Signals(-code).name}.")
            return ChildDied(f"The conversion process ended with exit status {code}.")
        return ChildDied("The conversion process ended unexpectedly.")
