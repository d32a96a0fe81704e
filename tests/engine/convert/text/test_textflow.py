"""Running text out of lines: hyphens, blanks and styles."""

import pytest

from engine.convert.page.blocks import Span
from engine.convert.text.textflow import is_cut, styled
from engine.convert.text.textline import Font, Line, Word
from tests.engine.convert.converting import Conversion, conversion
from tests.engine.convert.drawn import DrawnPage, texts
from tests.engine.convert.glyphs import with_embedded_font
from tests.engine.convert.tagged_pdfs import tag

__all__ = ["conversion"]


@pytest.mark.parametrize(
    ("before", "after", "vocabulary", "cut"),
    [
        ("transcrip-", "tion", [], True),
        ("site-", "packages", ["site-packages"], False),
        ("site-", "packages", ["site", "packages"], False),
        ("re-", "quired", ["required"], True),
        ("state-of-the-", "art", [], False),
        ("Anglo-", "Saxon", [], False),
        ("page-", "3", [], False),
        ("10-", "fold", [], False),
        ("PDF-", "based", [], False),
        ("OpenAI-", "compatible", [], False),
        ("rust-", "lang/rust.", [], False),
        ("read-", "me.md", [], False),
        ("doesn-", "'t", [], False),
        ("docu-", "ment’s", [], True),
        ("pre-", "and", [], False),
        ("brig-", "and", ["brigand"], True),
    ],
)
def test_a_hyphen_goes_only_where_a_line_cut_a_word(before: str, after: str, vocabulary: list[str], cut: bool) -> None:
    assert is_cut(before, after, vocabulary) is cut


def _joined(*lines: str, font: str = "helv") -> str:
    page = DrawnPage()
    page.lines(50, 50, *lines, font=font)
    page.box("text", 48, 38, 390, 50 + 12 * len(lines))
    return texts(page.read()[0])[0]


def test_soft_line_breaks_become_blanks_and_hyphens_are_resolved() -> None:
    assert _joined("Long lines are cut in docu-", "ments as they have to be") == (
        "Long lines are cut in documents as they have to be"
    )


@pytest.mark.parametrize(
    "lines", [("in the pre-", "and post-war"), ("im Vor-", "und Nachteil"), ("the AC-", "and DC-side")]
)
def test_the_first_half_of_a_pair_keeps_its_hyphen_and_the_blank(lines: tuple[str, str]) -> None:
    assert _joined(*lines) == " ".join(lines)


def test_a_dash_right_after_a_word_has_no_blank_after_it() -> None:
    assert _joined("It was late at night—", "too late to call them") == "It was late at night—too late to call them"


def test_a_name_in_code_is_not_torn() -> None:
    assert _joined("call module.submodule_with_a_name.", "function_of_it(now)", font="cour").endswith(
        "name.function_of_it(now)"
    )


def test_no_blank_comes_between_lines_of_chinese() -> None:
    page = DrawnPage()
    page.lines(50, 50, "这是一个没有空格的句子，", "它在下一行继续。", font="china-s")
    page.box("text", 48, 38, 300, 74)
    assert texts(page.read()[0]) == ["这是一个没有空格的句子，它在下一行继续。"]


def test_raised_and_lowered_characters_are_scripts() -> None:
    page = DrawnPage()
    page.write(50, 50, "water is H")
    page.write(98, 52, "2", size=6)
    page.write(102, 50, "O and area is m")
    page.write(170, 46, "2", size=6)
    page.box("text", 48, 38, 300, 56)
    spans = page.read()[0].blocks[0].spans
    assert [(span.text, span.script) for span in spans if span.script] == [("2", -1), ("2", 1)]


def test_styles_come_from_the_fonts() -> None:
    page = DrawnPage()
    for x, text, font in ((50, "plain", "helv"), (100, "bold", "hebo"), (150, "italic", "heit"), (200, "mono", "cour")):
        page.write(x, 50, text, font=font)
    page.box("text", 48, 38, 300, 56)
    spans = {span.text.strip(): span for span in page.read()[0].blocks[0].spans if span.text.strip()}
    assert spans["bold"].bold
    assert spans["italic"].italic
    assert spans["mono"].code
    assert spans["plain"].style == Span("").style


def test_words_that_a_line_runs_through_are_struck_out() -> None:
    page = DrawnPage()
    page.write(50, 50, "kept dropped kept")
    page.page.draw_line((72, 47), (112, 47), width=0.6)
    page.page.draw_line((50, 51.5), (70, 51.5), width=0.6)
    page.box("text", 48, 38, 300, 56)
    spans = page.read()[0].blocks[0].spans
    assert [(span.text, span.strike) for span in spans if span.text.strip()] == [
        ("kept ", False),
        ("dropped", True),
        (" kept", False),
    ]


def test_text_painted_twice_a_little_aside_is_bold() -> None:
    page = DrawnPage()
    for shift in (0, 0.4):
        page.write(50 + shift, 50, "Heavy")
    page.box("text", 48, 38, 300, 56)
    assert page.read()[0].blocks[0].spans[0].bold


@pytest.mark.parametrize("structure", ["tags", "layout"])
def test_a_soft_hyphen_that_is_painted_within_a_line_stays(conversion: Conversion, structure: str) -> None:
    meanings = {code: f"{code:04x}" for code in range(32, 127)} | {ord("-"): "00ad"}
    shown = "(Downtown Campus-Main is the name of the build-) Tj 0 -14 Td (ing that stands next to the station)"
    data = with_embedded_font(shown, meanings, {}, tag("P", "Every item must be looked at before it is used."))
    converted = conversion.run(data, structure=structure, formats="txt")
    assert converted.results[0].via == structure
    assert "Downtown Campus-Main is the name of the building that stands" in (converted.out / "a.txt").read_text()


@pytest.mark.parametrize(
    ("ink", "script"),
    [
        ((0.69, 0.36), 1),  # a raised digit of the font's own, as Typst sets it
        ((0.21, -0.11), -1),  # a lowered one
        ((0.65, 0.0), 0),
        ((0.45, -0.2), 0),  # an old-style digit
    ],
)
def test_small_digits_of_a_font_are_raised_or_lowered_by_their_ink(ink: tuple[float, float], script: int) -> None:
    font = Font("Libertinus", 10.0, False, False, False, False, 0, True)
    raw = [
        {"bbox": (10.0 * at, 100 - 10 * top, 10.0 * at + 5, 100 - 10 * bottom)}
        for at, (top, bottom) in enumerate([(0.65, 0.0), ink, (0.66, -0.01)])
    ]
    word = Word("H2O", font, [0.0, 10.0, 20.0, 30.0], 100.0, (0.0, 90.0, 30.0, 102.0), raw=raw)
    spans = styled(Line([word]))
    assert [(span.text, span.script) for span in spans] == (
        [("H", 0), ("2", script), ("O", 0)] if script else [("H2O", 0)]
    )
