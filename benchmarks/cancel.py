"""How soon a worker is on another job's page when its own job is cancelled."""

import random
import time

from benchmarks.lab import WORKERS, Finishes, Lab
from benchmarks.result import Figure, Result, median, percentile
from engine.facade.engine import Engine

_CANCELS = 30
_POLL_S = 0.001
"""A version nobody has reached: snapshots without jobs."""


def measure(lab: Lab) -> Result:
    """Cancel running jobs at random moments of their pages while others wait."""
    choose = random.Random(1)
    times_ms: list[float] = []
    with lab.engine() as engine:
        finishes = Finishes(engine)
        finishes.wait(engine.submit_many([lab.copy(lab.corpus.warm_up) for _ in range(WORKERS)]))
        # More than will be needed: the other worker finishes some meanwhile.
        engine.submit_many([lab.copy(lab.corpus.report) for _ in range(2 * _CANCELS)])
        while len(times_ms) < _CANCELS:
            worker = len(times_ms) % WORKERS + 1
            _job_of(engine, worker)
            time.sleep(choose.uniform(0.0, 0.4))
            job_id = _job_of(engine, worker)
            started = time.perf_counter()
            if not engine.cancel([job_id]):
                continue  # it has just finished
            _job_of(engine, worker, other_than=job_id)
            times_ms.append((time.perf_counter() - started) * 1000)
        engine.stop(now=True)
    return Result(
        "cancel",
        f"A running job is cancelled at a random moment, {_CANCELS} times, {WORKERS} workers; until the worker's new "
        "process has staged and opened the next document and begun a page of it.",
        (
            Figure("cancel to another job's page, p95", percentile(times_ms, 95), "ms", below=300),
            Figure("cancel to another job's page, median", median(times_ms), "ms"),
        ),
        (("ms", tuple(times_ms)),),
    )


def _job_of(engine: Engine, number: int, other_than: int | None = None, timeout_s: float = 60) -> int:
    """Wait until a worker is on a page, of a job other than this one; returns the page's job."""
    deadline = time.perf_counter() + timeout_s
    while time.perf_counter() < deadline:
        for worker in engine.overview().workers:
            if worker.number != number or worker.page is None or worker.job_id in (None, other_than):
                continue
            return worker.job_id
        time.sleep(_POLL_S)
    raise TimeoutError(f"Worker {number} began no page within {timeout_s:g} s.")
