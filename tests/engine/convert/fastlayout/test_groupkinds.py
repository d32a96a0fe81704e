"""What groups of lines are."""

from engine.convert.page.blocks import Kind
from tests.engine.convert.drawn import DrawnPage
from tests.engine.convert.fastlayout.laidout import OTHER, PROSE, said


def test_bold_lines_over_text_are_headings_and_those_over_each_other_none() -> None:
    page = DrawnPage()
    page.write(50, 60, "Of counting", font="hebo")
    page.lines(50, 80, *PROSE)
    page.lines(50, 170, "All of this,", "and all of that,", font="hebo", pitch=20)
    page.lines(50, 210, *OTHER, font="hebo")
    kinds = [kind for kind, _ in said(page)]
    assert kinds == [Kind.HEADING, Kind.PARAGRAPH, Kind.PARAGRAPH, Kind.PARAGRAPH, Kind.PARAGRAPH]


def test_lines_in_the_margins_are_called_running_heads_and_feet() -> None:
    page = DrawnPage()
    page.write(50, 20, "The rules of the house")
    page.lines(50, 60, *PROSE)
    page.write(200, 390, "7")
    assert [kind for kind, _ in said(page)] == [Kind.PAGE_HEADER, Kind.PARAGRAPH, Kind.PAGE_FOOTER]


def test_captions_and_notes_are_told_by_how_they_begin() -> None:
    page = DrawnPage()
    page.lines(50, 60, *PROSE)
    page.write(50, 150, "Figure 3: The gate, from within.")
    page.lines(50, 170, *OTHER)
    page.write(50, 340, "1", size=5)
    page.write(53, 343, "Since then it has been painted.", size=8)
    assert [kind for kind, _ in said(page)][-3:] == [Kind.CAPTION, Kind.PARAGRAPH, Kind.FOOTNOTE]
