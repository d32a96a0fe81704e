"""Pages that are shown sideways or upside down, and text that lies that way: they say the same as upright ones."""

import json
import re
from functools import cache, partial

import pymupdf
import pytest

from engine.convert.page.blocks import Block, Kind, RefinedPage
from tests import pdfs
from tests.engine.convert.converting import Conversion, Converted
from tests.engine.convert.converting import conversion as conversion
from tests.engine.convert.tagged_pdfs import Artifact, NextPage, TaggedPdf, Text, item, listing, table, tag
from tests.engine.convert.turning import QUARTERS, lying, rotated

_WAYS = [
    *[pytest.param(partial(rotated, degrees=degrees), id=f"rotated {degrees}") for degrees in QUARTERS],
    *[pytest.param(partial(lying, degrees=degrees), id=f"lying {degrees}") for degrees in QUARTERS],
    *[
        pytest.param(partial(lying, degrees=degrees, is_shown_upright=True), id=f"lying {degrees}, shown upright")
        for degrees in QUARTERS
    ],
]


def _markdown(converted: Converted) -> str:
    return (converted.out / "a.md").read_text(encoding="utf-8")


@cache
def _tagged() -> bytes:
    document = TaggedPdf(
        Artifact("Draft of May"),
        tag("H1", "Harbour survey"),
        tag("P", "What was counted, ", Text("and where", "hebo"), " it was\nto be seen at the quay."),
        tag("L", item("1.", "Boats"), item("2.", "Lanterns", tag("L", item("-", "of the bridge")))),
        table(("Place", "Boats"), ("Old quay", "41"), ("Bridge", "3")),
        listing("def total():", "    return 44"),
        tag("P", "Nobody reads this."),
        tag("P", "All of it was counted at dawn, by two of the", NextPage(), "guild, who were not paid."),
        Artifact("Draft of May"),
    )
    before, hidden, after = re.split(rb"(BT [^()]*\(Nobody)", document.contents[0])
    document.contents[0] = before + b"1 g " + hidden + after.replace(b" EMC", b" 0 g EMC", 1)
    return document.data()


@cache
def _untagged() -> bytes:
    pdf = pymupdf.open()
    page = pdf.new_page(width=595, height=842)
    page.insert_text((72, 90), "Maintenance plan", fontsize=20, fontname="hebo")
    body = "All torques hold for greased threads only, and the chain is to be looked at again after the first ride."
    page.insert_textbox((72, 110, 523, 160), body, fontsize=11)
    rows = (("Part", "Interval", "Torque"), ("Chain", "500 km", "12 Nm"), ("Brake pad", "2,000 km", "6 Nm"))
    for row, cells in enumerate(rows):
        for column, text in enumerate(cells):
            box = pymupdf.Rect(72 + 120 * column, 180 + 22 * row, 192 + 120 * column, 202 + 22 * row)
            page.draw_rect(box, width=0.7)
            page.insert_text((box.x0 + 5, box.y1 - 7), text, fontsize=10)
    page.insert_textbox((72, 270, 523, 320), "Whoever rides in winter halves the intervals, and rinses the chain.")
    return bytes(pdf.tobytes())


_UPRIGHT: dict[bytes, tuple[str, list[str]]] = {}


def _said_upright(conversion: Conversion, data: bytes) -> tuple[str, list[str]]:
    """A document's Markdown and warnings; converted once, since all are compared with it."""
    if data not in _UPRIGHT:
        converted = conversion.run(data, formats=("md",))
        _UPRIGHT[data] = _markdown(converted), converted.warnings
    return _UPRIGHT[data]


@pytest.mark.parametrize("turned", _WAYS)
def test_a_tagged_page_says_the_same_however_it_lies(conversion: Conversion, turned: partial[bytes]) -> None:
    expected, warnings = _said_upright(conversion, _tagged())

    converted = conversion.run(turned(_tagged()), formats=("md",))

    assert "|Old quay|41|" in expected
    assert "Nobody" not in expected
    assert _markdown(converted) == expected
    assert [result.via for result in converted.results] == ["tags", "tags"]
    assert converted.warnings == warnings != []


@pytest.mark.parametrize("turned", _WAYS)
def test_a_page_without_tags_says_the_same_however_it_lies(conversion: Conversion, turned: partial[bytes]) -> None:
    expected, _ = _said_upright(conversion, _untagged())

    converted = conversion.run(turned(_untagged()), formats=("md",))

    assert expected.startswith("# Maintenance plan\n")
    assert "|Chain|500 km|12 Nm|" in expected
    assert _markdown(converted) == expected
    assert converted.warnings == []


@pytest.mark.parametrize(
    ("turned", "structure"),
    [
        *[pytest.param(*way.values, "auto", id=f"{way.id} by tags") for way in _WAYS],
        *[pytest.param(*way.values, "layout", id=f"{way.id} by layout") for way in _WAYS[::4]],  # one of each
    ],
)
def test_boxes_are_those_of_the_page_as_it_is_shown(
    conversion: Conversion, turned: partial[bytes], structure: str
) -> None:
    data = turned(pdfs.text_pages(words_per_page=30))
    converted = conversion.run(data, formats=("json",), structure=structure)

    page = json.loads((converted.out / "a.json").read_text(encoding="utf-8"))["pages"][0]
    shown = pymupdf.open(stream=data, filetype="pdf")[0]
    found = shown.search_for("Page 1 of 1")[0] * shown.rotation_matrix  # PyMuPDF gives text its place without rotation
    box = page["boxes"][0]
    assert (page["width"], page["height"]) == (shown.rect.width, shown.rect.height)
    assert box["text"] == "Page 1 of 1"
    assert abs(pymupdf.Rect(box["x0"], box["y0"], box["x1"], box["y1"]) & found) > 0.6 * abs(found)


@pytest.mark.parametrize("degrees", [0, *QUARTERS])
def test_a_turned_box_and_a_shown_one_are_one(degrees: int) -> None:
    page = RefinedPage(1, 600, 800, [Block(Kind.PARAGRAPH, (10, 20, 110, 32))], turned=degrees)

    page.show()

    assert (
        page.blocks[0].box
        == {
            0: (10, 20, 110, 32),
            90: (768, 10, 780, 110),
            180: (490, 768, 590, 780),
            270: (20, 490, 32, 590),
        }[degrees]
    )
    assert (page.width, page.height, page.turned) == ((800, 600, 0) if degrees in (90, 270) else (600, 800, 0))


def test_the_engines_document_stays_as_it_is(conversion: Conversion) -> None:
    converted = conversion.run(rotated(pdfs.text_pages(), 90), formats=("md", "png", "pdf"), structure="layout")

    picture = pymupdf.Pixmap(str(converted.out / "pages" / "0001.png"))
    assert picture.width > picture.height
    assert pymupdf.open(converted.out / "a.pdf")[0].rotation == 90
