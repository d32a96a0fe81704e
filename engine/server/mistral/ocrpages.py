"""A converted document as the pages of Mistral's OCR."""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from fastapi import HTTPException

from engine.job.formats import Format
from engine.server.documents.published import Published
from engine.server.mistral.mistralschemas import OcrAnswer, OcrDimensions, OcrImage, OcrPage, OcrRequest, OcrUsage

_LINK = re.compile(r"\]\((?:<(images/[^<>\n]+)>|(images/[^\s()<>]+))\)")
_MOST_PICTURE_BYTES = 64 << 20
_BASE_DPI = 72


def answer_of(result: Published, asked: OcrRequest) -> OcrAnswer:
    """The pages of a result, in order. Raises `HTTPException` 422 if it is gone."""
    markdown = result.text(Format.MD)
    parts = result.pages(markdown.encode("utf-8", "surrogateescape")) or [markdown.encode("utf-8")]
    try:
        document = json.loads(result.made(Format.DOCLING))
    except (OSError, ValueError, RecursionError):
        raise HTTPException(422, "The result is no longer in the output folder.") from None
    numbers = result.page_numbers if len(result.page_numbers) == len(parts) else range(1, len(parts) + 1)
    pictures = _Pictures(result, document, asked)
    pages = [
        OcrPage(
            index=number - 1,
            markdown=_LINK.sub(_named, part.decode("utf-8", "replace")).strip("\n"),
            images=list(pictures.of_page(number)),
            dimensions=pictures.size_of(number),
        )
        for number, part in zip(numbers, parts, strict=True)
    ]
    return OcrAnswer(pages=pages, model=asked.model or "hotfolio", usage_info=OcrUsage(pages_processed=len(pages)))


def _named(found: re.Match[str]) -> str:
    """A link to a picture by the id that it has in the answer."""
    return f"](<{PurePosixPath(found[1] or found[2]).name}>)"


class _Pictures:
    """The pictures of a document, and the sizes of its pages, by the DoclingDocument."""

    def __init__(self, result: Published, document: Mapping[str, Any], asked: OcrRequest) -> None:
        self._result = result
        self._document = document
        self._is_wanted = bool(asked.include_image_base64)
        self._left = asked.image_limit if asked.image_limit is not None else 1_000_000
        self._room = _MOST_PICTURE_BYTES
        self._dpi = result.job.options.dpi

    def size_of(self, number: int) -> OcrDimensions | None:
        """How many pixels a page has."""
        page = self._document.get("pages", {}).get(str(number))
        if page is None:
            return None
        width, height = (self._pixels(page["size"][side]) for side in ("width", "height"))
        return OcrDimensions(dpi=self._dpi, width=width, height=height)

    def of_page(self, number: int) -> Iterator[OcrImage]:
        """The pictures on a page that there are files of."""
        for picture in self._document.get("pictures", ()):
            uri = (picture.get("image") or {}).get("uri")
            place = next(iter(picture.get("prov", ())), None)
            if not isinstance(uri, str) or place is None or place["page_no"] != number or self._left <= 0:
                continue
            self._left -= 1
            box = place["bbox"]
            yield OcrImage(
                id=PurePosixPath(uri).name,
                top_left_x=self._pixels(box["l"]),
                top_left_y=self._pixels(box["t"]),
                bottom_right_x=self._pixels(box["r"]),
                bottom_right_y=self._pixels(box["b"]),
                image_base64=self._content(uri),
            )

    def _pixels(self, points: float) -> int:
        return round(points * self._dpi / _BASE_DPI)

    def _content(self, uri: str) -> str | None:
        if not self._is_wanted:
            return None
        try:
            content = self._result.read(uri)
        except OSError:
            return None
        self._room -= len(content)
        return f"data:image/png;base64,{base64.b64encode(content).decode()}" if self._room >= 0 else None
