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
from engine.sandbox.stages import Stage

PROGRAM = "engine.convert.process.forking"
"""The fork server's module, by its name alone: its code is loaded by processes of its own and by nobody else."""
FORK, GROW, LOADED = b"fork", b"grow", b"loaded "
"""What is said between engine and fork server: fork a process (with its socket, and the pipe for its exit status), fork
a server of the next stage (with the socket it is spoken to by); and, the other way, that a stage is there (with its
process's number)."""
_ATTEMPTS = 4
"""A chain whose stages have all ended is found out one by one, the last first."""
_TUNABLES = "GLIBC_TUNABLES"
_HUGE_PAGES = "glibc.malloc.hugetlb"


class ForkServer:
    """Starts conversion processes in milliseconds by forking one that has everything loaded that they need.

    It loads stage by stage, as more is asked for, and what has more loaded serves everybody from then on.
    Thread-safe: `_lock` guards which chain of servers is current; starting one happens outside it, by one thread.
    """

    def __init__(
        self,
        log_file: Path,
        program: str = PROGRAM,
        preloaded: Collection[str] = (),
        hidden: Collection[str] = (),
    ) -> None:
        """`program` is the module that is run as the fork server, which loads what is `preloaded` too.

        The folder of `log_file` has to be there.

        A process whose pages need something that is not among it has to load it by itself. Environment variables that
        are `hidden`, by their names in capitals, are not handed on.
        """
        self._log_file = log_file
        self._program = program
        self._preloaded = preloaded
        self._hidden = hidden
        self._lock = threading.Lock()
        self._chain: _Chain | None = None
        self._closed = False

    def fork(self, needs: Stage = Stage.BARE) -> tuple[socket.socket, int]:
        """A new process: the engine's end of its socket, and a pipe that will say its exit status.

        It introduces itself once there is at least so much loaded as it `needs`.

        Raises `SandboxUnavailable` if no fork server can be reached.
        """
        for _ in range(_ATTEMPTS):
            chain = self._current()
            try:
                ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
                status_read, status_write = os.pipe()
            except OSError as error:
                raise SandboxUnavailable(f"No conversion process can be started: {error.strerror}.") from error
            try:
                chain.fork(needs, [theirs.fileno(), status_write])
            except OSError:
                ours.close()
                os.close(status_read)
                if not chain.is_whole:
                    self._discard(chain)
            else:
                return ours, status_read
            finally:
                theirs.close()
                os.close(status_write)
        raise SandboxUnavailable("The fork server ended; see forkserver.log in the state folder.")

    def start(self) -> None:
        """Begin loading the first stage without waiting for it."""
        self._current()

    @property
    def pids(self) -> tuple[int, ...]:
        """Its processes, the first stage's first; none if it has not been started."""
        with self._lock:
            chain = self._chain
        return chain.pids if chain is not None else ()

    def close(self) -> None:
        """End the fork server, and with it every process that is left."""
        with self._lock:
            self._closed, chain, self._chain = True, self._chain, None
        if chain is not None:
            chain.close()

    def _current(self) -> "_Chain":
        with self._lock:
            if self._closed:
                raise SandboxUnavailable("The engine is stopping.")
            if self._chain is None:
                self._chain = _Chain()
            chain = self._chain
        try:
            chain.ensure_started(self._program, self._preloaded, self._hidden, self._log_file)
        except OSError as error:
            self._discard(chain)
            raise SandboxUnavailable(f"No conversion process can be started: {error.strerror}.") from error
        return chain

    def restart(self) -> None:
        """Have the next process come from a new fork server: this one does not answer."""
        with self._lock:
            chain = self._chain
        if chain is not None:
            self._discard(chain)

    def _discard(self, chain: "_Chain") -> None:
        with self._lock:
            if self._chain is chain:
                self._chain = None
        chain.close()


class _Chain:
    """One run of the fork server program, and the stages that have been forked from it.

    `_lock` guards the sockets by which the stages are spoken to, and which of them are loaded. The first stage's is
    there from the beginning; without it, the chain is of no use any more.
    """

    def __init__(self) -> None:
        ours, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._lifeline_read, self._lifeline = os.pipe()
        self._starting = threading.Lock()  # guards: the program is started once
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._controls = {Stage.BARE: ours}
        self._loaded: dict[Stage, int] = {}
        """Each with its process."""

    def ensure_started(self, program: str, preloaded: Collection[str], hidden: Collection[str], log_file: Path) -> None:
        """Start it, if nobody has yet."""
        if not self._starting.acquire(blocking=False):
            return  # datagrams wait in the socket until the server reads them
        # Its folder is not made: a state folder that was taken away must not come back with nothing in it but a log.
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

    def fork(self, needs: Stage, descriptors: list[int]) -> None:
        """Have a process forked by the last stage that is loaded, or by the one that is needed and has still to load.

        Raises `OSError` if that stage has ended; what has ended is forgotten, so that it is loaded anew.
        """
        with self._lock:
            stage = max((loaded for loaded in self._look_for_loaded() if loaded > needs), default=needs)
            begun = [stage for stage in Stage if stage <= needs and stage not in self._controls]
            others = {}
            for new in begun:
                self._controls[new], others[new] = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
            controls = dict(self._controls)
        # Orders wait in the sockets until the stages are there to read them. One datagram carries all descriptors:
        # sending it is atomic, so threads need not take turns.
        with contextlib.ExitStack() as stack:
            for other in others.values():
                stack.callback(other.close)
            for new, other in others.items():
                self._send(Stage(new - 1), controls, GROW, [other.fileno()])
            self._send(stage, controls, FORK, descriptors)

    def _look_for_loaded(self) -> dict[Stage, int]:
        """The stages that have said so; called with the lock."""
        for stage, control in self._controls.items():
            if stage not in self._loaded:
                with contextlib.suppress(OSError):
                    said = control.recv(32, socket.MSG_DONTWAIT)
                    self._loaded[stage] = int(said.removeprefix(LOADED))
        return self._loaded

    def _send(self, stage: Stage, controls: dict[Stage, socket.socket], order: bytes, descriptors: list[int]) -> None:
        try:
            socket.send_fds(controls[stage], [order], descriptors)
        except OSError:
            with self._lock:  # those after it were spoken to through what it has forked, and have ended with it
                if self._controls.get(stage) is controls[stage]:
                    for lost in [lost for lost in self._controls if lost >= stage]:
                        self._controls.pop(lost).close()
                        self._loaded.pop(lost, None)
            raise

    @property
    def is_whole(self) -> bool:
        """Whether the first stage is there, from which the others can be had again."""
        with self._lock:
            return Stage.BARE in self._controls

    @property
    def pids(self) -> tuple[int, ...]:
        process = self._process
        if process is None:
            return ()
        with self._lock:
            later = {stage: pid for stage, pid in self._look_for_loaded().items() if stage > Stage.BARE}
        return process.pid, *later.values()

    def close(self) -> None:
        with self._lock:
            for control in self._controls.values():
                control.close()
            self._controls.clear()
            self._loaded.clear()
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
