"""`POST /file_parse`, as Open WebUI and RAGFlow ask MinerU."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, Depends, HTTPException, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from engine.job.formats import Format
from engine.job.options import OcrMode
from engine.server.dependencies.service import Service
from engine.server.documents.openbody import REFUSALS
from engine.server.documents.received import FILES
from engine.server.documents.reception import Reception
from engine.server.documents.tasks import Task, TaskRecord
from engine.server.mineru.contentlist import Parsed, parsed_of
from engine.server.security.admission import admission

_TRUE = frozenset({"true", "1", "yes", "on"})
_OCR = {"ocr": OcrMode.FORCE, "txt": OcrMode.NEVER}
"""What `parse_method` says; `auto` is as set."""
_LAST_PAGE = 99_999
"""What clients send who want all pages."""
_FLAGS = {
    "return_md": "Have the Markdown; unless it is false.",
    "return_content_list": "Have the blocks with their pages and boxes.",
    "return_images": "Have the pictures.",
    "response_format_zip": "Have all of it as a ZIP file, in a folder for each document.",
}
_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {
                        "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
                        **{name: {"type": "boolean", "description": text} for name, text in _FLAGS.items()},
                        "parse_method": {"enum": ["auto", "txt", "ocr"]},
                        "start_page_id": {"type": "integer", "minimum": 0, "description": "From 0."},
                        "end_page_id": {"type": "integer", "minimum": 0},
                    },
                    "additionalProperties": True,
                }
            }
        },
    }
}


class ParsedFile(BaseModel):
    """A document."""

    md_content: str | None = None
    content_list: str | None = Field(None, description="JSON.")
    images: dict[str, str] | None = Field(None, description="Pictures by name, as `data:` URLs.")


class ParsedFiles(BaseModel):
    """Documents by their names without suffix."""

    backend: str = "hotfolio"
    version: str
    results: dict[str, ParsedFile]


def router(service: Service) -> APIRouter:
    """The one route."""
    routes = APIRouter(tags=["as other programs"])
    reception = Reception(service)
    admit = admission(service)

    @routes.post(
        "/file_parse",
        summary="Convert documents, as MinerU",
        response_model=ParsedFiles,
        responses={**REFUSALS, 200: {"content": {"application/zip": {}}}},
        openapi_extra=_FORM,
    )
    async def file_parse(request: Request, client: str = Depends(admit)) -> Response:
        """Answer with all documents, once the last one is converted; if one cannot be, with its reason."""
        received = await reception.uploads.receive_form(request, (FILES,))
        fields = received.fields
        try:
            options = reception.options(
                formats=[Format.MD, Format.DOCLING],
                images=_flag(fields, "return_images"),
                pages=_pages(fields),
                **({"ocr": _OCR[method]} if (method := _last(fields, "parse_method")) in _OCR else {}),
            )
        except HTTPException:
            await run_in_threadpool(reception.uploads.discard, received.folder)
            raise
        task = await run_in_threadpool(
            reception.begin, received.folder, received.uploads, options, TaskRecord(), client, waits=True
        )
        found: dict[str, Parsed] = {}
        for upload, conversion in zip(received.uploads, task.conversions, strict=True):
            result = await reception.finished(request, Task(conversion, (conversion,), task.record))
            parsed = await run_in_threadpool(parsed_of, result)
            found[_free(upload.filename, found)] = parsed
        if _flag(fields, "response_format_zip"):
            return Response(await run_in_threadpool(_zipped, found), media_type="application/zip")
        return JSONResponse(await run_in_threadpool(_as_json, found, fields))

    return routes


def _as_json(found: Mapping[str, Parsed], fields: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    has_markdown = _last(fields, "return_md").lower() not in ("false", "0", "no", "off")
    results = {
        name: ParsedFile(
            md_content=parsed.markdown if has_markdown else None,
            content_list=parsed.content_list if _flag(fields, "return_content_list") else None,
            images=parsed.as_data() if _flag(fields, "return_images") else None,
        )
        for name, parsed in found.items()
    }
    return ParsedFiles(version=version("hotfolio"), results=results).model_dump(exclude_none=True)


def _zipped(found: Mapping[str, Parsed]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, parsed in found.items():
            archive.writestr(f"{name}/{name}.md", parsed.markdown)
            archive.writestr(f"{name}/{name}_content_list.json", parsed.content_list)
            for picture, content in parsed.pictures.items():
                archive.writestr(f"{name}/{picture}", content)
    return stream.getvalue()


def _free(filename: str, taken: Mapping[str, object]) -> str:
    """What a document is called in the answer: without its suffix, and with a number if another is called so."""
    stem = filename.rpartition(".")[0] or filename
    stem = stem.replace("/", "_")
    names = (stem if number == 1 else f"{stem}~{number}" for number in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)


def _last(fields: Mapping[str, Sequence[str]], name: str) -> str:
    return next(reversed(fields.get(name, [""])), "").strip()


def _flag(fields: Mapping[str, Sequence[str]], name: str) -> bool:
    return _last(fields, name).lower() in _TRUE


def _pages(fields: Mapping[str, Sequence[str]]) -> str | None:
    """The pages that are asked for, which here count from 1."""
    first, last = _last(fields, "start_page_id") or "0", _last(fields, "end_page_id") or str(_LAST_PAGE)
    if not (first.isascii() and last.isascii() and first.isdecimal() and last.isdecimal()):
        raise HTTPException(422, "start_page_id and end_page_id are numbers from 0.")
    begin, end = int(first[:9]), int(last[:9])
    if begin > end:
        raise HTTPException(422, "start_page_id is not beyond end_page_id.")
    if end >= _LAST_PAGE:
        return f"{begin + 1}-" if begin else None
    return f"{begin + 1}-{end + 1}"
