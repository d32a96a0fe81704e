"""How long a key waits for its frame while four workers convert: `python -m benchmarks.key_latency`.

The real program on real documents, in a pseudo-terminal of 80x24. This process is the terminal: it presses j and k out
of step with the frames, and notes when the first byte has come after which the cursor is on another row.
"""

import argparse
import contextlib
import fcntl
import os
import pty
import random
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

import pyte

from benchmarks.library import ROOT
from benchmarks.result import median, percentile
from tests import pdfs

KEYS = 250
WORKERS = 4
LONG_PAGES, LONG_DOCUMENTS = 400, 12
SLOW_LINE = 30_000
"""Bytes per second of the slow line."""
_COLUMNS, _ROWS = 80, 24
_BURST_S = 0.05
"""What a slow line has not carried can be made up for this long."""


class Terminal:
    """The dashboard in a pseudo-terminal that takes so many bytes a second, 0 for as many as come."""

    def __init__(self, folder: Path, bytes_per_second: float) -> None:
        self._rate = bytes_per_second
        self._credit = 0.0
        self._last = time.perf_counter()
        self.bytes = 0
        self._screen = pyte.Screen(_COLUMNS, _ROWS)
        self._stream = pyte.ByteStream(self._screen)
        self._fd, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
        own = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8", "HOTFOLIO_OCR": "never"}
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("HOTFOLIO_")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tui", "-w", str(WORKERS)],
            cwd=folder,
            env=inherited | own | {"PYTHONPATH": str(ROOT)},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._rate = 0
        self._process.send_signal(signal.SIGTERM)
        deadline = time.perf_counter() + 15
        while self._process.poll() is None and time.perf_counter() < deadline:
            with contextlib.suppress(OSError):  # its end is closed
                self.read(0.05)
        self._process.kill()
        self._process.wait()
        os.close(self._fd)

    @property
    def text(self) -> str:
        """What is on the screen."""
        return "\n".join(self._screen.display)

    @property
    def cursor_row(self) -> int:
        """The line the cursor is on, -1 if it is out of sight."""
        return next((y for y, line in enumerate(self._screen.display) if line.startswith("▌")), -1)

    def press(self, key: str) -> None:
        """Press a key."""
        os.write(self._fd, key.encode())

    def read(self, timeout_s: float) -> float | None:
        """Take what there is, as fast as the line allows, and show it; returns when it came."""
        most = 65_536
        if self._rate:
            now = time.perf_counter()
            self._credit = min(self._credit + (now - self._last) * self._rate, self._rate * _BURST_S)
            self._last = now
            most = int(self._credit)
            if most < 1:
                time.sleep(1 / self._rate)
                return None
        if not select.select([self._fd], [], [], timeout_s)[0]:
            return None
        came = time.perf_counter()
        data = os.read(self._fd, most)
        self._credit -= len(data)
        self.bytes += len(data)
        self._stream.feed(data)
        return came

    def read_for(self, seconds: float) -> None:
        """Show what comes for a while."""
        deadline = time.perf_counter() + seconds
        while (left := deadline - time.perf_counter()) > 0:
            self.read(left)

    def until(self, condition: Callable[[], bool], limit_s: float) -> float:
        """When the bytes came after which the condition is met."""
        deadline = time.perf_counter() + limit_s
        came = time.perf_counter()
        while not condition():
            if time.perf_counter() > deadline:
                raise TimeoutError(self.text)
            came = self.read(0.05) or came
        return came


def key_times_ms(terminal: Terminal, count: int) -> list[float]:
    """From the press of a key to the byte that has put the cursor on another row, at random moments of the frames."""
    pauses = random.Random(1)
    times = []
    for number in range(count):
        row = terminal.cursor_row
        pressed = time.perf_counter()
        terminal.press("k" if number % 2 else "j")
        moved = terminal.until(lambda before=row: terminal.cursor_row not in (before, -1), 20)  # type: ignore[misc]
        times.append((moved - pressed) * 1000)
        terminal.read_for(pauses.uniform(0.02, 0.12))
    return times


def make_input(folder: Path) -> None:
    """The samples of this repository, and documents long enough to keep four workers busy all the time."""
    folder.mkdir()
    for sample in (ROOT / "input").glob("*.pdf"):
        shutil.copy(sample, folder)
    long = pdfs.text_pages(LONG_PAGES, words_per_page=60, is_tagged=False)
    for number in range(LONG_DOCUMENTS):
        (folder / f"long document {number:02}.pdf").write_bytes(long)


def measure(bytes_per_second: float, keys: int) -> tuple[list[float], float]:
    """The times in ms, and the bytes a second meanwhile."""
    with tempfile.TemporaryDirectory(prefix="hotfolio-keys-") as scratch:
        make_input(Path(scratch, "input"))
        with Terminal(Path(scratch), bytes_per_second) as terminal:
            busy = f"{WORKERS}/{WORKERS}"
            # Four long documents on the screen, with pages done: the samples are through.
            terminal.until(lambda: busy in terminal.text and terminal.text.count(f"/{LONG_PAGES} ") >= WORKERS, 180)
            terminal.press("g")
            terminal.until(lambda: terminal.cursor_row >= 0, 20)
            terminal.read_for(1.0)
            terminal.bytes, started = 0, time.perf_counter()
            times = key_times_ms(terminal, keys)
            rate = terminal.bytes / (time.perf_counter() - started)
            if busy not in terminal.text:
                raise RuntimeError(f"The workers had nothing to do any more:\n{terminal.text}")
    return times, rate


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print a table; exit status 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=KEYS)
    keys = parser.parse_args(arguments).keys
    print(f"key to frame, {_COLUMNS}x{_ROWS}, {WORKERS} conversions running, {keys} keys")
    print(f"  {'line':16} {'p50':>9} {'p99':>9} {'slowest':>9} {'goal':>13} {'KB/s':>7}")
    missed = 0
    for name, bytes_per_second, goal_ms in (("as fast as it is", 0, 50), (f"{SLOW_LINE // 1000} KB/s", SLOW_LINE, 200)):
        times, rate = measure(bytes_per_second, keys)
        p99 = percentile(times, 99)
        is_met = p99 < goal_ms
        missed += not is_met
        print(
            f"  {name:16} {median(times):6.1f} ms {p99:6.1f} ms {max(times):6.1f} ms {f'p99 < {goal_ms} ms':>13} "
            f"{rate / 1000:7.1f}{'' if is_met else '   MISSED'}",
            flush=True,
        )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
