"""A converted document as MinerU's API has it: Markdown, pictures, and its blocks as a content list."""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from fastapi import HTTPException

from engine.job.formats import Format
from engine.server.documents.published import Published

_SCALE = 1000
"""Boxes are in thousandths of the page's sides."""
_MOST_PICTURE_BYTES = 64 << 20
_Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Parsed:
    """A document."""

    markdown: str
    content_list: str
    """JSON."""
    pictures: dict[str, bytes]
    """By their paths beside the Markdown."""

    def as_data(self) -> dict[str, str]:
        """The pictures by their names."""
        return {
            path.rpartition("/")[2]: f"data:image/png;base64,{base64.b64encode(content).decode()}"
            for path, content in self.pictures.items()
        }


def parsed_of(result: Published) -> Parsed:
    """A result in MinerU's way. Raises `HTTPException` 422 if it is gone."""
    markdown = result.text(Format.MD)
    try:
        document = json.loads(result.made(Format.DOCLING))
    except (OSError, ValueError, RecursionError):
        raise HTTPException(422, "The result is no longer in the output folder.") from None
    return Parsed(markdown, json.dumps(list(_blocks(document)), ensure_ascii=False), dict(_pictures(result)))


def _pictures(result: Published) -> Iterator[tuple[str, bytes]]:
    room = _MOST_PICTURE_BYTES
    for name in result.files:
        if name.startswith("images/"):
            try:
                content = result.read(name)
            except OSError:
                continue
            room -= len(content)
            if room >= 0:
                yield name, content


def _blocks(document: _Item) -> Iterator[dict[str, Any]]:
    """The blocks in the order in which the document names them."""
    seen: set[str] = set()
    waiting = list(reversed(document["body"]["children"]))
    while waiting:
        ref = str(waiting.pop()["$ref"])
        if ref in seen:
            continue
        seen.add(ref)
        _, kind, number = ref.split("/")
        item = document[kind][int(number)]
        waiting += reversed(item.get("children", ()))
        block = _block(document, kind, item)
        if block is not None and item.get("prov"):
            place = item["prov"][0]
            yield block | {"bbox": _box(document, place), "page_idx": place["page_no"] - 1}


def _block(document: _Item, kind: str, item: _Item) -> dict[str, Any] | None:
    captions = [document["texts"][int(ref["$ref"].split("/")[2])]["text"] for ref in item.get("captions", ())]
    match kind, item.get("label"):
        case "pictures", _:
            path = (item.get("image") or {}).get("uri", "")
            return {"type": "image", "img_path": path, "image_caption": captions, "image_footnote": []}
        case "tables", _:
            body = {"img_path": "", "table_caption": captions, "table_footnote": [], "table_body": _html(item["data"])}
            return {"type": "table", **body}
        case "groups", _:
            return None
        case _, "caption":
            return None
        case _, "formula":
            return {"type": "equation", "text": item["text"], "text_format": "latex"}
        case _, "code":
            return {"type": "code", "sub_type": "code", "code_body": item["text"], "code_caption": []}
        case _, "page_header" | "page_footer" as label:
            return {"type": label.removeprefix("page_"), "text": item["text"]}
        case _, "title":
            return {"type": "text", "text": item["text"], "text_level": 1}
        case _, "section_header":
            return {"type": "text", "text": item["text"], "text_level": item.get("level", 1) + 1}
    return {"type": "text", "text": item["text"]} if item["text"].strip() else None


def _box(document: _Item, place: _Item) -> list[int]:
    size = document["pages"].get(str(place["page_no"]), {}).get("size", {"width": 1, "height": 1})
    sides = (("l", "width"), ("t", "height"), ("r", "width"), ("b", "height"))
    return [min(max(round(place["bbox"][at] / (size[along] or 1) * _SCALE), 0), _SCALE) for at, along in sides]


def _html(data: _Item) -> str:
    rows: dict[int, list[str]] = {row: [] for row in range(data["num_rows"])}
    for cell in data["table_cells"]:
        tag = "th" if cell.get("column_header") or cell.get("row_header") else "td"
        spans = "".join(
            f' {name}="{cell[of]}"' for name, of in (("rowspan", "row_span"), ("colspan", "col_span")) if cell[of] > 1
        )
        rows[cell["start_row_offset_idx"]].append(f"<{tag}{spans}>{escape(cell['text'])}</{tag}>")
    lines = [f"<tr>{''.join(cells)}</tr>" for cells in rows.values()]
    return f"<table>{''.join(lines)}</table>"
