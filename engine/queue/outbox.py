"""Outbox: what is still to follow on the ends of jobs, in the queue's database.

A row is written in the transaction that ends the job, and deleted when what it stands for is done. So whatever becomes
of the engine in between, it is done at least once.
"""

import sqlite3
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from engine.job.ending import Ending
from engine.job.job import Job
from engine.queue.store import JobStore

_MAX_WAIT_S = 86_400.0
"""Nothing asks for more; it would be a clock that was set back."""


class Kind(StrEnum):
    """What is to follow."""

    COMMAND = "command"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True)
class Notice:
    """Somebody is to be told of the end of a job."""

    id: int
    """Never used twice."""
    delivery: str
    """A UUID that stays the same however often it is tried."""
    ending: Ending
    attempts: int
    """How often it has been tried in vain."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A notice that is still to be given."""

    id: int
    kind: Kind
    due_s: float
    """In so many seconds."""


@dataclass(frozen=True, slots=True)
class Later:
    """A notice could not be given, and is to be tried again."""

    seconds: float
    for_all: bool = False
    """Whether the others of its kind should wait so long too: nobody could be told."""


class Outbox:
    """Thread-safe; each method that changes something returns when the change is durable."""

    def __init__(self, store: JobStore) -> None:
        self._store = store

    def follow_ends(self, wanted: Callable[[Job], Iterable[Kind]]) -> None:
        """From now on, have what is wanted follow on each end of a job; `wanted` is called in the store's thread."""

        def write(db: sqlite3.Connection, job: Job) -> None:
            rows = [(job.id, kind, str(uuid.uuid4())) for kind in wanted(job)]
            if rows:
                facts = Ending.of(job).written()
                query = "INSERT INTO outbox (job_id, kind, delivery, facts) VALUES (?, ?, ?, ?)"
                db.executemany(query, [(*row, facts) for row in rows])

        self._store.on_end = write

    def waiting(self, job_id: int | None = None) -> list[Waiting]:
        """What is still to follow, on the end of one job or of all, in the order in which they ended."""
        of_one, parameters = ("", ()) if job_id is None else ("WHERE job_id = ?", (job_id,))
        query = f"SELECT id, kind, due FROM outbox {of_one} ORDER BY id"
        now = self._store.now()
        rows = self._store.transact(lambda db: db.execute(query, parameters).fetchall())
        return [Waiting(number, Kind(kind), min(max(0.0, due - now), _MAX_WAIT_S)) for number, kind, due in rows]

    def read(self, number: int) -> Notice | None:
        """A notice, None if it has been given; raises `msgspec.MsgspecError` if the row is damaged."""
        query = "SELECT id, delivery, facts, attempts FROM outbox WHERE id = ?"
        row = self._store.transact(lambda db: db.execute(query, (number,)).fetchone())
        if row is None:
            return None
        number, delivery, facts, attempts = row
        return Notice(number, delivery, Ending.read(facts), attempts)

    def settle(self, number: int) -> None:
        """A notice has been given, or is given up."""
        self._store.transact(lambda db: db.execute("DELETE FROM outbox WHERE id = ?", (number,)) and None)

    def postpone(self, number: int, seconds: float) -> None:
        """A notice was tried in vain, and is to be tried again after so many seconds."""
        query = "UPDATE outbox SET attempts = attempts + 1, due = ? WHERE id = ?"
        due = self._store.now() + seconds
        self._store.transact(lambda db: db.execute(query, (due, number)) and None)
