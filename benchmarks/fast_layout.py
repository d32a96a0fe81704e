"""Pages laid out by rules, without a model, against the layout model's."""

import time
from pathlib import Path

import psutil

from benchmarks.lab import Finishes, Lab
from benchmarks.result import Figure, Result, median
from engine.facade.engine import Engine
from engine.job.options import LayoutEffort

_PAGES = {LayoutEffort.FAST: 120, LayoutEffort.FULL: 20}
"""So many are converted, for what takes ten times as long fewer."""


def measure(lab: Lab) -> Result:
    """Take turns: from `Engine.submit` to published, one worker, warm; and the CPU of all the engine's processes."""
    file = max(lab.corpus.files, key=lambda each: lab.corpus.pages[each])
    pages = {effort: min(count, lab.corpus.pages[file]) for effort, count in _PAGES.items()}
    taken_s: dict[LayoutEffort, list[float]] = {effort: [] for effort in pages}
    cpu_s: dict[LayoutEffort, list[float]] = {effort: [] for effort in pages}
    with (
        lab.engine(num_workers=1, refine=True, layout_effort="fast", pages=f"1-{pages[LayoutEffort.FAST]}") as fast,
        lab.engine(num_workers=1, refine=True, pages=f"1-{pages[LayoutEffort.FULL]}") as full,
    ):
        engines = {LayoutEffort.FAST: fast, LayoutEffort.FULL: full}
        waits = {effort: Finishes(engine) for effort, engine in engines.items()}
        for effort, engine in engines.items():
            waits[effort].wait([engine.submit(lab.copy(lab.corpus.warm_up))])
        for _ in range(lab.repeat):
            for effort, engine in engines.items():
                before = _cpu_s()
                taken_s[effort].append(_taken(lab, engine, waits[effort], file) / pages[effort])
                cpu_s[effort].append((_cpu_s() - before) / pages[effort])
    fast_s, full_s = (median(taken_s[effort]) for effort in (LayoutEffort.FAST, LayoutEffort.FULL))
    return Result(
        "fast_layout",
        f"`{file.name}` to Markdown without OCR and pictures: its first {pages[LayoutEffort.FAST]} pages with "
        f"`layout_effort = fast`, and {pages[LayoutEffort.FULL]} with `full`: one worker of a warm engine, from "
        "`submit` to published, and CPU of all the engine's processes.",
        (
            Figure("laid out by rules, times as fast as by the model", full_s / fast_s, "×"),
            Figure("laid out by rules, CPU a page", median(cpu_s[LayoutEffort.FAST]) * 1000, "ms", below=25),
            Figure("laid out by the model, CPU a page", median(cpu_s[LayoutEffort.FULL]) * 1000, "ms"),
        ),
        tuple((f"{effort}, s a page", tuple(values)) for effort, values in taken_s.items()),
    )


def _taken(lab: Lab, engine: Engine, finishes: Finishes, file: Path) -> float:
    copy = lab.copy(file)
    started = time.perf_counter()
    return finishes.wait([engine.submit(copy)]) - started


def _cpu_s() -> float:
    """Of this process and all that it has started, those that have ended included."""
    total = time.process_time()
    for process in psutil.Process().children(recursive=True):
        times = process.cpu_times()
        total += times.user + times.system + times.children_user + times.children_system
    return total
