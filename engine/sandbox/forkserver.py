"""ForkServer: the program that conversion processes on this machine are forked from."""

import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Collection
from pathlib import Path

from engine.base.errors import SandboxUnavailable

PROGRAM = "engine.convert.process.child"
"""The fork server's module, by its name alone: its code is loaded by processes of its own and by nobody else."""
_TUNABLES = "GLIBC_TUNABLES"
_HUGE_PAGES = "glibc.malloc.hugetlb"


class ForkServer:
    """Starts conversion processes in milliseconds by forking one that has everything loaded.

    Thread-safe: `_lock` guards which server process is current; starting one happens outside it, by one thread.
    """

    def __init__(
        self,
        log_file: Path,
        program: str = PROGRAM,
        preloaded: Collection[str] = (),
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

    def ensure_started(self, program: str, preloaded: Collection[str], hidden: Collection[str], log_file: Path) -> None:
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
                env=_environment(hidden),
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


def _environment(hidden: Collection[str]) -> dict[str, str]:
    """Ours without what is hidden, and with memory in huge pages where glibc and the kernel have them.

    The layout model fills 150 MB for a page: 39,000 page faults in a fresh process, and 11,000 with
    `glibc.malloc.hugetlb=1` (madvise), see "Memory Allocation Tunables" in the manual of glibc 2.35.
    """
    kept = {name: value for name, value in os.environ.items() if name.upper() not in hidden}
    if _HUGE_PAGES not in kept.get(_TUNABLES, ""):
        kept[_TUNABLES] = ":".join(filter(None, (kept.get(_TUNABLES, ""), f"{_HUGE_PAGES}=1")))
    return kept
