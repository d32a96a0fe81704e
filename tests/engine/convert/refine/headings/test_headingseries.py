"""Headings told by numbers that count on."""

from itertools import product

import pytest

from engine.convert.page.blocks import Block, Kind, Span
from engine.convert.refine.headings.headings import Headings
from tests.engine.convert.pages import BODY, block, line, page, paragraph

ROMANS = ("I", "II", "III", "IV", "V", "VI")


def _headings(*blocks: Block) -> list[tuple[int, str]]:
    pages = [page(*blocks[start : start + 8], number=1 + start // 8) for start in range(0, len(blocks), 8)]
    step = Headings()
    for each in pages:
        step.observe(each)
    for each in pages:
        step.apply(each)
    return [(each.level, each.text) for one in pages for each in one.blocks if each.kind is Kind.HEADING]


def _run_in(title: str, *, italic: bool = True, bold: bool = False) -> Block:
    made = paragraph(300)
    made.spans = [Span(title, italic=italic, bold=bold), Span(f" {BODY}")]
    return made


def _slanted(text: str) -> Block:
    return block(text, (50, 200, 50 + 5 * len(text), 210), italic=True)


@pytest.mark.parametrize(("sections", "parts"), list(product((1, 2, 5), (2, 4))))
def test_a_paper_of_the_ieee_has_three_levels_of_headings(sections: int, parts: int) -> None:
    blocks = [line("The Title of a Paper", 50, Kind.HEADING, size=24)]
    expected = [(1, "The Title of a Paper")]
    for section in range(sections):
        name = f"{ROMANS[section]}. SECTION NAME"
        blocks += [line(name, 100, size=8), paragraph(120)]  # small capitals
        expected.append((2, name))
        for part in range(parts):
            name = f"{'ABCDEF'[part]}. What is in It"
            blocks += [_slanted(name), paragraph(220), _run_in("1) First Thing:"), _run_in("2) Second Thing:")]
            expected += [(3, name), (4, "1) First Thing:"), (4, "2) Second Thing:")]
    assert _headings(*blocks) == expected


@pytest.mark.parametrize("bold", [True, False])
def test_sections_that_were_set_in_small_capitals_are_told_by_their_numbers(bold: bool) -> None:
    blocks = [line("The Title of a Paper", 50, Kind.HEADING, size=24)]
    expected = [(1, "The Title of a Paper")]
    for number in ROMANS:
        blocks += [line(f"{number}. Section Name", 100, Kind.HEADING, bold=bold), paragraph(120)]
        blocks += [_slanted("A. What is in It"), paragraph(220), _slanted("B. What is Not"), paragraph(320)]
        expected += [(2, f"{number}. Section Name"), (3, "A. What is in It"), (3, "B. What is Not")]
    assert _headings(*blocks) == expected


def test_letters_after_others_are_no_roman_numbers() -> None:
    blocks = [line("I. First", 50, Kind.HEADING, bold=True), paragraph(60)]
    for letter in "ABCDEFGHIJKLM":
        blocks += [line(f"{letter}. Part", 100, Kind.HEADING, bold=True), paragraph(120)]
    blocks += [line("II. Second", 50, Kind.HEADING, bold=True), paragraph(60)]
    levels = [level for level, _ in _headings(*blocks)]
    assert levels == [1, *[2] * 13, 1]


def test_sections_without_a_number_are_set_like_those_with_one() -> None:
    blocks = []
    for number in ROMANS[:3]:
        blocks += [line(f"{number}. SECTION", 100, size=8), paragraph(120)]
    blocks += [line("REFERENCES", 300, size=8), paragraph(320), line("small print", 500, size=8), paragraph(520)]
    assert [text for _, text in _headings(*blocks)] == ["I. SECTION", "II. SECTION", "III. SECTION", "REFERENCES"]


def test_steps_of_a_list_are_no_headings() -> None:
    steps = [_run_in(f"{number}) Turn it:", italic=False, bold=True) for number in (1, 2, 3)]
    assert _headings(paragraph(50), *steps, paragraph(500)) == []


def test_letters_that_do_not_count_are_no_headings() -> None:
    names = [_slanted(text) for text in ("J. Smith", "A. Miller", "Q. Baker", "X. Cook")]
    assert _headings(paragraph(50), *names, paragraph(500)) == []


@pytest.mark.parametrize("bold", [True, False])
def test_numbers_that_count_on_below_others_are_headings(bold: bool) -> None:
    called = [line("1 First", 80, Kind.HEADING, bold=True), paragraph(100)]
    below = []
    for number in ("1.1", "1.2", "1.2.1", "1.2.2", "1.3"):
        kind = Kind.HEADING if number in ("1.1", "1.2", "1.3") else Kind.PARAGRAPH
        below += [line(f"{number}. Part", 200, kind, bold=bold or kind is Kind.HEADING), paragraph(220)]
    assert _headings(*called, *below) == [
        (1, "1 First"), (2, "1.1. Part"), (2, "1.2. Part"), (3, "1.2.1. Part"), (3, "1.2.2. Part"), (2, "1.3. Part"),
    ]  # fmt: skip


def test_a_numbered_heading_that_its_paragraph_runs_on_from_is_cut_off() -> None:
    blocks = [line("1 First", 80, Kind.HEADING, bold=True), paragraph(100)]
    blocks += [line("1.1 Part", 200, Kind.HEADING, bold=True), _run_in("1.1.1 Is there a way", italic=False, bold=True)]
    assert _headings(*blocks, _run_in("1.1.2 Another", italic=False, bold=True))[2:] == [
        (3, "1.1.1 Is there a way"), (3, "1.1.2 Another"),
    ]  # fmt: skip


@pytest.mark.parametrize("words", [("Redirect ", "www.", " names"), ("Redirect ", "www."), ("", "www.", " redirects")])
def test_code_in_a_numbered_heading_does_not_end_it(words: tuple[str, ...]) -> None:
    blocks = [line("1.1 First", 80, Kind.HEADING, bold=True), paragraph(100)]
    made = line("1.2 " + "".join(words), 200, Kind.HEADING, bold=True)
    made.spans = [
        Span("1.2 ", bold=True),
        *(Span(word, bold=place != 1, code=place == 1) for place, word in enumerate(words) if word),
    ]
    assert [text for _, text in _headings(*blocks, made, paragraph(220))] == ["1.1 First", "1.2 " + "".join(words)]


def test_clauses_are_text() -> None:
    clauses = [
        paragraph(100 * number, f"{number}.{part} The tenant pays. {BODY}") for number in (1, 2) for part in (1, 2)
    ]
    short = [line(f"3.{part} The tenant pays the rent.", 500) for part in (1, 2, 3)]
    assert _headings(paragraph(50), *clauses, *short, paragraph(700)) == []


def test_the_lines_of_a_table_of_contents_are_no_headings() -> None:
    lines = [line(f"1.{part} A part of it . . . . . . {part}", 100 + 20 * part) for part in range(1, 6)]
    assert _headings(*lines, paragraph(400)) == []
