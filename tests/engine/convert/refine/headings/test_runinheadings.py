"""Headings and terms that stand in one block with their text."""

import pymupdf
import pytest

from engine.convert.page.blocks import Kind
from engine.convert.refine.headings.runinheadings import RunInHeadings
from tests.engine.convert.drawn import DrawnPage


def _after(page: DrawnPage) -> list[tuple[Kind, str]]:
    read, text = page.read()
    RunInHeadings().apply(read, text)
    return [(block.kind, block.text) for block in read.blocks]


def _run_in(head: str, *, gap: float, font: str = "hebo") -> DrawnPage:
    page = DrawnPage()
    page.write(50, 50, head, font=font)
    width = pymupdf.get_text_length(head, fontname=font, fontsize=10)
    page.write(50 + width + gap, 50, "When a file is at the root of the")
    page.lines(50, 62, "project, it sets values for that alone.")
    page.box("text", 48, 40, 390, 66)
    return page


def test_bold_words_before_a_gap_as_wide_as_the_text_is_high_are_a_heading() -> None:
    assert _after(_run_in("One file a project", gap=10)) == [
        (Kind.HEADING, "One file a project"),
        (Kind.PARAGRAPH, "When a file is at the root of the project, it sets values for that alone."),
    ]


@pytest.mark.parametrize(
    ("head", "gap", "font"),
    [
        ("One file a project", 2.8, "hebo"),  # a usual blank
        ("One file a project", 5, "hebo"),  # behind a term
        ("One file a project", 14, "hebo"),  # a blank of a line that had to be filled
        ("One file a project:", 10, "hebo"),
        ("One file a project", 10, "helv"),
    ],
)
def test_other_words_are_none(head: str, gap: float, font: str) -> None:
    assert len(_after(_run_in(head, gap=gap, font=font))) == 1


def test_the_term_of_text_that_is_set_in_is_none() -> None:
    page = DrawnPage()
    page.write(50, 50, "gnu", font="hebo")
    page.write(50 + 19.4 + 10, 50, "The format of the program that")
    page.lines(79, 62, "everybody has by now.")
    page.box("text", 48, 40, 390, 66)
    assert len(_after(page)) == 1


def test_a_line_that_stands_out_and_ends_early_is_a_block_of_its_own() -> None:
    page = DrawnPage()
    page.lines(50, 50, "list of all", "", "", "verify")
    page.lines(80, 62, "This names everything that is in the archive, in", "the order it is there.", "", "It is read.")
    page.box("text", 48, 40, 390, 102)
    assert [text for _, text in _after(page)] == [
        "list of all",
        "This names everything that is in the archive, in the order it is there.",
        "verify",
        "It is read.",
    ]


def test_the_entries_of_a_list_of_works_stay_whole() -> None:
    page = DrawnPage()
    page.lines(50, 50, "Knuth, D. E. The Art of Computer Programming, volume 1, the third")
    page.lines(70, 62, "edition, which was published in the year of 1997.")
    page.box("text", 48, 40, 390, 66)
    assert len(_after(page)) == 1


def test_two_headings_one_set_in_from_the_other_are_two() -> None:
    page = DrawnPage()
    page.lines(50, 50, "OPTIONS", font="hebo")
    page.lines(65, 62, "Of all commands", font="hebo")
    page.lines(80, 100, "They are taken from left to right, and the last one holds,", "whatever was said before.")
    page.box("section-header", 48, 40, 200, 66)
    page.box("text", 78, 90, 399, 116)
    assert _after(page)[:2] == [(Kind.HEADING, "OPTIONS"), (Kind.HEADING, "Of all commands")]


@pytest.mark.parametrize(("left", "parts"), [(65, 2), (58, 1)], ids=["set in", "centred"])
def test_a_line_set_in_below_a_short_one_is_a_heading_of_its_own(left: int, parts: int) -> None:
    page = DrawnPage()
    page.write(50, 50, "npm-cache", font="hebo")
    page.write(left, 62, "Synops", font="hebo")
    for number in range(3):
        page.write(70, 90 + 12 * number, "The text reaches far to the right of all of these headings, as text does.")
    page.box("section-header", 48, 40, 110, 66)
    page.box("text", 68, 80, 420, 120)
    assert sum(kind is Kind.HEADING for kind, _ in _after(page)) == parts
