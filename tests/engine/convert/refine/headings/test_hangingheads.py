"""Headings that stand out to the left of all text."""

from engine.convert.page.blocks import Kind, RefinedPage
from engine.convert.refine.headings.headings import Headings
from tests.engine.convert.pages import BODY, block, line, page


def _manual(*, left: float = 90.0, bold: bool = True) -> list[RefinedPage]:
    pages = []
    for number in (1, 2):
        blocks = [line("NAME", 100, left=50, bold=bold), block(BODY, (left, 120, 550, 168))]
        for top, text in ((200, "Operations"), (300, "Modifiers")):
            blocks += [
                line(text, top, left=65),
                line("--delete", top + 20, Kind.HEADING, left=90, bold=True),
                block(BODY, (max(left, 100), top + 40, 550, top + 88)),
            ]
        pages.append(page(*blocks, number=number))
    return pages


def _headings(pages: list[RefinedPage]) -> list[tuple[int, str]]:
    step = Headings()
    for each in pages:
        step.observe(each)
    for each in pages:
        step.apply(each)
    return [(found.level, found.text) for each in pages for found in each.blocks if found.kind is Kind.HEADING]


def test_what_stands_out_is_a_heading_and_its_place_says_of_which_level() -> None:
    assert _headings(_manual()) == [(1, "NAME"), (2, "Operations"), (2, "Modifiers")] * 2


def test_where_text_begins_as_far_left_nothing_stands_out() -> None:
    assert (2, "Operations") not in _headings(_manual(left=50.0))


def test_one_of_them_at_least_is_bold() -> None:
    assert not any(text == "NAME" for _, text in _headings(_manual(bold=False)))


def test_text_from_right_to_left_begins_anywhere_and_stands_out_nowhere() -> None:
    pages = _manual()
    for each in pages:
        for found in each.blocks:
            found.spans[0].text = "שלום " * (len(found.text) // 5 + 1)
            if len(found.text) < 40:
                found.kind = Kind.PARAGRAPH
    assert _headings(pages) == []


def test_lists_are_set_in_from_text_and_make_no_heading_of_it() -> None:
    short = page(
        line("Guide", 50, Kind.HEADING, size=20),
        line("Bring it here:", 100),
        *(line("First of the items that are listed", 120 + 14 * item, Kind.LIST_ITEM, left=68) for item in range(4)),
        line("It is open on weekdays", 200, bold=True),
        line("Nobody is there on others", 220),
    )
    assert _headings([short]) == [(1, "Guide")]


def test_sentences_are_text_wherever_they_begin() -> None:
    short = page(
        line("Guide", 50, Kind.HEADING, size=20),
        line("One.", 100),
        line("Two.", 120),
        line("Start here", 140, bold=True),
        block(BODY, (90, 160, 550, 208)),
    )
    assert {text for _, text in _headings([short])} <= {"Guide", "Start here"}
