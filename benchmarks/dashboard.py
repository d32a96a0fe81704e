"""What a frame of the dashboard costs, over a real pseudo-terminal: `python -m benchmarks.dashboard`.

The dashboard runs in a child process on a made-up queue. This process is its terminal: it counts bytes, presses keys,
and reads the screen with pyte to see when a key has been answered.
"""

import argparse
import contextlib
import fcntl
import gc
import json
import os
import pty
import select
import signal
import struct
import sys
import tempfile
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pyte

SECONDS = 8.0
KEYS = 60
SLOW_LINE = 30_000
"""Bytes per second of the slow line."""


# --- the child: a dashboard on a made-up queue ---


def show(count: int, rows_changing: int, report: Path) -> None:
    """Run the dashboard until it is told to quit, and write what it has used to `report` on every SIGUSR1."""
    from engine.job.job import JobState
    from engine.job.snapshot import JobDetail
    from tests.tui.fake_engine import FakeEngine
    from tui.dashboard.app import Dashboard

    class Simulation(FakeEngine):
        """Counts what the made-up queue costs: it is no part of the dashboard, and runs in the same process."""

        cpu_s = 0.0

        def detail(self, job_id: int) -> JobDetail:
            started = time.thread_time()
            try:
                return super().detail(job_id)
            finally:
                self.cpu_s += time.thread_time() - started

    engine = Simulation(Path(tempfile.mkdtemp()), workers=max(rows_changing, 4))
    engine.clock.now = time.monotonic()
    engine.fill(count)
    running = [engine.add(f"running {n}.pdf", JobState.RUNNING, pages=5000, seconds=0) for n in range(rows_changing)]
    pages = dict.fromkeys(running, 0)
    started = time.perf_counter()

    class Measured(Dashboard):
        looks = 0
        first_frame_s = 0.0

        def on_mount(self) -> None:  # beside that of the dashboard, which Textual calls by itself
            signal.signal(signal.SIGUSR1, lambda *_: self.report())
            if running:
                # Between two looks, every running job finishes a page.
                self.set_interval(1 / engine.settings.refresh_rate, self.work)
            self.call_after_refresh(self.first_frame)

        def first_frame(self) -> None:
            self.first_frame_s = time.perf_counter() - started

        def look_again(self, *, settle: bool = False) -> None:
            self.looks += 1
            super().look_again(settle=settle)

        def work(self) -> None:
            begun = time.thread_time()
            engine.clock.now = time.monotonic()
            for worker, job_id in enumerate(running, start=1):
                if pages[job_id]:
                    engine.finish_page(worker, job_id, pages[job_id])
                pages[job_id] += 1
                engine.start_page(worker, job_id, pages[job_id])
            engine.cpu_s += time.thread_time() - begun

        def report(self) -> None:
            figures = {
                "cpu_s": time.process_time(),
                "simulation_s": engine.cpu_s,
                "looks": self.looks,
                "first_frame_s": self.first_frame_s,
            }
            draft = report.with_suffix(".tmp")
            draft.write_text(json.dumps(figures))
            draft.rename(report)

    dashboard = Measured(engine, has_tour=False, clock=time.monotonic, wall_clock=engine.wall_clock)
    gc.freeze()  # as the program does
    dashboard.run()


# --- the parent: a terminal ---


class Terminal:
    """A pseudo-terminal with a dashboard in it."""

    def __init__(self, count: int, size: tuple[int, int], rows_changing: int, bytes_per_second: float = 0) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._report = Path(self._folder.name, "report")
        self._rate = bytes_per_second
        self._credit = 0.0
        self._last = time.monotonic()
        self.bytes = 0
        width, height = size
        self._screen = pyte.Screen(width, height)
        self._stream = pyte.ByteStream(self._screen)
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor", LANG="C.UTF-8")
            arguments = ["--show", str(count), str(rows_changing), str(self._report)]
            os.execv(sys.executable, [sys.executable, "-m", __spec__.name, *arguments])
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def __enter__(self) -> "Terminal":
        self.until(lambda: "quit" in self.text, 60)
        self.read_for(1.5)
        return self

    def __exit__(self, *_: object) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._fd)
        self._folder.cleanup()

    @property
    def text(self) -> str:
        """What is on the screen."""
        return "\n".join(self._screen.display)

    @property
    def cursor_row(self) -> int:
        """The line the cursor is on, -1 if it is out of sight."""
        return next((y for y, line in enumerate(self._screen.display) if line.startswith("▌")), -1)

    def send(self, keys: str) -> None:
        """Press keys."""
        os.write(self._fd, keys.encode())

    def read(self, timeout_s: float) -> bool:
        """Take what there is, as fast as the line allows."""
        most = 65_536
        if self._rate:
            now = time.monotonic()
            self._credit = min(self._credit + (now - self._last) * self._rate, self._rate / 20)
            self._last = now
            most = int(self._credit)
            if most < 1:
                time.sleep(0.002)
                return False
        if not select.select([self._fd], [], [], timeout_s)[0]:
            return False
        data = os.read(self._fd, most)
        self._credit -= len(data)
        self.bytes += len(data)
        self._stream.feed(data)
        return True

    def read_for(self, seconds: float) -> None:
        """Show what comes for a while."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.read(left)

    def until(self, condition: Callable[[], bool], limit_s: float = 10) -> float:
        """Seconds until the screen shows it."""
        started = time.monotonic()
        while not condition():
            if time.monotonic() - started > limit_s:
                raise TimeoutError(self.text)
            self.read(0.05)
        return time.monotonic() - started

    def is_sorted_by(self, name: str) -> bool:
        """Whether the screen says so."""
        return any(f"{name} {arrow}" in self.text for arrow in "▲▼")

    def report(self) -> dict[str, float]:
        """What the child has used so far."""
        self._report.unlink(missing_ok=True)
        os.kill(self.pid, signal.SIGUSR1)
        self.until(self._report.exists)
        found: dict[str, float] = json.loads(self._report.read_text())
        return found


def key_times(terminal: Terminal) -> list[float]:
    """Seconds from a key press until the cursor is on another row."""
    times = []
    for number in range(KEYS):
        row = terminal.cursor_row
        terminal.send("k" if number % 2 else "j")
        times.append(terminal.until(lambda before=row: terminal.cursor_row not in (before, -1)))  # type: ignore[misc]
        terminal.read_for(0.037)  # out of step with the frames
    return sorted(times)


def measure(count: int) -> list[tuple[str, str, str, bool]]:
    """Name, figure, goal, and whether it is met, for a queue of so many jobs."""
    rows = []

    def row(name: str, figure: float, unit: str, goal: float | None = None) -> None:
        wanted = "" if goal is None else f"< {goal:g} {unit}"
        rows.append((name, f"{figure:.2f} {unit}", wanted, goal is None or figure < goal))

    with Terminal(count, (120, 40), 8) as terminal:
        before = terminal.report()
        terminal.read_for(SECONDS)
        after = terminal.report()
        looks = after["looks"] - before["looks"]
        simulation_ms = (after["simulation_s"] - before["simulation_s"]) / looks * 1000
        all_ms = (after["cpu_s"] - before["cpu_s"]) / looks * 1000
        row("CPU per refresh, 120x40, 8 rows", all_ms - simulation_ms, "ms", 3)
        row("  the simulation, not counted", simulation_ms, "ms")
        row("load to first frame", after["first_frame_s"] * 1000, "ms", 300)
    with Terminal(count, (80, 24), 4) as terminal:
        terminal.bytes = 0
        terminal.read_for(SECONDS)
        row("bytes, 80x24, 4 workers busy", terminal.bytes / SECONDS / 1000, "KB/s", 4)
        times = key_times(terminal)
        row("key to frame, p99", times[int(len(times) * 0.99)] * 1000, "ms", 50)
        worst = 0.0
        for name in ("id", "name", "pages", "state", "time", "queue"):
            terminal.send("s")
            worst = max(worst, terminal.until(lambda wanted=name: terminal.is_sorted_by(wanted)))  # type: ignore[misc]
            terminal.read_for(0.3)
        row("sort to frame, the slowest", worst * 1000, "ms", 100)
        terminal.send("/")
        terminal.until(lambda: "name  !name" in terminal.text)
        terminal.send("00959")
        row("filter to frame", terminal.until(lambda: "scan 009599" in terminal.text) * 1000, "ms", 100)
    for width, height in ((80, 24), (200, 50)):
        with Terminal(count, (width, height), 0) as terminal:
            terminal.bytes = 0
            terminal.send("gi")
            terminal.until(lambda: "▀" in terminal.text)
            terminal.read_for(0.5)
            row(f"a page's picture, {width}x{height}", terminal.bytes / 1000, "KB")
    with Terminal(count, (80, 24), 0) as terminal:
        terminal.report()
        terminal.read_for(1.0)
        before = terminal.report()
        terminal.bytes = 0
        terminal.read_for(SECONDS)
        sent = terminal.bytes
        after = terminal.report()
        row("idle: bytes", sent, "B", 1)
        row("idle: CPU", (after["cpu_s"] - before["cpu_s"]) / SECONDS * 100, "%", 0.5)
    with Terminal(count, (80, 24), 4, SLOW_LINE) as terminal:
        times = key_times(terminal)
        row("key to frame over 30 KB/s, p99", times[int(len(times) * 0.99)] * 1000, "ms", 200)
    return rows


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", nargs=3, metavar=("JOBS", "ROWS", "REPORT"), help=argparse.SUPPRESS)
    parser.add_argument("--jobs", type=int, nargs="*", default=[10_000, 100_000])
    arguments = parser.parse_args()
    if arguments.show:
        count, rows_changing, report = arguments.show
        with contextlib.suppress(KeyboardInterrupt):
            show(int(count), int(rows_changing), Path(report))
        return
    for count in arguments.jobs:
        print(f"\n{count:,} jobs")
        for name, figure, goal, is_met in measure(count):
            print(f"  {name:34} {figure:>12}   {goal:12} {'' if is_met else 'MISSED'}", flush=True)


if __name__ == "__main__":
    main()
