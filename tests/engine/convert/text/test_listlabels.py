"""What stands before a list item."""

from engine.convert.text.listlabels import find_label
from tests.engine.convert.drawn import DrawnPage


def test_a_measure_at_the_beginning_of_a_line_is_no_label() -> None:
    page = DrawnPage()
    page.write(50, 50, "1.5 mm clearance on each side")
    page.write(50, 80, "1.5 Clearance")
    page.write(50, 110, "1.5. clearance")
    _, text = page.read()
    assert [find_label(line, text) is not None for line in text.lines] == [False, True, True]
