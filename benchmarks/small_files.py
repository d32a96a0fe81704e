"""Many small documents: whole programs that convert one-page tagged PDFs, beside a plain pool and an earlier build.

`make bench-before` checks that build out and makes an environment for it.
"""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from benchmarks.lab import WORKERS, Lab, program
from benchmarks.result import Figure, Result, median
from tests import pdfs

_FILES = 300
_FEW = 20
"""What a program has to do for these, and to start, is taken off what it does for all."""
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class _Taken:
    """What a run came to, without its start."""

    documents_per_s: float
    own_s: float
    """CPU of the engine's process, a document."""
    all_s: float
    """The same with all that it has started."""


def measure(lab: Lab) -> Result:
    """Take turns: `hotfolio run --once` on a folder of small files, now and before, and a pool that reads them."""
    page = pdfs.text_pages(1, is_tagged=True)
    programs = {"now": str(Path(sys.executable).with_name("hotfolio"))}
    if lab.before:
        programs["before"] = str(lab.before / ".venv" / "bin" / "hotfolio")
    taken: dict[str, list[_Taken]] = {build: [] for build in programs}
    pool: list[float] = []
    pool_cpu: list[float] = []
    with program("peer", "pool", str(WORKERS)) as peer:
        for _ in range(lab.repeat):
            for build, hotfolio in programs.items():
                taken[build].append(_taken(lab, hotfolio, page))
            folder = _filled(lab, page, _FILES)
            peer.send(str(folder / "input"))
            wall_s, cpu_s = peer.answer()
            pool.append(_FILES / wall_s)
            pool_cpu.append(cpu_s / _FILES)
            shutil.rmtree(folder)
    speed = {build: median([each.documents_per_s for each in runs]) for build, runs in taken.items()}
    own = {build: median([each.own_s for each in runs]) for build, runs in taken.items()}
    # The processes of the earlier build end with its fork server, and nobody has waited for them.
    all_s = median([each.all_s for each in taken["now"]])
    figures = []
    if lab.before:
        figures = [
            Figure("small files, times as fast as before", speed["now"] / speed["before"], "×", 2.5),
            Figure("engine's own CPU a small file, part of before", own["now"] / own["before"], "", below=1 / 3),
        ]
    figures.append(Figure("small files, part of a plain pool's speed", speed["now"] / median(pool), "", 0.5))
    for build in programs:
        figures += [
            Figure(f"small files, {build}", speed[build], "documents/s"),
            Figure(f"engine's own CPU a small file, {build}", own[build] * 1000, "ms"),
        ]
    figures += [
        Figure("CPU a small file, now", all_s * 1000, "ms"),
        Figure("plain pool", median(pool), "documents/s"),
        Figure("CPU a small file, plain pool", median(pool_cpu) * 1000, "ms"),
    ]
    return Result(
        "small_files",
        f"{_FILES} tagged PDFs of one page in a hot folder: `hotfolio run --once` with {WORKERS} workers, from the "
        "first result to the last by their manifests, and CPU less that of a run with "
        f"{_FEW}; by turns with a `multiprocessing.Pool` of {WORKERS} warm processes that does `get_text`, writes it "
        "and syncs the file, and with the build of `make bench-before`, where that is there.",
        tuple(figures),
        tuple((f"{build}, documents/s", tuple(each.documents_per_s for each in taken[build])) for build in programs),
    )


def _taken(lab: Lab, hotfolio: str, page: bytes) -> _Taken:
    few_own, few_all, _ = _run(lab, hotfolio, page, _FEW)
    own, everything, speed = _run(lab, hotfolio, page, _FILES)
    more = _FILES - _FEW
    return _Taken(speed, (own - few_own) / more, (everything - few_all) / more)


def _run(lab: Lab, hotfolio: str, page: bytes, count: int) -> tuple[float, float, float]:
    """CPU seconds of the program, the same with all that it starts, and documents a second."""
    home = _filled(lab, page, count)
    options = ["-i", str(home / "input"), "-o", str(home / "output"), "-w", str(WORKERS), "--ocr", "never"]
    started = subprocess.Popen([hotfolio, "run", "--once", *options], cwd=home, stdout=subprocess.DEVNULL)
    # Left as it has ended until it is looked at: what others took that it has waited for is told apart there alone.
    os.waitid(os.P_PID, started.pid, os.WEXITED | os.WNOWAIT)
    times = Path(f"/proc/{started.pid}/stat").read_text().rpartition(")")[2].split()[11:15]
    own, everything = (sum(map(int, some)) * _TICK_S for some in (times[:2], times))
    if started.wait():
        raise RuntimeError(f"{hotfolio} ended with exit status {started.returncode}.")
    ends = []
    for manifest in (home / "output").glob("*/manifest.json"):
        found = json.loads(manifest.read_text())
        if found["state"] != "done" or {each["via"] for each in found["pages"]} != {"tags"}:
            raise RuntimeError(f"{manifest.parent.name} was not read by its tags.")
        ends.append(datetime.fromisoformat(found["finished"]).timestamp())
    if len(ends) != count:
        raise RuntimeError(f"{len(ends)} of {count} files were converted.")
    shutil.rmtree(home)
    return own, everything, (count - 1) / (max(ends) - min(ends))


def _filled(lab: Lab, page: bytes, count: int) -> Path:
    """A home with so many files in its input, none of which is the same as another, and none of which is new."""
    home = lab.folder("small")
    (home / "input").mkdir()
    for number in range(count):
        file = home / "input" / f"{number:05}.pdf"
        file.write_bytes(page + b"\n%%%d\n%%%%EOF\n" % number)
        os.utime(file, (1e9, 1e9))
    return home
