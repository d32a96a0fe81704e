"""What glyphs and lines at their places come to as LaTeX."""

import pytest

from engine.convert.formulas.mathpieces import Unreadable
from tests.engine.convert.formulas.setglyphs import LARGE, ROMAN, SYMBOLS, SetPage


@pytest.fixture
def page() -> SetPage:
    return SetPage()


def test_small_letters_above_and_below_are_scripts(page: SetPage) -> None:
    page.put("x", 50, 100)
    page.put("i", 55, 102, 7)
    page.put("2", 55, 96, 7, ROMAN)
    page.put("+", 62, 100, font=ROMAN)
    page.put("y", 70, 100)
    assert page.latex() == "x_{i}^{2} + y"


def test_scripts_have_scripts(page: SetPage) -> None:
    page.put("e", 50, 100)
    page.put("x", 55, 96, 7)
    page.put("2", 58.5, 93, 5, ROMAN)
    assert page.latex() == "e^{x^{2}}"


def test_a_prime_is_one(page: SetPage) -> None:
    page.put("f", 50, 100)
    page.put("′", 55, 96, 7, SYMBOLS)
    page.put("(x)", 59, 100)
    assert page.latex() == "f'(x)"


def test_a_line_between_two_parts_is_the_bar_of_a_fraction(page: SetPage) -> None:
    page.put("a", 50, 93)
    page.put("+", 56, 93, font=ROMAN)
    page.put("b", 62, 93)
    page.put("c", 56, 108)
    page.rule(50, 67, 97.5)
    assert page.latex() == "\\frac{a + b}{c}"


def test_a_fraction_may_be_in_another(page: SetPage) -> None:
    page.put("1", 54, 88, font=ROMAN)
    page.rule(49, 64, 92.5)
    page.put("a", 54, 103)
    page.rule(53, 60, 107.5)
    page.put("b", 54, 118)
    assert page.latex() == "\\frac{1}{\\frac{a}{b}}"


def test_a_line_above_is_an_overline(page: SetPage) -> None:
    page.put("ab", 50, 100)
    page.rule(50, 60, 91)
    assert page.latex() == "\\overline{a b}"


def test_a_root_reaches_as_far_as_its_line(page: SetPage) -> None:
    page.put("√", 50, 92, font=SYMBOLS, ink=(90, 102))
    page.put("x", 55, 100)
    page.rule(55, 60.5, 90.2)
    page.put("+", 63, 100, font=ROMAN)
    page.put("y", 70, 100)
    assert page.latex() == "\\sqrt{x} + y"


def test_the_order_of_a_root_stands_in_its_sign(page: SetPage) -> None:
    page.put("3", 50.5, 94, 5, ROMAN)
    page.put("√", 50, 90, font=SYMBOLS, ink=(88, 102))
    page.put("x", 55, 100)
    page.rule(55, 60.5, 88.2)
    assert page.latex() == "\\sqrt[3]{x}"


def test_limits_stand_above_and_below_their_sign(page: SetPage) -> None:
    page.put("∑", 50, 90, font=LARGE, ink=(90, 104))
    page.put("i=0", 47, 112, 7, ROMAN)
    page.put("n", 51, 87, 7)
    page.put("a", 60, 100)
    assert page.latex() == "\\sum_{\\mathrm{i} = 0}^{n} a"


def test_limits_of_an_integral_stand_beside_it(page: SetPage) -> None:
    page.put("∫", 50, 86, font=LARGE, ink=(86, 108))
    page.put("1", 56, 90, 7, ROMAN)
    page.put("0", 54, 108, 7, ROMAN)
    page.put("x", 61, 100)
    assert page.latex() == "\\int_{0}^{1} x"


def test_what_stands_below_a_function_is_its_limit(page: SetPage) -> None:
    page.put("lim", 50, 100, font=ROMAN)
    page.put("x", 50, 108, 7)
    page.put("→", 53.5, 108, 7, SYMBOLS)
    page.put("0", 57, 108, 7, ROMAN)
    page.put("x", 67, 100)
    assert page.latex() == "\\lim_{x \\rightarrow 0} x"


def test_names_of_functions_are_no_letters(page: SetPage) -> None:
    page.put("sin", 50, 100, font=ROMAN)
    page.put("x", 67, 100)
    assert page.latex() == "\\sin x"


@pytest.mark.parametrize(
    ("brackets", "latex"),
    [
        ("()", "\\begin{pmatrix} a & b \\\\ c & d \\end{pmatrix}"),
        ("[]", "\\begin{bmatrix} a & b \\\\ c & d \\end{bmatrix}"),
        ("||", "\\begin{vmatrix} a & b \\\\ c & d \\end{vmatrix}"),
        ("⌊⌋", "\\left\\lfloor \\begin{matrix} a & b \\\\ c & d \\end{matrix} \\right\\rfloor"),
    ],
)
def test_rows_and_columns_between_tall_brackets_are_a_matrix(page: SetPage, brackets: str, latex: str) -> None:
    page.put(brackets[0], 50, 88, font=LARGE, ink=(88, 112))
    for text, x, y in (("a", 56, 97), ("b", 71, 97), ("c", 56, 109), ("d", 71, 109)):
        page.put(text, x, y)
    page.put(brackets[1], 77, 88, font=LARGE, ink=(88, 112))
    assert page.latex() == latex


def test_a_bracket_may_be_put_together(page: SetPage) -> None:
    for left, right, y in (("⎛", "⎞", 80), ("⎜", "⎟", 92), ("⎝", "⎠", 104)):
        page.put(left, 50, y, font=LARGE, ink=(y, y + 12))
        page.put(right, 62, y, font=LARGE, ink=(y, y + 12))
    for text, y in (("a", 88), ("b", 100), ("c", 112)):
        page.put(text, 56, y)
    assert page.latex() == "\\begin{pmatrix} a \\\\ b \\\\ c \\end{pmatrix}"


def test_two_lines_in_brackets_closer_than_rows_are_a_binomial(page: SetPage) -> None:
    page.put("(", 50, 88, font=LARGE, ink=(88, 112))
    page.put("n", 56, 95)
    page.put("k", 56, 109)
    page.put(")", 62, 88, font=LARGE, ink=(88, 112))
    assert page.latex() == "\\binom{n}{k}"


def test_a_brace_without_a_partner_is_one_of_cases(page: SetPage) -> None:
    page.put("y", 38, 103)
    page.put("=", 45, 103, font=ROMAN)
    page.put("{", 52, 88, font=LARGE, ink=(88, 112))
    page.put("a", 58, 97)
    page.prose("if b", 73, 97)
    page.put("c", 58, 109)
    page.prose("otherwise", 73, 109)
    assert page.latex() == "y = \\begin{cases} a & \\text{if b} \\\\ c & \\mathrm{otherwise} \\end{cases}"


def test_lines_that_begin_with_a_relation_below_each_other_are_aligned_there(page: SetPage) -> None:
    page.put("a", 50, 100)
    page.put("=", 58, 100, font=ROMAN)
    page.put("b", 66, 100)
    page.put("=", 58, 115, font=ROMAN)
    page.put("c", 66, 115)
    assert page.latex() == "\\begin{aligned} a & = b \\\\ & = c \\end{aligned}"


@pytest.mark.parametrize(
    ("accent", "latex"), [("ˆ", "\\hat{x}"), ("￫", "\\vec{x}"), ("¯", "\\bar{x}"), ("˙", "\\dot{x}")]
)
def test_an_accent_belongs_to_the_letter_below_it(page: SetPage, accent: str, latex: str) -> None:
    page.put(accent, 50, 100, ink=(91, 92.5))
    page.put("x", 50, 100)
    page.put("y", 56, 100)
    assert page.latex() == f"{latex} y"


def test_a_stroke_negates_what_it_is_through(page: SetPage) -> None:
    page.put("a", 50, 100)
    page.put("／", 58, 100, font=SYMBOLS)
    page.put("=", 58, 100, font=ROMAN)
    page.put("b", 66, 100)
    assert page.latex() == "a \\neq b"


def test_dots_are_what_their_direction_makes_them(page: SetPage) -> None:
    page.put("a", 50, 100)
    for number in range(3):
        page.put(".", 58 + 4.4 * number, 100, ink=(99, 100))
        page.put(".", 90, 92 + 4 * number, font=ROMAN, ink=(91 + 4 * number, 92 + 4 * number))
    assert page.latex() == "a \\ldots \\quad \\vdots"


@pytest.mark.parametrize(
    ("char", "font", "latex"),
    [
        ("R", "MSBM10", "\\mathbb{R}"),
        ("C", SYMBOLS, "\\mathcal{C}"),
        ("g", "EUFM10", "\\mathfrak{g}"),
        ("𝑥", "LatinModernMath-Regular", "x"),
        ("𝐀", "STIXTwoMath", "\\mathbf{A}"),
        ("ℝ", "CambriaMath", "\\mathbb{R}"),
        ("α", "CMMI10", "\\alpha"),
        ("𝜀", "LatinModernMath-Regular", "\\varepsilon"),
        ("≤", SYMBOLS, "\\leq"),
    ],
)
def test_a_letter_is_of_the_alphabet_of_its_font_or_its_character(
    page: SetPage, char: str, font: str, latex: str
) -> None:
    page.put(char, 50, 100, font=font)
    assert page.latex() == latex


def test_what_belongs_to_nothing_makes_a_formula_unreadable(page: SetPage) -> None:
    page.put("√", 50, 92, font=SYMBOLS, ink=(90, 102))
    page.put("x", 55, 100)
    with pytest.raises(Unreadable):
        page.latex()


def test_parts_of_a_bracket_may_all_be_called_like_it(page: SetPage) -> None:
    for y in (80, 92, 104):
        page.put("[", 50, y, font="LatinModernMath-Regular", ink=(y - 1, y + 12))
        page.put("]", 62, y, font="LatinModernMath-Regular", ink=(y - 1, y + 12))
    for text, y in (("𝑎", 88), ("𝑏", 100), ("𝑐", 112)):
        page.put(text, 56, y, font="LatinModernMath-Regular")
    assert page.latex() == "\\begin{bmatrix} a \\\\ b \\\\ c \\end{bmatrix}"


def test_brackets_in_lines_below_each_other_are_not_one(page: SetPage) -> None:
    for y in (100, 112):
        page.put("(𝑎)", 50, y, font="LatinModernMath-Regular", ink=(y - 8, y + 2))
    assert page.latex() == "\\begin{gathered} (a) \\\\ (a) \\end{gathered}"
