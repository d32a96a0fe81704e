"""What it takes to have a job stand as it stood before an order."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from engine.base.errors import IllegalTransition
from engine.job.job import Job, JobState, PageResult, Standing
from engine.queue.queries import one_job
from engine.queue.writes import OF_A_RUN, change_state, drop_pages, note, page_counts, record_pages, update

_COUNTS = ("pages_done", "pages_failed", "pages_ocr", "pages_text_only")


def reinstate(db: sqlite3.Connection, at: float, standing: Standing, cause: str) -> Job:
    """Have an unfinished or cancelled job wait as it did; raises `IllegalTransition` or `NoSuchJob`."""
    job_id, wanted = standing.job_id, standing.state
    state = one_job(db, job_id).state
    if state is JobState.CANCELLED:
        fresh: dict[str, Any] = dict.fromkeys(OF_A_RUN)
        state = change_state(db, at, job_id, JobState.QUEUED, cause, attempts=0, **fresh).state
    if state.is_finished:
        raise IllegalTransition(f"A {state} job cannot wait as before.")
    place: dict[str, Any] = {"priority": standing.priority, "position": standing.position}
    if wanted is JobState.HELD and state is not wanted:
        return change_state(db, at, job_id, wanted, cause, reason=standing.reason, **place)
    if wanted is not JobState.HELD and state is JobState.HELD:
        return change_state(db, at, job_id, JobState.QUEUED, cause, reason=None, attempts=0, **place)
    return update(db, job_id, place)


def end_as_before(db: sqlite3.Connection, at: float, job: Job, forgotten: Sequence[PageResult], cause: str) -> Job:
    """End a job that was queued again as it had ended; nothing follows on that, as it has followed already.

    `forgotten` are the results of pages that were dropped for the new run. Raises `IllegalTransition` if that has come
    to its own end meanwhile, `NoSuchJob`.
    """
    state = one_job(db, job.id).state
    if state.is_finished:
        raise IllegalTransition(f"The job has ended anew: it is {state}.")
    db.execute("UPDATE jobs SET state = ? WHERE id = ?", (job.state, job.id))
    note(db, job.id, at, job.state, cause)
    if job.state.is_published:
        drop_pages(db, job.id)
        counts = {name: getattr(job, name) for name in _COUNTS}
    else:
        record_pages(db, job.id, forgotten, or_else="IGNORE")
        counts = page_counts(db, job.id)
    changes = {
        "reason": job.reason,
        "started": job.started.timestamp() if job.started else None,
        "finished": job.finished.timestamp() if job.finished else None,
        "output": job.output,
        "priority": job.priority,
        "position": job.position,
        "pages": job.pages,
        "sha256": job.sha256,
    }
    return update(db, job.id, changes | counts)
