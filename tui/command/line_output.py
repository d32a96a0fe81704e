"""What is printed where there is no dashboard: lines, and on a terminal bars below them."""

from typing import Any

from engine.job.job import JobState
from engine.remote.contract import EngineLike


class LineDisplay:
    """One line per job, for a file or a pipe."""

    def line(self, text: str) -> None:
        """Print one line, at once."""
        print(text, flush=True)

    def update(self, engine: EngineLike) -> None:
        """Nothing moves in a file."""


class ProgressDisplay(LineDisplay):
    """A bar per running document, for a terminal."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._progress = Progress(
            TextColumn("{task.fields[name]}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            transient=True,
        )
        self._tasks: dict[int, Any] = {}
        self._version = 0

    def __enter__(self) -> "ProgressDisplay":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def line(self, text: str) -> None:
        """Print above the bars."""
        self._progress.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def update(self, engine: EngineLike) -> None:
        """Show how far the running documents are."""
        snapshot = engine.snapshot(self._version)
        self._version = snapshot.version
        for entry in snapshot.changed:
            job = entry.job
            if job.state is not JobState.RUNNING:
                if job.id in self._tasks:
                    self._progress.remove_task(self._tasks.pop(job.id))
                continue
            if job.id not in self._tasks:
                self._tasks[job.id] = self._progress.add_task("", name=job.name, total=None)
            self._progress.update(self._tasks[job.id], completed=entry.pages_done, total=job.pages)
