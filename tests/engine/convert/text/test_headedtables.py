"""Tables without rules that the layout model takes for text, by their heads."""

import pytest

from engine.convert.page.blocks import Block, Kind
from engine.convert.refine.tablecells import TableCells
from tests.engine.convert.drawn import DrawnPage


def _blocks(page: DrawnPage) -> list[Block]:
    read, text = page.read()
    TableCells().apply(read, text)
    return read.blocks


def _rows(block: Block) -> list[list[str]]:
    return [[cell.text for cell in row] for row in block.rows]


def _row(page: DrawnPage, y: float, *cells: tuple[float, str], font: str = "helv") -> None:
    for x, text in cells:
        page.write(x, y, text, font=font)


def _with_prose(page: DrawnPage) -> None:
    """Text that shows that blanks are characters."""
    page.lines(50, 300, "The words of this paragraph have", "blanks between them that are characters.")
    page.box("text", 48, 290, 300, 315)


@pytest.mark.parametrize("gap", [3, 20])
def test_a_head_and_a_row_in_boxes_of_their_own_are_a_table_however_near_the_columns(gap: float) -> None:
    page = DrawnPage()
    _row(page, 50, (50, "Fee"), (68 + gap, "Old"), (86 + 2 * gap, "New"), font="hebo")
    _row(page, 64, (50, "Key"), (68 + gap, "10"), (86 + 2 * gap, "15"))
    page.box("section-header", 48, 40, 180, 53)
    page.box("text", 48, 56, 180, 67)
    _with_prose(page)
    table, prose = _blocks(page)
    assert _rows(table) == [["Fee", "Old", "New"], ["Key", "10", "15"]]
    assert prose.kind is Kind.PARAGRAPH


def test_rows_of_one_middle_are_rows_and_what_follows_below_a_gap_is_none() -> None:
    page = DrawnPage()
    _row(page, 50, (60, "Date"), (140, "What happens"), font="hebo")
    _row(page, 66, (110, "Publish the draft of it,"))
    _row(page, 72, (50, "May 24"))
    _row(page, 78, (110, "and take feedback"))
    _row(page, 94, (50, "June 28"), (110, "Publish it"))
    page.box("text", 48, 40, 300, 97)
    page.write(50, 118, "None.")
    page.box("text", 48, 108, 300, 121)
    _with_prose(page)
    table, after, _ = _blocks(page)
    assert _rows(table) == [
        ["Date", "What happens"],
        ["May 24", "Publish the draft of it, and take feedback"],
        ["June 28", "Publish it"],
    ]
    assert after.text == "None."


@pytest.mark.parametrize(("left", "is_table"), [(60, True), (50, False)])
def test_bold_rows_have_a_head_that_is_centred(left: float, *, is_table: bool) -> None:
    page = DrawnPage()
    _row(page, 50, (left, "Day"), (left + 100, "Event"), font="hebo")
    _row(page, 64, (50, "December"), (150, "The last of all"), font="hebo")
    page.box("section-header", 48, 40, 300, 67)
    _with_prose(page)
    assert (_blocks(page)[0].kind is Kind.TABLE) is is_table


def test_a_head_that_is_repeated_at_the_top_of_a_page_may_be_in_boxes_of_its_own() -> None:
    page = DrawnPage()
    for x, text in ((60, "Day"), (160, "Event"), (280, "Place")):
        page.write(x, 20, text, font="hebo")
        page.box("page-header", x - 2, 12, x + 40, 22)
    _row(page, 34, (50, "Monday"), (150, "The first of all"), (270, "In the hall"))
    page.box("page-header", 48, 26, 350, 36)
    _with_prose(page)
    assert _rows(_blocks(page)[0]) == [["Day", "Event", "Place"], ["Monday", "The first of all", "In the hall"]]


@pytest.mark.parametrize(
    ("head", "below"),
    [
        (("2.1", "Other models"), ("They are", "those of others")),  # a heading and its number
        (("Old", "New"), ("What is said in this column goes", "on in many words, as in this one")),  # text in columns
        (("Name:", ""), ("Place:", "Here")),
    ],
)
def test_what_is_no_head_of_columns_heads_none(head: tuple[str, str], below: tuple[str, str]) -> None:
    page = DrawnPage()
    _row(page, 50, (50, head[0]), (220, head[1]), font="hebo")
    for y in (62, 74):
        _row(page, y, (50, below[0]), (220, below[1]))
    page.box("section-header", 48, 40, 390, 53)
    page.box("text", 48, 53, 390, 77)
    assert not any(block.kind is Kind.TABLE for block in _blocks(page))


def test_a_head_in_two_boxes_over_one_is_that_of_a_table() -> None:
    page = DrawnPage()
    for x, kind, text in ((60, "section-header", "Symbol"), (170, "page-header", "Explanation")):
        page.write(x, 50, text, font="hebo")
        page.box(kind, x - 2, 42, x + 70, 53)
    for y, sign, meaning in ((66, "a.b", "Field of it"), (80, "a, b", "Two of them"), (94, "a = b", "One of it")):
        page.write(50, y, sign, font="cour")
        page.write(150, y, meaning)
    page.box("text", 48, 56, 260, 97)
    _with_prose(page)
    assert _rows(_blocks(page)[0]) == [
        ["Symbol", "Explanation"],
        ["a.b", "Field of it"],
        ["a, b", "Two of them"],
        ["a = b", "One of it"],
    ]


def test_bold_words_beside_the_head_of_a_table_are_of_it() -> None:
    page = DrawnPage()
    _row(page, 50, (50, "Sign"), (150, "Meaning"), (290, "Trait"), font="hebo")
    _row(page, 64, (50, "a"), (150, "one of all"), (290, "Add"))
    _row(page, 78, (50, "b"), (150, "all of them"), (290, "Not"))
    page.table([48, 145, 280, 320], [40, 54, 68, 82])
    page.box("page-header", 288, 42, 325, 53)
    assert _rows(_blocks(page)[0])[0] == ["Sign", "Meaning", "Trait"]
