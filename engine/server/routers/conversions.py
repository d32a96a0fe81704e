"""The queue as a resource: look at conversions, steer them, take them off the list."""

import contextlib
import heapq
import os
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import PlainTextResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from engine.base.errors import IllegalTransition
from engine.base.safetext import display_name, display_text
from engine.job.job import MAX_PRIORITY, Job, JobState, Move, PageState
from engine.job.snapshot import JobDetail
from engine.remote.contract import ServedEngine
from engine.server.dependencies.parameters import ConversionId
from engine.server.dependencies.schemas import Conversion, problem
from engine.server.dependencies.service import Service
from engine.server.routers.results import Result, open_regular

MOST_LISTED = 1000
_FEW_LISTED = 100
_MOST_LOG_BYTES = 1 << 20
_FEW_LOG_BYTES = 64 << 10

_MISSING: dict[int | str, dict[str, Any]] = {404: problem("There is no such conversion.")}
_STEERING: dict[int | str, dict[str, Any]] = {
    **_MISSING,
    409: problem("Impossible in the state that the conversion is in."),
    503: problem("The queue cannot be written; nothing has changed."),
}
_LOG: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The end of the log, whole lines; may be empty.",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    }
}


class ConversionList(BaseModel):
    """A part of the list, the newest first."""

    total: int = Field(description="How many there are in these states, on this part and all others.")
    conversions: list[Conversion]
    next: int | None = Field(description="`before` for the part that follows; null on the last one.")


class Page(BaseModel):
    """How one page came out."""

    page: int = Field(description="From 1.")
    state: PageState
    seconds: float
    via: str = Field(description="`tags`, `layout`, `ocr` or `text`; `none` for a failed page.")
    error: str | None = Field(description="What went wrong, or what a reader should know about the page.")


class Event(BaseModel):
    """When a conversion came into a state."""

    at: datetime
    state: JobState
    cause: str


class ConversionDetail(Conversion):
    """A conversion in full."""

    page_results: list[Page] = Field(description="The finished pages, in order.")
    history: list[Event] = Field(description="The oldest first.")
    warnings: list[str] = Field(description="About the document as a whole; known once it is published.")
    outputs: list[str] = Field(description="Files for `output/{path}`; empty until it is published.")


class Change(BaseModel):
    """What to do to a conversion; what is left out, or null, stays as it is."""

    model_config = ConfigDict(extra="forbid", strict=True)

    priority: int | None = Field(
        None, ge=-MAX_PRIORITY, le=MAX_PRIORITY, description="Higher runs first; for unfinished ones."
    )
    held: bool | None = Field(
        None,
        description="True keeps it from running (at its next batch boundary), false lets it; for unfinished ones.",
    )
    move: Move | None = Field(None, description="Among those of its priority; for waiting ones.")


class Deleted(BaseModel):
    """What deleting a conversion has meant."""

    result: Literal["cancelled", "removed"]
    message: str
    conversion: Conversion = Field(description="As it is now, or was last.")


def router(service: Service) -> APIRouter:
    """Routes to the queue."""
    routes = APIRouter(prefix="/conversions", tags=["Conversions"])
    engine = service.engine

    @routes.get("", summary="List conversions")
    def list_conversions(
        state: Annotated[list[JobState] | None, Query(description="Only these; may be given several times.")] = None,
        limit: Annotated[int, Query(ge=1, le=MOST_LISTED, description="At most so many.")] = _FEW_LISTED,
        before: Annotated[
            int | None,
            Query(ge=1, lt=1 << 63, description="Only those with a smaller `job_id`: `next` of the part before."),
        ] = None,
    ) -> ConversionList:
        """The conversions on the list, the newest (the one with the highest `job_id`) first.

        To read them all, ask again with `before` until `next` is null; what is added meanwhile shifts nothing.
        """
        wanted = engine.select(states=state or None)
        older = [entry for entry in wanted if before is None or entry.job.id < before]
        shown = heapq.nlargest(limit, older, key=lambda entry: entry.job.id)
        return ConversionList(
            total=len(wanted),
            conversions=[Conversion.of(entry) for entry in shown],
            next=shown[-1].job.id if len(older) > len(shown) else None,
        )

    @routes.get("/{conversion_id}", summary="Show a conversion in full", responses=_MISSING)
    def get_conversion(conversion_id: ConversionId) -> ConversionDetail:
        """A conversion with its pages, its history, and the files it has published."""
        return _in_full(engine.detail(service.find(conversion_id).job.id), engine.outputs)

    @routes.patch("/{conversion_id}", summary="Prioritize, hold, release or move a conversion", responses=_STEERING)
    def change_conversion(conversion_id: ConversionId, change: Change) -> Conversion:
        """Does all that is asked for, in the order `priority`, `held`, `move`, or refuses all of it.

        What is so already is no error.
        """
        job = service.find(conversion_id).job
        _check_change(job, change)
        _apply_change(engine, job, change)
        return Conversion.of(engine.job(job.id))

    @routes.delete("/{conversion_id}", summary="Cancel a conversion, or take it off the list", responses=_STEERING)
    def delete_conversion(conversion_id: ConversionId) -> Deleted:
        """Cancels an unfinished conversion, at once; takes a finished one off the list. Results and sources stay.

        So what is to vanish while it runs is deleted twice. The pages of a cancelled one are kept for a retry.
        """
        entry = service.find(conversion_id)
        job = entry.job
        if not job.state.is_finished:
            if not engine.cancel([job.id]):
                raise _overtaken(engine, job)
            message = "Cancelled. Delete it again to take it off the list."
            return Deleted(result="cancelled", message=message, conversion=Conversion.of(engine.job(job.id)))
        if not engine.remove([job.id]):
            raise _overtaken(engine, job)
        message = "Taken off the list. Its result and its source stay where they are."
        return Deleted(result="removed", message=message, conversion=Conversion.of(entry))

    @routes.post("/{conversion_id}/retry", summary="Convert again", responses=_STEERING)
    def retry_conversion(conversion_id: ConversionId) -> Conversion:
        """Queues a finished conversion again. Of one that is not `done`, the pages that came out well are kept."""
        job = service.find(conversion_id).job
        if not job.state.is_finished:
            raise IllegalTransition(f"The conversion is {job.state}: only a finished one can be retried.")
        if not engine.retry([job.id]):
            raise _overtaken(engine, job)
        return Conversion.of(engine.job(job.id))

    @routes.get(
        "/{conversion_id}/log",
        summary="Read a conversion's log",
        response_class=Response,
        responses={**_MISSING, **_LOG},
    )
    def get_log(
        conversion_id: ConversionId,
        limit: Annotated[int, Query(ge=1, le=_MOST_LOG_BYTES, description="Bytes, at most.")] = _FEW_LOG_BYTES,
    ) -> PlainTextResponse:
        """What the libraries have printed about the document, the newest last, safe to show in a terminal."""
        text = _tail(engine.detail(service.find(conversion_id).job.id).log_file, limit)
        return PlainTextResponse(text, headers={"x-content-type-options": "nosniff"})

    return routes


def _in_full(detail: JobDetail, outputs: Sequence[Path]) -> ConversionDetail:
    files: Iterable[str] = ()
    with contextlib.suppress(HTTPException):  # not published, or gone
        files = Result.of(detail.snapshot.job, outputs).files
    return ConversionDetail(
        **dict(Conversion.of(detail.snapshot)),
        page_results=[
            Page(
                page=page.page,
                state=page.state,
                seconds=page.seconds,
                via=display_text(page.via),
                error=display_text(page.error) if page.error else None,
            )
            for page in detail.pages
        ],
        history=[Event(at=at, state=state, cause=display_text(cause)) for at, state, cause in detail.history],
        warnings=list(map(display_text, detail.warnings)),
        outputs=list(files),
    )


def _check_change(job: Job, change: Change) -> None:
    """Raise `IllegalTransition` if any part of a change is impossible, before any part is made."""
    state = job.state
    if state.is_finished and (change.priority, change.held, change.move) != (None, None, None):
        raise IllegalTransition(f"The conversion is {state}: only an unfinished one can be changed. Retry it first.")
    if change.held is not None and change.held is not (state is JobState.HELD):
        state = JobState.HELD if change.held else JobState.QUEUED
    if change.move is not None and state is not JobState.QUEUED:
        raise IllegalTransition(f"The conversion is {state}: only one that waits can be moved.")


def _apply_change(engine: ServedEngine, job: Job, change: Change) -> None:
    """Make a change; raises `IllegalTransition` if the conversion has come to another state meanwhile."""
    ids = [job.id]
    if change.priority is not None and not engine.set_priority(ids, change.priority):
        raise _overtaken(engine, job)
    act = {None: None, True: engine.hold, False: engine.release}[change.held]
    if act is not None and change.held is not (job.state is JobState.HELD) and not act(ids):
        raise _overtaken(engine, job)
    if change.move is not None:
        engine.move(ids, change.move)  # nowhere, if it is there already or has just been taken up


def _overtaken(engine: ServedEngine, job: Job) -> IllegalTransition:
    """Why nothing came of an action that was possible a moment ago; raises `NoSuchJob` if the job is gone."""
    return IllegalTransition(f"The conversion has become {engine.job(job.id).job.state} meanwhile.")


def _tail(file: Path, most_bytes: int) -> str:
    """The last lines of a log, nothing if there is none; raises `HTTPException` if it cannot be read."""
    try:
        with open_regular(file) as stream:
            length = stream.seek(0, os.SEEK_END)
            stream.seek(max(length - most_bytes, 0))
            data = stream.read(most_bytes)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise HTTPException(404, f"The log {display_name(file)} cannot be read: {error.strerror}.") from None
    text = data.decode("utf-8", "surrogateescape")
    if length > most_bytes:
        text = text.partition("\n")[2] or text
    return display_text(text)
