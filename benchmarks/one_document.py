"""One 23-page document: two workers of a warm engine against the library in one warm process."""

import time

from benchmarks.lab import WORKERS, Finishes, Lab, program
from benchmarks.result import Figure, Result, median


def measure(lab: Lab) -> Result:
    """Take turns: from `Engine.submit` to finished, and one call of `to_markdown`."""
    corpus = lab.corpus
    engine_s: list[float] = []
    library_s: list[float] = []
    with lab.engine() as engine, program("peer", "serve") as peer:
        finishes = Finishes(engine)
        # Documents for every worker, so that each has a process that has converted some pages.
        finishes.wait(engine.submit_many([lab.copy(corpus.warm_up) for _ in range(WORKERS)]))
        peer.send(str(corpus.warm_up))
        peer.answer()
        for _ in range(lab.repeat):
            file = lab.copy(corpus.report)
            started = time.perf_counter()
            job = engine.submit(file)
            engine_s.append(finishes.wait([job]) - started)
            peer.send(str(file))
            library_s.append(peer.answer())
    return Result(
        "one_document",
        f"`{corpus.report.name}` ({corpus.pages[corpus.report]} pages) to Markdown without OCR and pictures: "
        f"{WORKERS} workers of a warm engine, from `submit` to published, against `pymupdf4llm.to_markdown` in one "
        "warm process of the same niceness.",
        (
            Figure("one document, times as fast as the library", median(library_s) / median(engine_s), "×", 1.8),
            Figure("one document, engine", median(engine_s), "s"),
            Figure("one document, library", median(library_s), "s"),
        ),
        (("engine, s", tuple(engine_s)), ("library, s", tuple(library_s))),
    )
