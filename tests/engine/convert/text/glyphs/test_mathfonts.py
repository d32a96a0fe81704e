"""Fonts for mathematics, and the glyphs that only TeX has names for."""

import pytest

from engine.convert.text.glyphs.mathfonts import math_font, tex_meaning


@pytest.mark.parametrize(
    "name",
    [
        "CMMI10",
        "ABCDEF+CMSY7",
        "CMEX10",
        "MSBM10",
        "LMMathItalic10-Regular",
        "LatinModernMath-Regular",
        "CambriaMath",
        "STIXTwoMath-Regular",
        "XITSMath",
        "NewTXMI",
        "txsys",
        "rtxmi",
        "MTSY",
        "EUFM10",
        "rsfs10",
        "TeXGyreTermesMath-Regular",
    ],
)
def test_a_font_for_mathematics_is_known_by_its_name(name: str) -> None:
    assert math_font(name) is not None


@pytest.mark.parametrize(
    "name",
    [
        "CMR10",
        "CMTT10",
        "Helvetica",
        "SymbolMT",
        "OpenSymbol",
        "NotoSansSymbols2-Regular",
        "TimesNewRomanPSMT",
        "LMRoman10",
        "Cambria",
        "ZapfDingbats",
    ],
)
def test_a_font_for_text_is_none(name: str) -> None:
    assert math_font(name) is None


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("summationdisplay", "∑"),
        ("parenleftbigg", "("),
        ("radicalBigg", "√"),
        ("integraltext", "∫"),
        ("hatwidest", "ˆ"),
        ("vextendsingle", "|"),
        ("summationtext.1", "∑"),
        ("parenlefttpA", "⎛"),
        ("phi", "ϕ"),
        ("phi1", "φ"),
        ("negationslash", "／"),
        ("parenleft", ""),
        ("alpha", ""),
    ],
)
def test_large_signs_mean_the_same_in_every_size(name: str, meaning: str) -> None:
    assert tex_meaning(name) == meaning
