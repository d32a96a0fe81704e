"""Endings: what becomes of a job that cannot go on as it is, now or ever."""

import logging
import threading
from collections import Counter
from collections.abc import Callable

from engine.base.errors import ChildError, ChildKilled, IllegalTransition, PageTimeout
from engine.job.job import Job
from engine.queue.jobqueue import JobQueue
from engine.settings.passwords import Passwords
from engine.work.jobfolders import JobFolders
from engine.work.runs import Runs

log = logging.getLogger(__name__)

_ATTEMPTS = 2
"""How often opening or merging a document may cost its process."""
_POSTPONEMENTS = 3
_POSTPONE_S = 60.0


class Endings:
    """Thread-safe; `_lock` guards how often a document as a whole has made trouble."""

    def __init__(
        self,
        queue: JobQueue,
        runs: Runs,
        folders: JobFolders,
        passwords: Passwords,
        check_hold: Callable[[], None],
    ) -> None:
        """`check_hold` raises `StateLost` if the state folder was taken away: then no job is to blame for anything."""
        self._queue = queue
        self._runs = runs
        self._folders = folders
        self._passwords = passwords
        self._check_hold = check_hold
        self._lock = threading.Lock()
        self._troubles: Counter[int] = Counter()

    # --- for now ---

    def reopen(self, job: Job, *, last: bool = False) -> None:
        """Have a running job opened anew, by whoever is free; if it is the `last` of all that wait."""
        self._runs.forget(job.id)
        if last:
            self._queue.work.reopen_last(job)
        else:
            self._queue.work.reopen(job)

    def try_again(self, job: Job, error: ChildError, problem: str) -> None:
        """A process died of a document as a whole: once may be chance."""
        if not self._runs.is_running(job.id):
            return
        with self._lock:
            self._troubles[job.id] += not isinstance(error, ChildKilled)
            again = self._troubles[job.id] < _ATTEMPTS
        if again:
            log.warning("job %d: %s", job.id, problem)
            self.reopen(job, last=isinstance(error, PageTimeout))
        else:
            self.fail(job.id, problem)

    def postpone(self, job: Job, problem: str) -> None:
        """Others can go on, this job cannot: later, but not for ever. Raises `StateLost`."""
        self._check_hold()
        with self._lock:
            self._troubles[job.id] += 1
            again = self._troubles[job.id] <= _POSTPONEMENTS
        if again:
            log.warning("job %d: %s", job.id, problem)
            self._runs.forget(job.id)
            self._queue.work.delay(job.id, _POSTPONE_S, f"{problem} It is tried again in a minute.")
        else:
            self.fail(job.id, problem)

    def begin_anew(self, job: Job, seconds: float, reason: str) -> None:
        """Copy the source once more after a while: it may still be arriving."""
        self._runs.forget(job.id)
        self._folders.delete(job.id)
        self._queue.work.delay(job.id, seconds, reason)

    def check_hold(self) -> None:
        """Raises `StateLost` if nothing that has gone wrong says anything about a job."""
        self._check_hold()

    # --- for good ---

    def fail(self, job_id: int, reason: str) -> None:
        """A job cannot be converted. Raises `StateLost` if that is nothing about the job."""
        self._check_hold()
        self._end(job_id, lambda: self._queue.fail(job_id, reason))

    def cancel(self, job_id: int, reason: str) -> None:
        """A job is not wanted any more."""
        self._end(job_id, lambda: self._queue.cancel(job_id, reason))

    def publish(self, job_id: int, *, is_settled: bool = True) -> None:
        """A job is published and recorded as that: keep its log alone, and its folder as a mark until it is settled."""
        self._forget(job_id)
        if is_settled:
            self._folders.keep_log(job_id)
        else:
            self._folders.keep_mark(job_id)

    def _end(self, job_id: int, transition: Callable[[], Job]) -> None:
        self._runs.forget(job_id)
        # Before it has ended, since somebody may give it another password from then on.
        self._passwords.forget(job_id)
        self._forget(job_id)
        try:
            transition()
        except IllegalTransition:
            log.info("job %d had ended already", job_id)
        if not self._queue.view.checkpoints(job_id):  # else a retry can use what is in its folder
            self._folders.keep_log(job_id)

    def _forget(self, job_id: int) -> None:
        with self._lock:
            self._troubles.pop(job_id, None)
