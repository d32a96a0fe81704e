"""The merge: every format while the pages pass once, and a file for each page's text."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from engine.convert.formats.texts import MarkupConverter
from engine.convert.open.context import MergeContext
from engine.convert.page.blocks import RefinedPage
from engine.convert.page.pagemodel import PageModel
from engine.job.options import ConvertOptions
from tests.engine.convert.pages import paragraph

HEAD = {"filename": "a.pdf", "page_count": 4, "toc": [], "metadata": {}, "form_fields": {}}


@dataclass
class Checkpoints:
    """Pages, as often as they are asked for."""

    pages: list[RefinedPage]
    size: int = 0
    passes: int = field(default=0)

    def __iter__(self) -> Iterator[PageModel]:
        self.passes += 1
        for page in self.pages:
            yield PageModel(page.number, refined=copy.deepcopy(page))


TOPS = (20.0, 150.0, 300.0, 450.0, 740.0)
LONG = 1 << 40
"""Bytes of a document that is not held in memory."""


def merged(
    out: Path, *texts: str, formats: tuple[str, ...], failed: dict[int, str] | None = None, size: int = 0
) -> MergeContext:
    failed = failed or {}
    numbers = [number for number in range(1, len(texts) + len(failed) + 1) if number not in failed]
    pages = [
        RefinedPage(number, 600.0, 800.0, [*map(paragraph, TOPS, text.split("|"))] if text else [])
        for number, text in zip(numbers, texts, strict=True)
    ]
    options = ConvertOptions(formats=formats)
    document = MergeContext(HEAD, "a", "a.pdf", options, out, Checkpoints(pages, size), failed)
    MarkupConverter().merge(document)
    return document


@pytest.mark.parametrize("size", [0, LONG])
def test_pages_pass_no_more_often_for_all_formats_than_for_one(tmp_path: Path, size: int) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "all").mkdir()
    every = ("md", "txt", "json", "html", "docling", "chunks", "page-txt")
    one = merged(tmp_path / "one", "One.", "Two.", formats=("md",), size=size)
    all_ = merged(tmp_path / "all", "One.", "Two.", formats=every, size=size)
    assert isinstance(one.pages, Checkpoints)
    assert isinstance(all_.pages, Checkpoints)
    assert all_.pages.passes == one.pages.passes
    assert (one.pages.passes == 1) is (size == 0)
    names = [
        "a.chunks.jsonl",
        "a.docling.json",
        "a.html",
        "a.json",
        "a.md",
        "a.txt",
        "pages/0001.txt",
        "pages/0002.txt",
    ]
    found = sorted(str(file.relative_to(tmp_path / "all")) for file in (tmp_path / "all").rglob("*") if file.is_file())
    assert found == names
    assert sorted(str(file.relative_to(tmp_path / "all")) for file in all_.files) == names


def test_a_long_document_comes_to_the_same_as_one_that_is_held(tmp_path: Path) -> None:
    texts = [
        f"Report|{number}. Heading|This is said on page {number}, and it goes on|over to the next|Page {number}"
        for number in range(1, 6)
    ]
    every = ("md", "txt", "json", "html", "chunks")
    for name, size in (("held", 0), ("long", LONG)):
        (tmp_path / name).mkdir()
        merged(tmp_path / name, *texts, formats=every, failed={3: "it burnt"}, size=size)
    for file in (tmp_path / "held").iterdir():
        assert file.read_bytes() == (tmp_path / "long" / file.name).read_bytes()
    assert "Report" not in (tmp_path / "held" / "a.md").read_text(encoding="utf-8")  # what the steps leave out


def test_of_each_page_that_has_not_failed_there_is_the_text(tmp_path: Path) -> None:
    document = merged(tmp_path, "Öne.", "", "Three.", formats=("page-txt", "txt"), failed={2: "it burnt"})
    texts = {file.name: file.read_text(encoding="utf-8") for file in (tmp_path / "pages").iterdir()}
    assert texts == {"0001.txt": "Öne.\n\n", "0003.txt": "", "0004.txt": "Three.\n\n"}
    whole = (tmp_path / "a.txt").read_text(encoding="utf-8")
    assert whole == "Öne.\n\n[Page 2 could not be converted: it burnt]\n\nThree.\n\n"
    assert document.page_sizes == {}


def test_it_is_noted_how_long_the_markdown_of_each_page_is(tmp_path: Path) -> None:
    document = merged(tmp_path, "Öne.", "Three.", formats=("html", "md"), failed={2: "it burnt"})
    pages = (tmp_path / "a.md").read_bytes()
    assert sum(document.page_sizes.values()) == len(pages)
    assert document.page_sizes[1] == len("Öne.\n".encode())
    assert pages[document.page_sizes[1] :].startswith(b"<!-- Page 2 could not be converted")


def test_a_document_of_nothing_is_a_file_of_nothing(tmp_path: Path) -> None:
    merged(tmp_path, "", formats=("chunks", "html", "page-txt"))
    assert (tmp_path / "a.chunks.jsonl").read_bytes() == b""
    assert (tmp_path / "pages" / "0001.txt").read_bytes() == b""
    assert "<title>a</title>" in (tmp_path / "a.html").read_text(encoding="utf-8")
