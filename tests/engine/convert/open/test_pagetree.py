"""PDFs that lie about how many pages they have."""

from pathlib import Path

import pymupdf
import pytest

from engine.convert.open.document import CannotOpen, Document, open_document
from engine.facade.engine import Engine
from engine.job.job import JobState
from engine.job.options import ConvertOptions
from engine.settings.settings import Settings
from tests import pdfs
from tests.backends import local_backend

WARNING = "The PDF claims a wrong number of pages; found in it: {}."


def tree(*nodes: str) -> bytes:
    """A PDF whose page tree is these objects from number 2 on; pages are 10, 11 and 12, and say so."""
    objects = {1: "<</Type/Catalog/Pages 2 0 R>>", **dict(enumerate(nodes, 2))}
    for number in (10, 11, 12):
        text = f"BT /F 12 Tf 72 700 Td (page {number}) Tj ET"
        font = "<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>"
        objects[number] = (
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents {number + 10} 0 R/Resources{font}>>"
        )
        objects[number + 10] = f"<</Length {len(text)}>>stream\n{text}\nendstream"
    data, places = "%PDF-1.4\n", {}
    for number, content in objects.items():
        places[number] = len(data)
        data += f"{number} 0 obj\n{content}\nendobj\n"
    size = max(objects) + 1
    xref = "".join(f"{places.get(n, 0):010} 00000 {'n' if n in places else 'f'} \n" for n in range(size))
    end = f"xref\n0 {size}\n{xref}trailer<</Size {size}/Root 1 0 R>>\nstartxref\n{len(data)}\n%%EOF\n"
    return (data + end).encode()


def pages(count: str, kids: str = "10 0 R 11 0 R 12 0 R") -> str:
    return f"<</Type/Pages/Kids[{kids}]{count}>>"


def opened(folder: Path, data: bytes) -> Document:
    file = folder / "a.pdf"
    file.write_bytes(data)
    return open_document(file, "a.pdf", ConvertOptions(ocr="never"), None)


def said(pdf: pymupdf.Document) -> list[str]:
    return [pdf[number].get_text().strip() for number in range(pdf.page_count)]


@pytest.mark.parametrize(
    "count",
    ["-1", "0", "1", "2", "4", "1000", "2147483647", "2147483648", "-9999999999999", "7.5", "(three)", "[3]", "99 0 R"],
)
def test_every_page_is_found_whatever_the_document_claims(tmp_path: Path, count: str) -> None:
    document = opened(tmp_path, tree(pages(f"/Count {count}")))
    assert said(document.pdf) == said(document.pristine) == ["page 10", "page 11", "page 12"]
    assert document.warnings == [WARNING.format(3)]


def test_every_page_is_found_where_nothing_is_claimed(tmp_path: Path) -> None:
    document = opened(tmp_path, tree(pages("")))
    assert said(document.pdf) == ["page 10", "page 11", "page 12"]
    assert document.warnings == [WARNING.format(3)]


def test_who_tells_the_truth_is_not_warned_of(tmp_path: Path) -> None:
    document = opened(tmp_path, tree(pages("/Count 3")))
    assert document.page_count == 3
    assert not document.warnings


def test_pages_are_found_below_nodes_that_lie_too(tmp_path: Path) -> None:
    inner = pages("/Parent 2 0 R/Count -7", "11 0 R 12 0 R")
    document = opened(tmp_path, tree(pages("/Count 100", "10 0 R 3 0 R"), inner))
    assert said(document.pdf) == ["page 10", "page 11", "page 12"]
    assert document.warnings == [WARNING.format(3)]


def test_a_page_that_is_missing_keeps_its_number(tmp_path: Path) -> None:
    document = opened(tmp_path, tree(pages("/Count -9", "10 0 R 99 0 R 12 0 R")))
    assert (document.page_count, said(document.pdf)[2]) == (3, "page 12")


def test_pages_that_may_be_lost_are_not_counted_away(tmp_path: Path) -> None:
    document = opened(tmp_path, tree(pages("/Count 5", "10 0 R 99 0 R 12 0 R")))
    assert (document.page_count, document.warnings) == (5, [])


@pytest.mark.parametrize(
    "nodes",
    [
        [pages("/Count -1", "2 0 R")],
        [pages("/Count -1", "3 0 R 3 0 R"), pages("/Count 3")],
        [pages("/Count -1", "10 0 R " * 1000)],
        [pages("/Count 0", "")],
        ["null"],
        ["[10 0 R]"],
    ],
    ids=["circle", "shared", "more than objects", "empty", "nothing", "no tree"],
)
def test_a_tree_that_is_none_is_damage(tmp_path: Path, nodes: list[str]) -> None:
    with pytest.raises(CannotOpen, match="damaged"):
        opened(tmp_path, tree(*nodes))


def test_a_document_that_lies_is_converted_whole(tmp_path: Path) -> None:
    lying = pdfs.text_pages(3).replace(b"/Count 3", b"/Count 9", 1)
    assert lying != pdfs.text_pages(3)
    (tmp_path / "a.pdf").write_bytes(lying)
    settings = Settings(
        input=tmp_path / "in", output=tmp_path / "out", formats=("md",), pages="2-", ocr="never", num_workers=1
    )
    with Engine(settings, watch=False, backend=local_backend) as engine:
        job = engine.submit(tmp_path / "a.pdf")
        assert engine.wait_until_idle(60)
        detail = engine.detail(job.id)
    assert (detail.snapshot.job.state, detail.snapshot.job.pages) == (JobState.DONE, 2)
    assert WARNING.format(3) in (tmp_path / "out" / "a" / "manifest.json").read_text()
    assert "marker-3" in (tmp_path / "out" / "a" / "a.md").read_text()
