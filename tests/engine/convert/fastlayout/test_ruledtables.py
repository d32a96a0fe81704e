"""Tables with a grid around their cells."""

from engine.convert.page.blocks import Kind
from tests.engine.convert.drawn import DrawnPage
from tests.engine.convert.fastlayout.laidout import laid_out, said


def test_what_has_a_grid_around_it_is_a_table_whatever_stands_in_it() -> None:
    page = DrawnPage()
    for y in (100, 120, 140):
        page.rule(50, 350, y)
    for x in (50, 150, 350):
        page.page.draw_line((x, 100), (x, 140), width=0.5)
    page.write(55, 114, "Rule")
    page.write(155, 114, "Every item must be looked at.")
    page.write(55, 134, "Reason")
    page.write(155, 134, "It may be broken.")
    blocks = laid_out(page)
    assert [block.kind for block in blocks] == [Kind.TABLE]
    assert blocks[0].text == "Rule\tEvery item must be looked at.\nReason\tIt may be broken."


def test_a_grid_that_holds_hardly_any_text_is_a_drawing() -> None:
    page = DrawnPage()
    for place in range(7):
        page.rule(50, 350, 100 + 20 * place)
        page.page.draw_line((50 + 50 * place, 100), (50 + 50 * place, 220), width=0.5)
    page.write(105, 134, "1990")
    page.write(205, 174, "1991")
    assert [kind for kind, _ in said(page)] == [Kind.PARAGRAPH, Kind.PARAGRAPH]
