"""Glyphs are what their fonts' names and maps say they are, whatever way a page is read."""

import re

import pymupdf
import pytest

from engine.convert.text.glyphs.fontmaps import FontMaps, meaning_of
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


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (r"(o\013ce, \014lter, \015ow, o\016ce)", "offce, filter, flow, office"),
        (r"(\020o\036ce\021 \034lter \025 Stra\377e \201)", "“office” filter – Straße Ą"),
        (r"(\210)", "•"),
        (r"(\013x\014y\015ijk)", "\x0bx\x0cy\rijk"),
    ],
    ids=["old", "T1", "bullet", "mathematics"],
)
def test_fonts_that_tex_has_drawn_as_bitmaps_have_the_codes_of_tex(shown: str, text: str) -> None:
    codes = sorted({ord(char) for char in _unescaped(shown)})

    document = pymupdf.open()
    page = document.new_page()
    page.insert_text((50, 50), "x")
    drawn = document.get_new_xref()
    document.update_object(drawn, "<<>>")
    document.update_stream(drawn, b"500 0 0 0 400 700 d1 0 0 400 700 re f")
    font = document.get_new_xref()
    names = " ".join(f"{code} /a{code}" for code in codes)
    drawings = " ".join(f"/a{code} {drawn} 0 R" for code in codes)
    document.update_object(
        font,
        f"<</Type /Font /Subtype /Type3 /FontMatrix [.001 0 0 .001 0 0] /FontBBox [0 0 500 700] /FirstChar 0"
        f" /LastChar 255 /Widths [{'500 ' * 256}] /Encoding <</Differences [{names}]>> /CharProcs <<{drawings}>>>>",
    )
    document.xref_set_key(page.xref, "Resources", f"<</Font <</own {font} 0 R>>>>")
    document.update_stream(page.get_contents()[0], f"BT /own 10 Tf 50 700 Td {shown} Tj ET".encode("ascii"))
    again = pymupdf.open(stream=document.tobytes(), filetype="pdf")
    maps = FontMaps(again)
    maps.mend(again[0])
    assert again[0].get_text().split("\n")[0] == text


def _unescaped(shown: str) -> str:
    return re.sub(r"\\(\d{3})", lambda code: chr(int(code[1], 8)), shown[1:-1])
