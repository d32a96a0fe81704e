"""Text alone, which no layout model is asked for, against text as it is beside Markdown and against bare MuPDF."""

import time
from pathlib import Path

import psutil

from benchmarks.lab import WORKERS, Finishes, Lab, Program, program
from benchmarks.result import Figure, Result, median
from engine.facade.engine import Engine
from engine.job.options import Layout

_PART = 40
"""Of the document, for the way that takes a hundred times as long."""


def measure(lab: Lab) -> Result:
    """Take turns: the whole document as text, a part of it laid out, and `get_text` of all its pages by one process."""
    file = max(lab.corpus.files, key=lambda each: lab.corpus.pages[each])
    pages = lab.corpus.pages[file]
    part = min(_PART, pages)
    straight_s: list[float] = []
    laid_out_s: list[float] = []
    cpu_s: list[float] = []
    bare_s: list[float] = []
    with (
        lab.engine(formats=("txt",), refine=True) as straight,
        lab.engine(formats=("txt",), refine=True, layout=Layout.ALWAYS, pages=f"1-{part}") as laid_out,
        program("peer", "text") as peer,
    ):
        waits = {engine: Finishes(engine) for engine in (straight, laid_out)}
        for engine, finishes in waits.items():
            finishes.wait([engine.submit(lab.copy(lab.corpus.warm_up))])
        for _ in range(lab.repeat):
            before = _cpu_s(peer)
            straight_s.append(_taken(lab, straight, waits[straight], file))
            cpu_s.append((_cpu_s(peer) - before) / pages)
            laid_out_s.append(_taken(lab, laid_out, waits[laid_out], file))
            peer.send(str(file))
            bare_s.append(peer.answer() / pages)
    speed, before_speed = pages / median(straight_s), part / median(laid_out_s)
    return Result(
        "text",
        f"`{file.name}` ({pages} pages) as `txt` without OCR: {WORKERS} workers of a warm engine, from `submit` "
        f"to published; with `layout = always` its first {part} pages; CPU of all the engine's processes, against "
        "`page.get_text()` in one warm process.",
        (
            Figure("text, times as fast as laid out", speed / before_speed, "×", 25),
            Figure("text, times the CPU of `get_text`", median(cpu_s) / median(bare_s), "×", below=4),
            Figure("text", speed, "pages/s"),
            Figure("text, laid out", before_speed, "pages/s"),
            Figure("text, CPU a page", median(cpu_s) * 1000, "ms"),
            Figure("`get_text`, CPU a page", median(bare_s) * 1000, "ms"),
        ),
        (("text, s", tuple(straight_s)), ("laid out, s", tuple(laid_out_s))),
    )


def _taken(lab: Lab, engine: Engine, finishes: Finishes, file: Path) -> float:
    copy = lab.copy(file)
    started = time.perf_counter()
    return finishes.wait([engine.submit(copy)]) - started


def _cpu_s(peer: Program) -> float:
    """Of this process and all that it has started, those that have ended included, but for the peer."""
    total = time.process_time()
    for process in psutil.Process().children(recursive=True):
        if process.pid != peer.process.pid:
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total
