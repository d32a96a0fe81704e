"""The refined page: what it says, as blocks in reading order, and what all outputs of a refined document are made from.

Every way of reading a page (its tags, the layout model, OCR, plain text) ends in these blocks. Page steps change the
blocks of one page; document steps those of all pages. A checkpoint holds them as JSON.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any, Self

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in points, from the page's upper left corner, as the page is shown or turned upright."""


class Kind(StrEnum):
    """What a block is; the names are the layout model's where it has one."""

    HEADING = "section-header"
    PARAGRAPH = "text"
    LIST_ITEM = "list-item"
    CODE = "code"
    TABLE = "table"
    PICTURE = "picture"
    FORMULA = "formula"
    CAPTION = "caption"
    FOOTNOTE = "footnote"
    PAGE_HEADER = "page-header"
    PAGE_FOOTER = "page-footer"


FURNITURE = frozenset({Kind.PAGE_HEADER, Kind.PAGE_FOOTER})
"""Running heads and feet."""


def furniture_left_out(*, page_header: bool, page_footer: bool) -> frozenset[Kind]:
    """What is left out of the text, unless it is asked for."""
    kept = {Kind.PAGE_HEADER: page_header, Kind.PAGE_FOOTER: page_footer}
    return frozenset(kind for kind, is_kept in kept.items() if not is_kept)


@dataclass(slots=True)
class Span:
    """Text of one style. Blanks between words are part of it; in code, so are line feeds and indentation."""

    text: str
    bold: bool = False
    italic: bool = False
    code: bool = False
    """Set in a monospaced font, or tagged as code."""
    strike: bool = False
    script: int = 0
    """1 above the line, -1 below it, 0 on it."""
    link: str = ""
    """A URI, or `#page=3` for a place in the document."""
    math: bool = False
    """LaTeX; without the signs that say so."""
    hidden: bool = False
    """Nobody can see it on the page."""

    @property
    def style(self) -> tuple[bool, bool, bool, bool, int, str, bool, bool]:
        """All but the text."""
        return (self.bold, self.italic, self.code, self.strike, self.script, self.link, self.math, self.hidden)


@dataclass(slots=True)
class Cell:
    """A cell of a table; a line feed in its text is a line of its own."""

    spans: list[Span] = field(default_factory=list)
    is_header: bool = False
    columns: int = 1
    """It spans so many."""
    rows: int = 1

    @property
    def text(self) -> str:
        """Without styles."""
        return "".join(span.text for span in self.spans)


@dataclass(slots=True)
class Continuation:
    """Where a part of a block stands that was joined to it."""

    page: int
    box: Box
    start: int
    """So many characters of the block's text are before it, or about as many; of a table, rows."""


@dataclass(slots=True)
class Block:
    """A piece of a page that is written as one: a heading, a paragraph, a list item, a table."""

    kind: Kind
    box: Box
    spans: list[Span] = field(default_factory=list)
    level: int = 0
    """Of a heading, 1 to 6; 0 as long as it is not known."""
    size: float = 0.0
    """Of most of its text, in points."""
    depth: int = 0
    """In how many list items it lies; a list item counts itself, and what belongs to it has the same depth."""
    label: str = ""
    """Of a list item, as it stands in the document: `1.`, `b)`, `•`."""
    quote: int = 0
    """In how many quotations it lies."""
    rows: list[list[Cell]] = field(default_factory=list)
    """Of a table."""
    row_nodes: list[str] = field(default_factory=list)
    """The structure elements its rows come from, if they do."""
    image: str = ""
    """The file of a picture, relative to the published folder."""
    alt: str = ""
    """What the author says a picture shows."""
    node: str = ""
    """The structure element it comes from; what follows under the same one on the next page is its continuation."""
    goes_on: bool = False
    """It has no end on this page: the first block of the next page may be the rest of it."""
    continued: list[Continuation] = field(default_factory=list)
    """What was joined to it from other pages and columns; in no checkpoint, since that comes after them."""

    @property
    def text(self) -> str:
        """Its text without styles; of a table, cell by cell."""
        if self.rows:
            return "\n".join("\t".join(cell.text for cell in row) for row in self.rows)
        return "".join(span.text for span in self.spans)


@dataclass(slots=True)
class Remark:
    """What somebody has written onto a page in an annotation whose text the page does not show."""

    kind: str
    """Of the annotation, as PDF calls it, in small letters: `text`, `highlight`, `strikeout`."""
    box: Box
    text: str
    author: str = ""
    marked: str = ""
    """The words of the page that it marks."""


@dataclass(slots=True)
class UnsureWord:
    """A word that OCR has read and is not sure of."""

    text: str
    """As it was read, which steps may have changed since."""
    confidence: float
    """From 0 to 1."""
    box: Box
    """On the page as it is shown, always."""


@dataclass(slots=True)
class RefinedPage:
    """One page as blocks."""

    number: int
    """From 1."""
    width: float
    """In points, as shown."""
    height: float
    blocks: list[Block]
    is_settled: bool = False
    """What is a heading, and of what level, and what a running head has been said by somebody who saw the page."""
    turned: int = 0
    """By how many degrees, with the clock, most text is turned on the page as it is shown: 0, 90, 180 or 270.

    Until `show` is called, boxes and size are those of the page turned upright: what is above what, and where a page
    ends, is seen there.
    """

    @property
    def is_left_alone(self) -> bool:
        """Whether no step has to guess what is a heading or a running head: it has been said, or tags say it."""
        return self.is_settled or any(block.node for block in self.blocks)

    stamps: list[Block] = field(default_factory=list)
    """What is written across the page, apart from its text until the whole document is known."""
    remarks: list[Remark] = field(default_factory=list)
    """Notes and comments of reviewers."""
    unsure: list[UnsureWord] = field(default_factory=list)
    """Words that may have been read wrong."""

    def show(self) -> None:
        """Have all boxes be those of the page as it is shown."""
        for block in self.blocks:
            block.box = self.as_shown(block.box)
        for remark in self.remarks:
            remark.box = self.as_shown(remark.box)
        if self.turned in (90, 270):
            self.width, self.height = self.height, self.width
        self.turned = 0

    def as_shown(self, box: Box) -> Box:
        """A box of the upright page on the page as it is shown."""
        x0, y0, x1, y1 = box
        match self.turned:
            case 90:
                return (self.height - y1, x0, self.height - y0, x1)
            case 180:
                return (self.width - x1, self.height - y1, self.width - x0, self.height - y0)
            case 270:
                return (y0, self.width - x1, y1, self.width - x0)
        return box

    def to_json(self) -> dict[str, Any]:
        """As it goes into a checkpoint: what has its default value is left out."""
        return {
            "number": self.number,
            "width": self.width,
            "height": self.height,
            "blocks": [_block_entry(block) for block in self.blocks],
            **({"is_settled": True} if self.is_settled else {}),
            **({"turned": self.turned} if self.turned else {}),
            **({"stamps": [_block_entry(block) for block in self.stamps]} if self.stamps else {}),
            **({"remarks": [asdict(remark) for remark in self.remarks]} if self.remarks else {}),
            **({"unsure": [asdict(word) for word in self.unsure]} if self.unsure else {}),
        }

    @classmethod
    def from_json(cls, entry: dict[str, Any]) -> Self:
        """What `to_json` wrote."""
        blocks = [_block(block) for block in entry["blocks"]]
        is_settled, turned = entry.get("is_settled", False), entry.get("turned", 0)
        stamps = [_block(block) for block in entry.get("stamps", ())]
        remarks = [Remark(**{**remark, "box": tuple(remark["box"])}) for remark in entry.get("remarks", ())]
        unsure = [UnsureWord(**{**word, "box": tuple(word["box"])}) for word in entry.get("unsure", ())]
        return cls(
            entry["number"], entry["width"], entry["height"], blocks, is_settled, turned, stamps, remarks, unsure
        )


def around(boxes: Iterable[Box]) -> Box:
    """The smallest box that holds all; one of no size at the origin if there are none."""
    corners = list(zip(*boxes, strict=True))
    if not corners:
        return (0.0, 0.0, 0.0, 0.0)
    return (min(corners[0]), min(corners[1]), max(corners[2]), max(corners[3]))


def merged(spans: Iterable[Span]) -> list[Span]:
    """Neighbours of one style as one span, without empty ones; between formulas a blank, which means nothing there."""
    result: list[Span] = []
    for span in spans:
        if not span.text:
            continue
        if result and result[-1].style == span.style:
            between = " " if span.math else ""
            result[-1] = Span(f"{result[-1].text}{between}{span.text}", *span.style)
        else:
            result.append(span)
    return result


def stripped(spans: Iterable[Span]) -> list[Span]:
    """Without blanks at the beginning and the end."""
    result = merged(spans)
    while result and not result[0].text.strip():
        result.pop(0)
    while result and not result[-1].text.strip():
        result.pop()
    if result:
        result[0] = Span(result[0].text.lstrip(), *result[0].style)
        result[-1] = Span(result[-1].text.rstrip(), *result[-1].style)
    return result


def _sparse(value: Span | Block) -> dict[str, Any]:
    entry: dict[str, Any] = {}
    for name in _NAMES[type(value)]:
        item = getattr(value, name)
        if item or name in _ALWAYS:
            entry[name] = item
    return entry


def _block_entry(block: Block) -> dict[str, Any]:
    entry = _sparse(block)
    if block.spans:
        entry["spans"] = [_sparse(span) for span in block.spans]
    if block.rows:
        entry["rows"] = [[_cell_entry(cell) for cell in row] for row in block.rows]
    return entry


def _cell_entry(cell: Cell) -> dict[str, Any]:
    entry: dict[str, Any] = {"spans": [_sparse(span) for span in cell.spans]}
    if cell.is_header:
        entry["is_header"] = True
    for name in ("columns", "rows"):
        if getattr(cell, name) != 1:
            entry[name] = getattr(cell, name)
    return entry


def _block(entry: dict[str, Any]) -> Block:
    values = dict(entry)
    values["kind"] = Kind(values["kind"])
    values["box"] = tuple(values["box"])
    values["spans"] = [Span(**span) for span in values.get("spans", ())]
    values["rows"] = [
        [Cell([Span(**span) for span in cell.pop("spans")], **cell) for cell in row] for row in values.get("rows", ())
    ]
    return Block(**values)


_NAMES = {kind: [each.name for each in fields(kind) if each.name != "continued"] for kind in (Span, Block)}
_ALWAYS = frozenset({"kind", "box", "text"})
"""What is in a checkpoint whatever it is."""
