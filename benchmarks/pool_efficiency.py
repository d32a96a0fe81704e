"""How much of the workers' time their processes spend on pages."""

import time

from benchmarks.lab import WORKERS, Finishes, Lab
from benchmarks.result import Figure, Result, median

_LEAST_PAGES = 100
_MOST_PAGES_EACH = 100


def measure(lab: Lab) -> Result:
    """Convert documents with a warm engine; busy time over wall time and workers."""
    corpus = lab.corpus
    files = [file for file in corpus.long if corpus.pages[file] <= _MOST_PAGES_EACH]
    pages = sum(corpus.pages[file] for file in files)
    rounds = -(-_LEAST_PAGES // pages)
    shares: list[float] = []
    with lab.engine() as engine:
        finishes = Finishes(engine)
        finishes.wait(engine.submit_many([lab.copy(corpus.warm_up) for _ in range(WORKERS)]))
        for _ in range(lab.repeat):
            copies = [lab.copy(file) for file in files * rounds]
            busy_s, started = engine.vitals().busy_s, time.perf_counter()
            wall_s = finishes.wait(engine.submit_many(copies)) - started
            shares.append((engine.vitals().busy_s - busy_s) / (wall_s * WORKERS))
    return Result(
        "pool_efficiency",
        f"{len(files) * rounds} documents with {pages * rounds} pages, {WORKERS} workers, warm: the time conversion "
        "processes spend on tasks, over wall time × workers, from `submit` to the last one published.",
        (Figure("pool efficiency", median(shares), "", 0.95),),
        (("efficiency", tuple(shares)),),
    )
