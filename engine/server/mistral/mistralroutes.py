"""Mistral's OCR, as its client and LibreChat ask for it: files, and a document as pages of Markdown."""

import base64
import binascii
import io
import re
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, HTTPException, Request
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from engine.base.safetext import display_text
from engine.job.formats import Format
from engine.job.pageranges import canonical_ranges
from engine.server.dependencies.schemas import problem
from engine.server.dependencies.service import Service
from engine.server.documents.openbody import REFUSALS
from engine.server.documents.reception import Reception
from engine.server.documents.tasks import TaskRecord
from engine.server.mistral.keptfiles import KeptFile, KeptFiles
from engine.server.mistral.mistralschemas import (
    FileDeleted,
    FileList,
    FileObject,
    FileUrl,
    OcrAnswer,
    OcrRequest,
)
from engine.server.mistral.ocrpages import answer_of
from engine.server.routers.forms import form_schema
from engine.server.security.admission import admission

_FILE = re.compile(r"/v1/files/([0-9a-f-]{36})/content")
_DATA = re.compile(r"data:[^,]{0,200};base64,", re.IGNORECASE)
_RANGES = re.compile(r"\d{1,6}(-\d{1,6})?(,\d{1,6}(-\d{1,6})?)*")
_UNKNOWN: dict[int | str, dict[str, Any]] = {404: problem("There is no such file.")}
_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "purpose": {"type": "string", "default": "ocr"},
                    },
                }
            }
        },
    }
}


def router(service: Service) -> APIRouter:
    """Routes by Mistral's names."""
    routes = APIRouter(tags=["as other programs"])
    door = _Door(service)
    admit = admission(service)

    @routes.post("/v1/files", summary="Send a file, as to Mistral", responses=REFUSALS, openapi_extra=_FORM)
    async def send_file(request: Request, _: str = Depends(admit)) -> FileObject:
        """Keep a file for a day, or until it is deleted."""
        received = await door.reception.uploads.receive_form(request, ("file",), 1)
        upload = received.uploads[0]
        purpose = display_text(next(iter(received.fields.get("purpose", [])), "ocr"))[:40]
        try:
            return _shown(await run_in_threadpool(door.files.add, upload.path, upload.filename, purpose))
        except HTTPException:
            await run_in_threadpool(door.reception.uploads.discard, received.folder)
            raise

    @routes.get("/v1/files", summary="The files that are kept, as Mistral")
    def list_files() -> FileList:
        """All of them, the newest first."""
        found = [_shown(kept) for kept in door.files.all()]
        return FileList(data=found, total=len(found))

    @routes.get("/v1/files/{file_id}", summary="What is known of a file, as Mistral", responses=_UNKNOWN)
    def show_file(file_id: str) -> FileObject:
        """Its name and its size."""
        return _shown(door.files.find(file_id))

    @routes.get("/v1/files/{file_id}/url", summary="Where a file is, as Mistral", responses=_UNKNOWN)
    def file_url(request: Request, file_id: str) -> FileUrl:
        """A URL that `/v1/ocr` of this service takes, and that nothing can be fetched from."""
        return FileUrl(url=f"{str(request.base_url).rstrip('/')}/v1/files/{door.files.find(file_id).id}/content")

    @routes.delete("/v1/files/{file_id}", summary="Delete a file, as Mistral", responses=_UNKNOWN)
    def delete_file(file_id: str) -> FileDeleted:
        """It is gone at once."""
        return FileDeleted(id=door.files.delete(file_id).id)

    @routes.post(
        "/v1/ocr",
        summary="A document page by page, as Mistral",
        responses={**_UNKNOWN, **REFUSALS},
        openapi_extra=form_schema(OcrRequest, "application/json"),
    )
    async def ocr(request: Request, client: str = Depends(admit)) -> OcrAnswer:
        """Of a file that was sent, of one in base64 (`data:`), or from a host in `docling_fetch`."""
        return await door.ocr(request, client)

    return routes


class _Door:
    """What the routes have in common."""

    def __init__(self, service: Service) -> None:
        self.reception = Reception(service)
        self.files = KeptFiles()

    async def ocr(self, request: Request, client: str) -> OcrAnswer:
        """Convert the document that a request names."""
        body = await self.reception.uploads.receive_json(request)
        asked = await run_in_threadpool(_understood, body)
        name, stream = await self._document(asked)
        folder, uploads = await self.reception.keep([(name, stream)])
        options = self.reception.options(
            formats=[Format.MD, Format.DOCLING], images=bool(asked.include_image_base64), pages=_pages(asked.pages)
        )
        task = await run_in_threadpool(self.reception.begin, folder, uploads, options, TaskRecord(), client, waits=True)
        result = await self.reception.finished(request, task)
        return await run_in_threadpool(answer_of, result, asked)

    async def _document(self, asked: OcrRequest) -> tuple[str, BinaryIO]:
        document = asked.document
        image = document.image_url.get("url") if isinstance(document.image_url, dict) else document.image_url
        url = document.document_url or image
        if document.file_id is not None:
            return await run_in_threadpool(_opened, self.files.find(document.file_id))
        if not isinstance(url, str) or not url:
            raise HTTPException(422, "Name the document: document_url, image_url or file_id.")
        if data := _DATA.match(url):
            return document.document_name or "document", io.BytesIO(_decoded(url[data.end() :]))
        if own := _FILE.fullmatch(urlsplit(url).path):  # whatever name this service is called by
            return await run_in_threadpool(_opened, self.files.find(own[1]))
        return await self.reception.fetch(url, {}, document.document_name)


def _understood(body: bytes) -> OcrRequest:
    try:
        return OcrRequest.model_validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the body"
        raise HTTPException(422, f"{display_text(where[:80])}: {display_text(first['msg'])}.") from None


def _pages(wanted: list[int] | str | None) -> str | None:
    """The pages that are asked for, which here count from 1."""
    text = ",".join(map(str, wanted)) if isinstance(wanted, list) else (wanted or "").replace(" ", "")
    if not text:
        return None
    if not _RANGES.fullmatch(text):
        raise HTTPException(422, "pages: give numbers from 0, or ranges as in 0-3,5.")
    ranges = ["-".join(str(int(number) + 1) for number in part.split("-")) for part in text.split(",")]
    try:
        return str(canonical_ranges(",".join(ranges)))
    except ValueError as error:
        raise HTTPException(422, f"pages: {display_text(str(error))[:200]}.") from None


def _opened(kept: KeptFile) -> tuple[str, BinaryIO]:
    try:
        return kept.filename, Path(kept.path).open("rb")
    except OSError:
        raise HTTPException(404, "There is no such file.") from None


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise HTTPException(422, "What follows base64, in the document's URL is not base64.") from None


def _shown(kept: KeptFile) -> FileObject:
    return FileObject(
        id=kept.id, bytes=kept.size, created_at=int(kept.created), filename=kept.filename, purpose=kept.purpose
    )
