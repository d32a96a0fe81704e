"""Text of plainly written PDFs, and what is said of those that are not plain."""

import pymupdf
import pytest

from engine.sandbox.plainpdf import CannotRead, page_texts
from tests import pdfs
from tests.engine.sandbox.conformance import document


def test_pages_are_read_in_their_order() -> None:
    texts = page_texts(document("one", "two (and \\ more)", "three"))
    assert [text.splitlines() for text in texts] == [
        [f"This is page {n}, with marker-{n}.", "Some ordinary words follow it.", line]
        for n, line in ((1, "one"), (2, "two (and \\ more)"), (3, "three"))
    ]


def test_pages_may_be_deflated_and_moved() -> None:
    pdf = pymupdf.open(stream=document("one", "two", "three"))
    pdf.move_page(2, 0)
    texts = page_texts(pdf.tobytes(deflate=True))
    assert [text.splitlines()[-1] for text in texts] == ["three", "one", "two"]


def test_strings_may_be_written_with_escapes() -> None:
    content = rb"BT (a\(b\)\\\101) Tj T* [<4142 4> 20 (C)] TJ ET"
    pdf = (
        b"%PDF-1.4\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n2 0 obj <</Kids[3 0 R]/Count 1>> endobj\n"
        b"3 0 obj <</Type/Page/Contents 4 0 R>> endobj\n"
        b"4 0 obj <</Length 9>>\nstream\n" + content + b"\nendstream endobj\ntrailer <</Root 1 0 R>>\n%%EOF"
    )
    assert page_texts(pdf) == ["a(b)\\A\nAB@C"]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"no document", "not_a_pdf"),
        (b"", "not_a_pdf"),
        (b"%PDF-1.7\n%%EOF", "damaged"),
        (pdfs.encrypted("secret"), "damaged"),
        # A page tree that is its own child.
        (b"%PDF-1.7\n1 0 obj <</Pages 1 0 R/Kids[1 0 R]>> endobj trailer <</Root 1 0 R>>", "damaged"),
    ],
)
def test_what_it_cannot_read_it_says(data: bytes, kind: str) -> None:
    with pytest.raises(CannotRead) as caught:
        page_texts(data)
    assert caught.value.kind == kind
