"""The door other programs already know: the part of docling-serve's API that document-extraction clients use.

Open WebUI and RAG frameworks are pointed at it by URL. What it takes in is published like everything else; see
docs/api.md for what is the same as there and what is not.
"""

import asyncio
import base64
import binascii
import io
import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, BinaryIO

from fastapi import APIRouter, Depends, HTTPException, Query, Request, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from engine.base.safetext import display_text
from engine.server.dependencies.service import Service
from engine.server.docling.answers import NOT_FINISHED, Results
from engine.server.docling.doclingoptions import OptionRefused, Order, read_order
from engine.server.docling.doclingschemas import (
    ConvertResult,
    Health,
    SourceRequest,
    StillGoing,
    TaskMessage,
    TaskStatus,
)
from engine.server.docling.openapi import FORM, JSON, REFUSALS, UNKNOWN, UNREADABLE, UNREADY, WAITED, ZIP
from engine.server.docling.statuses import status_of_task
from engine.server.documents.received import Upload, Uploads
from engine.server.documents.tasks import Task, TaskRecord, Tasks
from engine.server.documents.waiting import Waiting
from engine.server.security.admission import admission

_MESSAGE_S = 0.25
"""How often a WebSocket tells something new, at most."""
_CLIENT_GONE = 499
"""Nobody reads it; it is what logs and metrics of web servers call that."""

CancelOnDisconnect = Annotated[
    bool, Query(description="Give the work up if the client goes away while it waits; else it goes on.")
]


def router(service: Service) -> APIRouter:
    """The routes below `/v1`, and `/health` and `/version`."""
    door = _Door(service)
    admit = admission(service)
    routes = APIRouter(tags=["as docling-serve"])

    @routes.post(
        "/v1/convert/file",
        summary="Convert documents and wait for the result",
        response_model=ConvertResult,
        responses={**REFUSALS, **WAITED},
        openapi_extra=FORM,
    )
    async def convert_file(
        request: Request, cancel_on_disconnect: CancelOnDisconnect = False, client: str = Depends(admit)
    ) -> Response:
        """Answer with the document, or with a ZIP file of several; after `docling_wait` seconds, with 504."""
        return await door.wait(request, await door.take_form(request, client), cancel_on_disconnect)

    @routes.post(
        "/v1/convert/file/async",
        summary="Convert documents",
        responses={**REFUSALS, **UNREADABLE},
        openapi_extra=FORM,
    )
    async def convert_file_later(request: Request, client: str = Depends(admit)) -> TaskStatus:
        """Answer at once with the id to ask for the result by."""
        return await run_in_threadpool(door.status, await door.take_form(request, client))

    @routes.post(
        "/v1/convert/source",
        summary="Convert documents that are sent as JSON and wait for the result",
        response_model=ConvertResult,
        responses={**REFUSALS, **WAITED},
        openapi_extra=JSON,
    )
    async def convert_source(
        request: Request, cancel_on_disconnect: CancelOnDisconnect = False, client: str = Depends(admit)
    ) -> Response:
        """Like `/v1/convert/file`, with the documents in base64. Nothing is fetched from the network."""
        return await door.wait(request, await door.take_json(request, client), cancel_on_disconnect)

    @routes.post(
        "/v1/convert/source/async",
        summary="Convert documents that are sent as JSON",
        responses={**REFUSALS, **UNREADABLE},
        openapi_extra=JSON,
    )
    async def convert_source_later(request: Request, client: str = Depends(admit)) -> TaskStatus:
        """Like `/v1/convert/file/async`, with the documents in base64. Nothing is fetched from the network."""
        return await run_in_threadpool(door.status, await door.take_json(request, client))

    @routes.get("/v1/status/poll/{task_id}", summary="Where a task stands", responses=UNKNOWN)
    async def poll(
        task_id: str,
        wait: Annotated[
            float, Query(ge=0, allow_inf_nan=False, description="Seconds to wait for its end, if it has not ended.")
        ] = 0,
    ) -> TaskStatus:
        """Answer at once, or with `wait` as soon as it has ended; after `docling_wait` seconds at the latest."""
        task = await run_in_threadpool(door.tasks.find, task_id)
        await door.waiting.until_finished(task, min(wait, door.longest_wait_s))
        return await run_in_threadpool(door.status, task)

    @routes.get(
        "/v1/result/{task_id}",
        summary="The result of a task",
        response_model=ConvertResult,
        responses={200: ZIP, **UNKNOWN},
    )
    async def result(request: Request, task_id: str) -> Response:
        """Answer with the document or the ZIP file, as often as it is asked for. A failed task says why."""
        task = await run_in_threadpool(door.tasks.find, task_id)
        return await door.answer(request, task, waited=False)

    @routes.websocket("/v1/status/ws/{task_id}")
    async def follow(websocket: WebSocket, task_id: str) -> None:
        """Tell where a task stands, whenever that changes, until it has ended."""
        await websocket.accept()
        try:
            await door.tell(websocket, task_id)
        except (WebSocketDisconnect, RuntimeError):
            return  # it has gone while it was told something

    @routes.get("/health", summary="Whether the service answers")
    async def health() -> Health:
        """Answer that it does."""
        return Health()

    @routes.get("/livez", summary="Whether the process lives")
    async def livez() -> Health:
        """The same as `/healthz`, by the name that docling-serve's deployments ask for."""
        return Health()

    @routes.get("/ready", summary="Whether work is taken and done", responses=UNREADY)
    def ready() -> Health:
        """The same as `/readyz`, in docling-serve's words: 503 and why while documents would not be converted."""
        hindrances = service.engine.vitals().hindrances
        if hindrances:
            raise HTTPException(503, " ".join(hindrances))
        return Health()

    @routes.get("/version", summary="What answers")
    async def say_version() -> dict[str, str]:
        """Name hotfolio and its version."""
        return {"hotfolio": version("hotfolio")}

    return routes


class _Door:
    """What the routes have in common."""

    def __init__(self, service: Service) -> None:
        engine = service.engine
        self._defaults = engine.settings.convert_options
        self.longest_wait_s = engine.settings.docling_wait
        self._uploads = Uploads(engine.settings)
        self.tasks = Tasks(engine, self._uploads)
        self.waiting = Waiting(engine, self.tasks)
        self._results = Results(engine.settings.uploads_folder.absolute())

    async def take_form(self, request: Request, client: str) -> Task:
        """Queue the documents of a multipart form."""
        received = await self._uploads.receive_form(request)
        try:
            order = self._order(received.fields)
        except HTTPException:
            await run_in_threadpool(self._uploads.discard, received.folder)
            raise
        return await run_in_threadpool(self._submit, received.folder, received.uploads, order, client)

    async def take_json(self, request: Request, client: str) -> Task:
        """Queue the documents inside a JSON request."""
        return await run_in_threadpool(self._submit_json, await self._uploads.receive_json(request), client)

    async def wait(self, request: Request, task: Task, cancels: bool) -> Response:
        """Answer a call that waits for its result."""
        is_gone = False

        async def has_gone() -> bool:
            nonlocal is_gone
            is_gone = await request.is_disconnected()
            return is_gone

        if await self.waiting.until_finished(task, self.longest_wait_s, has_gone):
            return await self.answer(request, task, waited=True)
        if is_gone:
            if cancels:
                await run_in_threadpool(self.tasks.cancel, task)
            return Response(status_code=_CLIENT_GONE)
        status = await run_in_threadpool(self.status, task)
        detail = (
            f"This takes longer than {self.longest_wait_s:g} s (docling_wait) and goes on as task {task.id}: "
            f"ask /v1/status/poll/{task.id} how it stands, and /v1/result/{task.id} for the result."
        )
        return JSONResponse(StillGoing(**status.model_dump(), detail=detail).model_dump(), 504)

    def status(self, task: Task) -> TaskStatus:
        """Where a task stands."""
        return status_of_task(self.tasks, task)

    async def answer(self, request: Request, task: Task, *, waited: bool) -> Response:
        """The result of a task. Raises `HTTPException` 404 if it is not finished, or gone."""
        jobs = self.tasks.jobs(task)
        if not all(job is None or job.state.is_finished for job in jobs):
            raise HTTPException(404, NOT_FINISHED)
        return await run_in_threadpool(self._results.answer, task, jobs, str(request.base_url), waited=waited)

    async def tell(self, websocket: WebSocket, task_id: str) -> None:
        """Send how a task stands: at first, then what is new or, when the client says something, once more."""
        try:
            task = await run_in_threadpool(self.tasks.find, task_id)
        except HTTPException as error:
            await websocket.send_text(TaskMessage(message="error", error=str(error.detail)).model_dump_json())
            await websocket.close()
            return
        is_asked = asyncio.Event()
        listening = asyncio.create_task(_listen(websocket, is_asked))
        try:
            told: TaskStatus | None = None
            kind = "connection"
            while not listening.done():
                is_last = self.tasks.is_finished(task)
                status = await run_in_threadpool(self.status, task)
                if status != told or is_asked.is_set():
                    is_asked.clear()
                    if kind == "connection":
                        await websocket.send_text(TaskMessage(message="connection", task=status).model_dump_json())
                        kind = "update"
                    await websocket.send_text(TaskMessage(message="update", task=status).model_dump_json())
                    told = status
                if is_last:
                    await websocket.close()
                    return
                await asyncio.wait([listening], timeout=_MESSAGE_S)
        finally:
            listening.cancel()

    def _order(self, fields: Mapping[str, Sequence[str]]) -> Order:
        try:
            return read_order(fields, self._defaults)
        except OptionRefused as refused:
            raise HTTPException(422, str(refused)) from None

    def _submit_json(self, body: bytes, client: str) -> Task:
        try:
            asked = SourceRequest.model_validate_json(body)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "the body"
            raise HTTPException(422, f"{display_text(where[:80])}: {display_text(first['msg'])}.") from None
        order = self._order(_as_fields({**asked.options, "target_type": asked.target.kind}))
        documents: list[tuple[str, BinaryIO]] = []
        for source in asked.sources:
            if source.kind != "file":
                kind = display_text(source.kind[:40])
                raise HTTPException(
                    400, f"A source of kind {kind} is refused: hotfolio fetches nothing; send the document itself."
                )
            documents.append((source.filename, io.BytesIO(_decoded(source.base64_string or ""))))
        folder, uploads = self._uploads.keep_all(documents)
        return self._submit(folder, uploads, order, client)

    def _submit(self, folder: Path, uploads: tuple[Upload, ...], order: Order, client: str) -> Task:
        record = TaskRecord(
            as_zip=order.as_zip, page_break=order.page_break, pictures=order.pictures, unmet=order.unmet
        )
        return self.tasks.submit(folder, uploads, order.options, record, client)


async def _listen(websocket: WebSocket, is_asked: asyncio.Event) -> None:
    """Note that the client has said something, until it goes."""
    while (await websocket.receive())["type"] != "websocket.disconnect":
        is_asked.set()


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise HTTPException(422, "The base64_string of a source is not base64.") from None


def _as_fields(options: Mapping[str, Any]) -> dict[str, list[str]]:
    """JSON options as the form fields they would be."""

    def text(value: object) -> str:
        return value if isinstance(value, str) else json.dumps(value)

    return {
        name: [text(item) for item in value] if isinstance(value, list) else [text(value)]
        for name, value in options.items()
    }
