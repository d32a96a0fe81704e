"""Chunks in docling-serve's way: `hybrid` ones are hotfolio's own, `hierarchical` ones an item of the document each.

Both name the items of the DoclingDocument that they are made of.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from engine.job.formats import Format
from engine.server.docling.doclingschemas import ChunkItem
from engine.server.documents.published import Published
from engine.server.documents.tasks import TaskRecord

HYBRID, HIERARCHICAL = "hybrid", "hierarchical"
CHUNKS = "chunks"
"""The format of hotfolio's own chunks."""
_DIGITS = 2
"""To so many the boxes of hotfolio's chunks are rounded."""
_HEADINGS = frozenset({"title", "section_header"})
_MOST_DEEP = 200
"""Groups in groups; there are no such documents."""

_Item = Mapping[str, Any]


def chunks_of(result: Published, filename: str, record: TaskRecord) -> list[ChunkItem]:
    """The chunks of a document; raises `OSError` or `ValueError` if what they are made of cannot be read."""
    document = _Document(json.loads(result.made(Format.DOCLING)))
    if record.chunker == HYBRID:
        lines = result.made(CHUNKS).decode("utf-8").splitlines()
        found = [_hybrid(document, json.loads(line)) for line in lines]
    else:
        found = list(_hierarchical(document))
    for index, item in enumerate(found):
        item.filename, item.chunk_index = filename, index
        if not record.with_raw_text:
            item.raw_text = None
    return found


class _Document:
    """A DoclingDocument as JSON."""

    def __init__(self, whole: _Item) -> None:
        self._whole = whole
        self._at: dict[tuple[object, ...], list[str]] = {}
        for kind in ("texts", "tables", "pictures"):
            for item in whole.get(kind, ()):
                for key in _places(item):
                    self._at.setdefault(key, []).append(item["self_ref"])

    def item(self, ref: _Item) -> _Item:
        """The item that a reference names."""
        _, kind, *number = str(ref["$ref"]).split("/")
        found: _Item = self._whole[kind][int(number[0])] if number else self._whole[kind]
        return found

    @property
    def body(self) -> _Item:
        """What holds all others."""
        found: _Item = self._whole["body"]
        return found

    def items_at(self, page: int, box: tuple[float, ...]) -> list[str]:
        """The items that lie there."""
        return self._at.get((page, *box), [])


def _places(item: _Item) -> Iterator[tuple[object, ...]]:
    for place in item.get("prov", ()):
        box = place["bbox"]
        yield (place["page_no"], *(round(box[side], _DIGITS) for side in ("l", "t", "r", "b")))


def _hybrid(document: _Document, chunk: _Item) -> ChunkItem:
    """A chunk of hotfolio's."""
    refs: dict[str, None] = {}
    for box in chunk["boxes"]:
        refs |= dict.fromkeys(document.items_at(box["page"], (box["x0"], box["y0"], box["x1"], box["y1"])))
    text, headings = str(chunk["text"]), list(chunk["headings"])
    said = {line.lstrip("# ").strip() for line in text.splitlines() if line.startswith("#")}
    missing = [heading for heading in headings if heading not in said]
    return ChunkItem(
        text="\n".join([*missing, text]),
        raw_text=text,
        num_tokens=chunk["tokens"],
        headings=headings or None,
        doc_items=list(refs),
        page_numbers=sorted({box["page"] for box in chunk["boxes"]}) or None,
    )


def _hierarchical(document: _Document) -> Iterator[ChunkItem]:
    """A chunk for each item with text, and one for each list."""
    headings: dict[int, str] = {}
    for item in _leaves(document, document.body, 0):
        if item["label"] in _HEADINGS:
            level = int(item.get("level", 0))
            headings = {known: text for known, text in headings.items() if known < level} | {level: item["text"]}
            continue
        parts = list(_with_children(document, item, 0))
        captions = [document.item(ref)["text"] for ref in item.get("captions", ())]
        raw = _table_text(item) if "data" in item else "\n".join(filter(None, (part.get("text") for part in parts)))
        if not raw.strip() and not captions:
            continue
        above = [headings[level] for level in sorted(headings)]
        pages = sorted({place["page_no"] for part in parts for place in part.get("prov", ())})
        yield ChunkItem(
            text="\n".join([*above, *captions, raw] if raw else [*above, *captions]),
            raw_text=raw,
            headings=above or None,
            captions=captions or None,
            doc_items=[part["self_ref"] for part in parts if not part["self_ref"].startswith("#/groups")],
            page_numbers=pages or None,
        )


def _leaves(document: _Document, parent: _Item, depth: int) -> Iterator[_Item]:
    """The items that chunks are made of; a list is one."""
    for ref in parent.get("children", ()):
        item = document.item(ref)
        if item.get("content_layer") == "furniture" or depth > _MOST_DEEP:
            continue
        if item["self_ref"].startswith("#/groups") and item["label"] not in ("list", "inline"):
            yield from _leaves(document, item, depth + 1)
        elif item["label"] != "caption":
            yield item


def _with_children(document: _Document, item: _Item, depth: int) -> Iterator[_Item]:
    """An item and what is in it, in order."""
    yield item
    if depth <= _MOST_DEEP:
        for ref in item.get("children", ()):
            child = document.item(ref)
            if child["label"] != "caption":
                yield from _with_children(document, child, depth + 1)


def _table_text(table: _Item) -> str:
    """Its rows as Markdown."""
    data = table["data"]
    rows = [[""] * data["num_cols"] for _ in range(data["num_rows"])]
    for cell in data["table_cells"]:
        text = " ".join(str(cell["text"]).split()).replace("|", "\\|")
        rows[cell["start_row_offset_idx"]][cell["start_col_offset_idx"]] = text
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([*lines[:1], f"|{' --- |' * data['num_cols']}", *lines[1:]])
