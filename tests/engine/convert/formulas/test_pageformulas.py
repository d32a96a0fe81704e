"""Which of a page's glyphs are formulas, and what of its lines becomes of them."""

import pytest

from engine.convert.formulas.displays import Display
from engine.convert.formulas.mathglyphs import math_page
from engine.convert.formulas.pageformulas import _is_formula
from engine.convert.page.blocks import Box
from tests.engine.convert.formulas.setglyphs import ITALIC, LARGE, ROMAN, SYMBOLS, SetPage


@pytest.fixture
def page() -> SetPage:
    """With lines of text above and below, from 50 to 350 points."""
    made = SetPage()
    for y in (60, 72, 84, 200, 212, 224):
        made.prose("The quick brown fox jumps over the lazy dog and goes on to the next", 50, y)
    return made


def found(page: SetPage) -> list[tuple[str, bool]]:
    return [(formula.latex, formula.is_display) for formula in page.formulas()]


def test_letters_and_signs_of_mathematics_in_a_line_are_a_formula(page: SetPage) -> None:
    x = page.prose("Let the value of", 50, 96)
    x = page.put("a", x, 96)
    page.put("2", x, 92, 7, ROMAN)
    x = page.put("+", x + 6, 96, font=ROMAN)
    x = page.put("b", x + 2.2, 96)
    page.prose("be given as it was before in this text", x + 3, 96)
    assert found(page) == [("a^{2} + b", False)]


def test_a_formula_in_a_line_is_one_word_of_it(page: SetPage) -> None:
    x = page.prose("Let the value of", 50, 96)
    x = page.put("x", x, 96)
    page.prose("be given as it was before in this text", x + 3, 96)
    assert "x" in page.lines()
    assert [word.text for line in page.text.lines for word in line.words if word.font.math] == ["x"]


def test_a_page_without_fonts_for_mathematics_stays_as_it_is() -> None:
    page = SetPage()
    page.prose("Let the value of 10 = 5 + 5 be given as it was before", 50, 96)
    before = list(page.text.lines)
    page.lines()
    assert page.text.lines == before


@pytest.mark.parametrize("sign", ["•", "∗", "†", "→", "|", "§"])
def test_a_sign_that_text_has_too_is_no_formula(page: SetPage, sign: str) -> None:
    page.put(sign, 50, 96, font=SYMBOLS)
    page.prose("is what stands before this item of a list", 60, 96)
    assert found(page) == []


@pytest.mark.parametrize("sign", ["•", "∗", "⋆"])
def test_the_bullets_of_a_list_are_none_where_they_stand_far_from_its_text(sign: str) -> None:
    page = SetPage()
    for y in (110, 122, 134, 146):
        page.put(sign, 50, y, font=SYMBOLS)
    assert not _is_formula(Display(math_page(page.text).pieces, "", []))


@pytest.mark.parametrize("arrows", [1, 2])
def test_arrows_by_themselves_are_none(arrows: int) -> None:
    page = SetPage()
    for number in range(arrows):
        page.put("→", 50, 110 + 12 * number, font=SYMBOLS)
    assert not _is_formula(Display(math_page(page.text).pieces, "", []))


def test_the_arrow_before_the_rest_of_a_line_of_code_begins_no_formula() -> None:
    page = SetPage()
    page.put("↪", 50, 110, font=SYMBOLS)
    page.put("%=0", 70, 110, font=ROMAN)
    assert not _is_formula(Display(math_page(page.text).pieces, "", []))


@pytest.mark.parametrize(("tables", "is_fraction"), [((), True), (((110, 90, 290, 170),), False)])
def test_the_rule_of_a_table_is_no_bar_of_a_fraction(tables: tuple[Box, ...], is_fraction: bool) -> None:
    page = SetPage()
    page.put("a" * 36, 110, 128)
    page.put("b" * 36, 110, 142)
    page.rule(110, 290, 132)
    assert any("frac" in formula.latex for formula in page.formulas(tables)) is is_fraction


def test_punctuation_and_brackets_of_the_text_stay_outside(page: SetPage) -> None:
    x = page.prose("The parameter of it", 50, 96)
    x = page.put("(", x, 96, font=ROMAN)
    x = page.put("θ", x, 96)
    x = page.put("),", x, 96, font=ROMAN)
    page.prose("which is given, and so on and on", x + 3, 96)
    assert found(page) == [("\\theta", False)]


def test_arguments_belong_to_their_function(page: SetPage) -> None:
    x = page.prose("The values of the", 50, 96)
    x = page.put("f", x, 96)
    x = page.put("(", x, 96, font=ROMAN)
    x = page.put("x", x, 96)
    x = page.put(")", x, 96, font=ROMAN)
    page.prose("are given, and so on and on", x + 3, 96)
    assert found(page) == [("f(x)", False)]


def test_a_formula_on_a_line_of_its_own_is_set_apart_with_its_number(page: SetPage) -> None:
    x = page.put("y", 180, 130)
    x = page.put("=", x + 3, 130, font=ROMAN)
    page.put("x", x + 3, 130)
    page.put("(2.1)", 325, 130, font=ROMAN)
    assert found(page) == [("y = x \\tag{2.1}", True)]
    assert "y = x \\tag{2.1}" in page.lines()


def test_each_number_has_a_formula_of_its_own(page: SetPage) -> None:
    for row, y in enumerate((130, 148)):
        x = page.put("y", 180, y)
        x = page.put("=", x + 3, y, font=ROMAN)
        page.put("ab"[row], x + 3, y)
        page.put(f"({row + 1})", 335, y, font=ROMAN)
    assert found(page) == [("y = a \\tag{1}", True), ("y = b \\tag{2}", True)]


def test_words_between_signs_are_part_of_a_formula_set_apart(page: SetPage) -> None:
    x = page.put("y", 150, 130)
    x = page.put("=", x + 3, 130, font=ROMAN)
    x = page.put("x", x + 3, 130)
    x = page.prose("for all", x + 10, 130)
    page.put("x", x, 130)
    assert found(page) == [("y = x \\quad \\text{for all } x", True)]


def test_the_end_of_a_paragraph_is_not_set_apart(page: SetPage) -> None:
    x = page.put("y", 50, 96)
    x = page.put("=", x + 3, 96, font=ROMAN)
    page.put("x", x + 3, 96)
    assert found(page) == [("y = x", False)]


def test_what_stands_in_a_table_is_not_set_apart_but_a_table_of_nothing_else_is_none(page: SetPage) -> None:
    page.put("α", 120, 130)
    page.put("=", 128, 130, font=ROMAN)
    page.put("β", 136, 130)
    assert [formula.is_display for formula in page.formulas(((100, 110, 300, 150),))] == [True]
    page.rule(110, 290, 118)
    assert [formula.is_display for formula in page.formulas(((100, 110, 300, 150),))] == [False]


def test_what_cannot_be_read_stays_as_it_is(page: SetPage) -> None:
    page.put("y", 180, 130)
    page.put("=", 188, 130, font=ROMAN)
    page.put("\ufffd", 196, 130, font=LARGE)
    assert found(page) == []


def test_an_underlined_word_is_no_fraction(page: SetPage) -> None:
    page.prose("see this", 50, 96)
    page.rule(68, 88, 98)
    page.prose("and that is it with the", 50, 108)
    page.put("x", 200, 96, font=ITALIC)
    assert "frac" not in "".join(latex for latex, _ in found(page))


def test_a_formula_that_a_lines_end_cuts_behind_a_sign_is_one(page: SetPage) -> None:
    x = page.prose("Let it be that for this one", 50, 96)
    x = page.put("a", x, 96)
    page.put("=", x + 3, 96, font=ROMAN)
    x = page.put("b", 50, 108)
    page.prose("as it was before in this text", x + 3, 108)
    assert found(page) == [("a = b", False)]


def test_a_number_below_a_long_formula_is_its_own(page: SetPage) -> None:
    x = page.put("y", 70, 130)
    page.put("=", x + 3, 130, font=ROMAN)
    page.put("x" * 50, x + 12, 130)
    page.put("(3)", 335, 144, font=ROMAN)
    assert found(page)[0][0].endswith("\\tag{3}")


@pytest.mark.parametrize("has_letters", [False, True])
def test_single_letters_in_italics_are_mathematics_where_its_fonts_have_none(has_letters: bool) -> None:
    page = SetPage()
    x = page.prose("Let the value of", 50, 96)
    x = page.put("k", x, 96, font="Times-Italic") + 10 / 3
    x = page.prose("and that of", x, 96)
    page.put("α" if not has_letters else "b", x, 96)
    page.prose("be given", x + 9, 96)
    latex = [text for text, _ in found(page)]
    assert latex == (["k", "\\alpha"] if not has_letters else ["b"])


def test_a_number_in_a_font_for_mathematics_is_one_too(page: SetPage) -> None:
    math = "NewCMMath-Regular"
    page.put("𝑦=𝑥", 180, 130, font=math)
    page.put("(1)", 335, 130, font=math)
    assert found(page) == [("y = x \\tag{1}", True)]


@pytest.mark.parametrize(("sign", "is_one"), [("∈", True), ("•", False)])
def test_letters_in_italics_of_a_text_font_are_mathematics_beside_signs_that_text_has_not(
    page: SetPage, sign: str, *, is_one: bool
) -> None:
    page.put(sign, 50, 110, font=SYMBOLS)
    page.put("B", 100, 110, font="Times-Italic")
    page.prose("is what the letter before this stands for", 110, 110)
    assert ("B" in [latex for latex, _ in found(page)]) is is_one


def test_a_letter_among_words_in_italics_is_one_of_them(page: SetPage) -> None:
    page.put("∈", 50, 110, font=SYMBOLS)
    page.put("B", 100, 130, font="Times-Italic")
    page.put("Interval", 110, 130, font="Times-Italic")
    heading = page.text.lines.pop()
    page.text.lines[-1].words += heading.words
    assert "B" not in [latex for latex, _ in found(page)]


def test_a_letter_beside_words_in_italics_is_one_of_them_over_wide_blanks_too(page: SetPage) -> None:
    page.put("∈", 50, 110, font=SYMBOLS)
    for x, word in ((100, "Inference"), (200, "a"), (260, "computer")):
        page.put(word, x, 130, font="Times-Italic")
    assert "a" not in [latex for latex, _ in found(page)]
