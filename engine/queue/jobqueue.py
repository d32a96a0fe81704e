"""JobQueue: the one place where a job changes.

A change is written to the store first and then mirrored in memory, in the scheduler and the progress tracker. Each
job's row carries a revision, so mirrors of changes that cross each other end up with the newest. Nobody outside this
package has the store, the scheduler or the tracker, so nobody can do the one without the other.
"""

import logging
import os
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from engine.base.errors import IllegalTransition, NoSuchJob
from engine.base.safetext import display_text
from engine.job.job import Job, JobState, Move, PageResult, PageState, Standing, Submission
from engine.job.machines import NodeSnapshot
from engine.queue.dispatch import Dispatch
from engine.queue.outbox import Outbox
from engine.queue.progress import ProgressTracker
from engine.queue.scheduler import Scheduler
from engine.queue.store import JobStore
from engine.queue.takingback import end_as_before, reinstate
from engine.queue.versions import REPLACED, gives_way
from engine.queue.view import QueueView
from engine.queue.workqueue import WorkQueue
from engine.settings.settings import Settings

log = logging.getLogger(__name__)

SUSPECT_BEGUN = 1
SUSPECT_SLOW = 2
SUSPECT_LIMIT = 5
"""A page begun when the engine dies is a point against its job, one under way for seconds is three.

So a job is held after two deaths of the engine during a page that takes long, as when it eats the machine's memory, or
after five within moments of a page's beginning, which may be chance when something else keeps killing the engine. Any
page that is finished clears the job.
"""


class JobQueue:
    """Thread-safe. What workers do with it is in `work`, what can be asked of it in `view`."""

    def __init__(
        self,
        store: JobStore,
        scheduler: Scheduler,
        tracker: ProgressTracker,
        clock: Callable[[], float],
    ) -> None:
        """`clock` is monotonic, in seconds. From now on the other three belong to the queue; see `open_queue`."""
        self._store = store
        self._tracker = tracker
        self._dispatch = Dispatch(scheduler, tracker, clock)
        self.view = QueueView(store, tracker)
        self.work = WorkQueue(store, self._dispatch, tracker)
        self.outbox = Outbox(store)
        """What is still to follow on the ends of jobs; written with them."""

    # --- life ---

    @property
    def moved_aside(self) -> Path | None:
        """Where the database of an earlier engine is now, if it was damaged and this queue is a new one."""
        return self._store.moved_aside

    @property
    def was_emptied(self) -> bool:
        """Whether there was nothing in that database, so that there may have been nothing to lose."""
        return self._store.was_empty

    def load(self, has_progress: Callable[[int], bool] = lambda _: False) -> None:
        """Take up what an earlier engine left; `has_progress` tells of finished pages that are not recorded yet."""
        self._store.recover(SUSPECT_LIMIT, has_progress)
        now, since = self._store.now(), self._store.queued_since()
        for job in self._store.load():
            self._dispatch.mirror(job, max(0.0, now - since.get(job.id, now)))

    def listen(self, listener: Callable[[Job], None]) -> None:
        """Have `listener` called with every job that finishes, in whatever thread; it must only put it on a queue."""
        self._dispatch.listen(listener)

    def configure(self, settings: Settings) -> None:
        """From now on, these settings hold; for jobs that wait already, too."""
        with self._dispatch.scheduler() as scheduler:
            scheduler.configure(
                settings.batch_seconds, settings.aging, settings.running_limits, settings.vlm_concurrency
            )

    def drain(self) -> None:
        """Give out no further job; the running ones go on to their end."""
        with self._dispatch.scheduler() as scheduler:
            scheduler.is_draining = True

    def close(self) -> None:
        """Finish what was asked for and let go of the database; later requests are refused."""
        self._store.close()

    # --- adding ---

    def add(self, submissions: Sequence[Submission]) -> list[tuple[Job, bool]]:
        """Queue sources; returns each one's job and whether it is new."""
        added = self._store.add(submissions)
        for job, is_new in added:
            if is_new:
                self._dispatch.mirror(job)
        return added

    def add_before(self, submission: Submission, name_it: Callable[[], None]) -> Job | None:
        """Queue a source that `name_it` then gives its name; None if a source that is just the same is known already.

        Whoever finds the file finds its job on the queue. Raises what `name_it` raises; there is no such job then.
        """
        ((job, is_new),) = self._store.add([submission])
        if not is_new:
            return None
        try:
            name_it()
        except BaseException:
            self._store.transition(job.id, JobState.CANCELLED, "its name could not be taken")
            self._store.hide([job.id], hidden=True)
            raise
        return self._mirrored(job)

    def add_published(self, submission: Submission, state: JobState, output: Path, sha256: str, pages: int) -> bool:
        """Learn of a source that is converted already, its result in the folder `output`, absolute.

        False if the source is known already: a result may have been copied within the output.
        """
        if not state.is_published:
            return False
        ((job, is_new),) = self._store.add([submission])
        if not is_new:
            return False
        self._store.transition(job.id, JobState.RUNNING, "found in the output")
        changes: dict[str, Any] = {"output": os.fsencode(output), "sha256": sha256, "pages": pages, "pages_done": pages}
        self._mirrored(self._store.finish(job.id, state, "found in the output", **changes))
        return True

    def run_again(self, job_id: int, submission: Submission, discard: Callable[[int], None]) -> tuple[Job, bool]:
        """Run a finished job once more from its beginning, by what the submission says now.

        `discard` deletes what is kept of a job outside the queue. Returns the job, and False if somebody else has had
        it run already.
        """
        try:
            # Of several that ask at the same time, one gets past this line; and no worker knows of the job until it is
            # mirrored.
            job = self._store.requeue(job_id, "asked for again")
        except IllegalTransition:
            return self._store.job(job_id), False
        try:
            discard(job_id)
            self._store.forget_pages(job_id)
            job = self._store.update(
                job_id,
                options=submission.options.model_dump_json(),
                priority=submission.priority,
                client=submission.client,
                profile=submission.profile,
                sha256=None,
                pages=None,
            )
        finally:
            self._dispatch.mirror(job)
        return job, True

    def ask_otherwise(self, job_id: int, submission: Submission) -> Job:
        """Have a job that waits, and was never begun, be what the submission says now; others stay as they are."""
        changes = {"options": submission.options.model_dump_json(), "priority": submission.priority}
        changes |= {"client": submission.client, "profile": submission.profile}
        return self._mirrored(self._store.update(job_id, lambda job: job.is_untouched, **changes))

    # --- changing jobs ---

    def transition(self, job_id: int, new: JobState, cause: str, **changes: Any) -> Job:
        """Move a job to a state, durably; raises `IllegalTransition` or `NoSuchJob`."""
        return self._mirrored(self._store.transition(job_id, new, cause, **changes))

    def cancel(self, job_id: int, reason: str) -> Job:
        """Give a job up; what it has finished is kept for a retry."""
        reason = display_text(reason)
        return self.transition(job_id, JobState.CANCELLED, reason, reason=reason, finished=self._store.now())

    def fail(self, job_id: int, reason: str) -> Job:
        """A job cannot be converted."""
        reason = display_text(reason)
        log.info("job %d failed: %s", job_id, reason)
        return self.transition(job_id, JobState.FAILED, reason, reason=reason, finished=self._store.now())

    def retry(self, job_id: int, cause: str, *, keeps_place: bool = False) -> Job:
        """Queue a finished job again, at the end or where it was; pages finished earlier are kept, failed ones not.

        Nor are those that are plain text because the vision model did not answer.
        """
        job = self._store.job(job_id)
        if not job.state.is_finished:
            raise IllegalTransition(f"A {job.state} job cannot be retried.")
        anew = [PageState.FAILED, PageState.TEXT_ONLY] if job.options.asks_model else [PageState.FAILED]
        self._store.forget_pages(job_id, *(() if job.state is JobState.DONE else anew))
        return self._mirrored(self._store.requeue(job_id, cause, keeps_place=keeps_place))

    def reinstate(self, standing: Standing, cause: str) -> Job:
        """Have an unfinished or cancelled job wait as it did; raises `IllegalTransition` or `NoSuchJob`."""
        return self._mirrored(self._store.transact(lambda db: reinstate(db, self._store.now(), standing, cause)))

    def end_of(self, job_id: int) -> tuple[Job, list[PageResult]]:
        """How a job has ended and what is recorded of its pages, for `end_as_before`; raises `NoSuchJob`."""
        return self._store.job(job_id), self._store.pages(job_id)

    def end_as_before(self, job: Job, recorded: Sequence[PageResult], cause: str) -> None:
        """End a job that was queued again as it had ended; raises `IllegalTransition` or `NoSuchJob`."""
        now = self._store.now()
        ended = self._store.transact(lambda db: end_as_before(db, now, job, recorded, cause))
        self._dispatch.mirror(ended, tells=False)

    def supersede(self, newer: Job) -> None:
        """A newer version of a source is queued: the versions before it that have not been opened are given up."""
        reason = f"{REPLACED}; the newer one is job {newer.id}."
        waiting = (JobState.QUEUED, JobState.HELD)
        for job_id in self._dispatch.versions_of(newer.source):
            snapshot = self._tracker.job(job_id)
            if job_id < newer.id and snapshot is not None and gives_way(snapshot.job):
                with suppress(IllegalTransition, NoSuchJob):  # a worker may have taken it in between
                    changes = {"reason": reason, "finished": self._store.now()}
                    self._mirrored(
                        self._store.transition(job_id, JobState.CANCELLED, reason, only_from=waiting, **changes)
                    )

    def set_priority(self, job_id: int, priority: int) -> Job:
        """Change a job's priority."""
        return self._mirrored(self._store.update(job_id, priority=priority))

    def move(self, job_id: int, where: Move) -> Job | None:
        """Move a waiting job among its equals; None if it is there already."""
        if self._tracker.job(job_id) is None:
            raise NoSuchJob(f"There is no job {job_id}.")
        neighbour_id = self._dispatch.neighbour(job_id, -1 if where in ("up", "top") else 1)
        if neighbour_id is None:
            return None
        if where in ("up", "down"):
            moved = self._store.swap(job_id, neighbour_id)
        else:
            moved = [self._store.move_to_end(job_id, first=where == "top")]
        for job in moved:
            self._dispatch.mirror(job)
        return moved[0]

    def remove(self, job_ids: Iterable[int]) -> list[int]:
        """Take finished jobs off the list; returns which."""
        removed = []
        for job_id in job_ids:
            snapshot = self._tracker.job(job_id)
            if snapshot is not None and snapshot.job.state.is_finished:
                removed.append(job_id)
        self._store.hide(removed, hidden=True)
        for job_id in removed:
            self._tracker.remove_job(job_id)
        return removed

    def restore(self, job_ids: Sequence[int]) -> None:
        """Put removed jobs back on the list."""
        self._store.hide(job_ids, hidden=False)
        for job_id in job_ids:
            with suppress(NoSuchJob):
                self._dispatch.mirror(self._store.job(job_id))

    def forget_sent(self, job: Job) -> None:
        """Forget a removed job whose source is deleted, and free its place in the output for others."""
        self._store.forget(job)

    def result_expired(self) -> None:
        """A job's result was deleted."""
        self._tracker.tally.result_expired()

    def forget_gone(self, root: bytes, is_gone: Callable[[bytes], bool]) -> None:
        """Forget removed jobs below a hot folder whose sources are no longer there; `is_gone` is told their paths."""
        self._store.forget_gone(root, is_gone)

    def offer_delayed(self) -> None:
        """Offer the delayed jobs whose time has come."""
        self._dispatch.offer_delayed()

    # --- pausing ---

    def pause(self, why: str, message: str) -> None:
        """Start no more batches. Pauses with different `why` add up."""
        self._dispatch.pause(why)
        self._tracker.set_banner(why, message)

    def resume(self, why: str, *, keeps_banner: bool = False) -> None:
        """End one pause."""
        self._dispatch.resume(why)
        if not keeps_banner:
            self._tracker.set_banner(why, None)

    def is_paused_by(self, why: str) -> bool:
        """Whether this pause is in force."""
        return self._dispatch.is_paused_by(why)

    def set_banner(self, key: str, message: str | None) -> None:
        """Something needs a person, or, with None, is over."""
        self._tracker.set_banner(key, message)

    def set_nodes(self, nodes: tuple[NodeSnapshot, ...]) -> None:
        """The other machines of the cluster, as they are now."""
        self._tracker.nodes = nodes

    def _mirrored(self, job: Job) -> Job:
        self._dispatch.mirror(job)
        return job


def open_queue(settings: Settings) -> JobQueue:
    """The queue in the state folder, not loaded yet. A damaged database is moved aside."""
    store = JobStore(settings.state_folder, time.time)
    scheduler = Scheduler(settings.batch_seconds, settings.aging, settings.running_limits, settings.vlm_concurrency)
    return JobQueue(store, scheduler, ProgressTracker(time.monotonic), time.monotonic)
