"""ChangeLog: which jobs are new, changed or gone since a version somebody has seen."""

from collections import OrderedDict, deque
from collections.abc import Iterable

from engine.job.snapshot import JobSnapshot

_REMOVALS_KEPT = 200_000


class ChangeLog:
    """The jobs, and the order in which they changed. Not thread-safe: its owner has a lock.

    Telling what is new costs as much as there is to tell, however many jobs there are.
    """

    def __init__(self) -> None:
        self.jobs: dict[int, JobSnapshot] = {}
        self.version = 0
        """Grows with every change."""
        self._changes: OrderedDict[int, int] = OrderedDict()  # job id to version, oldest change first
        self._by_conversion: dict[str, int] = {}
        self._removals: deque[tuple[int, int]] = deque(maxlen=_REMOVALS_KEPT)

    def put(self, snapshot: JobSnapshot) -> None:
        """A job is new or changed."""
        job_id = snapshot.job.id
        self.jobs[job_id] = snapshot
        self._by_conversion[snapshot.job.conversion_id] = job_id
        self.version += 1
        self._changes[job_id] = self.version
        self._changes.move_to_end(job_id)

    def remove(self, job_id: int) -> JobSnapshot | None:
        """A job is gone; returns what it was."""
        before = self.jobs.pop(job_id, None)
        if before is not None:
            del self._changes[job_id]
            self._by_conversion.pop(before.job.conversion_id, None)
            self.version += 1
            self._removals.append((self.version, job_id))
        return before

    def replace(self, snapshots: Iterable[JobSnapshot]) -> None:
        """These are all the jobs there are."""
        gone = set(self.jobs)
        for snapshot in snapshots:
            gone.discard(snapshot.job.id)
            if self.jobs.get(snapshot.job.id) != snapshot:
                self.put(snapshot)
        for job_id in gone:
            self.remove(job_id)

    def find(self, conversion_id: str) -> JobSnapshot | None:
        """The job with this UUID."""
        return self.jobs.get(self._by_conversion.get(conversion_id, 0))

    def since(self, version: int) -> tuple[tuple[JobSnapshot, ...], tuple[int, ...]]:
        """Jobs new or changed since a version, the latest change last, and the ids of those gone since."""
        changed = []
        for job_id in reversed(self._changes):
            if self._changes[job_id] <= version:
                break
            changed.append(self.jobs[job_id])
        removed = []
        for at, job_id in reversed(self._removals):
            if at <= version:
                break
            if job_id not in self.jobs:  # it may have been put back
                removed.append(job_id)
        return tuple(reversed(changed)), tuple(removed)
