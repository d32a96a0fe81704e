"""Tagged PDFs, read by their structure, against the library's layout model; and how soon their first page is there."""

import json
import os
import time
from pathlib import Path

from benchmarks.lab import Finishes, Lab, program
from benchmarks.library import ROOT
from benchmarks.result import Figure, Result, median, percentile
from engine.facade.engine import Engine
from engine.job.job import Job
from engine.publish.publisher import MANIFEST

_FOLDER = ROOT.parent / "shared" / "quality" / "pdf"
_TAGGED = "chromium-*.pdf"


def measure(lab: Lab) -> Result:
    """Take turns: the seconds of each page by the manifest, and `to_markdown` of each document."""
    files = sorted(_FOLDER.glob(_TAGGED))
    if not files:
        raise SystemExit(f"{_FOLDER}: there is no {_TAGGED} in it.")
    engine_s: list[float] = []
    library_s: list[float] = []
    first_s: list[float] = []
    pages = 0
    with lab.engine(num_workers=1, refine=True) as engine, program("peer", "serve") as peer:
        finishes = Finishes(engine)
        finishes.wait([engine.submit(lab.copy(files[0]))])
        peer.send(str(files[0]))
        peer.answer()
        for _ in range(lab.repeat):
            jobs = engine.submit_many([lab.copy(file) for file in files])
            finishes.wait(jobs)
            seconds = [second for job in jobs for second in _page_seconds(engine, job)]
            pages = len(seconds)
            engine_s.append(sum(seconds) / pages)
            library_total = 0.0
            for file in files:
                peer.send(str(file))
                library_total += peer.answer()
            library_s.append(library_total / pages)
        for file in files:
            started = time.perf_counter()
            job = engine.submit(lab.copy(file))
            first_s.append(_first_page(engine, job) - started)
            finishes.wait([job])
    return Result(
        "tagged_pages",
        f"{len(files)} tagged documents with {pages} pages (`{os.path.relpath(_FOLDER, ROOT)}/{_TAGGED}`) to Markdown "
        "without pictures, one worker of a warm engine: the time of a page by the manifest, against "
        "`pymupdf4llm.to_markdown` in one warm process of the same niceness.",
        (
            Figure("tagged page, times as fast as the library", median(library_s) / median(engine_s), "×", 20),
            Figure("tagged page, engine", median(engine_s) * 1000, "ms"),
            Figure("tagged page, library", median(library_s) * 1000, "ms"),
            Figure("submit to first tagged page, p95", percentile(first_s, 95) * 1000, "ms", below=150),
        ),
        (("engine, s a page", tuple(engine_s)), ("library, s a page", tuple(library_s))),
    )


def _first_page(engine: Engine, job: Job) -> float:
    """When the first page is finished."""
    while not engine.job(job.id).pages_done and not engine.job(job.id).job.state.is_finished:
        time.sleep(0.001)
    return time.perf_counter()


def _page_seconds(engine: Engine, job: Job) -> list[float]:
    output = engine.job(job.id).job.output
    assert output is not None
    manifest = json.loads((Path(os.fsdecode(output)) / MANIFEST).read_text())
    ways = {page["via"] for page in manifest["pages"]}
    if ways != {"tags"}:
        raise RuntimeError(f"{job.name} was read by {', '.join(sorted(ways))}.")
    return [page["seconds"] for page in manifest["pages"]]
