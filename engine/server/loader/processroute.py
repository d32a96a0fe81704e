"""`PUT /process`, as Open WebUI's external document loader asks: the body is the document."""

from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Header, HTTPException, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from engine.job.formats import Format
from engine.server.dependencies.schemas import problem
from engine.server.dependencies.service import Service
from engine.server.documents.openbody import BODY, REFUSALS
from engine.server.documents.published import Published
from engine.server.documents.reception import Reception
from engine.server.documents.tasks import TaskRecord
from engine.server.security.admission import admission


class Metadata(BaseModel):
    """What is known of a document."""

    source: str = Field(description="The name that it was sent by.")
    conversion_id: str
    pages: int | None
    status: str = Field(description="`done`, or `partial` if pages are missing.")
    remarks: list[str] = Field(description="Pages that failed, and what a reader should know.")


class LoadedDocument(BaseModel):
    """A document as text."""

    page_content: str = Field(description="Markdown.")
    metadata: Metadata


def router(service: Service) -> APIRouter:
    """The one route."""
    routes = APIRouter(tags=["as other programs"])
    reception = Reception(service)
    admit = admission(service)

    @routes.put(
        "/process",
        summary="Convert a document, as Open WebUI's external loader",
        responses={**REFUSALS, 422: problem("It cannot be converted, or holds no text.")},
        openapi_extra=BODY,
    )
    async def process(
        request: Request,
        x_filename: Annotated[str, Header(description="The document's name, percent-encoded.")] = "document.pdf",
        client: str = Depends(admit),
    ) -> LoadedDocument:
        """Answer with the document's Markdown. A client that repeats a call joins the work that is under way."""
        received = await reception.uploads.receive_body(request, unquote(x_filename))
        options = reception.options(formats=[Format.MD], images=False)
        task = await run_in_threadpool(
            reception.begin, received.folder, received.uploads, options, TaskRecord(), client, waits=True
        )
        result = await reception.finished(request, task)
        return await run_in_threadpool(_loaded, result, received.uploads[0].filename)

    return routes


def _loaded(result: Published, filename: str) -> LoadedDocument:
    text = result.text(Format.MD)
    if not text.strip():
        raise HTTPException(422, " ".join(["No extractable text is in the document.", *result.remarks]))
    known: dict[str, Any] = {
        "source": filename,
        "conversion_id": result.job.conversion_id,
        "pages": result.job.pages,
        "status": result.job.state,
        "remarks": result.remarks,
    }
    return LoadedDocument(page_content=text, metadata=Metadata(**known))
