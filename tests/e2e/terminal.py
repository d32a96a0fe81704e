"""A terminal for a program under test: a pty, a thread that reads it, and a pyte screen that shows what came."""

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, Self

import psutil
import pyte
from pyte import modes
from pyte.charsets import LAT1_MAP
from pyte.screens import Char, wcwidth

from tests.e2e.processes import processes_in

SMALL, LARGE = (80, 24), (200, 50)
DEADLINE_S = 40.0

_KEYS = {
    "enter": "\r",
    "esc": "\x1b",
    "tab": "\t",
    "space": " ",
    "backspace": "\x7f",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "home": "\x1b[H",
    "end": "\x1b[F",
    "pgup": "\x1b[5~",
    "pgdn": "\x1b[6~",
    "f1": "\x1bOP",
}
# The first terminal that a leader of a session opens becomes the one that controls it: it is what can hang up.
_LAUNCHER = "import os, sys; os.close(os.open(sys.argv[1], os.O_RDWR)); os.execv(sys.argv[2], sys.argv[2:])"
# What pyte 0.8 would print in part, or take for a title: keyboard, requests for modes, the pointer's shape.
_NOT_FOR_PYTE = re.compile(rb"\x1b\[[<=>][0-9;]*[a-zA-Z]|\x1b\[\?[0-9;]*\$p|\x1b\]22;[a-z]*\x07")
# Colours are most of what is sent, take pyte long, and are seldom asked about.
_NOT_FOR_TEXT = re.compile(_NOT_FOR_PYTE.pattern + rb"|\x1b\[[0-9;]*m")
_FRAME = 1 << 18
"""More than a whole screen with all its colours."""
_UNFINISHED = re.compile(rb"\x1b(?:\[[^@-~]{0,40}|\](?:2(?:2(?:;[a-z]{0,40})?)?)?)?\Z")


class Process(Protocol):
    """A program that has been started: what is needed of `subprocess.Popen`."""

    @property
    def pid(self) -> int: ...
    @property
    def returncode(self) -> int | None: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float) -> int: ...
    def send_signal(self, number: int) -> None: ...
    def kill(self) -> None: ...


class _Narrow(dict[str, Char | None]):
    """A cell of each character that takes one, without colours; None for all others."""

    def __missing__(self, character: str) -> Char | None:
        cell = self[character] = Char(character) if wcwidth(character) == 1 else None
        return cell


_NARROW = _Narrow()


class _TextScreen(pyte.Screen):
    """One that is sent no colours, and so puts whole runs of ordinary text into a line at once."""

    def draw(self, data: str) -> None:
        cells = [_NARROW[character] for character in data]
        x, y = self.cursor.x, self.cursor.y
        is_plain = self.charset == 0 and self.g0_charset is LAT1_MAP and modes.IRM not in self.mode
        if not is_plain or x + len(cells) > self.columns or None in cells:
            super().draw(data)
            return
        self.buffer[y].update(enumerate(cells, x))
        self.cursor.x = x + len(cells)
        self.dirty.add(y)


class Terminal:
    """Runs a program; use as a context, which ends it and everything it has started."""

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        size: tuple[int, int] = SMALL,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """`size` is columns and rows, as people say it."""
        self.folder = folder
        self.size = size
        self._screen = _TextScreen(*size)
        self._stream = pyte.ByteStream(self._screen)
        self._coloured = pyte.Screen(*size)  # only brought up to date when somebody looks
        self._colours = pyte.ByteStream(self._coloured)
        self._fed = 0
        self._received = bytearray()
        self._lines = [""] * size[1]
        self._unfed = b""
        self._changed = threading.Condition()
        self._is_open = True
        self._master, slave = pty.openpty()
        self.attributes = termios.tcgetattr(slave)
        """The modes the terminal had before the program began."""
        self._slave = slave
        self._set_size(size)
        terminal = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
        inherited = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES")}
        self._earlier = processes_in(folder)
        self.process = self._start(command, inherited | terminal | dict(env or {}), slave)
        self._wake_read, self._wake_write = os.pipe()
        self._reader = threading.Thread(target=self._read, name="terminal", daemon=True)
        self._reader.start()

    def _start(self, command: Sequence[str], env: Mapping[str, str], tty: int) -> Process:
        return subprocess.Popen(
            [sys.executable, "-ISc", _LAUNCHER, os.ttyname(tty), *command],
            cwd=self.folder,
            env=env,
            stdin=tty,
            stdout=tty,
            stderr=tty,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the program and what it has started, and close the terminal."""
        children = self.descendants() if self.process.poll() is None else []  # what goes on without it shall
        self.process.kill()
        self.process.wait(timeout=DEADLINE_S)
        for child in children:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        if self._is_open:
            self.hang_up()

    # --- what is on it ---

    @property
    def lines(self) -> list[str]:
        """The screen, line by line."""
        with self._changed:
            # Not pyte's `display`: it fails on half of a wide character, which half a frame may leave behind.
            changed, columns = self._screen.dirty, range(self._screen.columns)
            for y in changed:
                row = self._screen.buffer[y]
                self._lines[y] = "".join([row[x].data for x in columns]).rstrip()
            changed.clear()
            return self._lines.copy()

    @property
    def text(self) -> str:
        """The screen."""
        return "\n".join(self.lines)

    @property
    def received(self) -> bytes:
        """Everything the program has sent."""
        with self._changed:
            return bytes(self._received)

    @property
    def title(self) -> str:
        """The window's title and icon, as far as the program has set them."""
        with self._changed:
            return f"{self._screen.title}{self._screen.icon_name}"

    # --- waiting ---

    def wait_until(self, condition: Callable[[], object], what: str, timeout: float = DEADLINE_S) -> None:
        """Return as soon as `condition()` is true of what is shown; fail after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        with self._changed:
            # Looked at now and then anyway, since a condition may ask for more than what the program sends.
            while not condition():
                left = deadline - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"waited {timeout:g} s in vain for {what} on this screen:\n{self.text}")
                self._changed.wait(min(left, 0.1))

    def wait_for(self, *texts: str, timeout: float = DEADLINE_S) -> None:
        """Wait until all of these are on the screen."""
        self.wait_until(lambda: all(text in self.text for text in texts), f"{' and '.join(map(repr, texts))}", timeout)

    def wait_gone(self, *texts: str, timeout: float = DEADLINE_S) -> None:
        """Wait until none of these is on the screen."""
        what = f"{' and '.join(map(repr, texts))} to go"
        self.wait_until(lambda: not any(text in self.text for text in texts), what, timeout)

    def wait_quiet(self, seconds: float, timeout: float = DEADLINE_S) -> None:
        """Wait until nothing has been sent for so long."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while self._changed.wait(seconds):
                if time.monotonic() > deadline:
                    raise AssertionError(f"never quiet for {seconds:g} s within {timeout:g} s:\n{self.text}")

    def sent_within(self, seconds: float) -> bytes:
        """What the program sends from now on in so many seconds, or in less if it sends anything."""
        with self._changed:
            before = len(self._received)
            self._changed.wait_for(lambda: len(self._received) > before, seconds)
            return bytes(self._received[before:])

    def wait_exit(self, timeout: float = DEADLINE_S) -> int:
        """The exit status; everything the program has sent until then is here."""
        code = self.process.wait(timeout=timeout)
        if self._slave >= 0:
            # The program's end is closed; with ours too, the reader comes to the end of what was sent.
            os.close(self._slave)
            self._slave = -1
            self._reader.join(timeout)
        return code

    # --- doing ---

    def press(self, *keys: str) -> None:
        """Press keys: `j`, `enter`, `ctrl+c`."""
        for key in keys:
            os.write(self._master, self.code_of(key).encode())

    @staticmethod
    def code_of(key: str) -> str:
        """What a terminal sends for a key."""
        if key.startswith("ctrl+"):
            return chr(ord(key[-1]) & 0x1F)
        return _KEYS.get(key, key)

    def type(self, text: str) -> None:
        """Type a text."""
        os.write(self._master, text.encode())

    def resize(self, size: tuple[int, int]) -> None:
        """Change the window's size, as a person who drags its corner does."""
        with self._changed:
            self.size = size
            self._screen.resize(size[1], size[0])
            self._lines = [""] * size[1]
            self._screen.dirty = set(range(size[1]))
        self._set_size(size)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program alone."""
        self.process.send_signal(number)

    def stall(self) -> None:
        """Read no more, as a connection that is broken but not closed; what is sent fills up the pty."""
        os.write(self._wake_write, b"!")
        self._reader.join(DEADLINE_S)

    def hang_up(self) -> None:
        """Close the terminal, as a lost connection does."""
        self._is_open = False
        os.write(self._wake_write, b"!")
        self._reader.join(DEADLINE_S)
        for fd in (self._slave, self._master, self._wake_read, self._wake_write):
            if fd >= 0:
                os.close(fd)
        self._slave = -1

    def cells(self) -> list[list[Char]]:
        """The screen with its colours, cell by cell."""
        with self._changed:
            columns, rows = self.size
            if (self._coloured.columns, self._coloured.lines) != self.size:
                self._coloured, self._fed = pyte.Screen(*self.size), 0
                self._colours = pyte.ByteStream(self._coloured)
            data, _ = _finished(bytes(self._received[self._fed :]))
            self._fed += len(data)
            self._colours.feed(_NOT_FOR_PYTE.sub(b"", data))
            return [[self._coloured.buffer[y][x] for x in range(columns)] for y in range(rows)]

    # --- looking behind it ---

    @property
    def unread(self) -> int:
        """How many bytes wait in the pty for the terminal to read them."""
        return struct.unpack("i", fcntl.ioctl(self._master, termios.FIONREAD, b"\0" * 4))[0]

    def modes(self) -> list[object]:
        """The terminal's modes, as `termios.tcgetattr` has them."""
        return list(termios.tcgetattr(self._slave))

    def descendants(self) -> list[psutil.Process]:
        """The processes the program has started, and those that they have: all in the folder that were not there."""
        return [found for found in processes_in(self.folder, but=self.process.pid) if found not in self._earlier]

    # --- below ---

    def _set_size(self, size: tuple[int, int]) -> None:
        columns, rows = size
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _read(self) -> None:
        poll = select.poll()  # `select.select` takes no descriptor beyond 1023
        for descriptor in (self._master, self._wake_read):
            poll.register(descriptor, select.POLLIN)
        while True:
            if self._wake_read in (descriptor for descriptor, _ in poll.poll()):
                return
            try:
                data = os.read(self._master, 65_536)
            except OSError:
                return
            if not data:
                return
            # A frame comes in pieces of some kilobytes, after each of which the whole screen would be looked at.
            while len(data) < _FRAME and self._master in (descriptor for descriptor, _ in poll.poll(0)):
                try:
                    more = os.read(self._master, 65_536)
                except OSError:
                    break
                if not more:
                    break
                data += more
            with self._changed:
                self._received += data
                self._feed(data)
                self._changed.notify_all()

    def _feed(self, data: bytes) -> None:
        data, self._unfed = _finished(self._unfed + data)
        self._stream.feed(_NOT_FOR_TEXT.sub(b"", data))


def _finished(data: bytes) -> tuple[bytes, bytes]:
    """What has come but for a sequence that is not there as a whole, and that."""
    unfinished = _UNFINISHED.search(data)
    end = unfinished.start() if unfinished else len(data)
    return data[:end], data[end:]
