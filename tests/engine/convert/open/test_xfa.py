"""What was filled into a form that a viewer builds from XML comes with its captions, in all outputs."""

import json

import pymupdf
import pytest

from engine.convert.open import xfa
from engine.convert.open.xfa import read_xfa
from tests.engine.convert import tagged_pdfs
from tests.engine.convert.converting import Conversion, conversion
from tests.engine.convert.forms import XFA, add_xfa
from tests.engine.convert.tagged_pdfs import NextPage, tag

__all__ = ["conversion"]


def blank(parts: dict[str, str]) -> pymupdf.Document:
    pdf = pymupdf.open()
    pdf.new_page().insert_text((72, 72), "Please wait...")
    add_xfa(pdf, parts)
    return pdf


def read(template: str, data: str) -> list[tuple[int, str]]:
    """Depths and texts of what is read of a form."""
    parts = {
        "preamble": '<xdp:xdp xmlns:xdp="http://ns.adobe.com/xdp/" xmlns:x="http://www.xfa.org/schema/xfa-data/1.0/">',
        "template": f'<template xmlns="http://www.xfa.org/schema/xfa-template/3.0/">{template}</template>',
        "datasets": f"<x:datasets><x:data>{data}</x:data></x:datasets>",
        "postamble": "</xdp:xdp>",
    }
    return [(entry.depth, entry.text) for entry in read_xfa(blank(parts))]


def field(name: str, ui: str = "textEdit", more: str = "", caption: str = "") -> str:
    said = f"<caption><value><text>{caption}</text></value></caption>" if caption else ""
    return f'<field name="{name}"><ui><{ui}/></ui>{said}{more}</field>'


def test_values_stand_in_markdown_text_and_json(conversion: Conversion) -> None:
    pdf = pymupdf.open(stream=tagged_pdfs.pdf(tag("P", "Please wait..."), NextPage(), tag("P", "More.")))
    add_xfa(pdf, {"all": XFA})
    made = conversion.run(pdf.tobytes(), formats=["md", "txt", "json"])
    markdown = (made.out / "a.md").read_text()
    assert markdown == "Please wait...\n\n- Applicant: Tove Holm\n- Amount requested: 12400\n\nMore.\n"
    assert "• Applicant: Tove Holm" in (made.out / "a.txt").read_text()
    document = json.loads((made.out / "a.json").read_text())
    assert document["form_fields"]["form1.Amount"] == {"field_value": "12400", "pages": []}
    assert document["pages"][0]["boxes"][-1]["text"] == "Amount requested: 12400"


def test_fields_are_those_of_their_own_part_of_the_form_or_refer_to_the_data() -> None:
    template = (
        f'<subform name="f"><subform name="a">{field("Name", caption="Applicant")}</subform>'
        f'<subform name="b">{field("Name", caption="Partner:")}</subform>'
        f'{field("x1", more="""<bind match="dataRef" ref="$.f.due[*]"/>""", caption="Due when?")}</subform>'
    )
    data = "<f><a><Name>Tove</Name></a><b><Name>Åke</Name></b><due>May</due><other>1</other></f>"
    assert read(template, data) == [
        (1, "a"),
        (2, "Applicant: Tove"),
        (1, "b"),
        (2, "Partner: Åke"),
        (1, "Due when? May"),
        (1, "other: 1"),
    ]


def test_what_is_chosen_is_told_by_what_the_form_shows() -> None:
    items = "<items><text>Card</text><text>Cash</text></items><items save='1'><text>c1</text><text>c2</text></items>"
    on_off = "<items><text>yes</text><text>no</text></items>"
    buttons = "".join(
        field(name, "checkButton", f"<items><text>{value}</text></items>", caption)
        for name, value, caption in (("r1", "1", "North"), ("r2", "2", "South"))
    )
    template = (
        f'<subform name="f">{field("pay", "choiceList", items, "Pay by")}{field("many", "choiceList", items)}'
        f"{field('news', 'checkButton', on_off, 'Newsletter')}{field('ads', 'checkButton', on_off)}"
        f'<exclGroup name="region">{buttons}</exclGroup></subform>'
    )
    data = (
        "<f><pay>c2</pay><many><value>c1</value><value>c2</value></many><news>yes</news><ads>no</ads>"
        "<region>2</region></f>"
    )
    assert read(template, data) == [
        (1, "Pay by: Cash"),
        (1, "many: Card, Cash"),
        (1, "☑ Newsletter"),
        (1, "☐ ads"),
        (1, "region"),
        (2, "☐ North"),
        (2, "☑ South"),
    ]


def test_what_is_repeated_is_numbered_and_what_is_empty_is_left_out() -> None:
    pdf = blank(
        {
            "datasets": "<x:datasets xmlns:x='y'><x:data><f><row><n>1</n></row><row><n>2</n><m/></row><row><n/></row>"
            "</f></x:data></x:datasets>",
            "config": "not XML",
        }
    )
    assert [(entry.depth, entry.text, entry.name) for entry in read_xfa(pdf)] == [
        (1, "row", ""),
        (2, "n: 1", "f.row[0].n"),
        (1, "row", ""),
        (2, "n: 2", "f.row[1].n"),
    ]


def test_of_a_form_that_is_not_filled_in_what_it_asks_for_is_read() -> None:
    body = "<body xmlns='http://www.w3.org/1999/xhtml'><p>Fill in</p><p>all of it.</p></body>"
    said = f"<value><exData>{body}</exData></value>"
    template = (
        f"<subform name='f'><draw>{said}</draw><draw presence='hidden'><value><text>Not shown</text></value></draw>"
        f"{field('Name', caption='Applicant')}{field('send', 'button', caption='Send')}{field('Age')}</subform>"
    )
    assert read(template, "<f><Name/></f>") == [(1, "Fill in all of it."), (1, "Applicant"), (1, "Age")]


def test_of_more_values_than_anybody_fills_in_the_first_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xfa, "_MOST_ENTRIES", 2)
    assert read("", "<f><a>1</a><b>2</b><c>3</c></f>")[1:] == [
        (1, "b: 2"),
        (1, "[More than 2 values were filled in; the others are left out.]"),
    ]


def test_formatted_text_has_its_lines_and_pictures_and_passwords_are_left_out() -> None:
    data = (
        "<f><why><body xmlns='http://www.w3.org/1999/xhtml'><p>One <b>reason</b>.</p><p>Another.</p></body></why>"
        "<photo contentType='image/png'>aGVq</photo><pin>1234</pin></f>"
    )
    assert read(f'<subform name="f">{field("pin", "passwordEdit")}</subform>', data) == [
        (1, "why: One reason. Another.")
    ]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "document type"),
        ("<a>" * 200 + "</a>" * 200, "nested too deep"),
        ("<a><b></a>", "damaged"),
    ],
)
def test_xml_that_is_made_to_do_harm_is_not_read(data: str, problem: str) -> None:
    text = data if data.startswith("<!") else f"<datasets><data>{data}</data></datasets>"
    with pytest.raises(ValueError, match=problem):
        read_xfa(blank({"all": text}))
