"""Listings with numbered lines, and those that the model takes for tables."""

import pytest

from engine.convert.page.blocks import Block, Kind
from engine.convert.refine.code import Code
from engine.convert.refine.lists import Lists
from tests.engine.convert.drawn import DrawnPage

_CODE = ((0, "for n in range(9):"), (24, "print(n)"), (0, ""), (0, "done()"))


def _after(page: DrawnPage) -> list[Block]:
    read, text = page.read()
    for step in (Code(), Lists()):
        step.apply(read, text)
    return read.blocks


def _numbered(page: DrawnPage) -> None:
    for number, (indent, line) in enumerate(_CODE):
        page.write(36, 50 + 12 * number, str(number + 1), size=6)
        if line:
            page.write(50 + indent, 50 + 12 * number, line, font="cour")


@pytest.mark.parametrize("as_table", [False, True])
def test_a_listing_with_numbered_lines_is_one(as_table: bool) -> None:
    page = DrawnPage()
    _numbered(page)
    if as_table:
        page.table([34, 46, 200], [40, 53, 65, 77, 89])
    else:
        page.box("text", 34, 40, 200, 65)
        for y in (76, 88):
            page.box("list-item", 34, y - 9, 200, y + 2)
    [block] = _after(page)
    assert block.kind is Kind.CODE
    lines = [line.split(maxsplit=1) for line in block.text.splitlines()]
    assert lines == [["1", "for n in range(9):"], ["2", "print(n)"], ["3"], ["4", "done()"]]
    first, second = block.text.splitlines()[:2]
    assert second.index("print") - first.index("for") == 4


def test_a_table_of_code_without_rules_is_a_listing() -> None:
    page = DrawnPage()
    page.write(50, 20, "Prose stands above it.")
    page.box("text", 48, 10, 200, 23)
    for y, first, second in ((50, "x = 1", "# one"), (62, "y = 22", "# two"), (74, "z = 3", "# three")):
        page.write(50, y, first, font="cour")
        page.write(110, y, second, font="cour")
    page.table([48, 105, 200], [40, 53, 65, 77])
    assert _after(page)[1].text == "x = 1     # one\ny = 22    # two\nz = 3     # three"


def test_a_table_with_rules_and_items_of_code_stay_what_they_are() -> None:
    page = DrawnPage()
    page.write(50, 20, "Prose stands above it.")
    page.box("text", 48, 10, 200, 23)
    for number in range(3):
        page.write(50, 50 + 12 * number, f"a{number}", font="cour")
        page.write(110, 50 + 12 * number, f"b{number}", font="cour")
        page.write(50, 150 + 12 * number, f"{number + 1}.")
        page.write(65, 150 + 12 * number, "make test", font="cour")
    page.rule(48, 200, 54)
    page.table([48, 105, 200], [40, 53, 65, 77])
    page.box("list-item", 48, 140, 200, 178)
    kinds = [block.kind for block in _after(page)]
    assert kinds == [Kind.PARAGRAPH, Kind.TABLE, *[Kind.LIST_ITEM] * 3]


def test_the_backgrounds_of_words_are_no_rules() -> None:
    page = DrawnPage()
    page.write(50, 20, "Prose stands above it.")
    page.box("text", 48, 10, 200, 23)
    for y, first, second in ((50, "x = 1", "# one"), (62, "y = 22", "# two"), (74, "z = 3", "# three")):
        page.page.draw_rect((50, y - 8, 110 + 6 * len(second), y + 3), color=None, fill=(0.9, 0.9, 0.9))
        page.write(50, y, first, font="cour")
        page.write(110, y, second, font="cour")
    page.table([48, 105, 200], [40, 53, 65, 77])
    assert _after(page)[1].kind is Kind.CODE
