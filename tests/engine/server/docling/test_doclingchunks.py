"""A DoclingDocument is cut where docling's own hierarchical chunker cuts it."""

from pathlib import Path
from typing import Any

import pytest

from engine.job.job import JobState
from engine.server.docling.doclingchunks import HIERARCHICAL, HYBRID, chunks_of
from engine.server.documents.published import Published
from engine.server.documents.tasks import TaskRecord
from tests.engine.making import job


def item(ref: str, label: str, text: str = "", children: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    prov = [{"page_no": 1, "bbox": {"l": len(ref), "t": 0, "r": int(ref[-1]), "b": 9.876}}]
    refs = [{"$ref": child} for child in children]
    return {"self_ref": ref, "label": label, "text": text, "children": refs, "prov": prov, **more}


DOCUMENT = {
    "body": {"self_ref": "#/body", "children": [
        {"$ref": ref} for ref in ("#/texts/0", "#/texts/1", "#/texts/2", "#/groups/0", "#/tables/0", "#/texts/6")
    ]},
    "texts": [
        item("#/texts/0", "title", "Whole"),
        item("#/texts/1", "section_header", "Part", level=1),
        item("#/texts/2", "text", "Words."),
        item("#/texts/3", "list_item", "One"),
        item("#/texts/4", "list_item", "Two"),
        item("#/texts/5", "caption", "Of a table"),
        item("#/texts/6", "page_footer", "7", content_layer="furniture"),
    ],
    "groups": [item("#/groups/0", "list", children=("#/texts/3", "#/texts/4"))],
    "tables": [item(
        "#/tables/0", "table", children=("#/texts/5",), captions=[{"$ref": "#/texts/5"}],
        data={"num_rows": 2, "num_cols": 2, "table_cells": [
            {"text": text, "start_row_offset_idx": row, "start_col_offset_idx": column}
            for row, column, text in ((0, 0, "a|b"), (0, 1, "c"), (1, 1, "d"))
        ]},
    )],
}  # fmt: skip


class Made(Published):
    """A result with a document and a chunk in it."""

    def made(self, format_: str) -> bytes:
        import json

        box = {"page": 1, "x0": 9, "y0": 0, "x1": 2, "y1": 9.88}
        chunk = {"text": "## Part\n\nWords.", "headings": ["Whole", "Part"], "tokens": 5, "boxes": [box]}
        return json.dumps(chunk if format_ == "chunks" else DOCUMENT).encode()


@pytest.fixture
def result() -> Published:
    return Made(job(1, JobState.DONE), Path("/"), {})


def test_each_item_is_a_chunk_below_its_headings(result: Published) -> None:
    words, list_, table = chunks_of(result, "a.pdf", TaskRecord(chunker=HIERARCHICAL, with_raw_text=True))
    assert (words.text, words.raw_text, words.headings) == ("Whole\nPart\nWords.", "Words.", ["Whole", "Part"])
    assert (words.doc_items, words.page_numbers, words.filename) == (["#/texts/2"], [1], "a.pdf")
    assert (list_.raw_text, list_.doc_items) == ("One\nTwo", ["#/texts/3", "#/texts/4"])
    assert table.raw_text == "| a\\|b | c |\n| --- | --- |\n|  | d |"
    assert (table.captions, table.chunk_index) == (["Of a table"], 2)


def test_hotfolios_own_chunks_name_the_items_that_lie_where_they_do(result: Published) -> None:
    (chunk,) = chunks_of(result, "a.pdf", TaskRecord(chunker=HYBRID))
    assert (chunk.text, chunk.raw_text, chunk.num_tokens) == ("Whole\n## Part\n\nWords.", None, 5)
    assert (chunk.doc_items, chunk.page_numbers) == (["#/texts/2"], [1])
