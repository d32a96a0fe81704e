"""What is written to the queue's tables: the statements that the store's transactions are made of."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from engine.base.errors import IllegalTransition
from engine.job.job import Job, JobState, PageResult, Source, states_before
from engine.queue.queries import one_job
from engine.queue.versions import hands_on_its_place

OF_A_RUN = ("reason", "started", "finished", "output")
"""Columns that say how a run came out."""


def change_state(
    db: sqlite3.Connection,
    at: float,
    job_id: int,
    new: JobState,
    cause: str,
    only_from: Sequence[JobState] = (),
    **changes: Any,
) -> Job:
    """Move a job to a state and set columns with it; `at` is in seconds since 1970.

    Raises `IllegalTransition` or `NoSuchJob`. Nothing follows here on an end.
    """
    legal = only_from or states_before(new)
    marks = ", ".join("?" * len(legal))
    cursor = db.execute(f"UPDATE jobs SET state = ? WHERE id = ? AND state IN ({marks})", (new, job_id, *legal))
    if cursor.rowcount == 0:
        raise IllegalTransition(f"A {one_job(db, job_id).state} job cannot become {new}.")
    note(db, job_id, at, new, cause)
    return update(db, job_id, changes)


def place_before(db: sqlite3.Connection, source: Source) -> tuple[float, int] | None:
    """Position and priority that the version before this one hands on."""
    query = "SELECT state, reason, position, priority FROM jobs WHERE root = ? AND path = ? ORDER BY id DESC LIMIT 1"
    row = db.execute(query, (source.root, source.path)).fetchone()
    if row is None or not hands_on_its_place(JobState(row[0]), row[1]):
        return None
    return float(row[2]), int(row[3])


def end_position(db: sqlite3.Connection, *, first: bool = False) -> float:
    """The highest, or lowest, position of an unfinished job."""
    # Named, since the planner would rather sort all of them by way of another index.
    query = f"""
        SELECT position FROM jobs INDEXED BY jobs_by_position WHERE state IN ('queued', 'held', 'running')
        ORDER BY position {"ASC" if first else "DESC"} LIMIT 1
    """
    row = db.execute(query).fetchone()
    return float(row[0]) if row else 0.0


def note(db: sqlite3.Connection, job_id: int, at: float, state: JobState, cause: str) -> None:
    """Take down when a job entered a state, in seconds since 1970, and why."""
    db.execute("INSERT INTO transitions VALUES (?, ?, ?, ?)", (job_id, at, state, cause))


def update(db: sqlite3.Connection, job_id: int, changes: dict[str, Any]) -> Job:
    """Set columns of a job."""
    columns = "".join(f"{column} = :{column}, " for column in changes)
    db.execute(f"UPDATE jobs SET {columns}revision = revision + 1 WHERE id = :job_id", {**changes, "job_id": job_id})
    return one_job(db, job_id)


def record_pages(
    db: sqlite3.Connection, job_id: int, results: Sequence[PageResult], *, or_else: str = "REPLACE"
) -> None:
    """Record how pages came out; what is recorded of them already gives way, or stays with `IGNORE`."""
    db.executemany(
        f"INSERT OR {or_else} INTO pages VALUES (?, ?, ?, ?, ?, ?)",
        [(job_id, r.page, r.state, r.seconds, r.via, r.error) for r in results],
    )


def drop_pages(db: sqlite3.Connection, job_id: int) -> None:
    """Forget all pages of a job, and the batches they are in."""
    db.execute("DELETE FROM pages WHERE job_id = ?", (job_id,))
    db.execute("DELETE FROM checkpoints WHERE job_id = ?", (job_id,))


def page_counts(db: sqlite3.Connection, job_id: int) -> dict[str, int]:
    """The columns that say how many pages are recorded, and how they came out."""
    query = """
        SELECT COUNT(*), SUM(state = 'failed'), SUM(state = 'ocr'), SUM(state = 'text_only')
        FROM pages WHERE job_id = ?
    """
    done, failed, ocr, text_only = db.execute(query, (job_id,)).fetchone()
    return {
        "pages_done": done,
        "pages_failed": failed or 0,
        "pages_ocr": ocr or 0,
        "pages_text_only": text_only or 0,
    }
