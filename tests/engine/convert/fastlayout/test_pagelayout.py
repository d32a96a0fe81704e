"""Pages laid out by the places and fonts of their lines."""

from engine.convert.page.blocks import Kind
from tests.engine.convert.drawn import DrawnPage
from tests.engine.convert.fastlayout.laidout import OTHER, PROSE, said


def test_lines_are_paragraphs_and_larger_ones_headings() -> None:
    page = DrawnPage()
    page.write(50, 60, "Of the machines", font="hebo", size=14)
    page.lines(50, 84, *PROSE)
    page.lines(50, 168, *OTHER)
    assert said(page) == [
        (Kind.HEADING, "Of the machines"),
        (Kind.PARAGRAPH, " ".join(PROSE)),
        (Kind.PARAGRAPH, " ".join(OTHER)),
    ]


def test_text_that_lies_another_way_is_there_too() -> None:
    page = DrawnPage()
    page.lines(50, 60, *PROSE)
    page.write(380, 200, "Printed in spring", rotate=90)
    assert (Kind.PARAGRAPH, "Printed in spring") in said(page)
