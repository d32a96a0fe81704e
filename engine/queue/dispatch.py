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

    def mirror(self, job: Job, waited_s: float = 0.0, *, tells: bool = True) -> None:
        """Take over a durable change; `waited_s` as for the tracker. Listeners are told of an end, if one `tells`."""
        with self._lock:
            is_news = self._take_over(job, waited_s)
            if is_news:
                self._follow(job)
            else:  # when a retry has overtaken it, it has ended all the same
                newest = self._tracker.job(job.id)
                is_news = newest is not None and not newest.job.state.is_finished
            listeners = self._listeners if tells and is_news and job.state.is_finished else ()
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

    def claim_failed(self, job_id: int) -> None:
        """The claim could not be written: offer the job again."""
        with self._lock:
            self._claiming.discard(job_id)
            self._scheduler.drop(job_id)
            self._offer_versions_of(job_id)

    def claimed(self, job_id: int, job: Job | None) -> Job | None:
        """The claim is written, unless the job was not to be had; returns the job if it is to run."""
        with self._lock:
            self._claiming.discard(job_id)
            self._reopening.discard(job_id)
            if job is not None and self._tracker.job(job_id) is not None:  # else it was taken off the list meanwhile
                self._take_over(job)
            newest = self._tracker.job(job_id)  # what was done to the job since counts
            if job is None or newest is None or newest.job.state is not JobState.RUNNING:
                self._scheduler.drop(job_id)
                self._offer_versions_of(job_id)
                return None
            # It may have been held and released again since the worker was given it.
            self._scheduler.reclaim(job_id, newest.job.priority, _origin(newest.job))
        return newest.job

    def reopen(self, job: Job) -> None:
        """Offer a running job again."""
        with self._lock:
            self._reopening.add(job.id)
            self._scheduler.drop(job.id)
            self._offer(job.source)
            self._changed.notify_all()

    def stand_back(self, job: Job) -> None:
        """Have an open job, whose place is behind the others' now, leave its workers to all who wait."""
        with self._lock:
            self._take_over(job)
            self._scheduler.stand_back(job.id, job.position, self._clock())
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
                    self._offer_versions_of(job_id)
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
        if job.state is JobState.RUNNING or (job.state is JobState.QUEUED and job.id in self._claiming):
            self._scheduler.arrange_running(job.id, job.priority, job.position)
        else:
            self._scheduler.drop(job.id)
            self._reopening.discard(job.id)
        self._offer(job.source, since)
        self._changed.notify_all()

    def _offer_versions_of(self, job_id: int) -> None:
        snapshot = self._tracker.job(job_id)
        if snapshot is not None:
            self._offer(snapshot.job.source)

    def _offer(self, source: Source, since: float | None = None) -> None:
        """Have the version of a source wait whose turn it is, as if it had come at the time `since`, and no other."""
        turn = self._turn(source)
        for version in self._versions.of(source):
            if version != turn:
                self._scheduler.drop(version)
        snapshot = self._tracker.job(turn) if turn is not None else None
        if snapshot is None or snapshot.job.id in self._claiming or snapshot.job.id in self._delayed_ids:
            return
        job = snapshot.job
        is_begun = job.id in self._reopening
        if is_begun or job.state is JobState.QUEUED:
            now = self._clock() if since is None else since
            self._scheduler.enqueue(job.id, job.priority, job.position, now, _origin(job), is_begun=is_begun)

    def _turn(self, source: Source) -> int | None:
        """The version whose turn it is; that is one that a worker is about to open, whatever it has become since."""
        taken = (version for version in self._versions.of(source) if version in self._claiming)
        return next(taken, self._versions.turn(source))

    def _update_pause(self) -> None:
        self._scheduler.is_paused = self._tracker.is_paused = bool(self._pauses)


def _origin(job: Job) -> Origin:
    return Origin(job.client, job.source.root, job.profile, job.options.asks_model)
