"""What the API says about a conversion: shared by all routes that do not speak another program's dialect."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from engine.base.safetext import display_text
from engine.job.job import JobState, Step
from engine.job.snapshot import JobSnapshot

_PROBLEM = "#/components/schemas/Problem"


class Problem(BaseModel):
    """Why a request was refused."""

    detail: str = Field(description="One sentence that a person can act on.")


def problem(description: str, **more: Any) -> dict[str, Any]:
    """For the `responses=` of a route: a `Problem`, by its place in the document.

    By the model itself FastAPI (0.165) makes a validator for each route and status, of which no answer makes use: that
    took a third of the time in which the application is made.
    """
    return {"description": description, "content": {"application/json": {"schema": {"$ref": _PROBLEM}}}, **more}


class Conversion(BaseModel):
    """One document on its way, or at its end."""

    conversion_id: str = Field(description="A UUID, for programs.")
    job_id: int = Field(description="Short, for people.")
    filename: str = Field(description="The path inside its folder; what is no text is escaped.")
    state: JobState
    step: Step | None = Field(description="While it is running.")
    reason: str | None = Field(description="Why it is in this state, where that is not plain.")
    priority: int = Field(description="Higher runs first.")
    profile: str | None = Field(description="Whose options it is converted by, if by a profile's.")
    formats: list[str]
    pages: int | None = Field(description="Known once the document has been opened.")
    pages_done: int = Field(description="Failed ones included.")
    pages_failed: int
    pages_ocr: int
    pages_text_only: int
    pages_per_second: float | None
    eta_seconds: float | None = Field(description="Until its last page, at this rate.")
    created: datetime
    started: datetime | None
    finished: datetime | None
    seconds: float | None = Field(description="From start to finish.")

    @classmethod
    def of(cls, entry: JobSnapshot) -> "Conversion":
        """What is said about a job."""
        job = entry.job
        return cls(
            conversion_id=job.conversion_id,
            job_id=job.id,
            filename=job.name,
            state=job.state,
            step=entry.step,
            reason=display_text(job.reason) if job.reason else None,
            priority=job.priority,
            profile=job.profile or None,
            formats=list(job.options.formats),
            pages=job.pages,
            pages_done=entry.pages_done,
            pages_failed=entry.pages_failed,
            pages_ocr=entry.pages_ocr,
            pages_text_only=entry.pages_text_only,
            pages_per_second=entry.rate,
            eta_seconds=entry.eta_s,
            created=job.created,
            started=job.started,
            finished=job.finished,
            seconds=job.seconds,
        )
