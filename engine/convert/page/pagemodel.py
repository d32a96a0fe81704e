"""The page model: what reading a page gives, what a checkpoint holds, and what the outputs are made from.

A refined page is blocks. An unrefined one is the library's own page (boxes with class, geometry, lines, links and
table), so that its renderers apply and the document comes out byte for byte as the library would write it.
"""

import base64
import json
from dataclasses import asdict, dataclass, field
from typing import Any

import pymupdf
from pymupdf4llm.helpers.document_layout import LayoutBox, PageLayout

from engine.convert.page.blocks import RefinedPage
from engine.job.job import PageResult, PageState

_GEOMETRY = (pymupdf.Rect, pymupdf.Point, pymupdf.Matrix, pymupdf.IRect, pymupdf.Quad)


@dataclass
class PageModel:
    """One page: refined, as the library sees it, or both."""

    number: int
    """From 1."""
    layout: PageLayout | None = None
    refined: RefinedPage | None = None
    notices: dict[str, int] = field(default_factory=dict)
    """By `WarningKind`, how often, as its `Remarks` have it."""

    @property
    def unrefined(self) -> PageLayout:
        """The library's page, which there is of an unrefined one."""
        assert self.layout is not None
        return self.layout

    @property
    def blocks(self) -> RefinedPage:
        """The refined page, which there is of a refined one."""
        assert self.refined is not None
        return self.refined


@dataclass
class Remarks:
    """What else a checkpoint says of a page."""

    warnings: list[str]
    why: str | None = None
    """Why it was read the way it was, where there was a choice."""
    notices: dict[str, int] = field(default_factory=dict)
    """By `WarningKind`, how often."""


def to_line(result: PageResult, model: PageModel | None, remarks: Remarks) -> bytes:
    """A page as a line of a checkpoint file. A float, a key order or a missing value survives unchanged.

    A page that failed, or of which no text is wanted, has no model. How it came out stands before what it says, page
    and state first: that is what `engine.work.checkpoint` and `process.checkpoints` go by.
    """
    entry = {
        **asdict(result),
        **asdict(remarks),
        "layout": model.layout if model is not None else None,
        "refined": model.refined.to_json() if model is not None and model.refined is not None else None,
    }
    return dump(entry).encode("utf-8", "surrogatepass") + b"\n"


def from_line(line: bytes) -> tuple[PageModel | None, Remarks]:
    """The model and the remarks that `to_line` wrote; a line of an earlier version has fewer of them."""
    entry = json.loads(line.decode("utf-8", "surrogatepass"))
    layout, refined = entry["layout"], entry.get("refined")
    remarks = Remarks(entry["warnings"], entry.get("why"), entry.get("notices", {}))
    if refined is None and layout is None:
        return None, remarks
    model = PageModel(entry["page"])
    if refined is not None:
        model.refined = RefinedPage.from_json(refined)
    if layout is not None:
        boxes = [LayoutBox(**box) for box in layout.pop("boxes")]
        model.layout = PageLayout(boxes=boxes, **layout)
    return model, remarks


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
