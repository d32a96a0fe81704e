"""What a document holds beyond its pages is told when it is opened."""

from pathlib import Path
from typing import Any

import pymupdf
import pytest

from engine.convert.open.beyondpages import attachments_told
from engine.convert.open.document import open_document
from engine.convert.page.attachedfile import AttachedFile
from engine.job.options import ConvertOptions
from tests.engine.convert.forms import XFA, add_xfa


def opened(tmp_path: Path, pdf: pymupdf.Document, **options: Any) -> list[str]:
    file = tmp_path / "a.pdf"
    file.write_bytes(pdf.tobytes())
    document = open_document(file, "a.pdf", ConvertOptions(ocr="never", **options), None)
    document.describe()
    document.close()
    return document.warnings


@pytest.fixture
def pdf() -> pymupdf.Document:
    document = pymupdf.open()
    document.new_page().insert_text((72, 72), "Please wait")
    return document


def test_nothing_is_said_of_a_plain_document(tmp_path: Path, pdf: pymupdf.Document) -> None:
    assert opened(tmp_path, pdf) == []


@pytest.mark.parametrize("is_built", [True, False])
def test_a_form_that_is_not_on_its_pages_is_told(tmp_path: Path, pdf: pymupdf.Document, is_built: bool) -> None:
    add_xfa(pdf, {"all": XFA}, is_built=is_built)
    told = "This is an XFA form; its content is not on its pages, and "
    assert opened(tmp_path, pdf) == [f"{told}what was filled in was read from its data."]
    assert opened(tmp_path, pdf, refine=False) == [f"{told}is not converted."]


def test_a_form_that_is_not_filled_in_is_told(tmp_path: Path, pdf: pymupdf.Document) -> None:
    add_xfa(pdf, {"all": XFA.replace("Tove Holm", "").replace("12400", "")})
    said = ". Nothing is filled in; what it asks for was read."
    assert opened(tmp_path, pdf) == [f"This is an XFA form; its content is not on its pages{said}"]


@pytest.mark.parametrize("xml", ["<xdp:xdp xmlns:xdp='x'></xdp:xdp>", XFA[:-9]])
def test_a_form_of_which_nothing_was_read_is_told(tmp_path: Path, pdf: pymupdf.Document, xml: str) -> None:
    add_xfa(pdf, {"all": xml})
    *others, said = opened(tmp_path, pdf)
    assert said == "This is an XFA form; its content is not on its pages, and is not converted."
    problem = "Could not read what was filled into its form: its XML is damaged"
    assert [problem in other for other in others] == [True] * (not xml.endswith("</xdp:xdp>"))


def test_a_form_whose_fields_are_on_its_pages_is_a_plain_document(tmp_path: Path, pdf: pymupdf.Document) -> None:
    field = pdf.get_new_xref()
    pdf.update_object(field, "<</FT /Tx /T (name) /V (Tove)>>")
    add_xfa(pdf, {"all": XFA}, f"{field} 0 R", is_built=False)
    assert opened(tmp_path, pdf) == []


def test_attachments_are_listed_by_name_type_and_size(tmp_path: Path, pdf: pymupdf.Document) -> None:
    pdf.embfile_add("one", b"1", filename="minutes of May.pdf")
    listed = "minutes of May.pdf (application/pdf, 1 bytes)"
    assert opened(tmp_path, pdf) == [f"The PDF holds an attached file, not converted: {listed}."]
    assert opened(tmp_path, pdf, attachments="convert") == []  # which is not known before the end
    for number in range(11):
        pdf.embfile_add(f"more {number}", b"22", filename=f"{number}.csv")
    pdf.xref_set_key(pdf.pdf_catalog(), "Collection", "<</View /D>>")
    (said,) = opened(tmp_path, pdf)
    assert said.startswith(f"This is a portfolio; it holds 12 attached files, not converted: {listed}, 0.csv (text/csv")
    assert said.endswith("8.csv (text/csv, 2 bytes), and 2 more.")


def test_what_has_become_of_attached_files_is_told(pdf: pymupdf.Document) -> None:
    files = [AttachedFile("a.pdf", "application/pdf", None), AttachedFile("b.csv", "text/csv", 3)]
    assert attachments_told(files, {0}, portfolio=False) == [
        "The PDF holds an attached file, converted by itself: a.pdf (application/pdf).",
        "The PDF holds an attached file, not converted: b.csv (text/csv, 3 bytes).",
    ]


def test_layers_that_are_off_are_named(tmp_path: Path, pdf: pymupdf.Document) -> None:
    pdf.add_ocg("Shown", on=True)
    pdf.add_ocg("Answers", on=False)
    assert opened(tmp_path, pdf) == ["A layer is off, and left out: Answers."]
