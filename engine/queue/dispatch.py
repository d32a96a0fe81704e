"""Dispatch: the queue in memory. Mirrors what is written, and gives out work from it.

Only this package uses it: nobody else can show what is not written.
"""

import heapq
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from engine.job.job import Job, JobState, OpenJob, Source, Work
from engine.job.limits import Origin
from engine.queue.progress import ProgressTracker
from engine.queue.scheduler import Scheduler
from engine.queue.versions import Versions


class Dispatch:
    """Thread-safe.

    `_lock` guards the scheduler and the fields below; workers wait on it for work. The tracker's own lock is taken
    inside it, never the other way round, and nothing is written to the store while it is held.
    """

    def __init__(self, scheduler: Scheduler, tracker: ProgressTracker, clock: Callable[[], float]) -> None:
        """`clock` is monotonic, in seconds."""
        self._scheduler = scheduler
        self._tracker = tracker
        self._clock = clock
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._claiming: set[int] = set()  # taken from the scheduler, claim not yet written
        self._reopening: set[int] = set()  # running, but to be opened again
        self._delayed: list[tuple[float, int]] = []  # heap of when and which
        self._delayed_ids: set[int] = set()
        self._listeners: tuple[Callable[[Job], None], ...] = ()
        self._pauses: set[str] = set()
        self._versions = Versions()

    # --- mirroring ---

    def mirror(self, job: Job, waited_s: float = 0.0) -> None:
        """Take over a durable change; `waited_s` as for the tracker. Listeners are told of an end."""
        with self._lock:
            is_news = self._take_over(job, waited_s)
            if is_news:
                self._follow(job)
            else:  # when a retry has overtaken it, it has ended all the same
                newest = self._tracker.job(job.id)
                is_news = newest is not None and not newest.job.state.is_finished
            listeners = self._listeners if is_news and job.state.is_finished else ()
        for listener in listeners:
            listener(job)

    def listen(self, listener: Callable[[Job], None]) -> None:
        """Have `listener` called with every job that finishes, in whatever thread."""
        with self._lock:
            self._listeners = (*self._listeners, listener)

    # --- giving out ---

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

    def is_reopening(self, job_id: int) -> bool:
        """Whether a job that was given out is running already."""
        with self._lock:
            return job_id in self._reopening

    def claim_failed(self, job_id: int, *, is_begun: bool) -> None:
        """The claim could not be written: offer the job again."""
        with self._lock:
            self._claiming.discard(job_id)
            self._scheduler.drop(job_id)
            snapshot = self._tracker.job(job_id)
            if snapshot is not None and not snapshot.job.state.is_finished:
                self._enqueue(snapshot.job, is_begun=is_begun)

    def claimed(self, job_id: int, job: Job | None) -> Job | None:
        """The claim is written, unless the job was not to be had; returns the job if it is to run."""
        with self._lock:
            self._claiming.discard(job_id)
            self._reopening.discard(job_id)
            if job is not None and not self._take_over(job):
                # Known already, or overtaken: what was done to the job since counts.
                newest = self._tracker.job(job_id)
                job = newest.job if newest is not None else None
            if job is None or job.state is not JobState.RUNNING:
                self._scheduler.drop(job_id)
                self._enqueue_if_queued(job_id)
                return None
            # It may have been held and released again since the worker was given it.
            self._scheduler.reclaim(job_id, job.priority, _origin(job))
        return job

    def reopen(self, job: Job) -> None:
        """Offer a running job again."""
        with self._lock:
            self._reopening.add(job.id)
            self._scheduler.drop(job.id)
            self._enqueue(job, is_begun=True)
            self._changed.notify_all()

    def delay(self, job: Job, seconds: float) -> None:
        """Offer a job that is back in the queue after a while."""
        with self._lock:
            if not self._take_over(job):
                return  # cancelled meanwhile
            self._scheduler.drop(job.id)
            heapq.heappush(self._delayed, (self._clock() + seconds, job.id))
            self._delayed_ids.add(job.id)

    def offer_delayed(self) -> None:
        """Offer the delayed jobs whose time has come."""
        with self._lock:
            while self._delayed and self._delayed[0][0] <= self._clock():
                _, job_id = heapq.heappop(self._delayed)
                if job_id in self._delayed_ids:
                    self._delayed_ids.discard(job_id)
                    self._enqueue_if_queued(job_id)
            self._changed.notify_all()

    @contextmanager
    def scheduler(self) -> Iterator[Scheduler]:
        """Tell the scheduler something, and the workers that it may matter to them."""
        with self._lock:
            yield self._scheduler
            self._changed.notify_all()

    def wake(self) -> None:
        """Have waiting workers look again whether they are wanted."""
        with self._lock:
            self._changed.notify_all()

    def neighbour(self, job_id: int, step: int) -> int | None:
        """The waiting job `step` places after this one among its equals."""
        with self._lock:
            return self._scheduler.neighbour(job_id, step)

    def versions_of(self, source: Source) -> list[int]:
        """The unfinished jobs of a source, in whatever version, the oldest first."""
        with self._lock:
            return self._versions.of(source)

    # --- pausing ---

    def pause(self, why: str) -> None:
        """Start no more batches."""
        with self._lock:
            self._pauses.add(why)
            self._update_pause()

    def resume(self, why: str) -> None:
        """End one pause."""
        with self._lock:
            self._pauses.discard(why)
            self._update_pause()
            self._changed.notify_all()

    def is_paused_by(self, why: str) -> bool:
        """Whether this pause is in force."""
        with self._lock:
            return why in self._pauses

    # --- below, the lock is held ---

    def _take_over(self, job: Job, waited_s: float = 0.0) -> bool:
        """Show a change; False if a later one is shown already."""
        is_news = self._tracker.set_job(job, waited_s)
        if is_news:
            self._versions.follow(job)
        return is_news

    def _follow(self, job: Job) -> None:
        since = self._scheduler.waiting_since(job.id)
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
                self._offer_next_version(job.source, since)
        self._changed.notify_all()

    def _offer_next_version(self, source: Source, since: float | None) -> None:
        """One version of a source waits or runs no more; the next one waits as if it had come at the time `since`."""
        job_id = self._versions.turn(source)
        if job_id is None or job_id in self._claiming or job_id in self._delayed_ids:
            return
        if not self._scheduler.is_running(job_id):
            self._enqueue_if_queued(job_id, since)

    def _enqueue_if_queued(self, job_id: int, since: float | None = None) -> None:
        snapshot = self._tracker.job(job_id)
        if snapshot is not None and snapshot.job.state is JobState.QUEUED:
            self._enqueue(snapshot.job, since=since)

    def _enqueue(self, job: Job, *, is_begun: bool = False, since: float | None = None) -> None:
        """Offer a job, if it is the turn of this version of its source."""
        if self._versions.turn(job.source) != job.id:
            self._scheduler.drop(job.id)
            return
        now = self._clock() if since is None else since
        self._scheduler.enqueue(job.id, job.priority, job.position, now, _origin(job), is_begun=is_begun)

    def _update_pause(self) -> None:
        self._scheduler.is_paused = self._tracker.is_paused = bool(self._pauses)


def _origin(job: Job) -> Origin:
    return Origin(job.client, job.source.root, job.profile, job.options.asks_model)
