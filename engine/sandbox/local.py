"""The backend of this machine: conversion processes, forked when a worker needs one and killed when it must be."""

import contextlib
import os
import signal
import threading
import time
from pathlib import Path

import psutil

from engine.base.descriptors import readable
from engine.base.errors import (
    ChildDied,
    ChildError,
    ChildGarbage,
    ChildKilled,
    PageTimeout,
    SandboxUnavailable,
)
from engine.sandbox.backend import Capability, Limits, Readings, Workplace
from engine.sandbox.desk import LocalDesk
from engine.sandbox.forkserver import PROGRAM, ForkServer
from engine.sandbox.listening import ListeningSandbox
from engine.sandbox.protocol import LOG, MAX_LINE, Event, Order, Ready, Task, decode_event, encode, wire_path
from engine.sandbox.shortage import ends_in_shortage, size_of
from engine.sandbox.stages import Stage

START_TIMEOUT_S = 60.0
"""For the fork server to load its libraries on a slow, busy machine (1 s on a fast one)."""
_TICK_S = 0.25


class LocalBackend:
    """Conversion processes of this machine, from a fork server. Thread-safe."""

    capabilities = frozenset(Capability)
    slots = None

    def __init__(self, workplace: Workplace, *, program: str = PROGRAM, fork_server: ForkServer | None = None) -> None:
        """`program` is the module that is run as the fork server.

        A `fork_server` that is given is used in its place, and left open: several backends may share one.
        """
        log_file = workplace.state_folder / "forkserver.log"
        self._own = fork_server is None
        self._fork_server = fork_server or ForkServer(log_file, program, workplace.preload, workplace.hidden)
        self._desks = workplace.desks
        self._closed = False

    @property
    def pids(self) -> tuple[int, ...]:
        """The fork server's processes, the first stage's first; none if it has not been started."""
        return self._fork_server.pids

    def start(self) -> None:
        """Begin loading the libraries without waiting for it. Raises `SandboxUnavailable`."""
        self._fork_server.start()

    def desk(self, name: str) -> LocalDesk:
        """The folder of this name."""
        return LocalDesk(name, self._desks / name)

    def open(self, limits: Limits, needs: Stage = Stage.BARE) -> "ProcessSandbox":
        """A new process; raises `SandboxUnavailable`."""
        if self._closed:
            raise SandboxUnavailable("The engine is stopping.")
        return ProcessSandbox(self._fork_server, self._desks, limits, needs)

    def close(self) -> None:
        """End the fork server, and with it every process that is left."""
        self._closed = True
        if self._own:
            self._fork_server.close()


class ProcessSandbox(ListeningSandbox):
    """One conversion process, driven by one worker thread; only `kill` and the readings are for other threads.

    `_kill_lock` guards the descriptor that signals go to, so that a kill cannot hit a process that came after.
    """

    def __init__(self, fork_server: ForkServer, desks: Path, limits: Limits, needs: Stage) -> None:
        """Start a process with at least so much loaded; raises `SandboxUnavailable`."""
        super().__init__(limits)
        self._desks = desks
        self._socket, self._status_pipe = fork_server.fork(needs)
        self._buffer = bytearray()
        self._kill_lock = threading.Lock()
        self._pidfd: int | None = None
        self._pid: int | None = None
        self._turns = Path()
        """Where the system says what its turns on a processor were."""
        self._rss_bytes = 0
        self._process: psutil.Process | None = None
        self._next_look = 0.0
        self._place: tuple[int, int] | None = None
        self._killed = False
        self._log = Path()
        self._logged = 0
        try:
            self.stage = self._await_ready(needs)
        except ChildError as error:
            self.close()
            if isinstance(error, PageTimeout):
                fork_server.restart()
            raise SandboxUnavailable(f"{error} See forkserver.log in the state folder.") from error
        except BaseException:
            self.close()
            raise

    @property
    def is_usable(self) -> bool:
        """Whether the process can take another task."""
        return self._pid is not None and not self._killed

    @property
    def has_desk(self) -> bool:
        """Whether the folder that the process is held to is the desk's still, and no new one of the same name."""
        return self._place == self._identity(self._desk)

    def kill(self) -> None:
        """End the process at once, from any thread; the worker's `run` raises `ChildKilled`."""
        with self._kill_lock:
            self._killed = True
            if self._pidfd is not None:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
            elif self._pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self._pid, signal.SIGKILL)

    def close(self) -> None:
        """Kill the process if it still runs, and let go of everything."""
        self.kill()
        self._socket.close()
        with self._kill_lock:
            if self._pidfd is not None:
                os.close(self._pidfd)
            self._pidfd, self._pid = None, None
        if self._status_pipe >= 0:
            os.close(self._status_pipe)
            self._status_pipe = -1

    def readings(self) -> Readings:
        """What the process has come to; its memory as of a quarter of a second ago while it works."""
        return Readings(self._pid, self._rss_bytes, self._busy_s, self._pages, self._end, self._worked_s)

    def _await_ready(self, needs: Stage) -> Stage:
        """Returns what the process has loaded."""
        event = self._next_event(time.monotonic() + START_TIMEOUT_S)
        if event is None:
            raise PageTimeout("The conversion process did not start in time.")
        if not isinstance(event, Ready):
            raise ChildGarbage("The conversion process did not introduce itself.")
        if event.pid < 2 or event.stage < needs:
            raise ChildGarbage("The conversion process did not introduce itself.")
        if event.threads > 1:
            raise SandboxUnavailable(
                f"The conversion libraries have started threads ({event.threads - 1}); conversions would hang."
            )
        with self._kill_lock:
            self._pid = event.pid
            self._turns = Path(f"/proc/{event.pid}/schedstat")
            if hasattr(os, "pidfd_open"):
                with contextlib.suppress(OSError):
                    self._pidfd = os.pidfd_open(event.pid)
        with contextlib.suppress(psutil.Error):
            self._process = psutil.Process(event.pid)
        return event.stage

    def _identity(self, desk: str | None) -> tuple[int, int] | None:
        """Which folder a desk is, whatever its name: a process is held to a folder, and not to its name."""
        if desk is None:
            return None
        try:
            found = (self._desks / desk).stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _send(self, task: Task) -> None:
        if self._place is None:
            self._place = self._identity(task.desk)
        self._log = self._desks / task.desk / LOG
        self._logged = size_of(self._log)
        try:
            self._socket.settimeout(self._limits.step_timeout_s)
            self._socket.sendall(
                encode(Order(folder=wire_path(self._desks / task.desk), memory=self._limits.memory_bytes, task=task))
            )
        except OSError as error:
            raise self._death() from error

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
            if not readable(min(_TICK_S, remaining), self._socket):
                continue
            try:
                data = self._socket.recv(1 << 16)
            except OSError as error:
                raise self._death() from error
            if not data:
                raise self._death()
            self._buffer += data

    def _waited_s(self) -> float:
        """See `ListeningSandbox`; 0 where the system does not say."""
        try:
            # Nanoseconds on a processor, nanoseconds waiting for one, and turns: Documentation/scheduler/sched-stats.
            waited_ns = self._turns.read_bytes().split()[1]
        except (OSError, IndexError):
            return 0.0
        return int(waited_ns) / 1e9

    def _watch_memory(self) -> None:
        now = time.monotonic()
        if self._process is None or now < self._next_look:
            return
        self._next_look = now + _TICK_S
        try:
            self._rss_bytes = self._process.memory_info().rss
        except psutil.Error:
            return
        if self._rss_bytes > self._limits.memory_bytes:
            raise self._memory_limit()  # what counts for no limit of the system's, such as memory that is shared

    def _death(self) -> ChildError:
        if self._killed:
            return ChildKilled("The conversion process was stopped.")
        status = ""
        if readable(1.0, self._status_pipe):
            status = os.read(self._status_pipe, 32).decode(errors="replace")
        with contextlib.suppress(ValueError):
            code = int(status)
            if code == -signal.SIGABRT and ends_in_shortage(self._log, self._logged):
                return self._memory_limit()
            if code < 0:
                return ChildDied(f"The conversion process was killed by {signal.Signals(-code).name}.")
            return ChildDied(f"The conversion process ended with exit status {code}.")
        return ChildDied("The conversion process ended unexpectedly.")
