"""Runs hotfolio's programs in forks of processes that have their code loaded already: see `tests.e2e.forkers`.

Most of the time that a program takes to begin goes into loading its code, and tests begin some hundred.
"""

import atexit
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from engine.sandbox import forkserver
from tui.command import background, cli

COMMAND = cli.__name__
"""`hotfolio` itself."""
LOADED_BY = {COMMAND: "command", background.PROGRAM: "command", forkserver.PROGRAM: "converter"}
"""The programs, each with the process that has its code."""
_TIMEOUT_S = 100.0


class Forked:
    """A program that runs, with what is used of `subprocess.Popen`."""

    stdin: IO[bytes] | None = None
    stdout: IO[bytes] | None = None
    stderr: IO[bytes] | None = None

    def __init__(self, status: int) -> None:
        """`status` is a pipe that tells the process's number and, in the end, its exit status, in four bytes each."""
        self._status = status
        self._lock = threading.Lock()  # guards: the exit status is read once
        self.returncode: int | None = None
        self.pid = self._number()

    def __del__(self) -> None:
        os.close(self._status)

    def poll(self) -> int | None:
        """The exit status, or None while it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float = _TIMEOUT_S) -> int:
        """The exit status; raises `subprocess.TimeoutExpired` after as many seconds."""
        poll = select.poll()  # select() takes no number beyond 1023, which tests have
        poll.register(self._status, select.POLLIN)
        if not poll.poll(timeout * 1000):
            raise subprocess.TimeoutExpired("hotfolio", timeout)
        with self._lock:
            if self.returncode is None:
                self.returncode = self._number()
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
    program: str = COMMAND,
) -> Forked:
    """Start `hotfolio`, or another program, in `folder` with input, output and errors, in a session of its own.

    `terminal` is what controls that session; `pass_fds` keep their numbers.
    """
    request = {
        "program": program,
        "folder": os.fspath(folder),
        "arguments": [*arguments],
        "env": {**env},
        "terminal": terminal,
        "pass_fds": [*pass_fds],
    }
    status, theirs = os.pipe()
    try:
        # One message, so that all who have the channel may send.
        socket.send_fds(
            _channels.get(LOADED_BY[program]), [json.dumps(request).encode()], [theirs, *streams, *pass_fds]
        )
    finally:
        os.close(theirs)
    return Forked(status)


def run_forked(folder: Path, arguments: Sequence[str], env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run `hotfolio` in `folder` to its end."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, Path(os.devnull).open() as nothing:
        process = start_forked(folder, arguments, env, [nothing.fileno(), out.fileno(), err.fileno()])
        status = process.wait()
        printed = [os.pread(stream.fileno(), 1 << 22, 0).decode() for stream in (out, err)]
    return subprocess.CompletedProcess(arguments, status, *printed)


class ForkedPopen(subprocess.Popen):
    """What a forked program has in the place of `Popen`: those that can be forked are, all others as ever."""

    def __new__(cls, args: Sequence[str], **options: object) -> "ForkedPopen | Forked":
        if args[0] == sys.executable and "-m" in args:
            program, *arguments = args[args.index("-m") + 1 :]
            if program in LOADED_BY:
                return _start_like_popen(program, arguments, **options)
        return super().__new__(cls)


def use(channels: Mapping[str, int]) -> None:
    """Have what this process starts forked by the processes that are spoken to by these, named by who has the code."""
    _channels.inherited = {name: socket.socket(fileno=number) for name, number in channels.items()}
    subprocess.Popen = ForkedPopen


class _Channels:
    """By what the processes with the code are spoken to; they are started when they are first needed."""

    def __init__(self) -> None:
        self.inherited: Mapping[str, socket.socket] = {}

    def get(self, name: str) -> socket.socket:
        if not self.inherited:
            self.inherited = _start_forkers()
        return self.inherited[name]


_channels = _Channels()


def _start_forkers() -> dict[str, socket.socket]:
    """Start the processes with the code; they end with this one."""
    pairs = {name: socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET) for name in sorted({*LOADED_BY.values()})}
    ours = {name: channel for name, (channel, _) in pairs.items()}
    numbers = {name: channel.fileno() for name, channel in ours.items()}
    for name, (_, theirs) in pairs.items():
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", f"{__package__}.forkers", name, str(theirs.fileno()), json.dumps(numbers)],
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            # Streams that were made for pipes serve files and terminals too, since they do not seek. The first one
            # ends when this process does.
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=[theirs.fileno(), *numbers.values()],
        )
        theirs.close()
        atexit.register(process.wait)
        atexit.register(process.stdin.close)
    return ours


def _start_like_popen(program: str, arguments: Sequence[str], **options: object) -> Forked:
    mine, theirs = [], []
    with contextlib.ExitStack() as stack:
        files: dict[str, IO[bytes]] = {}
        for number, name in enumerate(("stdin", "stdout", "stderr")):
            match options.get(name):
                case None:
                    theirs.append(number)
                case subprocess.PIPE:
                    ends = os.pipe()
                    mine = ends[::-1] if name == "stdin" else ends
                    files[name] = os.fdopen(mine[0], "wb" if name == "stdin" else "rb")
                    stack.callback(os.close, mine[1])
                    theirs.append(mine[1])
                case subprocess.DEVNULL:
                    theirs.append(stack.enter_context(Path(os.devnull).open("r+b", buffering=0)).fileno())
                case int(descriptor):
                    theirs.append(descriptor)
                case file:
                    theirs.append(file.fileno())
        env = os.environ if options.get("env") is None else options["env"]
        passed = options.get("pass_fds", ())
        forked = start_forked(Path.cwd(), arguments, env, theirs, pass_fds=passed, program=program)
    for name, file in files.items():
        setattr(forked, name, file)
    return forked
