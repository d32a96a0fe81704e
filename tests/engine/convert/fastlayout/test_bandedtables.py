"""Tables that rules across their width tell, or the ground of their head."""

from collections.abc import Sequence

import pytest

from engine.convert.page.blocks import Kind
from tests.engine.convert.drawn import DrawnPage
from tests.engine.convert.fastlayout.laidout import PROSE, laid_out, said

ROWS = (("Part", "What it is for"), ("Bolt", "It holds the gate, which is"), ("", "heavy."), ("Nut", "So does it."))
WORDS = "Part\tWhat it is for\nBolt\tIt holds the gate, which is\n\theavy.\nNut\tSo does it."


def _write(page: DrawnPage, top: float, rows: Sequence[tuple[str, str]] = ROWS, pitch: float = 14) -> None:
    for place, row in enumerate(rows):
        for x, cell in zip((60, 110), row, strict=True):
            if cell:
                page.write(x, top + pitch * place, cell)


def test_rules_above_and_below_hold_a_table_together() -> None:
    page = DrawnPage()
    page.lines(50, 40, *PROSE)
    for y in (120, 138, 184):
        page.rule(50, 350, y)
    _write(page, 133)
    page.lines(50, 210, *PROSE)
    blocks = laid_out(page)
    assert [block.kind for block in blocks] == [Kind.PARAGRAPH, Kind.TABLE, Kind.PARAGRAPH]
    assert blocks[1].text == WORDS


def test_rules_in_parts_tell_where_columns_are() -> None:
    page = DrawnPage()
    for y in (120, 166):
        page.page.draw_rect((50, y, 105, y + 0.5), color=None, fill=(0, 0, 0))
        page.page.draw_rect((105, y, 350, y + 0.5), color=None, fill=(0, 0, 0))
    for place, (left, right) in enumerate((("Part one", "is a bolt"), ("Part two", "is a nut"))):
        page.write(60, 133 + 16 * place, left)
        page.write(107, 133 + 16 * place, right)
    assert [block.text for block in laid_out(page)] == ["Part one\tis a bolt\nPart two\tis a nut"]


def test_a_head_on_a_ground_is_that_of_what_stands_in_its_columns_below() -> None:
    page = DrawnPage()
    for x0, x1 in ((50, 105), (105, 350)):
        page.page.draw_rect((x0, 120, x1, 140), color=None, fill=(0.8, 0.9, 1))
    _write(page, 133)
    page.lines(50, 210, *PROSE)
    assert next((block.kind, block.text) for block in laid_out(page)) == (Kind.TABLE, WORDS)


def test_a_head_may_stand_above_the_first_rule() -> None:
    page = DrawnPage()
    for y in (138, 154, 184):
        page.rule(50, 350, y)
    _write(page, 133)
    assert [block.text for block in laid_out(page)] == [WORDS]


@pytest.mark.parametrize("between", [40.0, 20.0])
def test_rules_around_text_are_those_of_no_table(between: float) -> None:
    page = DrawnPage()
    page.rule(50, 350, 30)
    page.lines(50, 50, *PROSE)
    page.lines(50, 50 + 72 + between, *PROSE)
    page.rule(50, 350, 380)
    assert [kind for kind, _ in said(page)] == [Kind.PARAGRAPH, Kind.PARAGRAPH]


def test_what_stands_between_two_tables_is_in_neither() -> None:
    page = DrawnPage()
    for top in (60, 220):
        for y in (top, top + 18, top + 64):
            page.rule(50, 350, y)
        _write(page, top + 13)
    page.write(50, 160, "And so on, for each of the others")
    page.write(50, 190, "Of other parts", size=14)
    kinds = [kind for kind, _ in said(page)]
    assert kinds == [Kind.TABLE, Kind.PARAGRAPH, Kind.HEADING, Kind.TABLE]


def test_columns_may_be_no_further_apart_than_words_if_all_words_leave_a_gap() -> None:
    page = DrawnPage()
    for y in (120, 184):
        page.rule(50, 350, y)
    rows = (("Mode of it", "Behaviour"), ("Fixed.in.it", "One in ten"), ("Fixed.at.it", "No one here"))
    for place, (left, right) in enumerate(rows):
        page.write(60, 133 + 14 * place, left)
        page.write(115, 133 + 14 * place, right)
    assert laid_out(page)[0].rows[1][1].text == "One in ten"


def test_a_listing_between_rules_is_no_table() -> None:
    page = DrawnPage()
    for y in (120, 184):
        page.rule(50, 350, y)
    page.lines(60, 133, "key      value", "one      first", "two      second", font="cour")
    assert [kind for kind, _ in said(page)] == [Kind.PARAGRAPH]
