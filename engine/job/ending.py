"""Ending: what is told about a job that has ended, as it was at that moment.

It is kept apart from the job, which may be run again before everybody has been told.
"""

import os
from dataclasses import dataclass
from datetime import datetime
from typing import Self

import msgspec

from engine.base.safetext import display_name, display_text
from engine.job.job import Job, JobState

_MAX_REASON = 2000
"""Characters; what is passed to a command has a limit, and a webhook's body should have one."""


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of a job. Those written by an earlier hotfolio are read too, so a new field needs a default."""

    job_id: int
    conversion_id: str
    state: JobState
    reason: str | None
    source: bytes
    """Where the document was, absolute; it may have been archived or deleted since."""
    name: bytes
    """The same inside its folder."""
    output: bytes | None
    """The published folder, absolute; None if nothing was published."""
    sha256: str | None
    profile: str
    client: str
    formats: tuple[str, ...]
    pages: int | None
    pages_failed: int
    pages_ocr: int
    pages_text_only: int
    created: datetime
    started: datetime | None
    finished: datetime | None

    @classmethod
    def of(cls, job: Job) -> Self:
        """The end that a finished job has come to."""
        return cls(
            job_id=job.id,
            conversion_id=job.conversion_id,
            state=job.state,
            reason=display_text(job.reason)[:_MAX_REASON] if job.reason else None,
            source=os.fsencode(job.source.file),
            name=job.source.path,
            output=job.output if job.state.is_published else None,
            sha256=job.sha256,
            profile=job.profile,
            client=job.client,
            formats=tuple(map(str, job.options.formats)),
            pages=job.pages,
            pages_failed=job.pages_failed,
            pages_ocr=job.pages_ocr,
            pages_text_only=job.pages_text_only,
            created=job.created,
            started=job.started,
            finished=job.finished,
        )

    @classmethod
    def read(cls, data: bytes) -> "Ending":
        """What `written` has written; raises `msgspec.MsgspecError` if it has not."""
        return _decoder.decode(data)

    def written(self) -> bytes:
        """As JSON, for the queue."""
        return msgspec.json.encode(self)

    @property
    def shown(self) -> str:
        """The document's name, safe to show."""
        return display_name(self.name)

    @property
    def seconds(self) -> float | None:
        """Wall time from start to finish, None if it was never begun."""
        if self.started is None or self.finished is None:
            return None
        return round((self.finished - self.started).total_seconds(), 3)


_decoder = msgspec.json.Decoder(Ending)
