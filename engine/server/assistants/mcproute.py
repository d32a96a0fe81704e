"""`POST /mcp`: assistants elsewhere ask by the Model Context Protocol, over streamable HTTP."""

import base64
import binascii
import io
import logging
from inspect import getdoc
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from engine.base.errors import HotfolioError
from engine.job.formats import Format
from engine.remote.assistant import Assistant, line_of, takes_longer
from engine.remote.toolserver import Arguments, Tool, tool_server, tools_of
from engine.server.dependencies.schemas import problem
from engine.server.dependencies.service import Service
from engine.server.documents.reception import Gone, Reception
from engine.server.documents.tasks import Task, TaskRecord
from engine.server.security.admission import admission
from engine.server.security.names import find_input

MOST_BYTES = 16 << 20
"""Of a request: it is parsed where all others are answered meanwhile, which takes a moment."""
_MESSAGE: dict[str, Any] = {"application/json": {"schema": {"type": "object", "additionalProperties": True}}}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"content": _MESSAGE, "description": "What a call has come to; also that it could not be done."},
    202: {"content": {"application/json": {}}, "description": "A notification was taken."},
    400: {"content": _MESSAGE, "description": "It is no request of this protocol."},
    404: {"content": _MESSAGE, "description": "There is no such method."},
    406: {"content": _MESSAGE, "description": "The client does not take JSON."},
    413: problem(f"It is bigger than {MOST_BYTES >> 20} MiB, or has too many values."),
    415: problem("It is no JSON."),
}


class DocumentArguments(Arguments):
    """For `convert`."""

    url: str | None = Field(None, min_length=1, max_length=8192, description="Where the document is.")
    content: str | None = Field(None, min_length=1, description="The document itself, in base64.")
    filename: str | None = Field(
        None, min_length=1, max_length=1024, description="What it is called; or a path inside the input folder."
    )


def router(service: Service) -> APIRouter:
    """The one route."""
    routes = APIRouter(tags=["as other programs"])
    server = _server(service)
    uploads = Reception(service).uploads

    @routes.post(
        "/mcp",
        summary="Ask as an assistant, by the Model Context Protocol",
        response_class=Response,
        responses=_RESPONSES,
        openapi_extra={"requestBody": {"required": True, "content": _MESSAGE}},
    )
    async def ask(request: Request) -> Response:
        """Answer one message with JSON. There are no sessions and no streams: each request stands for itself."""
        return _Exchange(server, await uploads.receive_json(request, MOST_BYTES))

    return routes


class _Exchange(Response):
    """Answers a request by the library, which is given a body that may be parsed where everybody waits for it."""

    def __init__(self, server: Any, asked: bytes) -> None:
        super().__init__()
        self._server = server
        self._asked: bytes | None = asked

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

        async def receive_again() -> Message:
            if self._asked is None:
                return await receive()
            asked, self._asked = self._asked, None
            return {"type": "http.request", "body": asked, "more_body": False}

        # One for each request: it can be run once alone, and all that it has begun ends with it.
        manager = StreamableHTTPSessionManager(
            self._server, json_response=True, stateless=True, max_request_body_size=MOST_BYTES
        )
        async with manager.run():
            await manager.handle_request(scope, receive_again, send)


def _server(service: Service) -> Any:
    logging.getLogger("mcp").setLevel(logging.ERROR)  # it has a line for each request, and for what anybody sends
    assistant = Assistant(service.engine)
    door = _Door(service, assistant)

    async def convert(said: DocumentArguments, request: Request) -> str:
        try:
            return await door.convert(said, request)
        except HTTPException as error:
            raise HotfolioError(error.detail) from None

    described = getdoc(_Door.convert) or ""
    return tool_server([Tool("convert", described, DocumentArguments, convert), *tools_of(assistant)])


class _Door:
    """How documents come in."""

    def __init__(self, service: Service, assistant: Assistant) -> None:
        self._engine = service.engine
        self._assistant = assistant
        self._reception = Reception(service)
        self._admit = admission(service)

    async def convert(self, said: DocumentArguments, request: Request) -> str:
        """Convert a document and give its Markdown.

        Give its url, or its content in base64 and what it is called as filename; or the filename alone of a file that
        lies in the input folder. What takes longer than a call may wait goes on, and is read by its job's number.
        """
        client = await self._admit(request)
        task = await self._begin(said, client)
        try:
            has_ended = await self._reception.wait(request, task)
        except Gone:
            raise HTTPException(499, "Nobody waits any more.") from None
        entry = self._engine.find(task.conversions[0])
        if not has_ended:
            return takes_longer(entry)
        if not entry.job.state.is_published:
            raise HotfolioError(line_of(entry))
        return await run_in_threadpool(self._assistant.read, entry.job.id)

    async def _begin(self, said: DocumentArguments, client: str) -> Task:
        if said.url is not None and said.content is None:
            document = await self._reception.fetch(said.url, {}, said.filename)
        elif said.content is not None and said.url is None:
            document = said.filename or "document", io.BytesIO(await run_in_threadpool(_decoded, said.content))
        elif said.filename is not None and said.content is None:
            return await run_in_threadpool(self._of_folder, said.filename, client)
        else:
            raise HTTPException(422, "Give one of url, content and filename; with url or content also a filename.")
        folder, uploads = await self._reception.keep([document])
        options = self._reception.options(formats=[Format.MD], images=False)
        return await run_in_threadpool(
            self._reception.begin, folder, uploads, options, TaskRecord(), client, waits=True
        )

    def _of_folder(self, filename: str, client: str) -> Task:
        """The job of a file of the input folder, which is converted once."""
        file = find_input(self._engine.settings.input.absolute(), filename.encode("utf-8", "surrogatepass"))
        (job,) = self._engine.submit_many([file], client=client)
        return Task(job.conversion_id, (job.conversion_id,), TaskRecord())


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise HTTPException(422, "content is not base64.") from None
