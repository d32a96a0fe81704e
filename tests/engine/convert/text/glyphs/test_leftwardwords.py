"""Text from right to left comes out in its order, whatever way a page is read."""

import pytest

from tests.engine.convert.converting import Conversion, conversion
from tests.engine.convert.glyphs import with_embedded_font
from tests.engine.convert.tagged_pdfs import tag

__all__ = ["conversion"]

BOTH_WAYS = pytest.mark.parametrize("structure", ["tags", "layout"])
BODY = tag("P", "Every item must be looked at before the machines are switched on.")
AS_THEY_ARE = {code: f"{code:04x}" for code in range(32, 97)}
HEBREW = AS_THEY_ARE | {code: f"{0x5D0 + code - 97:04x}" for code in range(97, 123)}
"""Small letters stand for Hebrew ones."""
ARABIC = AS_THEY_ARE | {1: "06440627", 2: "064b", ord("b"): "0628", ord("l"): "0644", ord("a"): "0627"}
"""One glyph is a ligature of two letters, one a vowel sign."""


def hebrew(text: str) -> str:
    return "".join(chr(0x5D0 + ord(c) - 97) if "a" <= c <= "z" else c for c in text)


def read(conversion: Conversion, structure: str, shown: str, meanings: dict[int, str]) -> str:
    converted = conversion.run(with_embedded_font(f"({shown})", meanings, {}, BODY), structure=structure, formats="txt")
    assert converted.results[0].via == structure
    return (converted.out / "a.txt").read_text(encoding="utf-8")


@BOTH_WAYS
@pytest.mark.parametrize("brackets", ["()", ")("], ids=["as they look", "as they are"])
def test_numbers_latin_words_and_brackets_stand_in_their_place(
    conversion: Conversion, structure: str, brackets: str
) -> None:
    shown = rf".\{brackets[0]}2024 hg\{brackets[1]} 3,499 fed XY 15 cba"
    assert hebrew("abc XY 15 def 3,499 (gh 2024).") in read(conversion, structure, shown, HEBREW)


@BOTH_WAYS
def test_a_word_among_latin_ones_is_turned_round_alone(conversion: Conversion, structure: str) -> None:
    assert hebrew("THE WORD abcd IS (HERE) 12.") in read(
        conversion, structure, r"THE WORD dcba IS \(HERE\) 12.", HEBREW
    )


@BOTH_WAYS
def test_letters_of_a_ligature_keep_their_order(conversion: Conversion, structure: str) -> None:
    assert "لا بلا 7.5%" in read(conversion, structure, r"%7.5 \001b \001", ARABIC)


@BOTH_WAYS
def test_an_article_is_no_ligature(conversion: Conversion, structure: str) -> None:
    assert "الب الب" in read(conversion, structure, "bla bla", ARABIC)
