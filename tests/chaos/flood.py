"""Damaged documents by the thousand: `python -m tests.chaos.flood FOLDER --count 2000 --seed 1`.

Takes documents of a folder, damages each in another way, and has one engine convert them all. What must hold: the
engine lives, every job ends, no page takes more than its deadline, no process more memory than it may have, and nothing
is left. Prints what it has come to; the exit status is 1 if something does not hold.
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from engine.base.errors import HotfolioError
from engine.job.job import JobState
from engine.remote.client import RemoteEngine
from tests.chaos.counts import Broken
from tests.chaos.damage import damage
from tests.e2e.processes import assert_nothing_left, processes_in
from tests.e2e.service import ServiceProcess

PAGE_TIMEOUT_S = 10
MEMORY_LIMIT = 1 << 30
_MARGIN_S = 2.0
"""A page may take so much longer than its deadline until its process is gone."""
_LARGEST = 400 << 10
_AT_ONCE = 40
_OLD_S = 600
"""How old the documents are, since young ones that are broken are waited for."""
_LOOK_S = 0.2
_STILL_S = 600.0
"""If as long no job ends, something hangs."""


@dataclass
class Seen:
    """What was seen of the pages under way, and of memory."""

    longest_s: float = 0.0
    """Seconds of work on one page."""
    largest: int = 0
    """Bytes that a process had in memory."""
    began: dict[tuple[int, int, int], float] = field(default_factory=dict)
    """Seconds of work that a process had done when it was first seen on a page of a job."""


class Flood:
    """One run in a folder of its own."""

    def __init__(self, folder: Path, sources: list[Path], seed: int) -> None:
        self._folder = folder
        self._sources = sources
        self._dice = random.Random(seed)
        self._seen = Seen()
        self._ends: Counter[str] = Counter()

    def run(self, count: int) -> None:
        """Have as many documents converted; raises `Broken`."""
        env = {
            "HOTFOLIO_PAGE_TIMEOUT": str(PAGE_TIMEOUT_S),
            "HOTFOLIO_MEMORY_LIMIT": str(MEMORY_LIMIT),
            "HOTFOLIO_FORMATS": "md,json,png",
            "HOTFOLIO_DPI": "50",
        }
        (self._folder / "hotfolio.toml").write_text('pages = "1-4"\n')
        with ServiceProcess(self._folder, "serve", "--port", "0", "-w", "2", env=env) as served:
            served.wait_ready()
            with RemoteEngine(self._folder / "output" / ".hotfolio") as engine:
                for first in range(0, count, _AT_ONCE):
                    self._drop(first, min(_AT_ONCE, count - first))
                    self._wait_until_all_have_ended(served, engine)
                    print(self.summary(), flush=True)
            served.process.send_signal(15)
            if served.wait_exit() or "Traceback" in served.err:
                raise Broken("unexpected", f"the engine ended with {served.process.returncode}: {served.err[-2000:]}")
            assert_nothing_left(self._folder)

    def summary(self) -> str:
        """What it has come to so far."""
        ends = ", ".join(f"{state} {count}" for state, count in sorted(self._ends.items()))
        return (
            f"damaged documents {self._ends.total()}: {ends}; longest page {self._seen.longest_s:.1f} s of work "
            f"(deadline {PAGE_TIMEOUT_S} s), largest process {self._seen.largest >> 20} MiB "
            f"(limit {MEMORY_LIMIT >> 20} MiB)"
        )

    def _drop(self, first: int, count: int) -> None:
        for number in range(first, first + count):
            source = self._dice.choice(self._sources)
            target = self._folder / "input" / f"{number}-{source.name}"
            part = target.with_suffix(".part")
            part.write_bytes(damage(source.read_bytes(), self._dice))
            os.utime(part, (time.time() - _OLD_S,) * 2)
            part.rename(target)

    def _wait_until_all_have_ended(self, served: ServiceProcess, engine: RemoteEngine) -> None:
        last, since = -1, time.monotonic()
        while True:
            if served.process.poll() is not None:
                raise Broken("unexpected", f"the engine has ended by itself: {served.err[-2000:]}")
            snapshot = engine.overview()
            self._look(engine)
            ended = sum(count for state, count in snapshot.totals.by_state.items() if state.is_finished)
            waiting = [*(self._folder / "input").glob("*.pdf")]
            if ended != last:
                last, since = ended, time.monotonic()
            elif time.monotonic() - since > _STILL_S:
                raise Broken("unexpected", f"no job has ended for {_STILL_S:g} s: {snapshot.totals}")
            if ended == len(waiting):
                break
            time.sleep(_LOOK_S)
        self._ends = Counter({state.value: n for state, n in snapshot.totals.by_state.items() if n})
        if lost := self._ends[JobState.CANCELLED.value]:
            raise Broken("lost", f"{lost} jobs were given up")

    def _look(self, engine: RemoteEngine) -> None:
        for process in processes_in(self._folder):
            try:
                self._seen.largest = max(self._seen.largest, process.memory_info().rss)
            except psutil.Error:
                continue
        if self._seen.largest > MEMORY_LIMIT:
            raise Broken("unexpected", f"a process has {self._seen.largest >> 20} MiB")
        for worker in engine.snapshot().workers:
            if worker.pid is None or worker.page is None or worker.job_id is None:
                continue
            try:
                times = psutil.Process(worker.pid).cpu_times()
            except psutil.Error:
                continue
            work = times.user + times.system
            seconds = work - self._seen.began.setdefault((worker.pid, worker.job_id, worker.page), work)
            self._seen.longest_s = max(self._seen.longest_s, seconds)
            if seconds > PAGE_TIMEOUT_S + _MARGIN_S:
                raise Broken("unexpected", f"page {worker.page} of job {worker.job_id} has taken {seconds:.1f} s")


def main() -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.flood", description=__doc__)
    parser.add_argument("sources", type=Path, help="a folder with PDFs, and folders of them")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1, help="decides which documents, and how they are damaged")
    asked = parser.parse_args()
    sources = sorted(file for file in asked.sources.rglob("*.pdf") if file.stat().st_size <= _LARGEST)
    folder = Path(tempfile.mkdtemp(prefix="flood-"))
    flood = Flood(folder, sources, asked.seed)
    try:
        flood.run(asked.count)
    except (Broken, AssertionError, HotfolioError) as error:
        print(flood.summary())
        print(f"seed {asked.seed}: {error}; what it was is in {folder}")
        return 1
    shutil.rmtree(folder)
    print(f"seed {asked.seed}; {flood.summary()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
