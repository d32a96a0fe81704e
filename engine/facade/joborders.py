"""Orders: what a front end has done to jobs that are on the list."""

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence

from engine.base.errors import HotfolioError, IllegalTransition, NoSuchJob
from engine.job.job import MAX_PRIORITY, Job, JobState, Move, PageResult, Standing
from engine.queue.jobqueue import JobQueue
from engine.settings.passwords import Passwords

_MOST_ENDS = 20_000
"""Ends of jobs that were queued again since, kept so that this can be taken back."""


class Orders:
    """Thread-safe. Orders take job ids and return those they changed, as the façade's do."""

    def __init__(
        self,
        queue: JobQueue,
        passwords: Passwords,
        kill_job: Callable[[int], None],
        discard: Callable[[int], None],
    ) -> None:
        """`kill_job` ends the processes that work on a job, `discard` deletes what is kept of it outside the queue."""
        self._queue = queue
        self._passwords = passwords
        self._kill_job = kill_job
        self._discard = discard
        self._lock = threading.Lock()  # guards the ends
        self._ends: OrderedDict[int, tuple[Job, list[PageResult]]] = OrderedDict()

    def cancel(self, job_ids: Iterable[int], reason: str) -> list[int]:
        """Give jobs up, at once."""
        return _each(job_ids, lambda job_id: self.cancel_one(job_id, reason))

    def cancel_one(self, job_id: int, reason: str) -> None:
        """Give a job up; raises `IllegalTransition` or `NoSuchJob`."""
        self._queue.cancel(job_id, reason)
        self._kill_job(job_id)

    def hold(self, job_ids: Iterable[int]) -> list[int]:
        """Keep jobs from running."""
        return _each(job_ids, lambda job_id: self._queue.transition(job_id, JobState.HELD, "Held.", reason=None))

    def release(self, job_ids: Iterable[int]) -> list[int]:
        """Let held jobs run again."""

        def change(job_id: int) -> None:
            if self._job(job_id).state is not JobState.HELD:
                raise IllegalTransition(f"Job {job_id} is not held.")
            self._queue.transition(job_id, JobState.QUEUED, "Released.", reason=None, attempts=0)

        return _each(job_ids, change)

    def retry(self, job_ids: Iterable[int]) -> list[int]:
        """Queue finished jobs again, keeping the pages they have finished."""
        return _each(job_ids, lambda job_id: self._retry(job_id, "Retried."))

    def unlock(self, job_ids: Iterable[int], password: str) -> list[int]:
        """Try failed jobs again with a password, which is kept in memory alone; they go on where they stood."""

        def change(job_id: int) -> None:
            self._passwords.set(job_id, password)
            self._retry(job_id, "Unlocked.", keeps_place=True)

        return _each(job_ids, change)

    def reinstate(self, standings: Iterable[Standing]) -> list[int]:
        """Have jobs stand as they stood, which takes back whatever was ordered since."""
        wanted = {standing.job_id: standing for standing in standings}
        return _each(wanted, lambda job_id: self._reinstate(wanted[job_id]))

    def prioritize(self, job_ids: Iterable[int], priority: Callable[[Job], int]) -> list[int]:
        """Give unfinished jobs the priority that each is to have."""

        def change(job_id: int) -> None:
            job = self._job(job_id)
            if job.state.is_finished:
                raise IllegalTransition(f"Job {job_id} is finished.")
            self._queue.set_priority(job_id, max(-MAX_PRIORITY, min(priority(job), MAX_PRIORITY)))

        return _each(job_ids, change)

    def move(self, job_ids: Iterable[int], where: Move) -> list[int]:
        """Move waiting jobs among those of their priority."""
        moved = []
        for job_id in job_ids if where in ("up", "bottom") else reversed(list(job_ids)):
            with contextlib.suppress(HotfolioError):
                if self._queue.move(job_id, where) is not None:
                    moved.append(job_id)
        return moved

    def remove(self, job_ids: Iterable[int]) -> list[int]:
        """Take finished jobs off the list."""
        removed = self._queue.remove(job_ids)
        for job_id in removed:
            self._discard(job_id)
        return removed

    def restore(self, job_ids: Sequence[int]) -> None:
        """Put removed jobs back on the list."""
        self._queue.restore(job_ids)

    def _retry(self, job_id: int, cause: str, *, keeps_place: bool = False) -> None:
        end = self._queue.end_of(job_id)
        self._queue.retry(job_id, cause, keeps_place=keeps_place)
        with self._lock:
            self._ends[job_id] = end
            self._ends.move_to_end(job_id)
            if len(self._ends) > _MOST_ENDS:
                self._ends.popitem(last=False)

    def _reinstate(self, standing: Standing) -> None:
        job_id = standing.job_id
        self._job(job_id)  # what is off the list stays off
        if not standing.state.is_finished:
            self._queue.reinstate(standing, "Taken back.")
            return
        with self._lock:
            end = self._ends.pop(job_id, None)
        if end is None or end[0].state is not standing.state:
            raise IllegalTransition(f"How job {job_id} had ended is not known any more.")
        self._queue.end_as_before(*end, "Taken back.")
        self._kill_job(job_id)

    def _job(self, job_id: int) -> Job:
        found = self._queue.view.job(job_id)
        if found is None:
            raise NoSuchJob(f"There is no job {job_id}.")
        return found.job


def _each(job_ids: Iterable[int], change: Callable[[int], object]) -> list[int]:
    changed = []
    for job_id in job_ids:
        with contextlib.suppress(IllegalTransition, NoSuchJob):
            change(job_id)
            changed.append(job_id)
    return changed
