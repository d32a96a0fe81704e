"""What a file is, by how it begins, what it is called and how it ends."""

import pytest

from engine.job.kinds import HEAD, TAIL, has_intact_end, kind_of, left_alone, names_kind, not_accepted, office_file
from engine.job.options import DocumentKind
from tests import documents, pdfs

K = DocumentKind
SAMPLES: dict[DocumentKind, bytes] = {
    K.PDF: pdfs.text_pages(1),
    K.XPS: documents.xps(),
    K.EPUB: documents.epub(),
    K.MOBI: documents.mobi(),
    K.FB2: documents.FB2,
    K.CBZ: documents.zipped({"1.png": documents.picture()}),
    K.SVG: documents.svg(),
    K.PNG: documents.picture(),
    K.JPG: documents.picture("JPEG"),
    K.TIFF: documents.picture("TIFF"),
    K.GIF: documents.picture("GIF"),
    K.BMP: documents.picture("BMP"),
    K.WEBP: documents.picture("WEBP"),
    K.DOCX: documents.docx(),
    K.XLSX: documents.zipped({"[Content_Types].xml": "", "xl/workbook.xml": "x" * 99}),
    K.PPTX: documents.zipped({"[Content_Types].xml": "", "ppt/presentation.xml": "x" * 99}),
    K.ODT: documents.zipped({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": "x" * 99}),
}
BY_NAME_ALONE = {K.XPS, K.CBZ}
CANNOT_TELL = {K.TIFF, K.MOBI}


@pytest.mark.parametrize("kind", list(K))
def test_the_content_says_the_kind_and_the_name_helps_where_it_does_not(kind: DocumentKind) -> None:
    head = SAMPLES[kind][:HEAD]
    assert kind_of(f"Some File.{kind.upper()}", head) is kind
    assert kind_of("noname", head) is (None if kind in BY_NAME_ALONE else kind)
    assert kind_of("wrong.pdf", head) is (None if kind in BY_NAME_ALONE else kind)
    assert kind_of(f"a.{kind}", b"This is a note.") is None
    assert kind_of(f"a.{kind}", b"") is None


@pytest.mark.parametrize("kind", list(K))
def test_a_file_that_is_cut_off_has_no_intact_end(kind: DocumentKind) -> None:
    def is_whole(data: bytes) -> bool:
        return has_intact_end(kind, data[:HEAD], data[-TAIL:], len(data))

    sample = SAMPLES[kind]
    assert is_whole(sample) is (kind not in CANNOT_TELL)
    assert not is_whole(b"<!---->" * 200 + b"/> " * 400 + b"x")
    assert not is_whole(sample[: len(sample) - 60])


@pytest.mark.parametrize(
    ("name", "head", "kind"),
    [
        ("a.pdf", b"\x00" * 900 + b"%PDF-1.4", K.PDF),
        ("a.pdf", b"PK\x03\x04 and then %PDF-1.4", K.PDF),
        ("a.jpg", b"\xff\xd8\xff and then %PDF-1.4", K.JPG),
        ("a.pdf", b"\xff\xd8\xff and then %PDF-1.4", K.PDF),
        ("a.zip", b"PK\x03\x04", None),
        ("a.docx", b"PK\x03\x04", K.DOCX),
        ("a.XLSM", b"PK\x03\x04", K.XLSX),
        ("a.docx", documents.epub()[:HEAD], K.EPUB),
        ("a.docx", SAMPLES[K.PPTX], K.PPTX),
        ("a.cbz", documents.zipped({"word/1.png": ""}), K.CBZ),
        ("a.ott", documents.zipped({"mimetype": "application/vnd.oasis.opendocument.text-template"}), None),
        ("a.svg", b"\xef\xbb\xbf  <!-- a <svg> --><!DOCTYPE svg [<!ENTITY a 'b'>]>\n<s:svg xmlns:s='x'>", K.SVG),
        ("a.svg", "\ufeff<svg/>".encode("utf-16-le"), K.SVG),
        ("a.svg", b"<!-- " + b"x" * 2000, K.SVG),
        ("a.svg", b"<html><svg/></html>", None),
        ("a.svg", b"<!---->" * 146, K.SVG),
        ("a.svg", b"<!---->" * 140 + b"<html>", None),
        ("a.xml", b"<!-- " + b"x" * 2000, None),
        ("a.bmp", b"BM is how this note begins.", None),
        ("a.wav", b"RIFF\x00\x00\x00\x00WAVE", None),
    ],
)
def test_what_looks_like_something_else_is_not_taken_for_it(name: str, head: bytes, kind: DocumentKind | None) -> None:
    assert kind_of(name, head) is kind


def test_a_name_says_a_kind_by_its_suffix() -> None:
    assert [names_kind(name) for name in ("a.tif", "b/A.JPEG", ".pdf", "pdf", "a.pdf.txt", "x.OXPS")] == [
        K.TIFF, K.JPG, None, None, None, K.XPS,
    ]  # fmt: skip


def test_what_is_not_taken_in_is_a_sentence_that_names_the_setting() -> None:
    assert not_accepted(None, (K.PDF,)) == "Not a PDF: the file does not begin with %PDF."
    assert not_accepted(K.EPUB, (K.PDF,)) == "The file is of kind EPUB, and `accept` takes in PDF alone."
    assert not_accepted(K.PDF, (K.EPUB, K.PNG)) == "The file is of kind PDF, and `accept` takes in EPUB and PNG alone."
    assert not_accepted(None, (K.PDF, K.CBZ)) == "The file is none of PDF, CBZ, which are what `accept` takes in."
    assert left_alone(K.GIF, (K.PDF,)) == "is not a PDF: it does not begin with %PDF."
    assert left_alone(K.GIF, (K.PNG,)).startswith("is left alone. The file is of kind GIF")


@pytest.mark.parametrize(
    ("name", "head", "expected"),
    [
        ("a.docx", b"PK\x03\x04", "(DOCX)"),
        ("a.ODT", b"PK\x03\x04", "(ODT)"),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "(DOC)"),
        ("noname", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "office program:"),
        ("noname", b"{\\rtf1", "office program:"),
        ("a.docx", b"This is a note.", None),
        ("a.zip", b"PK\x03\x04", None),
        ("noname", SAMPLES[K.XLSX], "office = true"),
    ],
)
def test_a_file_of_an_office_program_is_told_what_makes_a_pdf_of_it(
    name: str, head: bytes, expected: str | None
) -> None:
    found = office_file(name, head)
    assert (found is None) if expected is None else (found and expected in found and "soffice" in found)
