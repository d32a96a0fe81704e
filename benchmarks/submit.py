"""How long `Engine.submit` takes when much is queued already."""

import time

from benchmarks.corpus import small_files
from benchmarks.lab import Finishes, Lab
from benchmarks.result import Figure, Result, median, percentile

_QUEUED = 10_000
_TIMED = 1_000


def measure(lab: Lab) -> Result:
    """Queue many files, then time single ones; nothing is converted meanwhile."""
    files = small_files(_QUEUED + _TIMED, lab.folder("small") / "files")
    times_ms: list[float] = []
    with lab.engine() as engine:
        # Once a page is converted, the engine has finished starting.
        Finishes(engine).wait([engine.submit(lab.copy(files[0]))])
        engine.pause()
        engine.submit_many(files[:_QUEUED])
        for file in files[_QUEUED:]:
            started = time.perf_counter()
            engine.submit(file)
            times_ms.append((time.perf_counter() - started) * 1000)
        assert engine.snapshot().totals.queue_depth == len(files)
    return Result(
        "submit",
        f"`Engine.submit` of {_TIMED:,} files, one after the other, with {_QUEUED:,} queued already. Each is on the "
        "disk (fsync) when the call returns.",
        (
            Figure("submit, p99", percentile(times_ms, 99), "ms", below=5),
            Figure("submit, median", median(times_ms), "ms"),
        ),
        (("slowest ten, ms", tuple(sorted(times_ms)[-10:])),),
    )
