"""The page model: what reading a page gives, what a checkpoint holds, and what the outputs are made from.

It is the library's own page (boxes with class, geometry, lines, links and table), so that its renderers apply and an
unrefined document comes out byte for byte as the library would write it.
"""

import base64
import json
from dataclasses import asdict, dataclass
from typing import Any

import pymupdf
from pymupdf4llm.helpers.document_layout import LayoutBox, PageLayout

from engine.job import PageResult, PageState

_GEOMETRY = (pymupdf.Rect, pymupdf.Point, pymupdf.Matrix, pymupdf.IRect, pymupdf.Quad)


@dataclass
class PageModel:
    """One page."""

    number: int
    """From 1."""
    layout: PageLayout


def to_line(result: PageResult, model: PageModel | None, warnings: list[str]) -> bytes:
    """A page as a line of a checkpoint file. A float, a key order or a missing value survives unchanged.

    A page that failed, or of which no text is wanted, has no model. How it came out stands before what it says, page
    and state first: that is what `engine.checkpoint` and `chain` go by.
    """
    entry = {**asdict(result), "warnings": warnings, "layout": model.layout if model is not None else None}
    return dump(entry).encode("utf-8", "surrogatepass") + b"\n"


def from_line(line: bytes) -> tuple[PageModel | None, list[str]]:
    """The model and the warnings that `to_line` wrote."""
    entry = json.loads(line.decode("utf-8", "surrogatepass"))
    layout, warnings = entry["layout"], entry["warnings"]
    if layout is None:
        return None, warnings
    boxes = [LayoutBox(**box) for box in layout.pop("boxes")]
    return PageModel(entry["page"], PageLayout(boxes=boxes, **layout)), warnings


def result_of(line: bytes) -> PageResult:
    """How the page came out, which `to_line` wrote too."""
    entry = json.loads(line.decode("utf-8", "surrogatepass"))
    return PageResult(entry["page"], PageState(entry["state"]), entry["seconds"], entry["via"], entry["error"])


def dump(value: Any) -> str:
    """JSON exactly as the library's `to_json` writes it."""
    return json.dumps(value, default=_plain, ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    if isinstance(value, _GEOMETRY):
        return list(value)
    return value.__dict__
