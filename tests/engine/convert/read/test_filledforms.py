"""Filled forms, by tags and by layout."""

import pymupdf
import pytest

from tests.engine.convert.converting import Conversion, Converted
from tests.engine.convert.converting import conversion as conversion
from tests.engine.convert.forms import add_field, without_appearances
from tests.engine.convert.tagged_pdfs import pdf as tagged_pdf
from tests.engine.convert.tagged_pdfs import tag
from tests.engine.convert.turning import rotated


def _markdown(converted: Converted) -> str:
    return (converted.out / "a.md").read_text(encoding="utf-8")


def _filled(data: bytes) -> bytes:
    """Fields beside the labels that are there, whatever the page has at those places."""
    pdf = pymupdf.open(stream=data, filetype="pdf")
    page = pdf[0]
    for label, kind, value in (("Family name:", "text", "Lindqvist"), ("Newsletter wanted", "check", True)):
        found = page.search_for(label)[0]
        add_field(
            page, kind, label, (found.x1 + 40, found.y0, found.x1 + (180 if kind == "text" else 54), found.y1), value
        )
    found = page.search_for("Already a member")[0]
    add_field(page, "check", "old", (found.x0 - 18, found.y0, found.x0 - 4, found.y1), False)
    return bytes(pdf.tobytes())


def _tagged() -> bytes:
    labels = ("Family name:", "Newsletter wanted", "Already a member")
    return _filled(tagged_pdf(tag("H1", "Membership"), *(tag("P", label) for label in labels)))


def _untagged() -> bytes:
    pdf = pymupdf.open()
    page = pdf.new_page()
    page.insert_text((72, 90), "Membership application", fontsize=18, fontname="hebo")
    for row, label in enumerate(("Family name:", "Town:", "Newsletter wanted", "Already a member", "Remarks:")):
        page.insert_text((72, 130 + 34 * row), label, fontsize=11)
    return _filled(bytes(pdf.tobytes()))


@pytest.mark.parametrize("drawn", [True, False])
def test_a_tagged_form_says_what_is_filled_in_and_chosen(conversion: Conversion, drawn: bool) -> None:
    data = _tagged() if drawn else without_appearances(_tagged())

    converted = conversion.run(data, formats=("md",))

    assert [result.via for result in converted.results] == ["tags"]
    assert _markdown(converted) == (
        "# Membership\n\nFamily name: Lindqvist\n\nNewsletter wanted ☑\n\n☐ Already a member\n"
    )


@pytest.mark.parametrize("degrees", [0, 90])
@pytest.mark.parametrize("drawn", [True, False])
def test_a_form_says_what_is_filled_in_and_chosen(conversion: Conversion, drawn: bool, degrees: int) -> None:
    data = _untagged() if drawn else without_appearances(_untagged())

    converted = conversion.run(rotated(data, degrees), formats=("md",), structure="layout")

    assert [line.strip() for line in _markdown(converted).splitlines() if line] == [
        "# Membership application",
        "Family name: Lindqvist",
        "Town:",
        "Newsletter wanted ☑",
        "- ☐ Already a member",
        "Remarks:",
    ]


def test_a_form_that_is_not_refined_is_left_to_the_library(conversion: Conversion) -> None:
    converted = conversion.run(_tagged(), formats=("md",), refine=False)

    assert "☑" not in _markdown(converted)
