"""The blocks of a page, as the published JSON tells them."""

import json
from pathlib import Path

import pytest

from engine.base.errors import HotfolioError
from engine.job.snapshot import PageBlock
from engine.publish import blockindex
from engine.publish.blockindex import read_blocks

CELLS = [[{"text": "Year", "header": True}, {"text": "Sum"}], [{"text": "2026"}, {"text": None}, "?"]]
BOXES = [
    {"x0": 20, "y0": 10, "x1": 100, "y1": 30, "boxclass": "section-header", "text": "A\x1b[2J head", "size": 12},
    {"x0": 20, "y0": 40, "x1": 180, "y1": 90, "boxclass": "table", "text": "", "table": CELLS},
    {"x0": -9, "y0": 95, "x1": 900, "y1": 120, "boxclass": "picture", "image": "images/a.png"},
]


def written(folder: Path, *pages: object) -> Path:
    file = folder / "a.json"
    file.write_text(json.dumps({"filename": "a.pdf", "pages": pages}))
    return file


def test_each_block_is_told_with_its_place_as_a_share_of_the_page(tmp_path: Path) -> None:
    page = {"page_number": 7, "width": 200, "height": 100, "boxes": BOXES}
    file = written(tmp_path, {"page_number": 3, "boxes": "of a page that nobody asks for"}, page)
    head, table, picture = read_blocks(file, 7)
    assert head == PageBlock("section-header", (0.1, 0.1, 0.5, 0.3), "A\\x1b[2J head")
    assert table == PageBlock("table", (0.1, 0.4, 0.9, 0.9), "Year Sum 2026")
    assert picture == PageBlock("picture", (0.0, 0.95, 1.0, 1.0), "", "images/a.png")
    assert read_blocks(file, 8) == ()


def test_what_is_unrefined_has_places_and_no_words(tmp_path: Path) -> None:
    box = {"x0": 0, "y0": 0, "x1": 1, "y1": 1, "boxclass": "table", "textlines": None, "table": {"cells": [[]]}}
    file = written(tmp_path, {"page_number": 1, "width": 2, "height": 2, "boxes": [box]})
    assert read_blocks(file, 1) == (PageBlock("table", (0.0, 0.0, 0.5, 0.5), ""),)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "no longer where it was"),
        (b"", "was changed after it was made"),
        (b'{"pages": [1]}', "was changed after it was made"),
        (b'{"pages": [{"page_number": 1, "width": "wide", "height": 1}]}', "was changed after it was made"),
        (b"x" * 101, "too large"),
    ],
)
def test_what_cannot_be_used_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, sentence: str
) -> None:
    monkeypatch.setattr(blockindex, "_MOST_BYTES", 100)
    if content is not None:
        (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(HotfolioError, match=sentence):
        read_blocks(tmp_path / "a.json", 1)


def test_a_page_without_size_has_no_blocks(tmp_path: Path) -> None:
    assert read_blocks(written(tmp_path, {"page_number": 1, "width": 0, "height": 0, "boxes": BOXES}), 1) == ()
