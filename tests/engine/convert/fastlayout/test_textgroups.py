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
