"""All files attached to a PDF are found, wherever it names them, and taken out where they are to be converted."""

import json
from pathlib import Path

import pymupdf
import pytest

from engine.convert.open import attachments
from engine.convert.open.attachments import find_attachments, take_out
from engine.job.options import ConvertOptions, DocumentKind
from tests import pdfs
from tests.engine.convert.converting import Conversion, conversion

__all__ = ["conversion"]
CONVERT = ConvertOptions(attachments="convert", accept=[DocumentKind.PDF, DocumentKind.PNG])


@pytest.fixture
def pdf() -> pymupdf.Document:
    document = pymupdf.open()
    document.new_page().insert_text((72, 72), "See what is attached.")
    return document


def specification(pdf: pymupdf.Document, name: str, content: bytes = b"1", more: str = "") -> int:
    stream, entry = pdf.get_new_xref(), pdf.get_new_xref()
    pdf.update_object(stream, f"<</Type /EmbeddedFile {more}>>")
    pdf.update_stream(stream, content)
    pdf.update_object(entry, f"<</Type /Filespec /UF {pymupdf.get_pdf_str(name)} /EF <</UF {stream} 0 R>>>>")
    return entry


def put_tree(pdf: pymupdf.Document, *nodes: str) -> None:
    """A name tree of these nodes, the first of which is its root; `{0}` stands for the first one's number."""
    numbers = [pdf.get_new_xref() for _ in nodes]
    for number, node in zip(numbers, nodes, strict=True):
        pdf.update_object(number, node.format(*[f"{each} 0 R" for each in numbers]))
    pdf.xref_set_key(pdf.pdf_catalog(), "Names", f"<</EmbeddedFiles {numbers[0]} 0 R>>")


def test_files_are_found_in_a_tree_of_names_that_even_leads_back_to_itself(pdf: pymupdf.Document) -> None:
    one = specification(pdf, "prüfung.pdf")
    two = specification(pdf, "factur-x.xml", b"12345", "/Subtype /text#2Fxml /Params <</Size 5>>")
    names = f"[(a) {one} 0 R (b) {two} 0 R (c) {one} 0 R (d) null]"
    put_tree(pdf, "<</Kids [{1} {0}]>>", "<</Kids [{2} {1}]>>", "<</Names " + names + ">>")
    assert pdf.embfile_names() == []  # or the library has learnt of such trees
    assert find_attachments(pdf) == [
        ("prüfung.pdf", "application/pdf", None),
        ("factur-x.xml", "text/xml", 5),
    ]


def test_files_of_pages_and_associated_files_are_found_each_once(pdf: pymupdf.Document) -> None:
    pdf[0].add_file_annot((72, 200), b"%PDF-1.7", "note.pdf")
    associated = specification(pdf, "data.bin")
    pdf.xref_set_key(pdf.pdf_catalog(), "AF", f"[{associated} 0 R {associated} 0 R]")
    assert [file[:2] for file in find_attachments(pdf)] == [
        ("data.bin", "application/octet-stream"),
        ("note.pdf", "application/pdf"),
    ]


def test_what_is_taken_out_is_of_accepted_kinds_and_not_too_much(
    pdf: pymupdf.Document, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, content in (("a.csv", b"1,2"), ("b", b"%PDF-1.7 b"), ("c.png", b"\x89PNG\r\n\x1a\n"), ("d.pdf", b"")):
        pdf.embfile_add(name, content, filename=name)
    assert take_out(pdf, CONVERT, tmp_path / "all") == {1: "0001", 2: "0002"}
    assert (tmp_path / "all" / "0001").read_bytes() == b"%PDF-1.7 b"
    monkeypatch.setattr(attachments, "_MOST_BYTES", 9)
    assert take_out(pdf, CONVERT, tmp_path / "small") == {2: "0002"}
    monkeypatch.setattr(attachments, "_MOST_OUT", 0)
    assert take_out(pdf, CONVERT, tmp_path / "none") == {}


def test_the_merge_leaves_what_is_to_be_converted_and_says_so(conversion: Conversion) -> None:
    pdf = pymupdf.open(stream=pdfs.text_pages(1))
    pdf.embfile_add("one", pdfs.text_pages(1), filename="one.pdf")
    made = conversion.run(pdf.tobytes(), formats=["txt"], attachments="convert")
    assert [warning[:63] for warning in made.warnings] == [
        "The PDF holds an attached file, converted by itself: one.pdf (a"
    ]
    (entry,) = json.loads(Path("attached.json").read_text())
    assert (entry["name"], entry["file"]) == ("one.pdf", "0000")
    assert Path("attached/0000").read_bytes() == pdfs.text_pages(1)
    assert conversion.run(pdf.tobytes(), formats=["txt"]).warnings == []
    assert json.loads(Path("attached.json").read_text())[0]["file"] is None
