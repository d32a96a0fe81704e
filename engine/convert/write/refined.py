"""Writes a refined document: Markdown, text and JSON, all from the same blocks."""

import json
from collections.abc import Iterator
from typing import Any

from engine.convert.open.context import MergeContext, Writer, missing_in_markdown, missing_in_text
from engine.convert.page.blocks import Block, Cell, Kind, Remark, UnsureWord, furniture_left_out
from engine.convert.page.pagemodel import PageModel
from engine.convert.write import unrefined
from engine.convert.write.markdown import MarkdownWriter

_COLUMN_GAP = "  "


class MarkdownFile(Writer):
    """The document as Markdown."""

    unrefined = unrefined.MarkdownFile

    def __init__(self, document: MergeContext) -> None:
        options = document.options
        self._writer = MarkdownWriter(page_header=options.page_header, page_footer=options.page_footer)

    def page(self, model: PageModel) -> str:
        """The page's Markdown."""
        return self._writer.page(model.blocks)

    def missing(self, number: int, reason: str) -> str:
        """A comment."""
        return missing_in_markdown(number, reason)


class TextFile(Writer):
    """The document as plain text, a blank line between blocks."""

    unrefined = unrefined.TextFile

    def __init__(self, document: MergeContext) -> None:
        options = document.options
        self._left_out = furniture_left_out(page_header=options.page_header, page_footer=options.page_footer)

    def page(self, model: PageModel) -> str:
        """The page's text."""
        texts = (_plain(block) for block in model.blocks.blocks if block.kind not in self._left_out)
        return "".join(f"{text}\n\n" for text in texts if text)

    def missing(self, number: int, reason: str) -> str:
        """A line that says why."""
        return missing_in_text(number, reason)


class JsonFile(Writer):
    """The document as JSON: what concerns it as a whole, and its pages as boxes with text, style and structure."""

    unrefined = unrefined.JsonFile

    def __init__(self, document: MergeContext) -> None:
        self._head = document.head
        filled = {entry.name: {"field_value": entry.value, "pages": []} for entry in document.form if entry.name}
        self._fields = {**self._head["form_fields"], **filled}
        self._separator = ""

    def begin(self) -> str:
        """What concerns the document as a whole."""
        head = {key: self._head[key] for key in ("filename", "page_count", "toc", "metadata")}
        return json.dumps({**head, "form_fields": self._fields}, ensure_ascii=False)[:-1] + ', "pages": ['

    def page(self, model: PageModel) -> str:
        """The page's boxes."""
        refined = model.blocks
        entry = {
            "page_number": refined.number,
            "width": refined.width,
            "height": refined.height,
            "boxes": [_box(block) for block in refined.blocks],
            **({"annotations": [_annotation(remark) for remark in refined.remarks]} if refined.remarks else {}),
            **({"unsure_words": [_unsure(word) for word in refined.unsure]} if refined.unsure else {}),
        }
        separator, self._separator = self._separator, ", "
        return separator + json.dumps(entry, ensure_ascii=False)

    def end(self) -> str:
        """The end of the list of pages."""
        return "]}"


def _box(block: Block) -> dict[str, Any]:
    """A block with the library's names for what it has a name for."""
    x0, y0, x1, y1 = block.box
    entry: dict[str, Any] = {"x0": x0, "y0": y0, "x1": x1, "y1": y1, "boxclass": str(block.kind), "text": block.text}
    if block.kind is Kind.HEADING:
        entry["header_level"] = block.level
    for name in ("depth", "label", "quote", "image", "alt", "size"):
        if value := getattr(block, name):
            entry[name] = value
    if block.rows:
        entry["table"] = [[_cell(cell) for cell in row] for row in block.rows]
    elif block.spans:
        entry["spans"] = [
            {name: value for name in span.__slots__ if (value := getattr(span, name))} for span in block.spans
        ]
    return entry


def _annotation(remark: Remark) -> dict[str, Any]:
    x0, y0, x1, y1 = remark.box
    said = {name: value for name in ("author", "marked") if (value := getattr(remark, name))}
    return {"x0": x0, "y0": y0, "x1": x1, "y1": y1, "kind": remark.kind, "text": remark.text, **said}


def _unsure(word: UnsureWord) -> dict[str, Any]:
    x0, y0, x1, y1 = word.box
    return {"x0": x0, "y0": y0, "x1": x1, "y1": y1, "text": word.text, "confidence": word.confidence}


def _cell(cell: Cell) -> dict[str, Any]:
    entry: dict[str, Any] = {"text": cell.text}
    if cell.is_header:
        entry["header"] = True
    if cell.columns > 1:
        entry["colspan"] = cell.columns
    if cell.rows > 1:
        entry["rowspan"] = cell.rows
    return entry


def _plain(block: Block) -> str:
    if block.rows:
        return "\n".join(_aligned(block.rows))
    if block.kind is Kind.PICTURE:
        return f"[{block.alt}]" if block.alt else ""
    text = block.text if block.kind is Kind.CODE else block.text.strip()
    indent = "  " * max(block.depth - (block.kind is Kind.LIST_ITEM), 0)
    if block.kind is Kind.LIST_ITEM:
        text = f"{block.label or '•'} {text}"
    return "\n".join(indent + line if line else "" for line in text.split("\n"))


def _aligned(rows: list[list[Cell]]) -> Iterator[str]:
    """A table with its columns below each other."""
    texts = [[" ".join(cell.text.split()) for cell in row] for row in rows]
    widths = [max((len(row[n]) for row in texts if n < len(row)), default=0) for n in range(max(map(len, texts)))]
    for row in texts:
        yield _COLUMN_GAP.join(text.ljust(width) for text, width in zip(row, widths, strict=False)).rstrip()
