"""The fork server: what conversion processes are forked from, as a chain of stages that are loaded when first needed.

It is started once as a program of its own and loads the first stage. Whenever it is sent a pair of descriptors, it
forks a warm process in some milliseconds: one is a socket for the protocol (see `engine.sandbox.protocol`), the other a
pipe on which the process's exit status will be reported. When more is needed than it has, it is sent one descriptor,
and forks a server of the next stage, which is spoken to through that one. All of them end when their lifeline closes, a
pipe from the engine, and the processes end with them, however the engine died.
"""

import contextlib
import ctypes
import os
import selectors
import signal
import socket
import sys
from collections.abc import Callable
from typing import NoReturn, Protocol

from engine.convert.process import runtime
from engine.convert.process.allowance import prepare
from engine.convert.process.child import Child
from engine.sandbox import forkserver
from engine.sandbox.stages import Stage

NICENESS = 5
"""Children yield to the dashboard and to whatever else the machine is for."""

_PR_SET_PDEATHSIG = 1  # prctl(2)


class Served(Protocol):
    """What a conversion process does."""

    def run(self) -> None:
        """Serve until the engine closes the connection."""


NewChild = Callable[[socket.socket, int], Served]
"""Made with its socket, and how many threads the fork server has."""


def serve(control: socket.socket, lifeline: int, also: tuple[str, ...], new_child: NewChild) -> NoReturn:
    """Load stage after stage, each in a process forked from that of the one before, and serve until `lifeline` closes.

    What is named besides is loaded by each process that meets it, unless it is among `also`.
    """
    for stage in Stage:
        runtime.load(stage, also)
        if stage is Stage.BARE:
            prepare()
        sys.stdout.flush()  # or every process would write what the libraries have said into the log of its first job
        with contextlib.suppress(OSError):  # the engine is gone, which the lifeline tells as well
            control.send(forkserver.LOADED + b"%d" % os.getpid())
        control = _Server(control, lifeline, new_child).next_stage()
    os._exit(1)  # nobody asks for more than there is


class _Server:
    """One stage, in one process."""

    def __init__(self, control: socket.socket, lifeline: int, new_child: NewChild) -> None:
        self._control = control
        self._lifeline = lifeline
        self._new_child = new_child
        self._threads = runtime.thread_count() or 1
        self._status_pipes: dict[int, int] = {}
        self._wakeup_read, self._wakeup_write = os.pipe()
        os.set_blocking(self._wakeup_write, False)
        signal.set_wakeup_fd(self._wakeup_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._selector = selectors.DefaultSelector()
        for source in (control, lifeline, self._wakeup_read):
            self._selector.register(source, selectors.EVENT_READ)

    def next_stage(self) -> socket.socket:
        """Serve; returns in the process that is forked for the next stage alone, with the socket it is spoken to by."""
        while True:
            for key, _ in self._selector.select():
                if key.fileobj == self._lifeline:
                    os._exit(0)
                elif key.fileobj == self._wakeup_read:
                    os.read(self._wakeup_read, 512)
                    self._report_exits()
                elif (grown := self._obey()) is not None:
                    return grown

    def _obey(self) -> socket.socket | None:
        """Do what the engine asks for; a socket is returned in the process for the next stage alone."""
        order, descriptors, _, _ = socket.recv_fds(self._control, 16, 2)
        match order, descriptors:
            case (forkserver.FORK, [channel, status]):
                self._fork(channel, status)
                return None
            case (forkserver.GROW, [control]):
                return self._grow(control)
            case _:
                os._exit(0)

    def _fork(self, channel: int, status: int) -> None:
        parent = os.getpid()
        try:
            pid = os.fork()
        except OSError:
            os.close(channel)  # which tells the engine
            os.close(status)
            return
        if pid == 0:
            with contextlib.suppress(BaseException):
                os.close(status)
                os.close(self._lifeline)
                self._leave()
                if _ends_with(parent):
                    os.nice(NICENESS)
                    with socket.socket(fileno=channel) as connection:
                        self._new_child(connection, self._threads).run()
            os._exit(1)
        os.close(channel)
        self._status_pipes[pid] = status

    def _grow(self, control: int) -> socket.socket | None:
        parent = os.getpid()
        try:
            pid = os.fork()
        except OSError:
            os.close(control)  # which tells the engine
            return None
        if pid:
            os.close(control)
            return None
        self._leave()
        if not _ends_with(parent):
            os._exit(1)
        return socket.socket(fileno=control)

    def _leave(self) -> None:
        """Let go of what is this stage's, in a process that has been forked from it."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._selector.close()
        self._control.close()
        for inherited in (*self._status_pipes.values(), self._wakeup_read, self._wakeup_write):
            os.close(inherited)

    def _report_exits(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            pipe = self._status_pipes.pop(pid, None)
            if pipe is not None:
                with contextlib.suppress(OSError):
                    os.write(pipe, str(os.waitstatus_to_exitcode(status)).encode())
                os.close(pipe)


def _ends_with(parent: int) -> bool:
    """Have this process killed when the one that has forked it ends; False if that has ended already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    return os.getppid() == parent


def main(new_child: NewChild = Child) -> NoReturn:
    """Entry point: `python -m engine.convert.process.forking CONTROL_FD LIFELINE_FD [WHAT_TO_LOAD_BESIDES ...]`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ctrl+c is for the engine, which stops its processes in order
    control, lifeline = int(sys.argv[1]), int(sys.argv[2])
    serve(socket.socket(fileno=control), lifeline, tuple(sys.argv[3:]), new_child)


if __name__ == "__main__":
    main()
