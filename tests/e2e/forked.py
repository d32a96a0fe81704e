"""Runs `hotfolio` in forks of a process that has its code loaded already.

Most of the time that it takes to begin goes into loading its code, and tests begin it some hundred times.
"""

import atexit
import contextlib
import fcntl
import functools
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from engine.remote import client, offline
from engine.server.app import listener
from engine.settings import settings
from tui.command import cli, job_text, reach, runner, serve
from tui.dashboard import app

_TIMEOUT_S = 100.0
_LOADED = (app, client, job_text, listener, offline, reach, runner, serve, settings)
"""What it imports late."""
_STANDARD = 3
"""Input, output and errors."""


class Forked:
    """A program that runs, with what is used of `subprocess.Popen`."""

    def __init__(self, status: int) -> None:
        """`status` is a pipe that tells the process's number and, in the end, its exit status, in four bytes each."""
        self._status = status
        self.returncode: int | None = None
        self.pid = self._number()

    def poll(self) -> int | None:
        """The exit status, or None while it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float = _TIMEOUT_S) -> int:
        """The exit status; raises `subprocess.TimeoutExpired` after as many seconds."""
        if self.returncode is None:
            poll = select.poll()  # select() takes no number beyond 1023, which tests have
            poll.register(self._status, select.POLLIN)
            if not poll.poll(timeout * 1000):
                raise subprocess.TimeoutExpired("hotfolio", timeout)
            self.returncode = self._number()
            os.close(self._status)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def _number(self) -> int:
        data = os.read(self._status, 4)
        assert len(data) == 4, "The process that forks has ended."
        return int.from_bytes(data, "little", signed=True)


def start_forked(
    folder: Path,
    arguments: Sequence[str],
    env: Mapping[str, str],
    streams: Sequence[int],
    *,
    terminal: str = "",
    pass_fds: Sequence[int] = (),
) -> Forked:
    """Start `hotfolio` in `folder` with input, output and errors, in a session of its own.

    `terminal` is what controls that session; `pass_fds` keep their numbers.
    """
    request = {
        "folder": os.fspath(folder),
        "arguments": [*arguments],
        "env": {**env},
        "terminal": terminal,
        "pass_fds": [*pass_fds],
    }
    return _server().start(request, [*streams, *pass_fds])


def run_forked(folder: Path, arguments: Sequence[str], env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run `hotfolio` in `folder` to its end."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, Path(os.devnull).open() as nothing:
        process = start_forked(folder, arguments, env, [nothing.fileno(), out.fileno(), err.fileno()])
        status = process.wait()
        printed = [os.pread(stream.fileno(), 1 << 22, 0).decode() for stream in (out, err)]
    return subprocess.CompletedProcess(arguments, status, *printed)


class _Server:
    """The process with the code; it ends when this one does."""

    def __init__(self) -> None:
        self._channel, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", __name__, str(theirs.fileno())],
                env={**os.environ, "LC_ALL": "C.UTF-8"},
                # Streams that were made for pipes serve files and terminals too, since they do not seek.
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=[theirs.fileno()],
            )
        atexit.register(self._close)

    def start(self, request: Mapping[str, object], descriptors: Sequence[int]) -> Forked:
        """Have it start what is asked for, with these descriptors."""
        status, theirs = os.pipe()
        try:
            data = json.dumps(request).encode() + b"\n"
            sent = socket.send_fds(self._channel, [data], [theirs, *descriptors])
            self._channel.sendall(data[sent:])
        finally:
            os.close(theirs)
        return Forked(status)

    def _close(self) -> None:
        self._channel.close()
        self._process.wait()


@functools.cache
def _server() -> _Server:
    return _Server()


def _serve(channel: socket.socket) -> None:
    """Start what is asked for, one after the other; in the process of a program, return."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that wait
    gc.collect()
    gc.freeze()
    while True:
        data, descriptors, _, _ = socket.recv_fds(channel, 1 << 20, 16)
        while data and not data.endswith(b"\n"):
            data += channel.recv(1 << 20)
        if not data:
            os._exit(0)
        if os.fork() == 0:
            channel.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _start(json.loads(data), descriptors)
            return
        for descriptor in descriptors:
            os.close(descriptor)


def _start(request: dict, descriptors: Sequence[int]) -> None:
    """Fork once more and wait for the program to end; in its process, return."""
    status, *others = descriptors
    pid = os.fork()
    if pid == 0:
        os.close(status)
        _become(request, others)
        return
    for descriptor in others:
        os.close(descriptor)
    with contextlib.suppress(BrokenPipeError):
        os.write(status, pid.to_bytes(4, "little", signed=True))
        ended = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        os.write(status, ended.to_bytes(4, "little", signed=True))
    os._exit(0)


def _become(request: dict, descriptors: Sequence[int]) -> None:
    os.setsid()
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["env"])
    sys.path[:0] = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    sys.argv[1:] = request["arguments"]
    wanted = [*range(_STANDARD), *request["pass_fds"]]
    # First out of the way of all numbers that are wanted.
    apart = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, max(wanted) + 1) for descriptor in descriptors]
    for number, descriptor in zip(wanted, apart, strict=True):
        os.dup2(descriptor, number)
    for number in {*descriptors, *apart} - {*wanted}:
        os.close(number)
    if request["terminal"]:
        # The first that a leader of a session opens becomes the one that controls it: it is what can hang up.
        os.close(os.open(request["terminal"], os.O_RDWR))
        sys.stdout.reconfigure(line_buffering=True)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
    cli.main()
