"""The door other programs already know: the part of docling-serve's API that document-extraction clients use.

Open WebUI and RAG frameworks are pointed at it by URL. What it takes in is published like everything else; see
docs/api.md for what is the same as there and what is not.
"""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, Request, WebSocket, WebSocketDisconnect
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from engine.server.dependencies.service import Service
from engine.server.docling.doclingchunks import HIERARCHICAL, HYBRID
from engine.server.docling.doclingdoor import DoclingDoor
from engine.server.docling.doclingschemas import ChunkResult, ConvertResult, Health, TaskStatus
from engine.server.docling.openapi import (
    CHUNK_FORM,
    CHUNK_JSON,
    FORM,
    JSON,
    REFUSALS,
    UNKNOWN,
    UNREADABLE,
    UNREADY,
    WAITED,
    ZIP,
)
from engine.server.security.admission import admission

CancelOnDisconnect = Annotated[
    bool, Query(description="Give the work up if the client goes away while it waits; else it goes on.")
]


class Chunker(StrEnum):
    """What cuts documents into chunks."""

    HYBRID = HYBRID
    HIERARCHICAL = HIERARCHICAL


def router(service: Service) -> APIRouter:
    """The routes below `/v1`, and those about health by docling-serve's names."""
    routes = APIRouter(tags=["as docling-serve"])
    door = DoclingDoor(service)
    _add_conversions(routes, door, service)
    _add_chunks(routes, door, service)
    _add_tasks(routes, door)
    _add_health(routes, service)
    return routes


def _add_conversions(routes: APIRouter, door: DoclingDoor, service: Service) -> None:
    admit = admission(service)

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
        return await door.wait(request, await door.take_form(request, client, waits=True), cancels=cancel_on_disconnect)

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
        """Like `/v1/convert/file`, with the documents in base64, or from hosts in `docling_fetch`."""
        return await door.wait(request, await door.take_json(request, client, waits=True), cancels=cancel_on_disconnect)

    @routes.post(
        "/v1/convert/source/async",
        summary="Convert documents that are sent as JSON",
        responses={**REFUSALS, **UNREADABLE},
        openapi_extra=JSON,
    )
    async def convert_source_later(request: Request, client: str = Depends(admit)) -> TaskStatus:
        """Like `/v1/convert/file/async`, with the documents in base64, or from hosts in `docling_fetch`."""
        return await run_in_threadpool(door.status, await door.take_json(request, client))


def _add_chunks(routes: APIRouter, door: DoclingDoor, service: Service) -> None:
    admit = admission(service)

    @routes.post(
        "/v1/chunk/{chunker}/file",
        summary="Cut documents into chunks and wait for them",
        response_model=ChunkResult,
        responses={**REFUSALS, **WAITED, 200: {"model": ChunkResult}},
        openapi_extra=CHUNK_FORM,
    )
    async def chunk_file(
        request: Request,
        chunker: Chunker,
        cancel_on_disconnect: CancelOnDisconnect = False,
        client: str = Depends(admit),
    ) -> Response:
        """`hybrid` cuts as hotfolio's own `chunks` are cut, `hierarchical` makes a chunk of each item and each list."""
        task = await door.take_form(request, client, chunker, waits=True)
        return await door.wait(request, task, cancels=cancel_on_disconnect)

    @routes.post(
        "/v1/chunk/{chunker}/file/async",
        summary="Cut documents into chunks",
        responses={**REFUSALS, **UNREADABLE},
        openapi_extra=CHUNK_FORM,
    )
    async def chunk_file_later(request: Request, chunker: Chunker, client: str = Depends(admit)) -> TaskStatus:
        """Answer at once with the id to ask for the result by."""
        return await run_in_threadpool(door.status, await door.take_form(request, client, chunker))

    @routes.post(
        "/v1/chunk/{chunker}/source",
        summary="Cut documents that are sent as JSON into chunks and wait for them",
        response_model=ChunkResult,
        responses={**REFUSALS, **WAITED, 200: {"model": ChunkResult}},
        openapi_extra=CHUNK_JSON,
    )
    async def chunk_source(
        request: Request,
        chunker: Chunker,
        cancel_on_disconnect: CancelOnDisconnect = False,
        client: str = Depends(admit),
    ) -> Response:
        """Like `/v1/chunk/{chunker}/file`, with the documents in base64, or from hosts in `docling_fetch`."""
        task = await door.take_json(request, client, chunker, waits=True)
        return await door.wait(request, task, cancels=cancel_on_disconnect)

    @routes.post(
        "/v1/chunk/{chunker}/source/async",
        summary="Cut documents that are sent as JSON into chunks",
        responses={**REFUSALS, **UNREADABLE},
        openapi_extra=CHUNK_JSON,
    )
    async def chunk_source_later(request: Request, chunker: Chunker, client: str = Depends(admit)) -> TaskStatus:
        """Like `/v1/chunk/{chunker}/file/async`, with the documents in base64, or from hosts in `docling_fetch`."""
        return await run_in_threadpool(door.status, await door.take_json(request, client, chunker))


def _add_tasks(routes: APIRouter, door: DoclingDoor) -> None:
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


def _add_health(routes: APIRouter, service: Service) -> None:
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
