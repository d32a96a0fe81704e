"""Ten thousand files dropped into the hot folder at once, and what watching them costs afterwards."""

import time

import psutil

from benchmarks.corpus import small_files
from benchmarks.lab import Lab, program
from benchmarks.result import Figure, Result

_COUNT = 10_000
_IDLE_S = 35.0
"""More than `scan_interval`, so that the periodic scan of all files is in it."""
_CALM_S = 2.0


def measure(lab: Lab) -> Result:
    """Write the files while an engine watches; nothing is converted."""
    files = small_files(_COUNT, lab.folder("small") / "files")
    contents = [(file.name, file.read_bytes()) for file in files]
    home = lab.folder("hot")
    folder = home / "input"
    with program("subject", "queue", str(home), str(_COUNT)) as subject:
        subject.answer()
        # The watcher is up a moment after the engine.
        time.sleep(_CALM_S)
        started = time.monotonic()
        for name, content in contents:
            (folder / name).write_bytes(content)
        written_s = time.monotonic() - started
        queued_s = subject.answer()["queued_at"] - started
        time.sleep(_CALM_S)
        process = psutil.Process(subject.process.pid)
        before, since = process.cpu_times(), time.monotonic()
        time.sleep(_IDLE_S)
        after, seconds = process.cpu_times(), time.monotonic() - since
    cpu_s = after.user + after.system - before.user - before.system
    return Result(
        "many_files",
        f"{_COUNT:,} PDFs of one page written into the hot folder, one after the other and as fast as can be "
        f"({written_s:.1f} s); until all are queued, from the first byte. Then the engine's CPU time over "
        f"{_IDLE_S:g} s without anything to do, one full scan included.",
        (
            Figure("10,000 files dropped, all queued after", queued_s, "s", below=20),
            Figure("engine's process when idle, of one core", cpu_s / seconds * 100, "%", below=1),
        ),
    )
