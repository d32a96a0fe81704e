"""Tables of contents become lists, however their entries are set and whatever the layout model has taken them for."""

from collections.abc import Sequence

import pymupdf
import pytest

from engine.convert.page.blocks import Block, Kind
from engine.convert.refine.contents import Contents
from engine.convert.refine.links import Links
from tests.engine.convert.drawn import DrawnPage

RIGHT = 350.0
SPACED, CLOSE = " . . . . . . . .", "........."


def entry(page: DrawnPage, y: float, left: float, title: str, number: str, *, leader: str = SPACED) -> None:
    """A line of contents, its number flush with those of others."""
    page.write(left, y, f"{title}{leader}")
    page.write(RIGHT - pymupdf.get_text_length(number, fontsize=10), y, number)


def after(page: DrawnPage) -> list[Block]:
    read, text = page.read()
    for step in (Links(), Contents()):
        step.apply(read, text)
    return read.blocks


def items(blocks: Sequence[Block]) -> list[tuple[int, str]]:
    return [(block.depth, block.text) for block in blocks if block.kind is Kind.LIST_ITEM]


def chapters(page: DrawnPage, *, leader: str = SPACED) -> None:
    """Two chapters, whose own lines have no leader, with their sections."""
    entry(page, 80, 50, "1 Birds", "3", leader="")
    entry(page, 92, 65, "1.1 Of the sea", "3", leader=leader)
    entry(page, 104, 65, "1.2 Of the land", "5", leader=leader)
    entry(page, 126, 50, "2 Fish", "12", leader="")
    entry(page, 138, 65, "2.1 Of rivers", "12", leader=leader)


CHAPTERS = [
    (1, "1 Birds 3"),
    (2, "1.1 Of the sea 3"),
    (2, "1.2 Of the land 5"),
    (1, "2 Fish 12"),
    (2, "2.1 Of rivers 12"),
]


@pytest.mark.parametrize("leader", [SPACED, CLOSE, " " + CLOSE, " \u00b7\u00b7\u00b7\u00b7\u00b7"])
@pytest.mark.parametrize("as_what", ["text", "table", "lines"])
def test_entries_are_items_below_what_they_are_part_of(as_what: str, leader: str) -> None:
    page = DrawnPage()
    page.write(50, 50, "Contents", size=16)
    page.box("section-header", 48, 35, 200, 55)
    chapters(page, leader=leader)
    if as_what == "table":
        page.table([48, 62, 320, 352], [70, 83, 95, 107, 129, 141])
    elif as_what == "text":
        page.box("text", 48, 70, 352, 142)
    page.write(50, 180, "What comes after it.")
    page.box("text", 48, 170, 200, 184)
    blocks = after(page)
    assert items(blocks) == CHAPTERS
    kinds = [block.kind for block in blocks]
    assert kinds == [Kind.HEADING, *[Kind.LIST_ITEM] * 5, Kind.PARAGRAPH]


def test_what_else_is_in_the_block_stays_where_it_was() -> None:
    page = DrawnPage()
    page.write(50, 65, "In this part:")
    chapters(page)
    page.write(50, 165, "And more.")
    page.box("text", 48, 55, 352, 170)
    blocks = after(page)
    assert items(blocks) == CHAPTERS
    rest = " ".join(block.text for block in blocks if block.kind is not Kind.LIST_ITEM)
    assert rest.split() == ["In", "this", "part:", "And", "more."]


def test_an_entry_of_two_lines_is_one_item() -> None:
    page = DrawnPage()
    entry(page, 80, 50, "1.1 Short", "3")
    page.write(50, 92, "1.2")
    page.write(70, 92, "A long one that goes on")
    entry(page, 104, 70, "on the next line", "4")
    entry(page, 116, 50, "1.3 Last", "9")
    page.box("text", 48, 70, 352, 120)
    assert items(after(page)) == [
        (1, "1.1 Short 3"),
        (1, "1.2 A long one that goes on on the next line 4"),
        (1, "1.3 Last 9"),
    ]


def test_what_begins_below_a_chapter_of_the_page_before_is_as_deep_as_ever() -> None:
    page = DrawnPage()
    entry(page, 80, 65, "4.2 Fish", "31")
    entry(page, 92, 65, "4.3 Whales", "32")
    entry(page, 104, 50, "5 Stones", "40")
    page.box("text", 48, 70, 352, 108)
    assert items(after(page)) == [(2, "4.2 Fish 31"), (2, "4.3 Whales 32"), (1, "5 Stones 40")]


def test_a_long_title_leaves_room_for_two_dots() -> None:
    page = DrawnPage()
    chapters(page)
    page.write(50, 154, "3 Reptiles, and whatever else is about the house . .")
    page.write(345, 154, "9")
    page.box("text", 48, 70, 352, 158)
    assert items(after(page)) == [*CHAPTERS, (1, "3 Reptiles, and whatever else is about the house 9")]


def test_dots_within_a_title_are_its_own() -> None:
    page = DrawnPage()
    for number, title in enumerate(("Birds . . . and more", "Of .profile", "Etc. and so on...")):
        entry(page, 80 + 12 * number, 50, title, str(3 + number))
    page.box("text", 48, 70, 352, 108)
    assert items(after(page)) == [(1, "Birds . . . and more 3"), (1, "Of .profile 4"), (1, "Etc. and so on... 5")]


def test_a_number_right_after_the_last_dot_is_that_of_a_page() -> None:
    page = DrawnPage()
    page.lines(
        50, 80, *(f"{number}. Part {name} . . . . . .{number + 3}" for number, name in enumerate("ABC", start=1))
    )
    page.box("text", 48, 70, 352, 108)
    assert items(after(page)) == [(1, "1. Part A 4"), (1, "2. Part B 5"), (1, "3. Part C 6")]


def test_two_columns_are_read_one_after_the_other() -> None:
    page = DrawnPage()
    for number, (left, right) in enumerate((("A", "D"), ("B", "E"), ("C", "F"))):
        for x, name, at in ((30, left, number + 1), (220, right, number + 11)):
            page.write(x, 80 + 12 * number, f"Part {name} {CLOSE}")
            page.write(x + 110, 80 + 12 * number, str(at))
    page.box("text", 28, 70, 352, 108)
    assert items(after(page)) == [
        (1, "Part A 1"), (1, "Part B 2"), (1, "Part C 3"), (1, "Part D 11"), (1, "Part E 12"), (1, "Part F 13")
    ]  # fmt: skip


@pytest.mark.parametrize("on", ["title", "number"])
def test_an_entry_leads_where_its_title_or_its_number_does(on: str) -> None:
    page = DrawnPage()
    page.pdf.new_page()
    page.page = page.pdf[0]
    for number in range(3):
        y = 80 + 12 * number
        entry(page, y, 50, f"{number + 1} Birds", str(3 + number))
        area = pymupdf.Rect(50, y - 9, 90, y + 2) if on == "title" else pymupdf.Rect(340, y - 9, 352, y + 2)
        page.page.insert_link({"kind": pymupdf.LINK_GOTO, "from": area, "page": 1, "to": pymupdf.Point(0, 10 * number)})
    page.box("text", 48, 70, 352, 108)
    for number, block in enumerate(after(page)):
        title, page_number = block.spans
        assert (title.text.strip(), page_number.text.strip()) == (f"{number + 1} Birds", str(3 + number))
        assert title.link.startswith("#page=2")
        assert not page_number.link


def test_the_last_entries_of_a_long_table_are_entries_by_themselves() -> None:
    page = DrawnPage()
    entry(page, 80, 50, "7.6 Contributors", "43")
    page.box("text", 48, 70, 352, 84)
    assert items(after(page)) == [(1, "7.6 Contributors 43")]


def test_a_running_head_is_no_entry() -> None:
    page = DrawnPage()
    entry(page, 30, 50, "Of animals", "3", leader="")
    page.box("text", 48, 20, 352, 34)
    chapters(page)
    page.box("text", 48, 70, 352, 142)
    blocks = after(page)
    assert items(blocks) == CHAPTERS
    assert blocks[0].text.split() == ["Of", "animals", "3"]


@pytest.mark.parametrize(
    "rows",
    [
        [("Coffee", "9"), ("Tea", "3"), ("Cake", "7"), ("Milk", "2")],  # prices
        [("1 Wages", "1"), ("2 Interest", "2"), ("3 Rents", "3")],  # a form, whose lines are numbered at both ends
        [("Sales", "45 43"), ("Costs", "31 30"), ("Rest", "14 13")],  # columns of figures
        [("Note this", "3")],
        [("He paused", "and went on"), ("She said", "nothing"), ("Then", "it rained")],
    ],
)
def test_other_lines_with_dots_are_left_alone(rows: list[tuple[str, str]]) -> None:
    page = DrawnPage()
    for number, (title, end) in enumerate(rows):
        entry(page, 80 + 12 * number, 50, title, end)
    page.box("text", 48, 70, 352, 84 + 12 * len(rows))
    assert items(after(page)) == []


def test_lines_of_two_columns_stay_as_they_are() -> None:
    page = DrawnPage()
    page.lines(50, 50, "# as it was before", "MODE=skip", font="cour")
    page.lines(200, 50, "beside it", "and below", font="cour")
    page.box("text", 48, 40, 170, 66)
    page.box("text", 198, 40, 300, 66)
    read, text = page.read()
    before = [word.blank_after for line in text.lines for word in line.words]
    Contents().apply(read, text)
    assert [word.blank_after for line in text.lines for word in line.words] == before
