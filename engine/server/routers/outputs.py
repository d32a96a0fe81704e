"""What a conversion has made: its files, one by one, as downloads."""

import os
import re
from collections.abc import Mapping
from io import FileIO
from pathlib import PurePosixPath
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Header, HTTPException, Path
from fastapi.responses import FileResponse, Response
from pydantic import BaseModel, Field
from starlette.responses import MalformedRangeHeader, RangeNotSatisfiable
from starlette.types import Receive, Scope, Send

from engine.job.formats import OTHER, media_types
from engine.server.dependencies.heads import as_asked
from engine.server.dependencies.parameters import ConversionId
from engine.server.dependencies.schemas import problem
from engine.server.dependencies.service import Service
from engine.server.routers.results import Result

_FOUND: dict[int | str, dict[str, Any]] = {
    404: problem("There is no such conversion, or no such file in its result."),
    409: problem("There is no result, or none yet."),
}
_BYTES = {"schema": {"type": "string", "format": "binary"}}
_KINDS = {kind.split(";")[0]: _BYTES for kind in (*media_types().values(), OTHER)}


def _header(description: str, kind: str = "string", *, required: bool = True) -> dict[str, Any]:
    return {"description": description, "required": required, "schema": {"type": kind}}


_HEADERS = {
    "Content-Disposition": _header("`attachment`, with the file's name."),
    "Content-Length": _header("Bytes of this answer.", "integer"),
    "Accept-Ranges": _header("`bytes`: a part can be asked for."),
    "ETag": _header("Of this version of the file, for `If-Range`."),
    "Last-Modified": _header("When the file was made, for `If-Range`."),
}
_FILE_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file.", "content": _KINDS, "headers": _HEADERS},
    206: {
        "description": "The part that `Range` asks for, or the parts.",
        "content": {**_KINDS, "multipart/byteranges": _BYTES},
        "headers": {
            **_HEADERS,
            "Content-Range": _header("Which bytes these are, and of how many; of a single part.", required=False),
        },
    },
    400: problem("The path leads out of the result, or is none."),
    416: problem(
        "The file is shorter than what `Range` asks for.",
        headers={
            "Content-Range": _header("How many bytes the file has."),
            "Content-Length": _header("Bytes of this answer.", "integer"),
        },
    ),
}


class OutputFile(BaseModel):
    """A file of a result."""

    path: str = Field(description="Inside the result.")
    size: int = Field(description="Bytes.")
    media_type: str
    url: str = Field(description="Where it can be fetched, from the root of this API.")


class OutputList(BaseModel):
    """The files of a result."""

    conversion_id: str
    files: list[OutputFile]


def router(service: Service) -> APIRouter:
    """Routes to results."""
    routes = APIRouter(prefix="/conversions/{conversion_id}/output", tags=["Outputs"])

    @routes.get("", summary="List the files of a result", responses=_FOUND)
    def list_outputs(conversion_id: ConversionId) -> OutputList:
        """The files that a conversion has published, with their sizes, sorted by path."""
        job = service.find(conversion_id).job
        return OutputList(
            conversion_id=job.conversion_id,
            files=[
                OutputFile(
                    path=name,
                    size=size,
                    media_type=media_type(name),
                    url=f"/conversions/{job.conversion_id}/output/{quote(name)}",
                )
                for name, size in Result.of(job, service.engine.outputs).sizes()
            ],
        )

    @routes.get(
        "/{path:path}",
        summary="Download a file of a result",
        response_class=Response,
        responses={**_FOUND, **_FILE_ANSWERS},
    )
    def get_output(
        conversion_id: ConversionId,
        path: Annotated[str, Path(description="The file's path inside the result.", examples=["report.md"])],
        _range: Annotated[
            str | None, Header(alias="Range", description="The bytes that are wanted, as in `bytes=1000-`.")
        ] = None,
        _if_range: Annotated[
            str | None,
            Header(alias="If-Range", description="`ETag` or `Last-Modified` of before; of another version, all comes."),
        ] = None,
    ) -> Response:
        """A file as an attachment, to be saved and not shown. Takes `Range`, so a broken download can go on.

        A `Range` that makes no sense is as none.
        """
        result = Result.of(service.find(conversion_id).job, service.engine.outputs)
        return Download(result.open(path), PurePosixPath(path).name)

    return routes


class Download(FileResponse):
    """Sends a file that is open already, so that nothing can be put in its place."""

    chunk_size = 256 * 1024

    def __init__(self, file: FileIO, name: str) -> None:
        self._file = file
        super().__init__(
            f"/dev/fd/{file.fileno()}",
            headers=_headers(name),
            media_type=media_type(name),
            stat_result=os.fstat(file.fileno()),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and let go of the file however that ends."""
        try:
            await super().__call__(as_asked(scope), receive, send)
        finally:
            self._file.close()

    @classmethod
    def _parse_range_header(cls, http_range: str, file_size: int) -> list[tuple[int, int]]:
        """The parts that are asked for, none for all of it; raises `HTTPException` 416 if the file is too short."""
        try:
            return super()._parse_range_header(http_range, file_size)
        except MalformedRangeHeader:  # RFC 9110, 14.2: it may be ignored, and must be if its unit is unknown
            return []
        except RangeNotSatisfiable:
            beyond = f"The file has {file_size:,} bytes, fewer than `Range` asks for."
            raise HTTPException(416, beyond, {"Content-Range": f"bytes */{file_size}"}) from None


def media_type(name: str) -> str:
    """How a file is called on the wire."""
    return media_types().get(PurePosixPath(name).suffix.lower(), OTHER)


def _headers(name: str) -> Mapping[str, str]:
    # RFC 6266: the plain name for old programs, the exact one (RFC 8187) for all others.
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", name)
    exact = quote(name, safe="")
    return {
        "content-disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}",
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; sandbox",
    }
