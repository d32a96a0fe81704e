"""WorkQueue: the queue as workers see it: what to do next, and what came of it.

What must outlive the engine is written first and mirrored afterwards; what a page or a process is at is only shown.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from types import MappingProxyType

from engine.job.job import Checkpoint, Job, JobState, PageBatch, PageResult, Source, Step, Work
from engine.job.snapshot import WorkerSnapshot
from engine.job.warningkind import WarningKind
from engine.queue.dispatch import Dispatch
from engine.queue.progress import ProgressTracker
from engine.queue.store import JobStore
from engine.sandbox.ends import ProcessEnd


class WorkQueue:
    """Thread-safe."""

    def __init__(self, store: JobStore, dispatch: Dispatch, tracker: ProgressTracker) -> None:
        self._store = store
        self._dispatch = dispatch
        self._tracker = tracker

    # --- workers ---

    def next_work(self, worker: int, is_wanted: Callable[[], bool], timeout_s: float) -> Work | None:
        """Wait for something to do; None when the time is over or the worker is no longer wanted."""
        return self._dispatch.next_work(worker, is_wanted, timeout_s)

    def set_worker_count(self, count: int) -> None:
        """There are so many workers from now on."""
        with self._dispatch.scheduler() as scheduler:
            scheduler.worker_count = max(1, count)

    def worker_changed(self, worker: WorkerSnapshot) -> None:
        """A worker starts, or turns to other work."""
        self._tracker.worker_changed(worker)

    def worker_process(self, number: int, pid: int | None, rss_bytes: int) -> None:
        """A reading of a worker's process."""
        self._tracker.worker_process(number, pid, rss_bytes)

    def process_ended(self, why: ProcessEnd) -> None:
        """A conversion process is not used any more."""
        self._tracker.tally.process_ended(why)

    def worker_stopping(self, number: int) -> None:
        """A worker ends after what it is doing; if it is waiting for work, at once."""
        self._tracker.worker_stopping(number)
        self._dispatch.wake()

    def worker_staying(self, number: int) -> None:
        """A worker that was to end goes on."""
        self._tracker.worker_staying(number)

    def worker_left(self, number: int) -> None:
        """A worker has ended; what it opened is anyone's."""
        with self._dispatch.scheduler() as scheduler:
            scheduler.worker_left(number)
        self._tracker.worker_left(number)

    # --- opening a job ---

    def claim(self, job_id: int) -> Job | None:
        """Make a job that `next_work` gave out for opening a running one; None if it is not to run after all."""
        is_begun = self._dispatch.is_reopening(job_id)
        try:
            job = self._store.job(job_id) if is_begun else self._store.claim(job_id)
        except BaseException:
            self._dispatch.claim_failed(job_id)
            raise
        return self._dispatch.claimed(job_id, job)

    def reopen(self, job: Job) -> None:
        """A running job could not be opened for want of disk space or the like; offer it again, without writing."""
        self._dispatch.reopen(job)

    def reopen_last(self, job: Job) -> None:
        """The same, behind all that wait."""
        self._dispatch.reopen(self._mirrored(self._store.move_to_end(job.id, first=False)))

    def delay(self, job_id: int, seconds: float, reason: str) -> None:
        """Put a running job back, to be offered again after a while."""
        job = self._store.transition(job_id, JobState.QUEUED, reason, reason=reason, started=None)
        self._dispatch.delay(job, seconds)

    def step(self, job_id: int, step: Step) -> None:
        """A running job enters a step."""
        self._tracker.step(job_id, step)

    def unstaged(self, job_id: int) -> Job:
        """A job's source is copied anew: what is recorded of its pages does not count any more."""
        return self._mirrored(self._store.forget_pages(job_id))

    def staged(self, job_id: int, sha256: str) -> Job:
        """A job's source is copied, and has this SHA-256."""
        return self._mirrored(self._store.update(job_id, sha256=sha256, pages=None))

    def salvaged(self, job_id: int, checkpoint: Checkpoint, results: Sequence[PageResult]) -> None:
        """Pages are found finished that an earlier engine did not live to record."""
        self._store.record(job_id, checkpoint, results).result()

    def counted(self, job_id: int, pages: int, suspicion: int = 0) -> Job:
        """A job's document is open, and so many of its pages are to be converted; see `suspect` for the points."""
        return self._mirrored(self._store.count(job_id, pages, suspicion))

    def opened(
        self,
        job_id: int,
        finished: Iterable[PageResult],
        remaining: Iterable[range],
        back: Iterable[PageBatch] = (),
    ) -> None:
        """Give out the remaining pages of a job (numbers from 1), of which others are finished already.

        Those that come `back` are remaining too, each batch in the way in which it is to be done.
        """
        self._tracker.step(job_id, Step.PAGE_PROCESSING)
        self._tracker.pages_restored(job_id, list(finished))
        with self._dispatch.scheduler() as scheduler:
            scheduler.opened(job_id, remaining)
            for part in back:
                scheduler.put_back(part)

    # --- pages ---

    def page_started(self, worker: int, job_id: int, page: int) -> None:
        """A worker's process begins a page."""
        self._tracker.page_started(worker, job_id, page)

    def page_done(self, worker: int, job_id: int, result: PageResult) -> None:
        """A worker's process is done with a page, which is safe when it is recorded."""
        self._tracker.page_done(worker, job_id, result)

    def page_given_up(self, worker: int, job_id: int, page: int) -> None:
        """A page that was begun will be begun again."""
        self._tracker.page_given_up(worker, job_id, page)

    def pages_known(self, job_id: int, results: Iterable[PageResult]) -> None:
        """These pages are finished and no others, whatever was said to be done."""
        self._tracker.pages_restored(job_id, list(results))

    def record_pages(self, job_id: int, checkpoint: Checkpoint, results: list[PageResult]) -> Future[Job]:
        """Record pages that a process has finished, with the checkpoint they are in; done when that is durable."""
        future = self._store.record(job_id, checkpoint, results)
        self._tracker.tally.pages_finished(results)
        return future

    def lose_pages(self, job_id: int, results: Sequence[PageResult]) -> Future[Job]:
        """Record that pages are given up for good, each for its reason; done when that is durable."""
        future = self._store.record(job_id, None, results)
        for result in results:
            self._tracker.tally.page_lost()
            self._tracker.page_failed(job_id, result)
        return future

    def withdraw(self, job_id: int) -> list[PageBatch]:
        """Give out no further page of an open job; returns those that are left. What workers have of it goes on."""
        with self._dispatch.scheduler() as scheduler:
            return scheduler.withdraw(job_id)

    def suspect(self, job_id: int, points: int) -> None:
        """Note that if the engine dies now, this job may be why; does not wait for the disk."""
        self._store.suspect(job_id, points)

    def batch_over(self, batch: PageBatch, seconds: float | None = None, back: Iterable[PageBatch] = ()) -> None:
        """A batch is over: `seconds` of work if it is a fair measure, and these parts of it are still to be done."""
        with self._dispatch.scheduler() as scheduler:
            for part in back:
                scheduler.put_back(part)
            scheduler.batch_finished(batch, seconds)

    def stand_back(self, job_id: int) -> None:
        """An open job has kept a worker for nothing: it goes on once all who wait now have been begun.

        The engine has outlived what it was at, so it is not suspected of anything.
        """
        self._store.update(job_id, attempts=0)
        self._dispatch.stand_back(self._store.move_to_end(job_id, first=False))

    # --- publishing ---

    def claim_output(self, source: Source, candidates: Iterable[str]) -> str | None:
        """The first candidate folder, folded, that is this source's already or nobody's, from now on this source's."""
        return self._store.claim_output(source, candidates)

    def place_chosen(self, job_id: int, place: Path) -> Job:
        """A job's result will be in this folder."""
        return self._mirrored(self._store.update(job_id, output=os.fsencode(place)))

    def finish(
        self,
        job_id: int,
        state: JobState,
        reason: str | None,
        settle: Callable[[Job], None],
        warnings: Mapping[WarningKind, int] = MappingProxyType({}),
        results: Sequence[PageResult] = (),
    ) -> Job:
        """A job is published. `settle` sees to its source, and is done when others hear of the end.

        `warnings` is how many its result has of which kind; `results` are those of its pages, if they are not recorded.

        Raises `IllegalTransition` if it was cancelled meanwhile.
        """
        job = self._store.finish(job_id, state, "published", results=results, reason=reason)
        self._tracker.tally.pages_finished(results)
        self._tracker.tally.warned(warnings)
        try:
            settle(job)
        finally:
            self._dispatch.mirror(job)
        return job

    def _mirrored(self, job: Job) -> Job:
        self._dispatch.mirror(job)
        return job
