"""Mirror: what another process's engine is doing, as of its latest update, to be looked at without waiting."""

import threading
from collections.abc import Mapping
from dataclasses import replace

from engine.base.errors import NoSuchJob
from engine.base.safetext import display_text
from engine.job.changes import ChangeLog
from engine.job.job import Job, JobState
from engine.job.snapshot import CONNECTION, Banner, JobSnapshot, PageMap, Snapshot, Totals, WorkerState
from engine.remote.wire import Update, UpdateRequest

_NOTHING = Snapshot(0, (), (), (), Totals(dict.fromkeys(JobState, 0), 0, 0, 0, 0.0, (), None), (), False)


class Mirror:
    """Thread-safe: `_lock` guards everything in it and is held for memory access alone.

    Its versions are its own: they go on when the engine on the other side is another one that counts anew.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._log = ChangeLog()
        self._life = ""
        self._seen = 0  # the version of the other side
        self._rest = ""
        self._newest = 0  # the highest id of a job so far
        self._latest = _NOTHING
        self._page_maps: dict[int, PageMap] = {}
        self._lost: Banner | None = None
        self.discovered = self.unsettled = 0
        self.is_scanning = False
        self.is_user_paused = False
        self.is_stopping = False

    def request(self, wait_s: float) -> UpdateRequest:
        """Asks for what is not known here yet; with `wait_s`, the answer may wait until there is something."""
        with self._lock:
            return UpdateRequest(self._life, self._seen, self._rest, wait_s)

    def take(self, update: Update) -> list[Job]:
        """Take in an answer; one that another has overtaken is left. Returns the jobs that have finished since."""
        with self._lock:
            is_new_life = update.life != self._life
            if is_new_life and update.since:
                return []  # asked of the engine before
            if not is_new_life and (update.snapshot.version < self._seen or update.since > self._seen):
                return []
            finished = [entry.job for entry in update.snapshot.changed if self._has_finished(entry, update.since)]
            self._newest = max((self._newest, *(entry.job.id for entry in update.snapshot.changed)))
            if update.since == 0:
                self._log.replace(update.snapshot.changed)
            else:
                for snapshot in update.snapshot.changed:
                    if self._log.jobs.get(snapshot.job.id) != snapshot:
                        self._log.put(snapshot)
                for job_id in update.snapshot.removed:
                    self._log.remove(job_id)
            self._life, self._seen, self._rest = update.life, update.snapshot.version, update.rest
            self._latest, self._page_maps = update.snapshot, update.page_maps
            self.discovered, self.unsettled = update.discovered, update.unsettled
            self.is_scanning = update.is_scanning
            self.is_user_paused = update.is_user_paused
            self.is_stopping = update.is_stopping
            self._lost = None
            return finished

    def lose(self, why: str) -> None:
        """The other side is gone: say so beside what was known last."""
        with self._lock:
            self._lost = Banner(CONNECTION, why)

    @property
    def is_lost(self) -> bool:
        """Whether the other side is gone."""
        with self._lock:
            return self._lost is not None

    def snapshot(self, since: int) -> Snapshot:
        """Everything, with the jobs that have changed since a version of this mirror's."""
        with self._lock:
            changed, removed = self._log.since(since)
            return replace(self._rest_now(), version=self._log.version, changed=changed, removed=removed)

    def overview(self) -> Snapshot:
        """Everything but the jobs."""
        with self._lock:
            return replace(self._rest_now(), version=self._log.version, changed=(), removed=())

    def job(self, job_id: int) -> JobSnapshot:
        """One job; raises `NoSuchJob`."""
        with self._lock:
            found = self._log.jobs.get(job_id)
        if found is None:
            raise NoSuchJob(f"There is no job {job_id}.")
        return found

    def find(self, conversion_id: str) -> JobSnapshot:
        """The job with this UUID; raises `NoSuchJob`."""
        with self._lock:
            found = self._log.find(conversion_id)
        if found is None:
            raise NoSuchJob(f"There is no conversion {display_text(conversion_id[:40])}.")
        return found

    def page_map(self, job_id: int) -> PageMap | None:
        """The page map of a running job."""
        with self._lock:
            return self._page_maps.get(job_id)

    def page_maps(self) -> Mapping[int, PageMap]:
        """The page maps of all running jobs."""
        with self._lock:
            return self._page_maps

    def _has_finished(self, now: JobSnapshot, since: int) -> bool:
        """Whether a job has finished since it was seen last; not if it was there before all this, or is put back."""
        before = self._log.jobs.get(now.job.id)
        is_new = since > 0 and now.job.id > self._newest
        return now.job.state.is_finished and (is_new if before is None else not before.job.state.is_finished)

    def _rest_now(self) -> Snapshot:
        latest, lost = self._latest, self._lost
        if lost is None:
            return latest
        # What its workers were at is not what they are at, so nothing is said of them.
        totals = replace(latest.totals, workers=0, workers_busy=0, pages_per_second=0.0, eta_s=None)
        return replace(latest, workers=(), nodes=(), totals=totals, banners=(lost, *latest.banners))

    @property
    def worker_count(self) -> int:
        """How many workers there were last, less the ones that are ending."""
        with self._lock:
            return sum(worker.state is not WorkerState.STOPPING for worker in self._latest.workers)
