"""Sources, jobs and page results with only what a test is about spelled out."""

import dataclasses
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from engine.job.job import Job, JobState, PageResult, PageState, Source, Submission
from engine.job.options import ConvertOptions
from engine.queue.jobqueue import JobQueue
from engine.queue.store import JobStore

ROOT = b"/in"
OPTIONS = ConvertOptions()


def source(
    path: str | bytes = "a.pdf", *, root: bytes = ROOT, size: int = 100, mtime_ns: int = 1, inode: int = 1
) -> Source:
    return Source(root, os.fsencode(path), size, mtime_ns, inode)


def job(job_id: int = 1, state: JobState = JobState.QUEUED, **changes: Any) -> Job:
    values: dict[str, Any] = {
        "conversion_id": f"00000000-0000-4000-8000-{job_id:012}",
        "source": source(f"{job_id}.pdf"),
        "options": OPTIONS,
        "priority": 0,
        "position": float(job_id),
        "created": datetime(2026, 1, 1, tzinfo=UTC),
    }
    return Job(id=job_id, state=state, **{**values, **changes})


def result(page: int, state: PageState = PageState.OK, seconds: float = 0.5, error: str | None = None) -> PageResult:
    return PageResult(page, state, seconds, "none" if state is PageState.FAILED else "layout", error)


def results(pages: Iterable[int]) -> list[PageResult]:
    return [result(page) for page in pages]


def add(store: JobStore | JobQueue, *paths: str, priority: int = 0, client: str = "", root: bytes = ROOT) -> list[Job]:
    """Queue sources with these paths."""
    submissions = [Submission(source(path, root=root), OPTIONS, priority, client) for path in paths]
    return [job for job, _ in store.add(submissions)]


def facts(value: Any) -> Any:
    """All that a job or something like it holds, as JSON has it."""
    if dataclasses.is_dataclass(value):
        return {field.name: facts(getattr(value, field.name)) for field in dataclasses.fields(value)}
    match value:
        case ConvertOptions():
            return value.model_dump(mode="json")
        case datetime():
            return value.isoformat()
        case bytes():
            return os.fsdecode(value)
        case list() | tuple():
            return [facts(each) for each in value]
    return value
