"""StoredQueue: the queue as the last engine has left it, read where none is running."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from engine.base.errors import HotfolioError, NoQueue
from engine.base.safetext import display_name
from engine.job.job import Job, JobState
from engine.job.selection import Ranges, States, selected
from engine.job.snapshot import JobDetail, JobSnapshot
from engine.queue.database import DATABASE
from engine.queue.queries import history_of, one_job, pages_of, shown_jobs
from engine.queue.schema import SCHEMA_VERSION
from engine.work.details import detail_of

T = TypeVar("T")


class StoredQueue:
    """Reads only; not even a database of an earlier version is changed. Raises `HotfolioError` if it cannot."""

    def __init__(self, state_folder: Path) -> None:
        self._folder = state_folder

    def select(self, ids: Ranges | None = None, states: States | None = None) -> list[JobSnapshot]:
        """Jobs on the list, as an engine gives them."""
        return selected(map(JobSnapshot.of, self._jobs()), ids, states)

    def detail(self, job_id: int) -> JobDetail:
        """One job in full; raises `NoSuchJob`."""

        def read(db: sqlite3.Connection) -> JobDetail:
            snapshot = JobSnapshot.of(_as_left(one_job(db, job_id)))
            return detail_of(snapshot, self._folder, None, lambda: pages_of(db, job_id), history_of(db, job_id))

        return self._read(read)

    def counts(self) -> Mapping[JobState, int]:
        """How many jobs there are in each state."""
        return Counter(job.state for job in self._jobs())

    def _jobs(self) -> list[Job]:
        return [_as_left(job) for job in self._read(shown_jobs)]

    def _read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        file = self._folder / DATABASE
        if not file.exists():
            raise NoQueue(f"There is no queue in {display_name(self._folder)}.")
        try:
            db = sqlite3.connect(f"file:{quote(bytes(file.absolute()))}?mode=ro", uri=True)
            try:
                (version,) = db.execute("PRAGMA user_version").fetchone()
                if version != SCHEMA_VERSION:
                    raise HotfolioError(
                        f"The queue in {display_name(self._folder)} is of another version of hotfolio; "
                        "an engine that starts on it brings it up to date."
                    )
                return query(db)
            finally:
                db.close()
        except sqlite3.Error as error:
            raise HotfolioError(f"The queue in {display_name(self._folder)} cannot be read: {error}.") from None


def _as_left(job: Job) -> Job:
    """A job that was running when its engine died waits to go on."""
    return replace(job, state=JobState.QUEUED) if job.state is JobState.RUNNING else job
