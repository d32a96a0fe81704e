"""What an outline says."""

from typing import Any

import pymupdf

from engine.convert.open.outline import read_outline
from engine.convert.page.outlineentry import OutlineEntry


def _outlined(*entries: list[Any], pages: int = 3) -> pymupdf.Document:
    pdf = pymupdf.open()
    for _ in range(pages):
        pdf.new_page(width=400, height=600)
    pdf.set_toc(list(entries))
    return pymupdf.open("pdf", pdf.tobytes())


def _to(page: int, x: float, y: float) -> dict[str, Any]:
    return {"kind": pymupdf.LINK_GOTO, "page": page - 1, "to": pymupdf.Point(x, y)}


def test_entries_have_their_level_and_their_place_from_the_top() -> None:
    pdf = _outlined(
        [1, "One", 1, _to(1, 50, 100)], [2, " Two\tparts ", 2, _to(2, 60, 450)], [1, "Three", 3, _to(3, 0, 0)]
    )
    assert read_outline(pdf)[:2] == [OutlineEntry(1, "One", 1, 50, 100), OutlineEntry(2, "Two parts", 2, 60, 450)]


def test_entries_that_lead_out_of_the_document_are_left_out() -> None:
    web = {"kind": pymupdf.LINK_URI, "uri": "https://example.org"}
    pdf = _outlined([1, "Here", 1, _to(1, 50, 100)], [1, "Web", -1, web], [1, "There", 2, _to(2, 50, 90)])
    assert [entry.title for entry in read_outline(pdf)] == ["Here", "There"]


def test_an_entry_may_name_a_page_alone() -> None:
    pdf = _outlined([1, "One", 1, _to(1, 50, 100)], [1, "Two", 2, _to(2, 50, 100)])
    xref = pdf.get_outline_xrefs()[1]
    pdf.xref_set_key(xref, "Dest", f"[{pdf[1].xref} 0 R /Fit]")
    pdf.xref_set_key(xref, "A", "null")
    entry = read_outline(pymupdf.open("pdf", pdf.tobytes()))[1]
    assert (entry.page, entry.y) in ((2, None), (2, 0.0))


def test_an_outline_that_leads_back_to_itself_ends() -> None:
    pdf = _outlined([1, "One", 1, _to(1, 50, 100)], [1, "Two", 2, _to(2, 50, 100)])
    first, second = pdf.get_outline_xrefs()
    pdf.xref_set_key(second, "Next", f"{first} 0 R")
    assert {entry.title for entry in read_outline(pymupdf.open("pdf", pdf.tobytes()))} <= {"One", "Two"}


def test_no_outline_has_no_entries() -> None:
    assert read_outline(_outlined()) == []
