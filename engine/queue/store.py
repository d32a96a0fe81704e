"""JobStore: the durable queue: what is read of jobs, and how each change of them is written."""

import sqlite3
import uuid
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from engine.base.errors import IllegalTransition
from engine.job.job import Checkpoint, Job, JobState, PageResult, PageState, Source, Submission
from engine.queue.database import DATABASE, Database
from engine.queue.queries import COLUMNS, RETURNING, history_of, job_of, one_job, page_of, pages_of, shown_jobs
from engine.queue.writes import (
    OF_A_RUN,
    change_state,
    drop_pages,
    end_position,
    note,
    page_counts,
    place_before,
    record_pages,
    update,
)

T = TypeVar("T")


class JobStore:
    """The queue on disk. Thread-safe; every method that changes something returns when the change is durable."""

    def __init__(self, folder: Path, clock: Callable[[], float]) -> None:
        """Open or create the database in `folder`.

        A damaged database is moved aside; `moved_aside` then says where to. `clock` gives seconds since 1970.
        """
        self._clock = clock
        self._database = Database(folder / DATABASE, clock)
        self.on_end: Callable[[sqlite3.Connection, Job], None] = lambda _db, _job: None
        """Called within the transaction that ends a job, to write what is to last with it; in the database's thread."""

    @property
    def moved_aside(self) -> Path | None:
        """Where a damaged database is now."""
        return self._database.moved_aside

    @property
    def was_empty(self) -> bool:
        """Whether there was nothing in what was moved aside."""
        return self._database.was_empty

    def now(self) -> float:
        """The wall clock the store writes times by, in seconds since 1970."""
        return self._clock()

    # --- reading ---

    def load(self) -> list[Job]:
        """Every job that is shown, oldest first."""
        return self._database.ask(shown_jobs)

    def job(self, job_id: int) -> Job:
        """One job; raises `NoSuchJob`."""
        return self._database.ask(lambda db: one_job(db, job_id))

    def known_sources(self, root: bytes) -> set[Source]:
        """Every source below a hot folder that has ever been queued and not been forgotten."""
        query = "SELECT root, path, size, mtime_ns, inode FROM jobs WHERE root = ?"
        return self._database.ask(lambda db: {Source(*row) for row in db.execute(query, (root,))})

    def returning_sources(self, root: bytes) -> set[Source]:
        """Those below a hot folder whose jobs come back when just these files do."""
        query = f"SELECT root, path, size, mtime_ns, inode FROM jobs WHERE root = ? AND ({RETURNING})"
        return self._database.ask(lambda db: {Source(*row) for row in db.execute(query, (root,))})

    def returns(self, job_id: int) -> bool:
        """Whether a job comes back when its very file does."""
        query = f"SELECT EXISTS (SELECT 1 FROM jobs WHERE id = ? AND ({RETURNING}))"
        return self._database.ask(lambda db: bool(db.execute(query, (job_id,)).fetchone()[0]))

    def pages(self, job_id: int) -> list[PageResult]:
        """What is recorded of an unfinished job's pages, in order."""
        return self._database.ask(lambda db: pages_of(db, job_id))

    def page(self, job_id: int, page: int) -> PageResult | None:
        """What is recorded of one page of an unfinished job."""
        return self._database.ask(lambda db: page_of(db, job_id, page))

    def checkpoints(self, job_id: int) -> list[Checkpoint]:
        """The finished batches of an unfinished job, in order."""
        query = "SELECT first, last FROM checkpoints WHERE job_id = ? ORDER BY first, last"
        return self._database.ask(lambda db: [Checkpoint(*row) for row in db.execute(query, (job_id,))])

    def history(self, job_id: int) -> list[tuple[datetime, JobState, str]]:
        """When the job entered which state and why."""
        return self._database.ask(lambda db: history_of(db, job_id))

    def queued_since(self) -> dict[int, float]:
        """Since when the queued jobs are, in seconds since 1970."""
        # The list of states lets SQLite use the partial index.
        query = (
            "SELECT job_id, MAX(at) FROM transitions WHERE state = 'queued' AND job_id IN "
            "(SELECT id FROM jobs WHERE state IN ('queued', 'held', 'running') AND state = 'queued') GROUP BY job_id"
        )
        return self._database.ask(lambda db: dict(db.execute(query).fetchall()))

    def converted_before(self, job: Job) -> Job | None:
        """Another job that has published the same content with the same options."""
        query = (
            f"SELECT {COLUMNS} FROM jobs WHERE sha256 = ? AND id <> ? AND options = ? "
            "AND state IN ('done', 'partial') ORDER BY id LIMIT 1"
        )

        def find(db: sqlite3.Connection) -> Job | None:
            row = db.execute(query, (job.sha256, job.id, job.options.model_dump_json())).fetchone()
            return job_of(row) if row else None

        return self._database.ask(find)

    def has_published_after(self, job: Job) -> bool:
        """Whether a later job of the same source is published."""
        query = (
            "SELECT EXISTS (SELECT 1 FROM jobs WHERE root = ? AND path = ? AND id > ? AND state IN ('done', 'partial'))"
        )
        key = (job.source.root, job.source.path, job.id)
        return self._database.read(lambda db: bool(db.execute(query, key).fetchone()[0]))

    # --- writing ---

    def add(self, submissions: Sequence[Submission]) -> list[tuple[Job, bool]]:
        """Queue sources; returns each one's job, and whether it is new: a known one stays as it is."""
        return self._database.ask(lambda db: [self._insert(db, submission) for submission in submissions])

    def transition(
        self, job_id: int, new: JobState, cause: str, only_from: Sequence[JobState] = (), **changes: Any
    ) -> Job:
        """Move a job to a state and set columns with it; raises `IllegalTransition` or `NoSuchJob`.

        `only_from` are the states from which it may be moved, if that is not every one from which it can be.
        """
        return self._database.ask(lambda db: self._transition(db, job_id, new, cause, only_from, **changes))

    def requeue(self, job_id: int, cause: str, *, keeps_place: bool = False) -> Job:
        """Put a finished job at the end of the queue, or where it was; raises `IllegalTransition` or `NoSuchJob`."""

        def write(db: sqlite3.Connection) -> Job:
            changes: dict[str, Any] = dict.fromkeys(OF_A_RUN)
            if not keeps_place:
                changes["position"] = end_position(db) + 1
            return self._transition(db, job_id, JobState.QUEUED, cause, hidden=0, attempts=0, **changes)

        return self._database.ask(write)

    def claim(self, job_id: int) -> Job | None:
        """Take a queued job for running; None if it is no longer queued."""
        try:
            return self.transition(job_id, JobState.RUNNING, "claimed by a worker", started=self._clock(), reason=None)
        except IllegalTransition:
            return None

    def update(self, job_id: int, fits: Callable[[Job], bool] | None = None, **changes: Any) -> Job:
        """Set columns of a job without changing its state, if it `fits`; returns it as it is then."""

        def write(db: sqlite3.Connection) -> Job:
            return update(db, job_id, changes if fits is None or fits(one_job(db, job_id)) else {})

        return self._database.ask(write)

    def swap(self, one: int, other: int) -> list[Job]:
        """Have two jobs change places."""

        def write(db: sqlite3.Connection) -> list[Job]:
            first, second = one_job(db, one), one_job(db, other)
            return [
                update(db, one, {"position": second.position}),
                update(db, other, {"position": first.position}),
            ]

        return self._database.ask(write)

    def move_to_end(self, job_id: int, *, first: bool) -> Job:
        """Move a job before or behind all that are not finished; positions stay different from each other."""

        def write(db: sqlite3.Connection) -> Job:
            position = end_position(db, first=True) - 1 if first else end_position(db) + 1
            return update(db, job_id, {"position": position})

        return self._database.ask(write)

    def record(self, job_id: int, checkpoint: Checkpoint | None, results: Sequence[PageResult]) -> Future[Job]:
        """Record finished pages and the checkpoint they are in; the future is done when that is durable."""

        def write(db: sqlite3.Connection) -> Job:
            if checkpoint is not None:
                db.execute(
                    "INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?)",
                    (job_id, checkpoint.first, checkpoint.last),
                )
            record_pages(db, job_id, results)
            # Progress shows that the job is not what the engine dies of.
            return update(db, job_id, {**page_counts(db, job_id), "attempts": 0})

        return self._database.request(write)

    def forget_pages(self, job_id: int, *states: PageState) -> Job:
        """Drop what is recorded of a job's pages, so that they are converted again; given states, of those alone."""

        def write(db: sqlite3.Connection) -> Job:
            if states:
                db.executemany("DELETE FROM pages WHERE job_id = ? AND state = ?", [(job_id, s) for s in states])
            else:
                drop_pages(db, job_id)
            return update(db, job_id, page_counts(db, job_id))

        return self._database.ask(write)

    def finish(
        self, job_id: int, new: JobState, cause: str, *, results: Sequence[PageResult] = (), **changes: Any
    ) -> Job:
        """Move a published job to its end; its manifest now holds what is known about its pages.

        `results` are those that are not recorded.
        """

        def write(db: sqlite3.Connection) -> Job:
            if results:
                record_pages(db, job_id, results)
                changes.update(page_counts(db, job_id), attempts=0)
            job = self._transition(db, job_id, new, cause, finished=self._clock(), **changes)
            drop_pages(db, job_id)
            return job

        return self._database.ask(write)

    def suspect(self, job_id: int, points: int) -> Future[Job]:
        """Note that if the engine dies now, this job may be why; whatever page of it is finished next clears it."""

        def write(db: sqlite3.Connection) -> Job:
            db.execute("UPDATE jobs SET attempts = attempts + ? WHERE id = ?", (points, job_id))
            return update(db, job_id, {})

        return self._database.request(write)

    def count(self, job_id: int, pages: int, points: int) -> Job:
        """Set how many pages a job has, and note points as `suspect` does."""

        def write(db: sqlite3.Connection) -> Job:
            db.execute("UPDATE jobs SET attempts = attempts + ? WHERE id = ?", (points, job_id))
            return update(db, job_id, {"pages": pages})

        return self._database.ask(write)

    def recover(self, limit: int, has_progress: Callable[[int], bool] = lambda _: False) -> None:
        """Return jobs that were running when the engine died to the queue.

        A job that is suspected with `limit` points or more of being what the engine dies of is held, unless
        `has_progress` knows of finished pages that were not recorded yet.
        """
        # The list of states lets SQLite use the partial index.
        query = "SELECT id, attempts FROM jobs WHERE state IN ('queued', 'held', 'running') AND state = 'running'"

        def write(db: sqlite3.Connection) -> None:
            for job_id, points in db.execute(query).fetchall():
                if points < limit or has_progress(job_id):
                    self._transition(db, job_id, JobState.QUEUED, "the engine had died")
                else:
                    reason = (
                        "The engine died again and again while this job was running, without finishing a page of it. "
                        "Release it to try again."
                    )
                    self._transition(db, job_id, JobState.HELD, "the engine had died", reason=reason)

        self._database.ask(write)

    def hide(self, job_ids: Sequence[int], hidden: bool) -> None:
        """Take finished jobs off the list, or put them back; their sources stay known, so they are not queued again."""
        rows = [(int(hidden), job_id) for job_id in job_ids]
        self._database.ask(lambda db: db.executemany("UPDATE jobs SET hidden = ? WHERE id = ?", rows) and None)

    def forget_gone(self, root: bytes, is_gone: Callable[[bytes], bool]) -> None:
        """Delete hidden jobs below a hot folder whose sources are no longer there; `is_gone` is told their paths."""

        def write(db: sqlite3.Connection) -> None:
            rows = db.execute("SELECT id, path FROM jobs WHERE hidden AND root = ?", (root,)).fetchall()
            gone = [(job_id,) for job_id, path in rows if is_gone(path)]
            db.executemany("DELETE FROM jobs WHERE id = ?", gone)

        self._database.ask(write)

    def forget(self, job: Job) -> None:
        """Delete a hidden job, and what it has claimed of the output."""
        source = (job.source.root, job.source.path)

        def write(db: sqlite3.Connection) -> None:
            db.execute("DELETE FROM jobs WHERE hidden AND id = ?", (job.id,))
            db.execute("DELETE FROM outputs WHERE root = ? AND path = ?", source)

        self._database.ask(write)

    def claim_output(self, source: Source, candidates: Iterable[str]) -> str | None:
        """The first candidate folder that is this source's already or nobody's, now recorded as this source's, if any.

        Candidates are compared folded; the caller folds them.
        """

        def write(db: sqlite3.Connection) -> str | None:
            for folder in candidates:
                row = db.execute("SELECT root, path FROM outputs WHERE folder = ?", (folder,)).fetchone()
                if row is None:
                    db.execute("INSERT INTO outputs VALUES (?, ?, ?)", (folder, source.root, source.path))
                if row is None or row == (source.root, source.path):
                    return folder
            return None

        return self._database.ask(write)

    def transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do something in a transaction, in the store's thread; returns when it is durable."""
        return self._database.ask(work)

    def close(self) -> None:
        """Finish what was asked for and let go of the file; later requests are refused."""
        self._database.close()

    # --- below, in the database's thread ---

    def _insert(self, db: sqlite3.Connection, submission: Submission) -> tuple[Job, bool]:
        now, source = self._clock(), submission.source
        place = place_before(db, source)
        position, priority = place if place is not None else (end_position(db) + 1, submission.priority)
        cursor = db.execute(
            "INSERT OR IGNORE INTO jobs (conversion_id, root, path, size, mtime_ns, inode, options, state, priority, "
            "position, created, client, profile) VALUES (?, ?, ?, ?, ?, ?, ?, 'queued', ?, ?, ?, ?, ?)",
            (
                str(uuid.uuid4()),
                source.root,
                source.path,
                source.size,
                source.mtime_ns,
                source.inode,
                submission.options.model_dump_json(),
                max(priority, submission.priority),
                position,
                now,
                submission.client,
                submission.profile,
            ),
        )
        if cursor.rowcount == 1 and cursor.lastrowid is not None:
            note(db, cursor.lastrowid, now, JobState.QUEUED, "found")
            return one_job(db, cursor.lastrowid), True
        query = f"SELECT {COLUMNS} FROM jobs WHERE root = ? AND path = ? AND size = ? AND mtime_ns = ? AND inode = ?"
        row = db.execute(query, (source.root, source.path, source.size, source.mtime_ns, source.inode)).fetchone()
        return job_of(row), False

    def _transition(
        self,
        db: sqlite3.Connection,
        job_id: int,
        new: JobState,
        cause: str,
        only_from: Sequence[JobState] = (),
        **changes: Any,
    ) -> Job:
        job = change_state(db, self._clock(), job_id, new, cause, only_from, **changes)
        if new.is_finished:
            self.on_end(db, job)
        return job
