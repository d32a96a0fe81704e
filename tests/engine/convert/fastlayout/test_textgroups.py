"""Lines that belong together."""

from engine.convert.page.blocks import Kind
from tests.engine.convert.drawn import DrawnPage
from tests.engine.convert.fastlayout.laidout import PROSE, said


def test_items_are_told_by_their_labels() -> None:
    page = DrawnPage()
    page.lines(50, 60, "Take with you:")
    page.lines(60, 72, "• a lamp, and what it burns, since it is", "  dark behind the gate", "• a rope")
    page.lines(50, 130, "1. Go in.", "2. Come out.")
    assert [kind for kind, _ in said(page)] == [Kind.PARAGRAPH, *[Kind.LIST_ITEM] * 4]


def test_a_number_that_nothing_counts_on_from_is_none() -> None:
    page = DrawnPage()
    page.lines(50, 60, *PROSE[:5], "in the year of its foundation and not in", "1990. It was never found again.")
    assert [kind for kind, _ in said(page)] == [Kind.PARAGRAPH]


def test_a_letter_of_another_font_may_be_a_bullet() -> None:
    page = DrawnPage()
    for y, text in ((60, "a lamp"), (74, "a rope")):
        page.write(50, y, "o", font="cour")
        page.write(68, y, text)
    assert [kind for kind, _ in said(page)] == [Kind.LIST_ITEM] * 2


def test_an_item_goes_on_only_after_a_full_line() -> None:
    page = DrawnPage()
    page.lines(50, 60, "1.1 Of lamps", PROSE[0], *PROSE[1:], "1.2 Of ropes", PROSE[0])
    assert [text for _, text in said(page)][:2] == ["1.1 Of lamps", " ".join(PROSE)]
