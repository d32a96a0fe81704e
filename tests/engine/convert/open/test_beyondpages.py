"""What a document holds beyond its pages is told when it is opened."""

from pathlib import Path

import pymupdf
import pytest

from engine.convert.open.document import open_document
from engine.job.options import ConvertOptions


def opened(tmp_path: Path, pdf: pymupdf.Document) -> list[str]:
    file = tmp_path / "a.pdf"
    file.write_bytes(pdf.tobytes())
    document = open_document(file, "a.pdf", ConvertOptions(ocr="never"), None)
    document.close()
    return document.warnings


@pytest.fixture
def pdf() -> pymupdf.Document:
    document = pymupdf.open()
    document.new_page().insert_text((72, 72), "Please wait")
    return document


def form(pdf: pymupdf.Document, fields: str, *, is_built: bool) -> None:
    data, entry = pdf.get_new_xref(), pdf.get_new_xref()
    pdf.update_object(data, "<<>>")
    pdf.update_stream(data, b"<xdp:xdp xmlns:xdp='http://ns.adobe.com/xdp/'/>")
    pdf.update_object(entry, f"<</Fields [{fields}]/XFA {data} 0 R>>")
    pdf.xref_set_key(pdf.pdf_catalog(), "AcroForm", f"{entry} 0 R")
    if is_built:
        pdf.xref_set_key(pdf.pdf_catalog(), "NeedsRendering", "true")


def test_nothing_is_said_of_a_plain_document(tmp_path: Path, pdf: pymupdf.Document) -> None:
    assert opened(tmp_path, pdf) == []


@pytest.mark.parametrize("is_built", [True, False])
def test_a_form_that_is_not_on_its_pages_is_told(tmp_path: Path, pdf: pymupdf.Document, is_built: bool) -> None:
    form(pdf, "", is_built=is_built)
    assert opened(tmp_path, pdf) == ["This is an XFA form; its content is not on its pages, and is not converted."]


def test_a_form_whose_fields_are_on_its_pages_is_a_plain_document(tmp_path: Path, pdf: pymupdf.Document) -> None:
    field = pdf.get_new_xref()
    pdf.update_object(field, "<</FT /Tx /T (name) /V (Tove)>>")
    form(pdf, f"{field} 0 R", is_built=False)
    assert opened(tmp_path, pdf) == []


def test_attachments_are_listed_by_name(tmp_path: Path, pdf: pymupdf.Document) -> None:
    pdf.embfile_add("one", b"1", filename="minutes of May.pdf")
    assert opened(tmp_path, pdf) == ["The PDF holds an attached file, not converted: minutes of May.pdf."]
    for number in range(11):
        pdf.embfile_add(f"more {number}", b"2", filename=f"{number}.csv")
    pdf.xref_set_key(pdf.pdf_catalog(), "Collection", "<</View /D>>")
    (said,) = opened(tmp_path, pdf)
    assert said.startswith("This is a portfolio; it holds 12 attached files, not converted: minutes of May.pdf, 0.csv")
    assert said.endswith("8.csv, and 2 more.")


def test_layers_that_are_off_are_named(tmp_path: Path, pdf: pymupdf.Document) -> None:
    pdf.add_ocg("Shown", on=True)
    pdf.add_ocg("Answers", on=False)
    assert opened(tmp_path, pdf) == ["A layer is off, and left out: Answers."]
