"""Whole programs that begin with nothing loaded, beside those of an earlier build where one is at hand.

`make bench-before` checks that build out and makes an environment for it.
"""

import resource
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.lab import Lab
from benchmarks.result import Figure, Result, median
from tests import pdfs

_LEAST_CPU, _LEAST_WALL = 2.5, 3.0


def measure(lab: Lab) -> Result:
    """Take turns: `hotfolio convert` of two tagged pages, and `hotfolio --version`."""
    file = lab.folder("cold") / "two.pdf"
    file.write_bytes(pdfs.text_pages(2, is_tagged=True))
    programs = {"now": str(Path(sys.executable).with_name("hotfolio"))}
    if lab.before:
        programs["before"] = str(lab.before / ".venv" / "bin" / "hotfolio")
    cpu: dict[tuple[str, str], list[float]] = {}
    wall: dict[tuple[str, str], list[float]] = {}
    for _ in range(lab.repeat):
        for build, program in programs.items():
            for what in ("convert", "--version"):
                home = lab.folder("home")
                arguments = [what, str(file), "-o", str(home / "output")] if what == "convert" else [what]
                used, started = _cpu_s(), time.perf_counter()
                subprocess.run([program, *arguments], cwd=home, check=True, stdout=subprocess.DEVNULL)
                wall.setdefault((what, build), []).append(time.perf_counter() - started)
                cpu.setdefault((what, build), []).append(_cpu_s() - used)
    figures = []
    if lab.before:
        figures = [
            Figure("cold convert, times less CPU than before", _ratio(cpu, "convert"), "×", _LEAST_CPU),
            Figure("cold convert, times as fast as before", _ratio(wall, "convert"), "×", _LEAST_WALL),
            Figure("`hotfolio --version`, times less CPU than before", _ratio(cpu, "--version"), "×", _LEAST_CPU),
        ]
    for (what, build), seconds in cpu.items():
        figures.append(Figure(f"`hotfolio {what}`, {build}", median(seconds), "CPU s"))
        figures.append(Figure(f"`hotfolio {what}`, {build}, wall", median(wall[what, build]), "s"))
    return Result(
        "cold",
        "`hotfolio convert` of a PDF with two tagged pages, and `hotfolio --version`, each a program of its own with "
        "an empty queue: the time, and the CPU of it and all that it starts; by turns with the build of "
        "`make bench-before`, where that is there.",
        tuple(figures),
        tuple((f"{what}, {build}, CPU s", tuple(seconds)) for (what, build), seconds in cpu.items()),
    )


def _ratio(taken: dict[tuple[str, str], list[float]], what: str) -> float:
    return median(taken[what, "before"]) / median(taken[what, "now"])


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
