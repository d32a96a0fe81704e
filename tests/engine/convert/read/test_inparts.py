"""What lies sideways on an otherwise upright page says the same as upright, in its place."""

import json

import pymupdf
import pytest

from engine.convert.read import inparts
from tests.engine.convert.converting import Conversion
from tests.engine.convert.converting import conversion as conversion

ROWS = (("Part", "Interval", "Torque"), ("Chain", "500 km", "12 Nm"), ("Brake pad", "2,000 km", "6 Nm"))
ABOVE = "All torques hold for greased threads only, and the chain is looked at again."
BELOW = "Whoever rides in winter halves the intervals, and rinses the chain."


def made(degrees: int, corner: tuple[float, float] = (0, 0)) -> bytes:
    """A page with a ruled table that is turned so far against the clock; the page's own corner lies elsewhere."""
    inner = pymupdf.open()
    table = inner.new_page(width=400, height=120)
    for row, cells in enumerate(ROWS):
        for column, text in enumerate(cells):
            box = pymupdf.Rect(10 + 120 * column, 20 + 24 * row, 130 + 120 * column, 44 + 24 * row)
            table.draw_rect(box, width=0.7)
            table.insert_text((box.x0 + 5, box.y1 - 8), text, fontsize=10)
    pdf = pymupdf.open()
    page = pdf.new_page(width=595, height=842)
    page.insert_text((72, 90), ABOVE, fontsize=11)
    page.show_pdf_page(pymupdf.Rect(150, 150, 270, 550), inner, rotate=degrees)
    page.insert_text((72, 640), BELOW, fontsize=11)
    x, y = corner
    page.clean_contents()
    stream = page.get_contents()[0]
    pdf.update_stream(stream, f"q 1 0 0 1 {x} {y} cm\n".encode() + pdf.xref_stream(stream) + b"\nQ")
    pdf.xref_set_key(page.xref, "MediaBox", f"[{x} {y} {595 + x} {842 + y}]")
    return bytes(pdf.tobytes())


@pytest.mark.parametrize(("degrees", "corner"), [(90, (0, 0)), (270, (30, 50))])
def test_a_table_that_lies_is_a_table_between_what_is_around_it(
    conversion: Conversion, degrees: int, corner: tuple[float, float]
) -> None:
    converted = conversion.run(made(degrees, corner), formats=["md", "json"], layout_effort="fast")
    lines = [line for line in (converted.out / "a.md").read_text().splitlines() if line]
    assert lines == [
        ABOVE,
        "|Part|Interval|Torque|",
        "|---|---|---|",
        "|Chain|500 km|12 Nm|",
        "|Brake pad|2,000 km|6 Nm|",
        BELOW,
    ]
    above, table, below = json.loads((converted.out / "a.json").read_text())["pages"][0]["boxes"]
    assert table["boxclass"] == "table"
    assert above["y1"] < 150 < table["y0"] < table["y1"] < 550 < below["y0"]
    assert table["x0"] > 145
    assert table["x1"] < 275
    assert converted.warnings == []


def test_rows_of_a_table_that_lies_are_lines_of_text(conversion: Conversion) -> None:
    converted = conversion.run(made(90), formats=["txt"])
    text = (converted.out / "a.txt").read_text()
    assert text.index(ABOVE) < text.index("Chain  500 km  12 Nm") < text.index("Brake pad") < text.index(BELOW)


def test_what_cannot_be_turned_is_read_as_it_lies_and_told(
    conversion: Conversion, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("it is stuck")

    monkeypatch.setattr(inparts, "part_copy", fail)
    converted = conversion.run(made(90), formats=["txt"])
    assert "2,000 km" in (converted.out / "a.txt").read_text()
    assert converted.warnings == ["What lies sideways on page 1 was left so (it is stuck)."]
