"""What refinement costs where a page is read by the layout model: the same document with it and without."""

import time

from benchmarks.lab import Finishes, Lab
from benchmarks.result import Figure, Result, median


def measure(lab: Lab) -> Result:
    """Take turns: from `Engine.submit` to published, one worker, warm."""
    corpus = lab.corpus
    taken: dict[str, list[float]] = {"refined": [], "as the library": []}
    with lab.engine(num_workers=1, refine=True) as refined, lab.engine(num_workers=1) as plain:
        engines = {"refined": (refined, Finishes(refined)), "as the library": (plain, Finishes(plain))}
        for engine, finishes in engines.values():
            finishes.wait([engine.submit(lab.copy(corpus.warm_up))])
        for _ in range(lab.repeat):
            for name, (engine, finishes) in engines.items():
                file = lab.copy(corpus.report)
                started = time.perf_counter()
                taken[name].append(finishes.wait([engine.submit(file)]) - started)
    ratio = median(taken["refined"]) / median(taken["as the library"])
    return Result(
        "refinement",
        f"`{corpus.report.name}` ({corpus.pages[corpus.report]} pages, without tags) to Markdown without OCR and "
        "pictures: one worker of a warm engine, from `submit` to published, with `refine` on and off.",
        (
            Figure("refinement, times the time without it", ratio, "×", below=1.05),
            Figure("refined", median(taken["refined"]), "s"),
            Figure("as the library", median(taken["as the library"]), "s"),
        ),
        tuple((f"{name}, s", tuple(values)) for name, values in taken.items()),
    )
