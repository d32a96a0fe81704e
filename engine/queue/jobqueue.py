"""JobQueue: the one place where a job changes.

A change is written to the store first and then mirrored in memory, in the scheduler and the progress tracker. Each
job's row carries a revision, so mirrors of changes that cross each other end up with the newest.
"""

import heapq
import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

from engine.base.errors import IllegalTransition, NoSuchJob
from engine.base.safetext import display_text
from engine.job.job import Job, JobState, Move, PageState, Submission
from engine.job.limits import Origin
from engine.queue.progress import ProgressTracker
from engine.queue.scheduler import OpenJob, Scheduler, Work
from engine.queue.store import JobStore

log = logging.getLogger(__name__)

SUSPECT_BEGUN = 1
SUSPECT_SLOW = 2
SUSPECT_LIMIT = 5
"""A page begun when the engine dies is a point against its job, one under way for seconds is three.

So a job is held after two deaths of the engine during a page that takes long, as when it eats the machine's memory, or
after five within moments of a page's beginning, which may be chance when something else keeps killing the engine. Any
page that is finished clears the job.
"""

REMOVED = "The source was removed before it was converted."
"""Why a job is cancelled whose source is gone; if the source comes back, so does the job."""


class JobQueue:
    """Thread-safe.

    `_lock` guards the scheduler and the fields below; workers wait on it for work. The tracker's own lock is taken
    inside it, never the other way round, and nothing is written to the store while it is held.
    """

    def __init__(
        self,
        store: JobStore,
        scheduler: Scheduler,
        tracker: ProgressTracker,
        clock: Callable[[], float],
    ) -> None:
        """`clock` is monotonic, in seconds."""
        self.store = store
        self.tracker = tracker
        self._scheduler = scheduler
        self._clock = clock
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._claiming: set[int] = set()  # taken from the scheduler, claim not yet written
        self._reopening: set[int] = set()  # running, but to be opened again
        self._delayed: list[tuple[float, int]] = []  # heap of when and which
        self._delayed_ids: set[int] = set()
        self._listeners: tuple[Callable[[Job], None], ...] = ()
        self._pauses: dict[str, str] = {}

    # --- loading and adding ---

    def load(self, has_progress: Callable[[int], bool] = lambda _: False) -> None:
        """Take up what an earlier engine left; `has_progress` tells of finished pages that are not recorded yet."""
        self.store.recover(SUSPECT_LIMIT, has_progress)
        now, since = self.store.now(), self.store.queued_since()
        for job in self.store.load():
            self.apply(job, waited_s=max(0.0, now - since.get(job.id, now)))

    def add(self, submissions: Sequence[Submission]) -> list[tuple[Job, bool]]:
        """Queue sources; returns each one's job and whether it is new."""
        added = self.store.add(submissions)
        for job, is_new in added:
            if is_new:
                self.apply(job)
        return added

    # --- changing jobs ---

    def transition(self, job_id: int, new: JobState, cause: str, **changes: Any) -> Job:
        """Move a job to a state, durably; raises `IllegalTransition` or `NoSuchJob`."""
        job = self.store.transition(job_id, new, cause, **changes)
        self.apply(job)
        return job

    def cancel(self, job_id: int, reason: str) -> Job:
        """Give a job up; what it has finished is kept for a retry."""
        reason = display_text(reason)
        return self.transition(job_id, JobState.CANCELLED, reason, reason=reason, finished=self.store.now())

    def fail(self, job_id: int, reason: str) -> Job:
        """A job cannot be converted."""
        reason = display_text(reason)
        log.info("job %d failed: %s", job_id, reason)
        return self.transition(job_id, JobState.FAILED, reason, reason=reason, finished=self.store.now())

    def retry(self, job_id: int, cause: str) -> Job:
        """Queue a finished job again; pages finished earlier are kept, failed ones are tried anew.

        So are those that are plain text because the vision model did not answer.
        """
        job = self.store.job(job_id)
        if not job.state.is_finished:
            raise IllegalTransition(f"A {job.state} job cannot be retried.")
        anew = [PageState.FAILED, PageState.TEXT_ONLY] if job.options.asks_model else [PageState.FAILED]
        self.store.forget_pages(job_id, *(() if job.state is JobState.DONE else anew))
        job = self.store.requeue(job_id, cause)
        self.apply(job)
        return job

    def set_priority(self, job_id: int, priority: int) -> Job:
        """Change a job's priority."""
        job = self.store.update(job_id, priority=priority)
        self.apply(job)
        return job

    def move(self, job_id: int, where: Move) -> Job | None:
        """Move a waiting job among its equals; None if it is there already."""
        with self._lock:
            snapshot = self.tracker.job(job_id)
            if snapshot is None:
                raise NoSuchJob(f"There is no job {job_id}.")
            neighbour_id = self._scheduler.neighbour(job_id, -1 if where in ("up", "top") else 1)
        if neighbour_id is None:
            return None
        if where in ("up", "down"):
            moved = self.store.swap(job_id, neighbour_id)
        else:
            moved = [self.store.move_to_end(job_id, first=where == "top")]
        for job in moved:
            self.apply(job)
        return moved[0]

    def apply(self, job: Job, *, waited_s: float = 0.0) -> None:
        """Mirror a durable change in memory; `waited_s` as for the tracker."""
        with self._lock:
            is_news = self.tracker.set_job(job, waited_s)
            if is_news:
                self._mirror(job)
            else:  # when a retry has overtaken it, it has ended all the same
                newest = self.tracker.job(job.id)
                is_news = newest is not None and not newest.job.state.is_finished
            listeners = self._listeners if is_news and job.state.is_finished else ()
        for listener in listeners:
            listener(job)

    def listen(self, listener: Callable[[Job], None]) -> None:
        """Have `listener` called with every job that finishes, in whatever thread; it must only put it on a queue."""
        with self._lock:
            self._listeners = (*self._listeners, listener)

    def remove(self, job_ids: Iterable[int]) -> list[int]:
        """Take finished jobs off the list; returns which."""
        removed = []
        for job_id in job_ids:
            snapshot = self.tracker.job(job_id)
            if snapshot is not None and snapshot.job.state.is_finished:
                removed.append(job_id)
        self.store.hide(removed, hidden=True)
        for job_id in removed:
            self.tracker.remove_job(job_id)
        return removed

    def restore(self, job_ids: Sequence[int]) -> None:
        """Put removed jobs back on the list."""
        self.store.hide(job_ids, hidden=False)
        for job_id in job_ids:
            with suppress(NoSuchJob):
                self.apply(self.store.job(job_id))

    # --- for workers ---

    def next_work(self, worker: int, is_wanted: Callable[[], bool], timeout_s: float) -> Work | None:
        """Wait for something to do; None when the time is over or the worker is no longer wanted."""
        deadline = self._clock() + timeout_s
        with self._lock:
            self._changed.notify_all()  # what this worker is done with may have kept others waiting
            while is_wanted():
                work = self._scheduler.next(worker, self._clock())
                if isinstance(work, OpenJob):
                    self._claiming.add(work.job_id)
                if work is not None:
                    return work
                remaining = deadline - self._clock()
                if remaining <= 0:
                    return None
                self._changed.wait(remaining)
        return None

    def claim(self, job_id: int) -> Job | None:
        """Make a job that `next_work` gave out for opening a running one; None if it is not to run after all."""
        with self._lock:
            reopening = job_id in self._reopening
        try:
            job = self.store.job(job_id) if reopening else self.store.claim(job_id)
        except BaseException:
            with self._lock:
                self._claiming.discard(job_id)
                self._scheduler.drop(job_id)
                snapshot = self.tracker.job(job_id)
                if snapshot is not None and not snapshot.job.state.is_finished:
                    self._enqueue(snapshot.job, is_begun=reopening)
            raise
        with self._lock:
            self._claiming.discard(job_id)
            self._reopening.discard(job_id)
            if job is not None and not self.tracker.set_job(job):
                # Known already, or overtaken: what was done to the job since counts.
                newest = self.tracker.job(job_id)
                job = newest.job if newest is not None else None
            if job is None or job.state is not JobState.RUNNING:
                self._scheduler.drop(job_id)
                self._enqueue_if_queued(job_id)
                return None
            # It may have been held and released again since the worker was given it.
            self._scheduler.reclaim(job_id, job.priority, _origin(job))
        return job

    def reopen(self, job: Job) -> None:
        """A running job could not be opened for want of disk space or the like; offer it again, without writing."""
        with self._lock:
            self._claiming.discard(job.id)
            self._reopening.add(job.id)
            self._scheduler.drop(job.id)
            self._enqueue(job, is_begun=True)
            self._changed.notify_all()

    def delay(self, job_id: int, seconds: float, reason: str) -> None:
        """Put a running job back, to be offered again after a while."""
        job = self.store.transition(job_id, JobState.QUEUED, reason, reason=reason, started=None)
        with self._lock:
            if not self.tracker.set_job(job):
                return  # cancelled meanwhile
            self._scheduler.drop(job_id)
            heapq.heappush(self._delayed, (self._clock() + seconds, job_id))
            self._delayed_ids.add(job_id)

    def offer_delayed(self) -> None:
        """Offer the delayed jobs whose time has come."""
        with self._lock:
            while self._delayed and self._delayed[0][0] <= self._clock():
                _, job_id = heapq.heappop(self._delayed)
                if job_id in self._delayed_ids:
                    self._delayed_ids.discard(job_id)
                    self._enqueue_if_queued(job_id)
            self._changed.notify_all()

    def with_scheduler(self, change: Callable[[Scheduler], None]) -> None:
        """Tell the scheduler something, and the workers that it may matter to them."""
        with self._lock:
            change(self._scheduler)
            self._changed.notify_all()

    def wake(self) -> None:
        """Have waiting workers look again whether they are wanted."""
        with self._lock:
            self._changed.notify_all()

    # --- pausing ---

    def pause(self, why: str, message: str) -> None:
        """Start no more batches. Pauses with different `why` add up."""
        with self._lock:
            self._pauses[why] = message
            self._update_pause()
        self.tracker.set_banner(why, message)

    def resume(self, why: str, *, keeps_banner: bool = False) -> None:
        """End one pause."""
        with self._lock:
            self._pauses.pop(why, None)
            self._update_pause()
            self._changed.notify_all()
        if not keeps_banner:
            self.tracker.set_banner(why, None)

    def is_paused_by(self, why: str) -> bool:
        """Whether this pause is in force."""
        with self._lock:
            return why in self._pauses

    def _mirror(self, job: Job) -> None:
        if job.state is not JobState.QUEUED:
            self._delayed_ids.discard(job.id)
        match job.state:
            case JobState.QUEUED if job.id in self._delayed_ids:
                pass
            case JobState.QUEUED if job.id in self._claiming:
                self._scheduler.set_running_priority(job.id, job.priority)
            case JobState.QUEUED:
                if self._scheduler.is_running(job.id):
                    self._scheduler.drop(job.id)
                self._enqueue(job)
            case JobState.RUNNING:
                self._scheduler.set_running_priority(job.id, job.priority)
            case _:
                self._scheduler.drop(job.id)
                self._reopening.discard(job.id)
        self._changed.notify_all()

    def _enqueue_if_queued(self, job_id: int) -> None:
        snapshot = self.tracker.job(job_id)
        if snapshot is not None and snapshot.job.state is JobState.QUEUED:
            self._enqueue(snapshot.job)

    def _enqueue(self, job: Job, *, is_begun: bool = False) -> None:
        self._scheduler.enqueue(job.id, job.priority, job.position, self._clock(), _origin(job), is_begun=is_begun)

    def _update_pause(self) -> None:
        self._scheduler.is_paused = self.tracker.is_paused = bool(self._pauses)


def _origin(job: Job) -> Origin:
    return Origin(job.client, job.source.root, job.profile, job.options.asks_model)
