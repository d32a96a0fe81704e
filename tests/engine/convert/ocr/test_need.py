"""Which pages are read by OCR, and what becomes of the text they have."""

from collections.abc import Callable

import pymupdf
import pytest

from engine.convert.ocr.need import Need, is_clearly_text, need_of
from engine.convert.sight.unseen import look_at
from engine.job.options import OcrMode
from tests.engine.convert.scans import encoded, photographed, printed, prose, scan

TEXT = prose(60)


def over_a_scan(text: str, **how: int) -> pymupdf.Document:
    document = scan(photographed(printed(TEXT)))
    document[0].insert_textbox((30, 30, 390, 280), text, fontsize=9, **how)
    return document


def without_meaning(document: pymupdf.Document) -> pymupdf.Document:
    """The same page with fonts that say of no glyph which character it is."""
    for font in document[0].get_fonts():
        xref = document.get_new_xref()
        document.update_object(xref, "<<>>")
        codes = " ".join(["<FFFD>"] * 224)
        document.update_stream(
            xref,
            b"/CIDInit/ProcSet findresource begin 12 dict begin begincmap/CMapName/N def/CMapType 2 def "
            b"1 begincodespacerange<00><FF>endcodespacerange 1 beginbfrange<20><FF>["
            + codes.encode()
            + b"] endbfrange endcmap end end",
        )
        document.xref_set_key(font[0], "ToUnicode", f"{xref} 0 R")
    return document


def need(document: pymupdf.Document, mode: OcrMode = OcrMode.AUTO) -> Need:
    return need_of(document.reload_page(document[0]), mode)


def is_clear(document: pymupdf.Document) -> bool:
    page = document.reload_page(document[0])
    return is_clearly_text(page, look_at(page))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: scan(photographed(printed(TEXT))), "it has no text"),
        (lambda: without_meaning(printed(TEXT)), "its text cannot be decoded"),
        (lambda: over_a_scan(".. ~~ -- ;; '' || ^^ __ ,,", render_mode=3), "its text layer is no text"),
        (lambda: over_a_scan("x", render_mode=3), "its text layer is no text"),
        (lambda: over_a_scan("FAX 12.04.2021 p. 3"), "it has little text over a picture"),
    ],
)
def test_a_page_without_usable_text_is_read(make: Callable[[], pymupdf.Document], reason: str) -> None:
    found = need(make())
    assert (found.ocr, found.reason) == (True, reason)
    assert not is_clear(make())


@pytest.mark.parametrize(
    "make", [lambda: printed(TEXT), lambda: over_a_scan(TEXT, render_mode=3), lambda: pymupdf.open("pdf", _empty())]
)
def test_a_page_with_good_text_or_nothing_is_not_read(make: Callable[[], pymupdf.Document]) -> None:
    assert not need(make()).ocr


@pytest.mark.parametrize("make", [lambda: printed(TEXT), lambda: pymupdf.open("pdf", _empty())])
def test_a_page_of_nothing_but_text_is_told_by_a_look_at_it(make: Callable[[], pymupdf.Document]) -> None:
    assert is_clear(make())


def _empty() -> bytes:
    document = pymupdf.open()
    document.new_page()
    return bytes(document.tobytes())


def test_a_logo_is_no_reason_to_read_a_page_of_text() -> None:
    document = printed(prose(100))
    document[0].insert_image((360, 250, 400, 290), stream=encoded(photographed(printed("Logo"))))
    assert not need(document).ocr
    assert is_clear(document)


def test_text_drawn_as_outlines_is_read() -> None:
    svg = printed(TEXT)[0].get_svg_image(text_as_path=True)
    document = pymupdf.open("pdf", pymupdf.open("svg", svg.encode()).convert_to_pdf())
    assert need(document).ocr
    assert not is_clear(document)


def test_force_reads_what_shows_more_than_text_and_replaces_an_old_layer_alone() -> None:
    assert not need(printed(TEXT), OcrMode.FORCE).ocr
    old = need(over_a_scan(TEXT, render_mode=3), OcrMode.FORCE)
    assert (old.ocr, old.keep, len(old.drop) > 0) == (True, (), True)
    stamped = need(over_a_scan("FAX 12.04.2021 p. 3"), OcrMode.FORCE)
    assert (stamped.ocr, len(stamped.keep), stamped.drop) == (True, 1, ())


def test_never_reads_nothing() -> None:
    assert not need(scan(photographed(printed(TEXT))), OcrMode.NEVER).ocr
