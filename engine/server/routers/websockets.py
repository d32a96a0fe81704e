"""What is going on, as it happens, over WebSockets: one conversion, or the whole list.

Each listener has a coroutine that looks at the engine a few times a second and sends what has changed since it last
sent something. While a client is slow the coroutine waits in its send, so nothing piles up, and the next look is at
the state of then.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Literal

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from pydantic import BaseModel, Field

from engine.base.errors import NoSuchJob
from engine.base.safetext import display_name, display_text
from engine.job.job import JobState, Step
from engine.job.snapshot import JobSnapshot, Snapshot, WorkerState
from engine.server.dependencies.schemas import Conversion
from engine.server.dependencies.service import Service

LOOK_S = 0.2
"""Between two looks at the engine."""
SEND_S = 60.0
"""A client that takes nothing for so long is given up."""
_CHUNK = 200
"""Jobs in one message at most."""
NOT_FOUND = 4404
"""The code a socket is closed with for a conversion that is not on the list, as browsers do not see an HTTP status."""


class Phase(StrEnum):
    """Where a conversion stands, in the words of the system hotfolio grew from."""

    QUEUED = "queued"
    HELD = "held"
    PROCESSING = "processing"
    COMPLETED = "completed"
    PARTIAL = "partial"
    ERROR = "error"
    CANCELLED = "cancelled"


_PHASES = {
    JobState.QUEUED: Phase.QUEUED,
    JobState.HELD: Phase.HELD,
    JobState.RUNNING: Phase.PROCESSING,
    JobState.DONE: Phase.COMPLETED,
    JobState.PARTIAL: Phase.PARTIAL,
    JobState.FAILED: Phase.ERROR,
    JobState.CANCELLED: Phase.CANCELLED,
}


class Progress(BaseModel):
    """One conversion's state, on `/ws/conversion/{conversion_id}`."""

    status: Phase
    progress: int = Field(description="Per cent of the pages; 100 once the result is published and not before.")
    message: str = Field(description="For a person; at the end without success, the reason.")
    step: Step | None = Field(description="While it is being converted.")

    @classmethod
    def of(cls, entry: JobSnapshot) -> "Progress":
        """What is said about a job."""
        job = entry.job
        return cls(
            status=_PHASES[job.state],
            progress=_per_cent(entry),
            message=_message(entry),
            step=entry.step if job.state is JobState.RUNNING else None,
        )


class WorkerStatus(BaseModel):
    """What one worker does."""

    number: int = Field(description="From 1.")
    state: WorkerState
    job_id: int | None
    step: Step | None
    page: int | None


class BannerText(BaseModel):
    """Something that needs a person, until it is over."""

    key: str = Field(description="What it is about.")
    message: str


class Overview(BaseModel):
    """The list in numbers, on `/ws/events`: first of all, and whenever something in it has changed."""

    event: Literal["snapshot", "totals"] = Field(description="`snapshot` the first time.")
    jobs: dict[JobState, int] = Field(description="How many are in which state.")
    queue_size: int = Field(description="Conversions that wait for a worker.")
    active_tasks: int = Field(description="Conversions that are running.")
    num_workers: int
    workers_busy: int
    pages_done: int = Field(description="Since the engine started.")
    pages_per_second: float = Field(description="Over the last half minute.")
    eta_seconds: int | None = Field(description="Until the queue is empty; null while that cannot be told.")
    is_paused: bool
    workers: list[WorkerStatus]
    banners: list[BannerText]

    @classmethod
    def of(cls, snapshot: Snapshot, event: Literal["snapshot", "totals"]) -> "Overview":
        """What is said about everything."""
        totals = snapshot.totals
        return cls(
            event=event,
            jobs=totals.by_state,
            queue_size=totals.queue_depth,
            active_tasks=totals.active,
            num_workers=totals.workers,
            workers_busy=totals.workers_busy,
            pages_done=totals.pages_done,
            pages_per_second=round(totals.pages_per_second, 1),
            eta_seconds=None if totals.eta_s is None else round(totals.eta_s),
            is_paused=snapshot.is_paused,
            workers=[
                WorkerStatus(number=w.number, state=w.state, job_id=w.job_id, step=w.step, page=w.page)
                for w in snapshot.workers
            ],
            banners=[BannerText(key=b.key, message=display_text(b.message)) for b in snapshot.banners],
        )


class JobsChanged(BaseModel):
    """Conversions that are new, changed or gone, on `/ws/events`."""

    event: Literal["jobs"] = "jobs"
    changed: list[Conversion] = Field(description="As they are now; of several changes in a row, the last.")
    removed: list[int] = Field(description="The `job_id` of those that were taken off the list.")


def router(service: Service) -> APIRouter:
    """`/ws/conversion/{conversion_id}` and `/ws/events`."""
    routes = APIRouter()

    @routes.websocket("/ws/conversion/{conversion_id}")
    async def follow_one(websocket: WebSocket, conversion_id: str) -> None:
        """Send `Progress` whenever it changes, the current one first, and close after the last."""
        await _talk(websocket, lambda: _follow_one(service, websocket, conversion_id))

    @routes.websocket("/ws/events")
    async def follow_all(websocket: WebSocket) -> None:
        """Send an `Overview`, then `JobsChanged` and further `Overview`s as things change."""
        await _talk(websocket, lambda: _follow_all(service, websocket))

    return routes


async def _follow_one(service: Service, websocket: WebSocket, conversion_id: str) -> None:
    seen: JobSnapshot | None = None
    sent: Progress | None = None
    while True:
        try:
            entry = service.find(conversion_id)
        except NoSuchJob:
            shown = display_name(conversion_id[:40])
            return await _close(websocket, NOT_FOUND, f"There is no conversion {shown} on the list.")
        if entry is not seen:
            seen = entry
            progress = Progress.of(entry)
            if progress != sent:
                sent = progress
                await _send(websocket, progress)
        if entry.job.state.is_finished:
            return await _close(websocket, 1000)
        await asyncio.sleep(LOOK_S)


async def _follow_all(service: Service, websocket: WebSocket) -> None:
    engine = service.engine
    snapshot = engine.overview()
    overview = Overview.of(snapshot, "totals")
    await _send(websocket, overview.model_copy(update={"event": "snapshot"}))
    while True:
        await asyncio.sleep(LOOK_S)
        snapshot = engine.snapshot(snapshot.version)
        for first in range(0, max(len(snapshot.changed), bool(snapshot.removed)), _CHUNK):
            changed = [Conversion.of(entry) for entry in snapshot.changed[first : first + _CHUNK]]
            await _send(websocket, JobsChanged(changed=changed, removed=[] if first else list(snapshot.removed)))
        latest = Overview.of(snapshot, "totals")
        if latest != overview:
            overview = latest
            await _send(websocket, overview)


async def _send(websocket: WebSocket, message: BaseModel) -> None:
    async with asyncio.timeout(SEND_S):
        await websocket.send_text(message.model_dump_json())


async def _close(websocket: WebSocket, code: int, reason: str = "") -> None:
    async with asyncio.timeout(SEND_S):
        # A close frame has room for 125 bytes, two of them for the code.
        await websocket.close(code, reason.encode()[:123].decode("utf-8", "ignore"))


async def _talk(websocket: WebSocket, say: Callable[[], Awaitable[None]]) -> None:
    """Accept, and talk until there is no more to say or nobody to say it to."""
    await websocket.accept()
    saying = asyncio.ensure_future(say())
    hearing = asyncio.ensure_future(_hear(websocket))
    try:
        await asyncio.wait((saying, hearing), return_when=asyncio.FIRST_COMPLETED)
    finally:
        saying.cancel()
        hearing.cancel()
        # RuntimeError: the server has closed the socket meanwhile, for want of an answer to its ping.
        with contextlib.suppress(WebSocketDisconnect, RuntimeError, TimeoutError, asyncio.CancelledError):
            await saying
        with contextlib.suppress(WebSocketDisconnect, RuntimeError, asyncio.CancelledError):
            await hearing


async def _hear(websocket: WebSocket) -> None:
    """Read until the client is gone; what it says means nothing."""
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass


def _per_cent(entry: JobSnapshot) -> int:
    if entry.job.state in (JobState.DONE, JobState.PARTIAL):
        return 100
    return min(99, 100 * entry.pages_done // entry.job.pages) if entry.job.pages else 0


def _message(entry: JobSnapshot) -> str:
    job = entry.job
    reason = display_text(job.reason) if job.reason else None
    match job.state:
        case JobState.QUEUED:
            return reason or "Waiting in the queue"
        case JobState.HELD:
            return reason or "Held until it is released"
        case JobState.RUNNING:
            return _step_message(entry)
        case JobState.DONE:
            return reason or f"Converted {_pages(job.pages)}"
        case JobState.PARTIAL:
            return reason or f"Converted, but {_pages(job.pages_failed)} failed"
        case JobState.FAILED:
            return reason or "The conversion has failed"
        case JobState.CANCELLED:
            return reason or "Cancelled"


def _step_message(entry: JobSnapshot) -> str:
    match entry.step:
        case Step.PAGE_PROCESSING if entry.job.pages:
            # Pages are converted several at a time, so this counts those that are finished.
            return f"Processing page {max(entry.pages_done, 1)}/{entry.job.pages}"
        case Step.MERGING:
            return "Putting the pages together"
        case Step.PUBLISHING:
            return "Publishing the result"
        case _:
            return "Opening the document"


def _pages(count: int | None) -> str:
    return "1 page" if count == 1 else f"{count or 0} pages"
