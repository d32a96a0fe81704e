"""Memory of the engine's process with a long queue."""

from benchmarks.corpus import small_files
from benchmarks.lab import Lab, program
from benchmarks.result import Figure, Result

_COUNT = 10_000


def measure(lab: Lab) -> Result:
    """Start an engine on a full hot folder, paused, and ask for its memory when everything is queued."""
    home = lab.folder("hot")
    small_files(_COUNT, home / "input")
    with program("subject", "queue", str(home), str(_COUNT)) as subject:
        subject.answer()
        memory = subject.answer()
    mb = 1e6
    return Result(
        "parent_memory",
        f"The engine's own process, without a dashboard, on a hot folder with {_COUNT:,} files, all queued.",
        (
            Figure("memory of the engine's process, resident", memory["rss"] / mb, "MB", below=120),
            Figure("memory of the engine's process, unshared", memory["uss"] / mb, "MB"),
            Figure("memory of the engine's process, highest so far", memory["peak"] / mb, "MB"),
        ),
    )
