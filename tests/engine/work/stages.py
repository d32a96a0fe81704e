"""One job taken through its stages by hand, with a conversion process that answers as it is told."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from engine.job.job import Checkpoint, Job, JobState, MergeJob, OpenJob, PageBatch, PageState, Source, Submission
from engine.job.options import ConvertOptions
from engine.queue.jobqueue import JobQueue
from engine.queue.progress import ProgressTracker
from engine.queue.scheduler import Scheduler
from engine.queue.store import JobStore
from engine.sandbox.backend import Readings
from engine.sandbox.desk import LocalDesk
from engine.sandbox.protocol import (
    PAGE_REASONS,
    PAGE_SIZES,
    PAGES,
    Event,
    Merged,
    MergeTask,
    PageDone,
    PagesDone,
    PageStarted,
    PagesTask,
)
from engine.sandbox.stages import Stage
from engine.settings.live import LiveSettings
from engine.settings.settings import Settings
from engine.settings.statefolder import jobs_folder
from engine.work.conversion import Conversions
from engine.work.runs import Hand
from tests.clock import Clock


class Stages:
    """Everything between the hot folder and the output, without threads of its own."""

    def __init__(self, folder: Path, *, waits_for_late_files: bool = False, **settings: Any) -> None:
        self.folder = folder
        (folder / "in").mkdir()
        self.settings = Settings(input=folder / "in", output=folder / "out", **settings)
        self.settings.state_folder.mkdir(parents=True)
        self.clock = Clock()
        self.store = JobStore(self.settings.state_folder, time.time)
        self.queue = JobQueue(self.store, Scheduler(), ProgressTracker(self.clock), self.clock)
        self.conversions = Conversions(
            LiveSettings(self.settings),
            self.queue,
            self._desk,
            lambda: None,
            watches=True,
            waits_for_late_files=waits_for_late_files,
        )
        self.tasks: list[Any] = []
        self.answers: list[Event | Exception] = []
        self.needed: list[Stage] = []

    def submit(self, name: str = "a.pdf", content: bytes = b"%PDF-1.7", age_s: float = 0.0, **options: Any) -> Job:
        """Queue a file of the hot folder that was written so long ago."""
        file = self.folder / "in" / name
        file.write_bytes(content)
        os.utime(file, (time.time() - age_s,) * 2)
        source = Source.of(file, self.folder / "in", file.lstat())
        ((job, _),) = self.queue.add([Submission(source, ConvertOptions(**options))])
        return job

    def open(self, job: Job, *answers: Event | Exception) -> Job:
        """Have a worker open the job, which must be the next one."""
        assert self.next() == OpenJob(job.id)
        self.answers = list(answers)
        self.conversions.opener.open(job.id, self.hand)
        return self.job(job)

    def convert(self, *failed: int) -> None:
        """Have all pages converted that are left, these of them in vain."""
        while isinstance(batch := self.next(), PageBatch):
            self.conversions.batches.convert(batch, Hand(1, lambda _: cast(Any, _Process(self._pages(failed)))))
        assert isinstance(batch, MergeJob)

    def merge(self, job: Job, *answers: Event | Exception) -> Job:
        """Have the job put together."""
        self.answers = list(answers)
        self.conversions.merger.merge(job.id, self.hand)
        return self.job(job)

    def next(self) -> OpenJob | PageBatch | MergeJob | None:
        return self.queue.work.next_work(1, lambda: True, 0.0)

    def job(self, job: Job) -> Job:
        """As it is written; it must be in the same state in memory."""
        snapshot, stored = self.queue.view.job(job.id), self.queue.view.stored(job.id)
        assert snapshot is not None
        assert (snapshot.job.state, snapshot.job.reason) == (stored.state, stored.reason)
        return stored

    def is_offered(self, job: Job) -> bool:
        """Whether a worker is given the job to open."""
        return self.next() == OpenJob(job.id)

    def folder_of(self, job: Job) -> Path:
        return self.conversions.folders.of(job.id).path

    def _desk(self, name: str) -> LocalDesk:
        return LocalDesk(name, jobs_folder(self.settings.state_folder) / name)

    @property
    def hand(self) -> Hand:
        return Hand(1, self._process)

    def _process(self, needs: Stage) -> Any:
        self.needed.append(needs)
        return _Process(self._run)

    def _run(self, task: Any, _: Callable[[Event], None]) -> Event:
        self.tasks.append(task)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(task, MergeTask) and isinstance(answer, Merged):
            folder = self._desk(task.desk).path
            (folder / "out").mkdir(exist_ok=True)
            (folder / "out" / "a.md").write_text("# A\n")
            for name in (PAGE_SIZES, PAGE_REASONS):
                (folder / name).write_text("{}")
        return answer

    def _pages(self, failed: tuple[int, ...]) -> Callable[[PagesTask, Callable[[Event], None]], Event]:
        def run(task: PagesTask, on_event: Callable[[Event], None]) -> Event:
            for page in range(task.first, task.last + 1):
                on_event(PageStarted(page=page))
                state, error = (PageState.FAILED, "It burns.") if page in failed else (PageState.OK, None)
                on_event(PageDone(page=page, state=state, seconds=0.1, via="layout", error=error))
            file = self._desk(task.desk).path / PAGES / Checkpoint(task.first, task.last).file
            file.parent.mkdir(exist_ok=True)
            file.touch()
            return PagesDone(busy_s=1)

        return run


class _Process:
    stage = Stage.OCR

    def __init__(self, run: Callable[..., Event]) -> None:
        self.run = run

    def readings(self) -> Readings:
        return Readings(None, 0, 0, 0, None)


def ended(job: Job) -> tuple[JobState, str | None]:
    """How a job has ended, and why."""
    return job.state, job.reason
