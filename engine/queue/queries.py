"""What is read of the queue's tables, and how a row becomes a job."""

import sqlite3
from datetime import UTC, datetime
from functools import cache
from typing import Any

from pydantic import ValidationError

from engine.base.errors import NoSuchJob, OutputUnwritable
from engine.base.safetext import display_name
from engine.job.job import Job, JobState, PageResult, PageState, Source
from engine.job.options import ConvertOptions
from engine.queue.versions import REMOVED, REPLACED

COLUMNS = (
    "id, conversion_id, root, path, size, mtime_ns, inode, options, state, reason, priority, position, attempts, "
    "sha256, pages, pages_done, pages_failed, pages_ocr, pages_text_only, output, created, started, finished, "
    "revision, client, profile"
)
"""Of the table of jobs, as `job_of` takes them."""
RETURNING = f"""
    state = 'cancelled' AND (reason = '{REMOVED}' OR reason LIKE '{REPLACED}%')
    OR state IN ('done', 'partial') AND EXISTS (
        SELECT 1 FROM jobs AS other WHERE other.root = jobs.root AND other.path = jobs.path
        AND other.state IN ('done', 'partial') AND other.finished > jobs.finished
    )
"""
"""That a job's file was not there when its turn came, or that the result of another one has replaced its result."""
_PAGE_COLUMNS = "page, state, seconds, via, error"
_LATEST = int(datetime(9999, 1, 1, tzinfo=UTC).timestamp())
_CHECKED: tuple[tuple[str, type[JobState] | type[PageState], tuple[str, ...]], ...] = (
    ("jobs", JobState, ("created", "started", "finished")),
    ("pages", PageState, ()),
    ("transitions", JobState, ("at",)),
)
"""Tables whose rows name states, and which columns of theirs are seconds since 1970."""


def check_rows(db: sqlite3.Connection) -> None:
    """Raises `sqlite3.DatabaseError` if a row says what no engine writes, `OutputUnwritable` if a newer one may have.

    SQLite's own check finds damage to how rows are stored; one bit in a word or a number is none to it.
    """
    for table, states, times in _CHECKED:
        known = ", ".join(f"'{state}'" for state in states)
        doubts = [f"state NOT IN ({known})", *(f"{time} NOT BETWEEN 0 AND {_LATEST}" for time in times)]
        if db.execute(f"SELECT 1 FROM {table} WHERE {' OR '.join(doubts)} LIMIT 1").fetchone():
            raise sqlite3.DatabaseError(f"a row of {table} has a state or a time that cannot be")
    try:
        for (options,) in db.execute("SELECT DISTINCT options FROM jobs"):
            _options(options)
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_context=False)
        if all(problem["type"] == "extra_forbidden" for problem in wrong):
            names = ", ".join(sorted({display_name(".".join(map(str, problem["loc"]))) for problem in wrong}))
            raise OutputUnwritable(
                f"The queue has jobs with options that this hotfolio does not know ({names}): "
                "a newer one was here; update this one."
            ) from error
        raise sqlite3.DatabaseError("a row of jobs has options that cannot be") from error


def shown_jobs(db: sqlite3.Connection) -> list[Job]:
    """Every job that is shown, oldest first."""
    query = f"SELECT {COLUMNS} FROM jobs WHERE NOT hidden OR state IN ('queued', 'held', 'running')"
    return [job_of(row) for row in db.execute(query)]


def one_job(db: sqlite3.Connection, job_id: int) -> Job:
    """One job; raises `NoSuchJob`."""
    row = db.execute(f"SELECT {COLUMNS} FROM jobs WHERE id = ?", (job_id,)).fetchone()
    if row is None:
        raise NoSuchJob(f"There is no job {job_id}.")
    return job_of(row)


def pages_of(db: sqlite3.Connection, job_id: int) -> list[PageResult]:
    """What is recorded of an unfinished job's pages, in order."""
    query = f"SELECT {_PAGE_COLUMNS} FROM pages WHERE job_id = ? ORDER BY page"
    return [_page_result(row) for row in db.execute(query, (job_id,))]


def page_of(db: sqlite3.Connection, job_id: int, page: int) -> PageResult | None:
    """What is recorded of one page of an unfinished job."""
    query = f"SELECT {_PAGE_COLUMNS} FROM pages WHERE job_id = ? AND page = ?"
    return next(map(_page_result, db.execute(query, (job_id, page))), None)


def history_of(db: sqlite3.Connection, job_id: int) -> list[tuple[datetime, JobState, str]]:
    """When a job entered which state and why."""
    query = "SELECT at, state, cause FROM transitions WHERE job_id = ? ORDER BY at, rowid"
    return [
        (datetime.fromtimestamp(at, UTC), JobState(state), cause) for at, state, cause in db.execute(query, (job_id,))
    ]


def job_of(row: tuple[Any, ...]) -> Job:
    """The job that a row of `COLUMNS` is."""
    (job_id, conversion_id, root, path, size, mtime_ns, inode, options, state, *rest) = row
    (reason, priority, position, attempts, sha256, pages, pages_done, pages_failed, pages_ocr, *rest) = rest
    (pages_text_only, output, created, started, finished, revision, client, profile) = rest
    return Job(
        id=job_id,
        conversion_id=conversion_id,
        source=Source(root, path, size, mtime_ns, inode),
        options=_options(options),
        state=JobState(state),
        priority=priority,
        position=position,
        created=datetime.fromtimestamp(created, UTC),
        reason=reason,
        attempts=attempts,
        sha256=sha256,
        pages=pages,
        pages_done=pages_done,
        pages_failed=pages_failed,
        pages_ocr=pages_ocr,
        pages_text_only=pages_text_only,
        output=output,
        started=_time(started),
        finished=_time(finished),
        revision=revision,
        client=client,
        profile=profile,
    )


@cache
def _options(text: str) -> ConvertOptions:
    """Parsed once for each distinct text: ten thousand jobs share a handful."""
    return ConvertOptions.model_validate_json(text)


def _time(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _page_result(row: tuple[Any, ...]) -> PageResult:
    page, state, seconds, via, error = row
    return PageResult(page, PageState(state), seconds, via, error)
