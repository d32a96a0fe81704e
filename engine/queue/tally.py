"""Tally: what has happened since the engine started, in numbers that only grow."""

import threading
import time
from bisect import bisect_left
from collections.abc import Mapping, Sequence

from engine.job.job import FINISHED, JobState, PageResult, PageState
from engine.job.vitals import Facts, Spread
from engine.job.warningkind import WarningKind
from engine.sandbox.ends import ProcessEnd

PAGE_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
"""Bounds of the seconds a page takes: from plain text to OCR at the end of its patience."""
JOB_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 14_400)
"""Bounds of the seconds a job takes: from one page to a book under OCR."""
WAIT_SECONDS = (0.01, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 1800, 3600, 14_400, 43_200, 86_400)
"""Bounds of the seconds a job waits until it is begun: from an idle engine to a day."""
_TIMED = (JobState.DONE, JobState.PARTIAL, JobState.FAILED)


class Tally:
    """Thread-safe: `_lock` guards all numbers, is held for memory access alone, and no other lock is taken in it."""

    def __init__(self) -> None:
        self.started = time.time()
        """In seconds since 1970."""
        self._lock = threading.Lock()
        self._pages = dict.fromkeys(PageState, 0)
        self._page_seconds = {state: _Durations(PAGE_SECONDS) for state in PageState}
        self._jobs = dict.fromkeys(FINISHED, 0)
        self._warned = 0
        self._warnings = dict.fromkeys(WarningKind, 0)
        self._job_seconds = {state: _Durations(JOB_SECONDS) for state in _TIMED}
        self._waits = _Durations(WAIT_SECONDS)
        self._process_ends = dict.fromkeys(ProcessEnd, 0)
        self._expired = 0

    def pages_finished(self, results: Sequence[PageResult]) -> None:
        """Pages are finished by a process, in whatever way."""
        with self._lock:
            for result in results:
                self._pages[result.state] += 1
                self._page_seconds[result.state].add(result.seconds)

    def page_lost(self) -> None:
        """A page is given up of which no process lived to tell the time it took."""
        with self._lock:
            self._pages[PageState.FAILED] += 1

    def job_begun(self, waited_s: float) -> None:
        """A job is begun that has waited so long."""
        with self._lock:
            self._waits.add(waited_s)

    def job_finished(self, state: JobState, seconds: float | None, *, has_warnings: bool = False) -> None:
        """A job has ended, so many seconds after it was begun; what is cancelled is not timed."""
        with self._lock:
            self._warned += has_warnings
            self._jobs[state] += 1
            if seconds is not None and state in self._job_seconds:
                self._job_seconds[state].add(seconds)

    def warned(self, kinds: Mapping[WarningKind, int]) -> None:
        """A result has warnings, so many of each kind."""
        with self._lock:
            for kind, count in kinds.items():
                self._warnings[kind] += count

    def process_ended(self, why: ProcessEnd) -> None:
        """A conversion process is not used any more."""
        with self._lock:
            self._process_ends[why] += 1

    def result_expired(self) -> None:
        """A result is deleted that was kept long enough."""
        with self._lock:
            self._expired += 1

    def read(self) -> Facts:
        """All of it, as of one moment."""
        with self._lock:
            return Facts(
                dict(self._pages),
                {state: durations.spread() for state, durations in self._page_seconds.items()},
                dict(self._jobs),
                {state: durations.spread() for state, durations in self._job_seconds.items()},
                self._waits.spread(),
                {str(why): count for why, count in self._process_ends.items()},
                self._warned,
                self._expired,
                dict(self._warnings),
            )


class _Durations:
    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._total_s = 0.0

    def add(self, seconds: float) -> None:
        seconds = max(seconds, 0.0)  # the wall clock may have been set back meanwhile
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self._total_s += seconds

    def spread(self) -> Spread:
        return Spread(self._bounds, tuple(self._counts), self._total_s)
