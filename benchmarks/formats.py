"""What more formats cost: the same document as Markdown alone, and as everything that is made from its text."""

import time

from benchmarks.lab import Finishes, Lab
from benchmarks.result import Figure, Result, median

_ALL = ("md", "txt", "json", "html", "chunks")
_MOST = 1.1
"""A second format costs what it must, and no reading of the page."""


def measure(lab: Lab) -> Result:
    """Take turns: from `Engine.submit` to published, one worker, warm."""
    corpus = lab.corpus
    taken: dict[str, list[float]] = {"md": [], ",".join(_ALL): []}
    with (
        lab.engine(num_workers=1, refine=True, formats=("md",)) as one,
        lab.engine(num_workers=1, refine=True, formats=_ALL) as all_,
    ):
        engines = dict(zip(taken, ((one, Finishes(one)), (all_, Finishes(all_))), strict=True))
        for engine, finishes in engines.values():
            finishes.wait([engine.submit(lab.copy(corpus.warm_up))])
        for _ in range(lab.repeat):
            for name, (engine, finishes) in engines.items():
                file = lab.copy(corpus.report)
                started = time.perf_counter()
                taken[name].append(finishes.wait([engine.submit(file)]) - started)
    single, together = (median(values) for values in taken.values())
    return Result(
        "formats",
        f"`{corpus.report.name}` ({corpus.pages[corpus.report]} pages) without OCR and pictures, as `md` alone and as "
        f"`{','.join(_ALL)}`: one worker of a warm engine, from `submit` to published, refined.",
        (
            Figure("all five formats, times the time of md", together / single, "×", below=_MOST),
            Figure("md", single, "s"),
            Figure("all five formats", together, "s"),
        ),
        tuple((f"{name}, s", tuple(values)) for name, values in taken.items()),
    )
