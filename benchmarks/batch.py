"""A folder of long documents: the engine against the library's own process pool, start-up included."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.lab import WORKERS, Lab
from benchmarks.library import ROOT
from benchmarks.result import Figure, Result, median

_TIMEOUT_S = 1800.0


def measure(lab: Lab) -> Result:
    """Take turns, each in a fresh process, from its start to its end."""
    corpus = lab.corpus
    long = corpus.long
    files = [str(file) for file in long]
    pages = sum(corpus.pages[file] for file in long)
    engine_s: list[float] = []
    library_s: list[float] = []
    for _ in range(lab.repeat):
        engine_s.append(_seconds("subject", "batch", lab.folder("engine-batch"), files))
        library_s.append(_seconds("peer", "batch", lab.folder("library-batch"), files))
    return Result(
        "batch",
        f"{len(files)} documents with {pages} pages ({corpus.name}, long ones that the library converts) to Markdown "
        f"without OCR and pictures, {WORKERS} workers, from the start of a fresh process to its end, against "
        "`pymupdf4llm.convert_batch(workers=2, persistent=True)`, its processes as nice as ours.",
        (
            Figure("batch, times as fast as the library", median(library_s) / median(engine_s), "×", 1.25),
            Figure("batch, engine", pages / median(engine_s), "pages/s"),
            Figure("batch, library", pages / median(library_s), "pages/s"),
        ),
        (("engine, s", tuple(engine_s)), ("library, s", tuple(library_s))),
    )


def _seconds(module: str, command: str, home: Path, files: list[str]) -> float:
    """How long a fresh process takes to convert all files; raises if it does not convert them all."""
    started = time.perf_counter()
    answer = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{module}", command, str(home), str(WORKERS), *files],
        cwd=ROOT,
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        timeout=_TIMEOUT_S,
    ).stdout
    seconds = time.perf_counter() - started
    if f'"done": {len(files)}' not in answer.decode():
        raise RuntimeError(f"benchmarks.{module} did not convert all files: {answer.decode()!r}")
    shutil.rmtree(home)
    return seconds
