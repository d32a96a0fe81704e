"""What is chosen in a form is told by signs, whatever is drawn for it."""

import pymupdf
import pytest

from engine.convert.text.formfields import CHOSEN, NOT_CHOSEN, fields_of, hidden
from engine.convert.text.pagetext import PageText
from tests.engine.convert.forms import add_field, without_appearances


def _page() -> pymupdf.Page:
    return pymupdf.open().new_page(width=400, height=400)


def _told(page: pymupdf.Page) -> list[str]:
    return [field.text for field in fields_of(page)]


def _again(page: pymupdf.Page, *, drawn: bool = True) -> pymupdf.Page:
    data = page.parent.tobytes()
    return pymupdf.open(stream=data if drawn else without_appearances(data), filetype="pdf")[0]


@pytest.mark.parametrize("drawn", [True, False])
def test_a_check_box_is_chosen_or_not(drawn: bool) -> None:
    page = _page()
    add_field(page, "check", "news", (50, 50, 62, 62), True)
    add_field(page, "check", "member", (50, 80, 62, 92), False)

    assert _told(_again(page, drawn=drawn)) == [CHOSEN, NOT_CHOSEN]


def test_a_check_box_is_told_by_its_value_where_what_is_shown_is_older() -> None:
    page = _page()
    xref = add_field(page, "check", "news", (50, 50, 62, 62), False)
    page.parent.xref_set_key(xref, "V", "/Yes")

    assert _told(_again(page)) == [CHOSEN]


def test_a_value_may_be_a_string() -> None:
    page = _page()
    xref = add_field(page, "check", "news", (50, 50, 62, 62), False)
    page.parent.xref_set_key(xref, "V", "(Yes)")
    page.parent.xref_set_key(xref, "AS", "null")

    assert _told(_again(page)) == [CHOSEN]


def _radio(value: str, states: tuple[str, ...]) -> pymupdf.Page:
    """Two radio buttons of one field, whose on states are `card` and `invoice`."""
    page = _page()
    pdf = page.parent
    xrefs = [add_field(page, "check", f"r{n}", (50, 50 + 30 * n, 62, 62 + 30 * n), False) for n in range(2)]
    parent = pdf.get_new_xref()
    kids = " ".join(f"{xref} 0 R" for xref in xrefs)
    pdf.update_object(parent, f"<</FT /Btn /Ff 32768 /T (pay) /V {value} /Kids [{kids}]>>")
    for xref, name, state in zip(xrefs, ("card", "invoice"), states, strict=True):
        for key in ("T", "FT", "Ff", "V"):
            pdf.xref_set_key(xref, key, "null")
        drawn = pdf.xref_get_key(xref, "AP/N/Yes")[1]
        pdf.xref_set_key(xref, "AP", f"<</N <</{name} {drawn}>>>>")
        pdf.xref_set_key(xref, "AS", f"/{state}")
        pdf.xref_set_key(xref, "Parent", f"{parent} 0 R")
    return _again(page)


@pytest.mark.parametrize("states", [("card", "Off"), ("Off", "Off")])
def test_the_radio_button_that_has_the_value_is_chosen(states: tuple[str, ...]) -> None:
    assert _told(_radio("/card", states)) == [CHOSEN, NOT_CHOSEN]


def test_no_radio_button_is_chosen_where_there_is_no_value() -> None:
    assert _told(_radio("/Off", ("Off", "Off"))) == [NOT_CHOSEN, NOT_CHOSEN]


def test_a_list_tells_which_of_its_options_is_chosen() -> None:
    page = _page()
    add_field(page, "list", "answer", (50, 50, 150, 110), ["unable", "refused", "enrolled"])

    assert _told(_again(page)) == [f"{CHOSEN} unable {NOT_CHOSEN} refused {NOT_CHOSEN} enrolled"]


def test_what_a_viewer_does_not_show_is_not_told() -> None:
    page = _page()
    xref = add_field(page, "check", "news", (50, 50, 62, 62), True)
    page.parent.xref_set_key(xref, "F", "2")

    assert _told(_again(page)) == []


def test_what_is_drawn_for_a_field_is_read_again_afterwards() -> None:
    page = _page()
    add_field(page, "check", "news", (50, 50, 62, 62), True)
    page = _again(page)
    before = page.get_text()

    with hidden(fields_of(page)):
        assert page.get_text() == ""

    assert page.get_text() == before != ""


def test_a_sign_stands_on_the_line_of_its_label() -> None:
    page = _page()
    page.insert_text((70, 60), "Newsletter wanted", fontsize=10)
    add_field(page, "check", "news", (50, 50, 62, 62), True)
    page = _again(page)
    fields = fields_of(page)

    with hidden(fields):
        lines = PageText.of(page, fields=fields).lines

    assert [(line.text, round(line.baseline)) for line in lines] == [("Newsletter wanted", 60), (CHOSEN, 60)]
    assert lines[1].end <= lines[0].start
