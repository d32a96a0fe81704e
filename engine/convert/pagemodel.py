"""The page model: what reading a page gives, what a checkpoint holds, and what the outputs are made from.

It is the library's own page (boxes with class, geometry, lines, links and table), so that its renderers apply and an
unrefined document comes out byte for byte as the library would write it, plus how the page was read.
"""

import base64
import json
from dataclasses import dataclass
from typing import Any, Self

import pymupdf
from pymupdf4llm.helpers.document_layout import LayoutBox, PageLayout

_GEOMETRY = (pymupdf.Rect, pymupdf.Point, pymupdf.Matrix, pymupdf.IRect, pymupdf.Quad)


@dataclass
class PageModel:
    """One page."""

    number: int
    """From 1."""
    via: str
    """`layout`, `ocr` or `text`: how it was read."""
    layout: PageLayout

    def to_line(self) -> bytes:
        """The page as a line of a checkpoint file. A float, a key order or a missing value survives unchanged."""
        entry = {"page": self.number, "via": self.via, "layout": self.layout}
        return dump(entry).encode("utf-8", "surrogatepass") + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Self:
        """The page that `to_line` wrote."""
        entry = json.loads(line.decode("utf-8", "surrogatepass"))
        layout = entry["layout"]
        boxes = [LayoutBox(**box) for box in layout.pop("boxes")]
        return cls(entry["page"], entry["via"], PageLayout(boxes=boxes, **layout))


def dump(value: Any) -> str:
    """JSON exactly as the library's `to_json` writes it."""
    return json.dumps(value, default=_plain, ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    if isinstance(value, _GEOMETRY):
        return list(value)
    return value.__dict__
