"""Runs a command of the user's: without a shell, for a limited time, with what it prints kept up to a limit."""

import contextlib
import os
import select
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from engine.base.safetext import display_name

MAX_OUTPUT = 64 << 10
"""Bytes: of what a command prints, so much of the end is kept."""
_GRACE_S = 2.0
"""Between asking a command to end and ending it."""
_GIVE_UP_S = 2.0
"""After ending it; one that runs as another user cannot be ended, nor one that waits for a dead disk."""
_TICK_S = 0.05
_BLOCK = 1 << 16
_BLOCKS_LEFT = 4
"""Read after its end: a pipe holds one; what runs on in the background may go on to print for ever."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command has ended."""

    problem: str | None
    """What is wrong, as the rest of a sentence that begins with the command's name; None if all is well."""
    output: bytes = b""
    """The end of what it has printed, on both streams."""
    was_stopped: bool = False
    """Whether it was ended because the engine stops."""


class RunningCommand:
    """A command, from its start to its end.

    `stop` may be called from any thread: `_lock` guards that no signal is sent once the process is reaped.
    """

    def __init__(self, argv: Sequence[str], environment: Mapping[bytes, bytes], folder: Path) -> None:
        """Start it. Raises `OSError` or `ValueError` if that cannot be."""
        self._lock = threading.Lock()
        self._was_stopped = False
        self._process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
            cwd=folder,
            env=environment,
            # A group of its own, so that what it has started ends with it; and ctrl+c is for the engine.
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self._stream = self._process.stdout
        self._is_open = True
        self._tail: deque[bytes] = deque()
        self._size = 0
        self._poller = select.poll()
        self._poller.register(self._stream, select.POLLIN)

    def stop(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End it because the engine stops."""
        self._was_stopped |= self._signal(number)

    def wait(self, timeout_s: float) -> Outcome:
        """Wait for its end, and end it when it takes longer.

        What it leaves running in the background when it ends by itself goes on, but is not listened to.
        """
        code = self._end_within(timeout_s)
        is_in_time = code is not None
        if not is_in_time:
            # Not reaped before the last signal: until then its number stands for its group and no other.
            self._signal(signal.SIGTERM)
            deadline = time.monotonic() + _GRACE_S
            while time.monotonic() < deadline and (self._is_open or not self._is_zombie()):
                self._listen(_TICK_S)
            self._signal(signal.SIGKILL)
            code = self._end_within(_GIVE_UP_S)
        for _ in range(_BLOCKS_LEFT):
            self._listen(0)
        self._stream.close()
        if code is None:
            problem: str | None = f"took longer than {timeout_s:g} s and could not be ended"
        else:
            problem = _problem(code) if is_in_time else f"took longer than {timeout_s:g} s and was ended"
        return Outcome(problem, b"".join(self._tail)[-MAX_OUTPUT:], self._was_stopped)

    def _end_within(self, timeout_s: float) -> int | None:
        """Its exit status, None if it has not ended in time; the lock is free in between, for `stop`."""
        deadline = time.monotonic() + timeout_s
        while (code := self._poll()) is None and (left_s := deadline - time.monotonic()) > 0:
            self._listen(min(_TICK_S, left_s))
        return code

    def _is_zombie(self) -> bool:
        """Whether it has ended and is not reaped."""
        try:
            return psutil.Process(self._process.pid).status() == psutil.STATUS_ZOMBIE
        except psutil.Error:
            return True

    def _listen(self, wait_s: float) -> None:
        """Take what it prints within so long."""
        if not self._is_open:
            time.sleep(wait_s)
        elif self._poller.poll(wait_s * 1000):
            block = os.read(self._stream.fileno(), _BLOCK)
            self._is_open = bool(block)
            self._tail.append(block)
            self._size += len(block)
            while self._size - len(self._tail[0]) > MAX_OUTPUT:
                self._size -= len(self._tail.popleft())

    def _poll(self) -> int | None:
        with self._lock:
            return self._process.poll()

    def _signal(self, number: signal.Signals) -> bool:
        """Send a signal to all of its group; False if it has ended already."""
        with self._lock, contextlib.suppress(ProcessLookupError, PermissionError):
            if self._process.returncode is None:
                os.killpg(self._process.pid, number)
                return True
        return False


def why_not_run(error: OSError | ValueError) -> str:
    """Why a command could not be started, as the rest of a sentence that begins with its name."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return "cannot be run: there is no such program"
    if isinstance(error, PermissionError):
        return "cannot be run: it is not executable, or permission was denied"
    return f"cannot be run: {error.strerror or error if isinstance(error, OSError) else error}"


def shown_program(argv: Sequence[str]) -> str:
    """A command's name, safe to show; its arguments are nobody's business."""
    return display_name(Path(argv[0]).name or argv[0])


def _problem(code: int) -> str | None:
    if code == 0:
        return None
    if code < 0:
        return f"was ended by signal {-code}"
    return f"ended with exit status {code}"
