"""The part of Apache Tika's server that clients use: text, HTML, metadata, and what kind of file something is."""

import re
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Path, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, PlainTextResponse, Response

from engine.job.formats import Format
from engine.job.kinds import HEAD, kind_of
from engine.job.options import OcrMode
from engine.server.dependencies.service import Service
from engine.server.documents.openbody import BODY, FORM, REFUSALS
from engine.server.documents.published import Published
from engine.server.documents.received import FILES, Received, Upload
from engine.server.documents.reception import Reception
from engine.server.documents.tasks import TaskRecord
from engine.server.security.admission import admission
from engine.server.tika.mediatypes import OTHER, media_type_of

Kind = Annotated[
    str, Path(pattern="^(text|html|xml|ignore)$", description="`text`, `html`, `xml`, or `ignore` for none.")
]

_NAMED = re.compile(r"filename\*=(?:UTF-8|utf-8)''([^;]+)|filename=\"?([^\";]+)\"?")
_LANGUAGE = re.compile(r"[A-Za-z_]{2,20}")
_OCR = {"no_ocr": OcrMode.NEVER, "ocr_only": OcrMode.FORCE, "ocr_and_text_extraction": OcrMode.FORCE}
"""What `X-Tika-PDFOcrStrategy` says."""
_FIELDS = ("upload-file", "upload", "file", FILES)
_GREETING = "This is hotfolio, which answers as Tika Server does. Please PUT.\n"
_ANY_TEXT = {"text/plain": {"schema": {"type": "string"}}, "text/html": {"schema": {"type": "string"}}}
_METADATA = {"application/json": {"schema": {"type": "object", "additionalProperties": True}}}
_ALL_OF_IT = {"application/json": {"schema": {"type": "array", "items": {"type": "object"}}}}
_TEXTS: dict[int | str, dict[str, Any]] = {200: {"content": {**_ANY_TEXT, **_METADATA}, "description": "The document."}}
_LISTS: dict[int | str, dict[str, Any]] = {200: {"content": _ALL_OF_IT, "description": "The document, in a list."}}
_KNOWN: dict[int | str, dict[str, Any]] = {200: {"content": _METADATA, "description": "What is known of it."}}


def router(service: Service) -> APIRouter:
    """Routes by Tika's names."""
    routes = APIRouter(tags=["as other programs"])
    door = _Door(service)
    _add_bodies(routes, door, service)
    _add_forms(routes, door, service)

    @routes.get("/tika", summary="What answers to Tika's clients", response_class=PlainTextResponse)
    async def greet() -> PlainTextResponse:
        """Say what this is."""
        return PlainTextResponse(_GREETING)

    @routes.put(
        "/detect/stream",
        summary="What kind of file something is, as Tika",
        response_class=PlainTextResponse,
        openapi_extra=BODY,
    )
    async def detect(request: Request) -> PlainTextResponse:
        """Answer with a media type, from the beginning of the file, and its name where several kinds begin alike."""
        head = bytearray()
        async for piece in request.stream():
            head += piece[: HEAD - len(head)]
        return PlainTextResponse(media_type_of(kind_of(_filename(request.headers), bytes(head))))

    return routes


def _add_bodies(routes: APIRouter, door: "_Door", service: Service) -> None:
    """Routes whose body is the document."""
    admit = admission(service)

    @routes.put(
        "/tika",
        summary="The text of a document, as Tika",
        responses={**REFUSALS, **_TEXTS},
        openapi_extra=BODY,
        response_class=Response,
    )
    async def text(request: Request, client: str = Depends(admit)) -> Response:
        """Answer with text, or with HTML or JSON where `Accept` names that."""
        kind = "html" if "html" in _wanted(request) or "xml" in _wanted(request) else "text"
        if "json" in _wanted(request):
            return JSONResponse(await door.of_body(request, "html", client))
        content = (await door.of_body(request, kind, client))["X-TIKA:content"]
        return Response(content, media_type=f"text/{'plain' if kind == 'text' else 'html'}")

    @routes.put(
        "/tika/{kind}",
        summary="A document as Tika's JSON",
        responses={**REFUSALS, **_TEXTS},
        openapi_extra=BODY,
        response_class=Response,
    )
    async def text_of_kind(request: Request, kind: Kind, client: str = Depends(admit)) -> Response:
        """Answer with metadata and the text in `X-TIKA:content`; with the text alone where `Accept` is `text/plain`."""
        found = await door.of_body(request, kind, client)
        if _wanted(request).startswith("text/plain"):
            return PlainTextResponse(found.get("X-TIKA:content", ""))
        return JSONResponse(found)

    @routes.put("/rmeta", summary="A document as Tika's list", responses={**REFUSALS, **_LISTS}, openapi_extra=BODY)
    async def all_of_it(request: Request, client: str = Depends(admit)) -> list[dict[str, Any]]:
        """Like `/rmeta/xml`."""
        return [await door.of_body(request, "xml", client)]

    @routes.put(
        "/rmeta/{kind}", summary="A document as Tika's list", responses={**REFUSALS, **_LISTS}, openapi_extra=BODY
    )
    async def all_of_kind(request: Request, kind: Kind, client: str = Depends(admit)) -> list[dict[str, Any]]:
        """Like `/tika/{kind}`, in a list: of a document in which others are, Tika lists these too."""
        return [await door.of_body(request, kind, client)]

    @routes.put(
        "/meta", summary="What is known of a document, as Tika", responses={**REFUSALS, **_KNOWN}, openapi_extra=BODY
    )
    async def known(request: Request, client: str = Depends(admit)) -> dict[str, Any]:
        """Metadata alone."""
        return await door.of_body(request, "ignore", client)


def _add_forms(routes: APIRouter, door: "_Door", service: Service) -> None:
    """The same with the document in a form."""
    admit = admission(service)

    @routes.post(
        "/tika/form",
        summary="A document in a form, as Tika's JSON",
        responses={**REFUSALS, **_KNOWN},
        openapi_extra=FORM,
    )
    async def form(request: Request, client: str = Depends(admit)) -> dict[str, Any]:
        """Like `/tika/html`."""
        return await door.of_form(request, "html", client)

    @routes.post(
        "/meta/form",
        summary="What is known of a document in a form, as Tika",
        responses={**REFUSALS, **_KNOWN},
        openapi_extra=FORM,
    )
    async def known_of_form(request: Request, client: str = Depends(admit)) -> dict[str, Any]:
        """Like `/meta`."""
        return await door.of_form(request, "ignore", client)

    @routes.post(
        "/tika/form/{kind}",
        summary="A document in a form, as Tika's JSON",
        responses={**REFUSALS, **_KNOWN},
        openapi_extra=FORM,
    )
    async def form_of_kind(request: Request, kind: Kind, client: str = Depends(admit)) -> dict[str, Any]:
        """Like `/tika/{kind}`."""
        return await door.of_form(request, kind, client)

    @routes.post(
        "/rmeta/form/{kind}",
        summary="A document in a form, as Tika's list",
        responses={**REFUSALS, **_LISTS},
        openapi_extra=FORM,
    )
    async def all_of_form(request: Request, kind: Kind, client: str = Depends(admit)) -> list[dict[str, Any]]:
        """Like `/rmeta/{kind}`."""
        return [await door.of_form(request, kind, client)]


class _Door:
    """What the routes have in common."""

    def __init__(self, service: Service) -> None:
        self._reception = Reception(service)

    async def of_body(self, request: Request, kind: str, client: str) -> dict[str, Any]:
        """What is known of a document that is the body."""
        received = await self._reception.uploads.receive_body(request, _filename(request.headers))
        return await self._known(request, received, kind, client)

    async def of_form(self, request: Request, kind: str, client: str) -> dict[str, Any]:
        """What is known of a document in a form."""
        received = await self._reception.uploads.receive_form(request, _FIELDS, 1)
        return await self._known(request, received, kind, client)

    async def _known(self, request: Request, received: Received, kind: str, client: str) -> dict[str, Any]:
        format_ = Format.HTML if kind in ("html", "xml") else Format.TXT
        options = self._reception.options(formats=[format_], images=False, **_ocr(request.headers))
        upload = received.uploads[0]
        media_type = await run_in_threadpool(_media_type, upload)  # before it is deleted
        task = await run_in_threadpool(
            self._reception.begin, received.folder, received.uploads, options, TaskRecord(), client, waits=True
        )
        result = await self._reception.finished(request, task)
        known = {"Content-Type": media_type, "resourceName": upload.filename}
        return known | await run_in_threadpool(_metadata, result, None if kind == "ignore" else format_)


def _media_type(upload: Upload) -> str:
    try:
        with upload.path.open("rb") as stream:
            return media_type_of(kind_of(upload.filename, stream.read(HEAD)))
    except OSError:
        return OTHER


def _metadata(result: Published, format_: str | None) -> dict[str, Any]:
    """What is known of a document, by Tika's names, and its text unless that is left out."""
    job = result.job
    found: dict[str, Any] = {
        "X-TIKA:Parsed-By": ["hotfolio"],
        "X-TIKA:parse_time_millis": str(round((job.seconds or 0) * 1000)),
        "xmpTPg:NPages": str(job.pages or 0),
    }
    if remarks := result.remarks:
        found["X-TIKA:EXCEPTION:warn"] = remarks
    if format_ is not None:
        found["X-TIKA:content"] = result.text(format_)
    return found


def _wanted(request: Request) -> str:
    return request.headers.get("accept", "").lower()


def _filename(headers: Mapping[str, str]) -> str:
    named = _NAMED.search(headers.get("content-disposition", ""))
    return unquote(named[1] or named[2]) if named else "document"


def _ocr(headers: Mapping[str, str]) -> dict[str, Any]:
    """What headers say of OCR, as far as it can be said here."""
    changes: dict[str, Any] = {}
    if strategy := _OCR.get(headers.get("x-tika-pdfocrstrategy", "").lower()):
        changes["ocr"] = strategy
    languages = headers.get("x-tika-ocrlanguage", "").split("+")
    if all(map(_LANGUAGE.fullmatch, languages)):
        changes["ocr_languages"] = languages
    return changes
