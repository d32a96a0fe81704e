"""Glyphs are what their fonts' names and maps say they are, whatever way a page is read."""

import pytest

from engine.convert.text.fontmaps import meaning_of
from tests.engine.convert.converting import Conversion, conversion
from tests.engine.convert.glyphs import with_embedded_font, with_font
from tests.engine.convert.tagged_pdfs import tag

__all__ = ["conversion"]

BOTH_WAYS = pytest.mark.parametrize("structure", ["tags", "layout"])
DINGBATS = "<</Type /Font /Subtype /Type1 /BaseFont /ZapfDingbats>>"
SYMBOL = "<</Type /Font /Subtype /Type1 /BaseFont /Symbol>>"
BODY = tag("P", "Every item must be looked at before the machines are switched on.")


@BOTH_WAYS
def test_dingbats_are_what_they_look_like(conversion: Conversion, structure: str) -> None:
    converted = conversion.run(with_font(DINGBATS, "(468 n l u I)", BODY), structure=structure, formats="txt")
    assert converted.results[0].via == structure
    text = (converted.out / "a.txt").read_text()
    assert "✔✖✘ ■ ● ◆ ✩" in text
    assert converted.warnings == []


@BOTH_WAYS
def test_dingbats_under_other_codes_go_by_their_names(conversion: Conversion, structure: str) -> None:
    font = DINGBATS[:-2] + "/Encoding <</Differences [65 /a20 /a24 /a73]>>>>"
    converted = conversion.run(with_font(font, "(ABC)", BODY), structure=structure, formats="txt")
    assert "✔✘■" in (converted.out / "a.txt").read_text()


@BOTH_WAYS
def test_pieces_and_signs_of_symbol_are_no_private_use(conversion: Conversion, structure: str) -> None:
    converted = conversion.run(with_font(SYMBOL, r"(ab \346 \322 \345)", BODY), structure=structure, formats="txt")
    assert "αβ ⎛ ® ∑" in (converted.out / "a.txt").read_text()
    assert converted.warnings == []


@BOTH_WAYS
def test_what_a_map_leaves_open_is_told_by_the_names_in_the_font(conversion: Conversion, structure: str) -> None:
    data = with_embedded_font(
        r"(Turn o\001 the \002lter \003)",
        {1: "0000", 2: "fffd", 3: "e001", **{code: f"{code:04x}" for code in range(32, 127)}},
        {1: "f_f", 2: "fi", 3: "germandbls"},
        BODY,
    )
    converted = conversion.run(data, structure=structure, formats="txt")
    assert "the filter ß" in (converted.out / "a.txt").read_text()


@BOTH_WAYS
def test_a_map_that_is_right_is_left_alone(conversion: Conversion, structure: str) -> None:
    data = with_embedded_font("(ABC)", {65: "0058", 66: "0059", 67: "005a"}, {65: "a", 66: "b", 67: "c"}, BODY)
    converted = conversion.run(data, structure=structure, formats="txt")
    assert "XYZ" in (converted.out / "a.txt").read_text()


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        *(("f_f_i", "ffi"), ("fi", "fi"), ("germandbls", "ß"), ("uni0041", "A"), ("a.sc", "a"), ("parenleftbt", "⎝")),
        *(("g20", ""), ("a65", ""), ("uniE001", ""), (".notdef", ""), ("glyph12", ""), ("12", ""), ("f_g3", "")),
    ],
)
def test_a_name_tells_what_a_glyph_is_or_nothing(name: str, meaning: str) -> None:
    assert meaning_of(name) == meaning
