"""The grid that is drawn in a table."""

import pytest

from engine.convert.text.drawngrid import Place, drawn_grid
from tests.engine.convert.drawn import DrawnPage


def _found(page: DrawnPage) -> list[Place]:
    return drawn_grid((50, 40, 240, 90), 10, page.read()[1])


def test_sides_without_a_rule_end_with_the_rules_that_run_there() -> None:
    page = DrawnPage()
    page.rule(46, 246, 54)
    page.page.draw_line((146, 38), (146, 92), width=0.5)
    places = _found(page)
    assert [(place.row, place.column) for place in places] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert all((place.row, place.column) == (place.last_row, place.last_column) for place in places)
    assert [round(value) for value in places[0].box] == [46, 38, 146, 54]


@pytest.mark.parametrize("with_upright", [False, True])
def test_rules_that_do_not_touch_are_no_grid(with_upright: bool) -> None:
    page = DrawnPage()
    for y in (38, 54, 92):
        page.rule(46, 246, y)
    if with_upright:
        page.page.draw_line((146, 60), (146, 86), width=0.5)
    assert _found(page) == []


def test_cells_that_are_no_rectangles_are_none() -> None:
    page = DrawnPage()
    for y in (38, 92):
        page.rule(46, 246, y)
    page.rule(146, 246, 65)
    for x in (46, 246):
        page.page.draw_line((x, 38), (x, 92), width=0.5)
    page.page.draw_line((146, 65), (146, 92), width=0.5)
    assert _found(page) == []


def test_a_drawing_of_very_many_rules_is_no_grid() -> None:
    page = DrawnPage()
    shape = page.page.new_shape()
    for number in range(1700):
        shape.draw_line((50 + number * 0.1, 40), (50 + number * 0.1, 90))
        shape.draw_line((50, 40 + number * 0.03), (240, 40 + number * 0.03))
    shape.finish(width=0.1)
    shape.commit()
    assert _found(page) == []
