"""A queue with all that belongs to it, for tests of what workers and orders do to it."""

from dataclasses import dataclass
from pathlib import Path

from engine.job.job import Job, JobState, OpenJob, Work
from engine.job.limits import RunningLimits
from engine.queue.jobqueue import JobQueue
from engine.queue.progress import ProgressTracker
from engine.queue.scheduler import Scheduler
from engine.queue.store import JobStore
from tests.clock import Clock

A, B = 1, 2
"""Workers."""


@dataclass
class Bench:
    """A queue with everything it mirrors to."""

    store: JobStore
    scheduler: Scheduler
    tracker: ProgressTracker
    queue: JobQueue
    clock: Clock

    def next(self, worker: int = A) -> Work | None:
        return self.queue.work.next_work(worker, lambda: True, 0.0)

    def state(self, job_id: int) -> JobState:
        """The state everywhere: it must be the same."""
        snapshot = self.tracker.job(job_id)
        assert snapshot is not None
        assert snapshot.job == self.store.job(job_id)
        return snapshot.job.state

    def opened(self, job_id: int, pages: int = 1) -> None:
        self.queue.work.opened(job_id, [], [range(1, pages + 1)])

    def run(self, job_id: int, pages: int = 1, worker: int = A) -> Job:
        """Take a job, which must be the next one, as far as its first batch."""
        assert self.next(worker) == OpenJob(job_id)
        claimed = self.queue.work.claim(job_id)
        assert claimed is not None
        self.opened(job_id, pages)
        return claimed


def bench_in(folder: Path, clock: Clock, limits: RunningLimits | None = None) -> Bench:
    store = JobStore(folder, clock)
    scheduler = Scheduler(limits=limits)
    tracker = ProgressTracker(clock)
    return Bench(store, scheduler, tracker, JobQueue(store, scheduler, tracker, clock), clock)
