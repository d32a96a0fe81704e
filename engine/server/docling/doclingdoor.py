"""What the routes in docling-serve's way have in common: requests become tasks, and tasks become answers."""

import asyncio
import base64
import binascii
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from fastapi import HTTPException, Request, WebSocket
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from engine.base.safetext import display_text
from engine.server.dependencies.service import Service
from engine.server.docling.answers import NOT_FINISHED, Results
from engine.server.docling.chunkoptions import read_chunk_order
from engine.server.docling.doclingoptions import OptionRefused, Order, read_order
from engine.server.docling.doclingschemas import (
    ChunkSourceRequest,
    Source,
    SourceRequest,
    StillGoing,
    TaskMessage,
    TaskStatus,
)
from engine.server.docling.statuses import status_of_task
from engine.server.documents.received import Upload
from engine.server.documents.reception import Gone, Reception
from engine.server.documents.tasks import Task

_MESSAGE_S = 0.25
"""How often a WebSocket tells something new, at most."""
_CLIENT_GONE = 499
"""Nobody reads it; it is what logs and metrics of web servers call that."""
_NAMELESS = "document.pdf"


class DoclingDoor:
    """What the routes have in common."""

    def __init__(self, service: Service) -> None:
        self._reception = Reception(service)
        self.longest_wait_s = self._reception.longest_wait_s
        self.tasks = self._reception.tasks
        self.waiting = self._reception.waiting
        self._results = Results(service.engine.settings.uploads_folder.absolute())

    async def take_form(self, request: Request, client: str, chunker: str = "", *, waits: bool = False) -> Task:
        """Queue the documents of a multipart form, to be cut by `chunker` if one is named."""
        uploads = self._reception.uploads
        received = await uploads.receive_form(request, lasts=not waits)
        try:
            order = self._order(chunker, received.fields)
        except HTTPException:
            await run_in_threadpool(uploads.discard, received.folder)
            raise
        return await self._begin(received.folder, received.uploads, order, client, waits=waits)

    async def take_json(self, request: Request, client: str, chunker: str = "", *, waits: bool = False) -> Task:
        """Queue the documents that a JSON request holds or names."""
        body = await self._reception.uploads.receive_json(request)
        order, sources = await run_in_threadpool(self._understood, body, chunker)
        documents: list[tuple[str, BinaryIO]] = []
        try:
            for source in sources:
                document = await self._document(source)
                documents.append(document)
        except BaseException:
            for _, stream in documents:
                stream.close()
            raise
        folder, uploads = await self._reception.keep(documents, lasts=not waits)
        return await self._begin(folder, uploads, order, client, waits=waits)

    async def wait(self, request: Request, task: Task, *, cancels: bool) -> Response:
        """Answer a call that waits for its result."""
        try:
            if await self._reception.wait(request, task, cancels=cancels):
                return await self.answer(request, task, waited=True)
        except Gone:
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

    async def _begin(
        self, folder: Path, uploads: tuple[Upload, ...], order: Order, client: str, *, waits: bool
    ) -> Task:
        begin = self._reception.begin
        return await run_in_threadpool(begin, folder, uploads, order.options, order.record, client, waits=waits)

    def _order(self, chunker: str, fields: Mapping[str, Sequence[str]]) -> Order:
        defaults = self._reception.options()
        try:
            return read_chunk_order(chunker, fields, defaults) if chunker else read_order(fields, defaults)
        except OptionRefused as refused:
            raise HTTPException(422, str(refused)) from None

    def _understood(self, body: bytes, chunker: str) -> tuple[Order, list[Source]]:
        """What a JSON request asks for, and of which documents."""
        try:
            asked = (ChunkSourceRequest if chunker else SourceRequest).model_validate_json(body)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "the body"
            raise HTTPException(422, f"{display_text(where[:80])}: {display_text(first['msg'])}.") from None
        fields: dict[str, Any] = {"target_type": asked.target.kind}
        if isinstance(asked, ChunkSourceRequest):
            fields |= {f"convert_{name}": value for name, value in asked.convert_options.items()}
            fields |= {f"chunking_{name}": value for name, value in asked.chunking_options.items()}
            fields["include_converted_doc"] = asked.include_converted_doc
        else:
            fields = {**asked.options, **fields}
        return self._order(chunker, _as_fields(fields)), asked.sources

    async def _document(self, source: Source) -> tuple[str, BinaryIO]:
        match source.kind:
            case "file":
                return source.filename or _NAMELESS, io.BytesIO(_decoded(source.base64_string or ""))
            case "http" if source.url:
                return await self._reception.fetch(source.url, source.headers, source.filename)
            case "http":
                raise HTTPException(422, "A source of kind http has a url.")
        kind = display_text(source.kind[:40])
        raise HTTPException(400, f"A source of kind {kind} is refused: hotfolio takes file and http.")


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
