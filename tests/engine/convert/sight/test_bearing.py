"""Which way most text of a page runs."""

import pymupdf
import pytest

from engine.convert.sight.bearing import bearing
from tests.engine.convert.turning import QUARTERS, lying


def _bearing(page: pymupdf.Page) -> int:
    return bearing(page.get_text("dict")["blocks"])


def _page() -> pymupdf.Page:
    return pymupdf.open().new_page(width=400, height=400)


def test_a_page_with_turned_labels_stays_as_it_is() -> None:
    page = _page()
    page.insert_text((100, 50), "Boats by month", fontsize=11)
    for month in range(12):
        page.insert_text((60 + 20 * month, 300), f"month {month + 1} of 2026", fontsize=8, rotate=90)

    assert _bearing(page) == 0


def test_a_page_with_turned_text_in_its_margin_stays_as_it_is() -> None:
    page = _page()
    page.insert_text((60, 50), ["The quay was empty that morning, and so", "nobody counted the boats that had left."])
    page.insert_text((20, 380), "Downloaded by the harbour office in May", fontsize=8, rotate=90)

    assert _bearing(page) == 0


def test_a_page_with_a_diagonal_word_stays_as_it_is() -> None:
    page = _page()
    page.insert_text((100, 300), "CONFIDENTIAL", fontsize=40, morph=(pymupdf.Point(100, 300), pymupdf.Matrix(45)))
    page.insert_text((60, 50), "Part 3")

    assert _bearing(page) == 0


def test_mirrored_text_is_not_upside_down() -> None:
    page = _page()
    page.insert_text(
        (200, 50), "Mirrored as in a window", morph=(pymupdf.Point(200, 50), pymupdf.Matrix(-1, 0, 0, 1, 0, 0))
    )

    assert _bearing(page) == 0


@pytest.mark.parametrize("degrees", [0, *QUARTERS])
def test_text_set_from_top_to_bottom_lies_as_its_page_does(degrees: int) -> None:
    data = _vertical()
    page = pymupdf.open(stream=lying(data, degrees) if degrees else data, filetype="pdf")[0]

    assert page.get_text("dict")["blocks"][0]["lines"][0]["wmode"] == 1
    assert _bearing(page) == degrees


def _vertical() -> bytes:
    """A page of Japanese in a column."""
    pdf = pymupdf.open()
    page = pdf.new_page(width=400, height=400)
    page.insert_text((200, 50), "港の朝は静かでした", fontname="japan", fontsize=12)
    for xref in range(1, pdf.xref_length()):
        if pdf.xref_get_key(xref, "Encoding")[1] == "/UniJIS-UTF16-H":
            pdf.xref_set_key(xref, "Encoding", "/UniJIS-UTF16-V")
    return bytes(pdf.tobytes())
