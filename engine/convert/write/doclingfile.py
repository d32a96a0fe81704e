"""Writes a refined document as a DoclingDocument: what docling's own clients, and all that cuts its documents, read.

The schema is that of docling-core (`DoclingDocument`, version 1.7), which later ones take too. An item says where it
lies, what it belongs to and in which list it stands; here as there, a heading of level 1 is a title, so that level 2 is
docling's first.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from engine.convert.open.context import MergeContext, Writer
from engine.convert.page.blocks import FURNITURE, Block, Box, Cell, Kind, Span, merged, stripped
from engine.convert.page.pagemodel import PageModel
from engine.convert.write.captions import with_captions
from engine.convert.write.numbering import Numbering, label_as_text, number_of

_SCHEMA = {"schema_name": "DoclingDocument", "version": "1.7.0"}
_BODY = "#/body"
_LABELS = {
    Kind.HEADING: "section_header",
    Kind.LIST_ITEM: "list_item",
    Kind.PAGE_HEADER: "page_header",
    Kind.PAGE_FOOTER: "page_footer",
}
"""Labels of docling that are called otherwise than here."""
_HASH_BITS = 64
"""Of the source's SHA-256, the last so many are docling's `binary_hash`."""
_ADDRESS = re.compile(r"(?:https?|mailto|ftp):", re.IGNORECASE)
"""What is a hyperlink there; a place in the document is none."""

Item = dict[str, Any]


class DoclingFile(Writer):
    """The document as JSON of docling's. It names each item in two places, so all of it is written at the end."""

    def __init__(self, document: MergeContext) -> None:
        self._document = document
        self._items: dict[str, list[Item]] = {"texts": [], "groups": [], "pictures": [], "tables": []}
        self._body: Item = {"self_ref": _BODY, "children": [], "content_layer": "body", "name": "_root_"}
        self._pages: dict[str, Item] = {}
        self._lists = _Lists()

    def page(self, model: PageModel) -> str:
        """Nothing yet."""
        refined = model.blocks
        size = {"width": refined.width, "height": refined.height}
        self._pages[str(refined.number)] = {"size": size, "page_no": refined.number}
        for group in with_captions(refined.blocks):
            self._put(refined.number, group)
        return ""

    def missing(self, number: int, reason: str) -> str:
        """Nothing: a page that is not among the pages."""
        return ""

    def end(self) -> str:
        """The whole document."""
        source = self._document
        origin = {
            "mimetype": "application/pdf",
            "binary_hash": int(source.sha256 or "0", 16) % (1 << _HASH_BITS),
            "filename": source.name,
        }
        whole = {**_SCHEMA, "name": source.stem, "origin": origin, "body": {**self._body, "label": "unspecified"}}
        return json.dumps({**whole, **self._items, "pages": self._pages}, ensure_ascii=False)

    # --- items ---

    def _put(self, page: int, group: tuple[Block, ...]) -> None:
        """A block, or a picture or table with its caption."""
        captions = [block for block in group if block.kind is Kind.CAPTION] if len(group) > 1 else []
        for block in group:
            if block in captions or (not block.text.strip() and block.kind is not Kind.PICTURE):
                continue
            item = self._element(page, block)
            for caption in captions:
                label = self._text(page, caption, item, "caption", caption.spans)
                item.setdefault("captions", []).append(_ref(label))

    def _element(self, page: int, block: Block) -> Item:
        if block.kind in FURNITURE:
            return self._text(page, block, self._body, _LABELS[block.kind], block.spans)
        if block.kind is Kind.LIST_ITEM:
            return self._list_item(page, block)
        parent = self._lists.item_at(block.depth) or self._body
        match block.kind:
            case Kind.PICTURE:
                return self._picture(page, block, parent)
            case Kind.TABLE:
                item = self._add("tables", parent, "table", block, page)
                item["data"] = _table(block.rows)
                return item
            case Kind.CODE:
                return self._written(page, block, parent, "code", block.text)
            case Kind.FORMULA:
                return self._written(page, block, parent, "formula", block.text.strip())
            case Kind.HEADING:
                level = max(block.level, 1)
                item = self._written(
                    page, block, parent, "title" if level == 1 else "section_header", _joined(block.spans)
                )
                if level > 1:
                    item["level"] = level - 1
                return item
            case _:
                return self._text(page, block, parent, _LABELS.get(block.kind, str(block.kind)), block.spans)

    def _list_item(self, page: int, block: Block) -> Item:
        group = self._lists.list_for(block)
        if group is None:
            group = self._group(self._lists.item_at(max(block.depth, 1) - 1) or self._body, "list")
        label = label_as_text(block.label)
        spans = [Span(f"{label} "), *block.spans] if label else block.spans
        item = self._text(page, block, group, "list_item", spans)
        is_numbered = number_of(block.label) is not None
        item.update(enumerated=is_numbered, marker=block.label if is_numbered else "-")
        self._lists.begin(block, group, item)
        return item

    def _picture(self, page: int, block: Block, parent: Item) -> Item:
        item = self._add("pictures", parent, "picture", block, page)
        if block.image:
            dpi = self._document.options.dpi
            x0, y0, x1, y1 = block.box
            size = {"width": (x1 - x0) * dpi / 72, "height": (y1 - y0) * dpi / 72}
            item["image"] = {"mimetype": "image/png", "dpi": dpi, "size": size, "uri": block.image}
        if block.alt.strip():
            item["captions"] = [_ref(self._written(page, block, item, "caption", block.alt.strip()))]
        return item

    def _text(self, page: int, block: Block, parent: Item, label: str, spans: Sequence[Span]) -> Item:
        """Text of one style as one item, else as an inline group of as many; a list item holds such a group."""
        parts = stripped(spans)
        if len({_look(part) for part in parts}) < 2:
            item = self._written(page, block, parent, "code" if _is_code(parts, label) else label, _joined(parts))
            item.update(_styled(parts[0]) if parts else {})
            return item
        if label == "list_item":
            item = self._written(page, block, parent, label, "")
            self._inline(page, block, item, parts)
            return item
        # In a list, docling writes an inline group onto the item before it without a blank (docling-core 2.104).
        if label in ("text", "footnote") and block.depth == 0:
            return self._inline(page, block, parent, parts)
        return self._written(page, block, parent, label, _joined(parts))

    def _inline(self, page: int, block: Block, parent: Item, parts: Sequence[Span]) -> Item:
        group = self._group(parent, "inline")
        for part in _by_look(parts):
            label = "formula" if part.math else "code" if part.code else "text"
            self._written(page, block, group, label, part.text.strip()).update(_styled(part))
        return group

    def _written(self, page: int, block: Block, parent: Item, label: str, text: str) -> Item:
        item = self._add("texts", parent, label, block, page, len(text))
        item.update(orig=text, text=text)
        if label == "code":
            item.update(captions=[], references=[], footnotes=[], code_language="unknown")
        return item

    def _group(self, parent: Item, label: str) -> Item:
        group = self._new("groups", parent, label)
        group["name"] = "group"
        return group

    def _add(self, kind: str, parent: Item, label: str, block: Block, page: int, length: int = 0) -> Item:
        item = self._new(kind, parent, label)
        if block.kind in FURNITURE:
            item["content_layer"] = "furniture"
        item["prov"] = list(_places(page, block, length))
        return item

    def _new(self, kind: str, parent: Item, label: str) -> Item:
        items = self._items[kind]
        item: Item = {
            "self_ref": f"#/{kind}/{len(items)}",
            "parent": _ref(parent),
            "children": [],
            "content_layer": "body",
            "label": label,
        }
        items.append(item)
        parent["children"].append(_ref(item))
        return item


@dataclass(slots=True)
class _List:
    """An open list, with an item open in it."""

    depth: int
    group: Item
    is_numbered: bool
    item: Item


class _Lists:
    """The lists that are open, each in an item of the one before."""

    def __init__(self) -> None:
        self._open: list[_List] = []
        self._numbering = Numbering()

    def item_at(self, depth: int) -> Item | None:
        """The open item that what has this depth belongs to; all deeper lists end."""
        if depth == 0:
            self._numbering.outside()
        while self._open and self._open[-1].depth > depth:
            self._open.pop()
        return self._open[-1].item if self._open else None

    def list_for(self, item: Block) -> Item | None:
        """The open list that an item goes on with; None if it begins one, in `item_at` of the depth above its own."""
        if item.depth == 0:
            self._numbering.outside()
        depth = max(item.depth, 1)
        is_numbered = number_of(item.label) is not None
        starts_anew = self._numbering.starts_anew(item)
        self.item_at(depth)
        last = self._open[-1] if self._open else None
        if last is not None and last.depth == depth and last.is_numbered == is_numbered and not starts_anew:
            return last.group
        return None

    def begin(self, block: Block, group: Item, item: Item) -> None:
        """Note an item, and the list that it stands in."""
        depth = max(block.depth, 1)
        while self._open and self._open[-1].depth >= depth:
            self._open.pop()
        self._open.append(_List(depth, group, number_of(block.label) is not None, item))


def _ref(item: Item) -> Item:
    return {"$ref": item["self_ref"]}


def _places(page: int, block: Block, length: int) -> Iterator[Item]:
    """Where a block stands, part by part; what was joined to it is on other pages or in other columns."""
    starts = [0, *(min(part.start, length) for part in block.continued)]
    ends = [*starts[1:], length]
    places = [(page, block.box), *((part.page, part.box) for part in block.continued)]
    for (number, box), start, end in zip(places, starts, ends, strict=True):
        yield {"page_no": number, "bbox": _bbox(box), "charspan": [start, max(start, end)]}


def _bbox(box: Box) -> Item:
    left, top, right, bottom = box
    return {"l": left, "t": top, "r": right, "b": bottom, "coord_origin": "TOPLEFT"}


def _table(rows: Sequence[Sequence[Cell]]) -> Item:
    """The cells with the rows and columns they span, and how many there are of these."""
    cells: list[Item] = []
    taken: set[tuple[int, int]] = set()
    for y, row in enumerate(rows):
        x = 0
        for cell in row:
            while (y, x) in taken:
                x += 1
            height = min(cell.rows, len(rows) - y)
            taken |= {(y + down, x + right) for down in range(height) for right in range(cell.columns)}
            cells.append(
                {
                    "text": cell.text.strip(),
                    "row_span": height,
                    "col_span": cell.columns,
                    "start_row_offset_idx": y,
                    "end_row_offset_idx": y + height,
                    "start_col_offset_idx": x,
                    "end_col_offset_idx": x + cell.columns,
                    "column_header": cell.is_header and all(other.is_header for other in row),
                    "row_header": cell.is_header and not all(other.is_header for other in row),
                    "row_section": False,
                }
            )
    columns = max((x + 1 for _, x in taken), default=0)
    return {"table_cells": cells, "num_rows": len(rows), "num_cols": columns}


Look = tuple[bool, bool, bool, bool, int, str, bool]


def _look(span: Span) -> Look:
    """All of a span's style that docling has a name for."""
    link = span.link if _ADDRESS.match(span.link) else ""
    return (span.bold, span.italic, span.code, span.strike, span.script, link, span.math)


def _by_look(spans: Sequence[Span]) -> list[Span]:
    """Neighbours of one look as one span; without blanks alone, since docling puts its own between items."""
    return [span for span in merged(Span(span.text, *_look(span)) for span in spans) if span.text.strip()]


def _styled(span: Span) -> Item:
    """What a text item says of its style."""
    bold, italic, _, strike, script, link, _ = _look(span)
    styled: Item = {"hyperlink": link} if link else {}
    if bold or italic or strike or script:
        styled["formatting"] = {
            "bold": bold,
            "italic": italic,
            "underline": False,
            "strikethrough": strike,
            "script": {1: "super", -1: "sub"}.get(script, "baseline"),
        }
    return styled


def _is_code(parts: Sequence[Span], label: str) -> bool:
    return label == "text" and bool(parts) and all(part.code for part in parts)


def _joined(spans: Sequence[Span]) -> str:
    return "".join(span.text for span in spans).strip()
