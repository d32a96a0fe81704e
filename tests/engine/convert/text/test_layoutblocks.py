"""Blocks from the boxes of the layout model: all text, once, in its place."""

import pytest

from engine.convert.page.blocks import Block, Kind
from tests.engine.convert.drawn import DrawnPage, texts


def test_each_box_becomes_a_block_with_its_lines_joined() -> None:
    page = DrawnPage()
    page.write(50, 40, "A title", size=20)
    page.lines(50, 80, "First line of it", "and the second.")
    page.box("title", 48, 20, 200, 45)
    page.box("text", 48, 70, 200, 95)
    read, _ = page.read()
    assert [(block.kind, block.text) for block in read.blocks] == [
        (Kind.HEADING, "A title"),
        (Kind.PARAGRAPH, "First line of it and the second."),
    ]
    assert read.blocks[0].size == 20


def test_text_in_no_box_is_a_paragraph_at_its_place() -> None:
    page = DrawnPage()
    page.lines(50, 50, "Above")
    page.lines(50, 100, "Forgotten", "words")
    page.lines(50, 160, "Below")
    page.box("text", 48, 40, 200, 53)
    page.box("text", 48, 150, 200, 163)
    read, _ = page.read()
    assert texts(read) == ["Above", "Forgotten words", "Below"]


def test_a_word_that_sticks_out_of_its_box_stays_with_its_line() -> None:
    page = DrawnPage()
    page.lines(50, 50, "The box is narrower than the line")
    page.box("text", 48, 40, 150, 53)
    read, _ = page.read()
    assert texts(read) == ["The box is narrower than the line"]


def test_text_in_two_boxes_is_in_the_smaller_one() -> None:
    page = DrawnPage()
    page.lines(50, 50, "Caption")
    page.box("picture", 40, 30, 300, 300)
    page.box("caption", 48, 40, 120, 53)
    read, _ = page.read()
    assert [(block.kind, block.text) for block in read.blocks] == [(Kind.PICTURE, ""), (Kind.CAPTION, "Caption")]


def test_text_inside_a_picture_follows_it() -> None:
    page = DrawnPage()
    page.lines(50, 50, "Axis of time")
    page.lines(50, 200, "Legend")
    page.box("picture", 40, 30, 300, 300, image="images/a.png")
    read, _ = page.read()
    assert read.blocks[0].image == "images/a.png"
    assert texts(read)[1:] == ["Axis of time", "Legend"]


def test_what_is_painted_twice_is_read_once() -> None:
    page = DrawnPage()
    for shift in (0, 0.4):
        page.write(50 + shift, 50, "Shadow")
    page.box("text", 48, 40, 200, 53)
    assert texts(page.read()[0]) == ["Shadow"]


def test_text_beyond_the_edges_of_the_page_is_left_out() -> None:
    page = DrawnPage()
    page.write(50, 50, "Seen")
    page.write(50, 500, "Unseen")
    assert texts(page.read()[0]) == ["Seen"]


def test_rotated_text_survives_in_lines_of_its_own() -> None:
    page = DrawnPage()
    page.lines(50, 50, "Upright text")
    page.write(300, 300, "Going up", rotate=90)
    page.write(315, 300, "the page", rotate=90)
    page.box("text", 48, 40, 200, 53)
    page.box("text", 285, 200, 330, 310)
    assert texts(page.read()[0]) == ["Upright text", "Going up the page"]


def test_invisible_text_is_text() -> None:
    page = DrawnPage()
    page.write(50, 50, "Recognized words", render_mode=3)
    page.box("text", 48, 40, 200, 53)
    read, _ = page.read()
    assert texts(read) == ["Recognized words"]


def test_footnotes_in_one_box_are_blocks_of_their_own() -> None:
    page = DrawnPage()
    for number, y in ((1, 300), (2, 312)):
        page.write(50, y - 4, str(number), size=5)
        page.write(54, y, f"note number {number}", size=8)
    page.box("footnote", 48, 290, 200, 315)
    read, _ = page.read()
    assert texts(read) == ["1 note number 1", "2 note number 2"]
    assert read.blocks[0].spans[0].script == 1


def test_paragraphs_in_one_box_are_parted_at_a_gap() -> None:
    page = DrawnPage()
    page.lines(50, 50, "One paragraph that has", "two lines of text.", "", "And here is another of", "two lines again.")
    page.box("text", 48, 40, 200, 102)
    assert texts(page.read()[0]) == [
        "One paragraph that has two lines of text.",
        "And here is another of two lines again.",
    ]


def test_the_lines_of_an_address_stay_lines() -> None:
    page = DrawnPage()
    page.lines(50, 50, "Ada Example", "The Analytical Engine Company of Greater London", "Long Lane 12", "London")
    page.lines(50, 200, *["A paragraph of the page that is as wide as all paragraphs are, and says nothing."] * 2)
    page.box("text", 48, 40, 300, 90)
    page.box("text", 48, 190, 390, 214)
    assert texts(page.read()[0])[:1] == [
        "Ada Example\nThe Analytical Engine Company of Greater London\nLong Lane 12\nLondon"
    ]


def test_only_the_last_paragraph_goes_on_and_only_without_an_end() -> None:
    for text, goes_on in (("It ends here.", False), ("It has no end", True)):
        page = DrawnPage()
        page.lines(50, 50, "No end")
        page.lines(50, 100, text)
        page.box("text", 48, 40, 200, 53)
        page.box("text", 48, 90, 200, 103)
        read, _ = page.read()
        assert [block.goes_on for block in read.blocks] == [False, goes_on]


def test_words_of_a_table_go_to_their_cells_and_stay_together_across_a_wrong_edge() -> None:
    page = DrawnPage()
    page.write(50, 50, "Name")
    page.write(150, 50, "Comment")
    page.write(50, 70, "White headed duck")
    page.write(150, 70, "small")
    page.table([48, 100, 250], [40, 55, 75])
    read, _ = page.read()
    assert [[cell.text for cell in row] for row in read.blocks[0].rows] == [
        ["Name", "Comment"],
        ["White headed duck", "small"],
    ]
    assert all(cell.is_header for cell in read.blocks[0].rows[0])


def test_two_columns_in_one_box_are_read_one_after_the_other() -> None:
    page = DrawnPage()
    page.lines(50, 50, "the left column has words", "enough to tell what it is")
    page.lines(220, 50, "and the right one has got", "as many words on each line")
    page.box("text", 48, 40, 390, 66)
    assert texts(page.read()[0]) == [
        "the left column has words enough to tell what it is",
        "and the right one has got as many words on each line",
    ]


def test_text_below_a_running_head_in_its_box_is_a_block_of_its_own() -> None:
    page = DrawnPage()
    page.write(50, 20, "Annual report", size=8)
    page.lines(50, 40, "key: value", font="cour")
    page.box("page-header", 48, 10, 200, 44)
    assert texts(page.read()[0]) == ["Annual report", "key: value"]


def _in_text(*columns: tuple[float, tuple[str, ...]]) -> list[Block]:
    page = DrawnPage()
    for x, texts_ in columns:
        page.lines(x, 50, *texts_)
    page.box("text", 48, 40, 390, 50 + 12 * len(columns[0][1]))
    return page.read()[0].blocks


def test_what_the_model_takes_for_text_and_stands_in_columns_is_a_table() -> None:
    [block] = _in_text(
        (50, ("Old Setting", "POLLING", "DELAY")),
        (150, ("New Setting", "Removed", "SECONDS")),
        (250, ("Notes", "Use another", "As it was before")),
    )
    assert block.kind is Kind.TABLE
    assert [[cell.text for cell in row] for row in block.rows] == [
        ["Old Setting", "New Setting", "Notes"],
        ["POLLING", "Removed", "Use another"],
        ["DELAY", "SECONDS", "As it was before"],
    ]
    assert [cell.is_header for cell in block.rows[0]] == [True] * 3


@pytest.mark.parametrize(
    "columns",
    [
        ((50, ("What is said here goes on", "over the lines of a column", "and ends then", "and there")),),
        (
            (50, ("a b c d e f g h", "a b c d e f g h", "a b c d e f g h")),
            (250, ("i j k l m n o", "i j k l m n o", "i j k")),
        ),
        ((50, ("1.", "2.", "3.")), (100, ("First of all", "Then that", "And the last"))),
        ((50, ("", "Name", "Place")), (150, ("Jane", "Doe", "Here")), (250, ("", "x", "y"))),
    ],
)
def test_prose_items_and_what_has_no_head_are_none(columns: tuple[tuple[float, tuple[str, ...]], ...]) -> None:
    assert not any(block.kind is Kind.TABLE for block in _in_text(*columns))


def test_neighbours_of_which_no_row_has_both_are_one_column() -> None:
    page = DrawnPage()
    for y, framework in ((50, "Framework"), (64, "MLX"), (78, "Transformers with it")):
        page.write(50, y, "a name")
        page.write(150, y, framework)
        page.write(330, y, "1")
    page.table([48, 145, 180, 320, 350], [38, 54, 68, 82])
    [block] = page.read()[0].blocks
    assert {len(row) for row in block.rows} == {3}


@pytest.mark.parametrize(("font", "is_table"), [("hebo", True), ("helv", False)])
def test_the_bold_head_of_a_table_without_rules_may_be_centred(font: str, *, is_table: bool) -> None:
    page = DrawnPage()
    for x, text in ((75, "Name"), (185, "Cost")):
        page.write(x, 50, text, font=font)
    for row in range(2):
        for x, text in ((50, "Apples and pears"), (160, "Twelve a pound")):
            page.write(x, 64 + 14 * row, text)
    page.box("text", 48, 40, 300, 90)
    read, _ = page.read()
    assert (read.blocks[0].kind is Kind.TABLE) is is_table


def test_a_centred_head_over_two_halves_of_a_column_is_one_cell() -> None:
    page = DrawnPage()
    for y, first, third in ((56, "Name", "code"), (76, "a", "r"), (90, "b", "f"), (104, "c", "Only some of them")):
        page.write(50, y, first)
        page.write(183.5 if third == "code" else 150, y, third)
    page.write(155, 44, "LLVM constraint")
    page.table([48, 145, 172, 260], [32, 60, 80, 94, 108])
    [block] = page.read()[0].blocks
    assert [cell.text for cell in block.rows[0]] == ["Name", "LLVM constraint code"]


def test_wide_blanks_of_justified_cells_are_no_columns() -> None:
    page = DrawnPage()
    page.lines(50, 50, "Name", "enable", "mode")
    page.lines(130, 50, "Value", "0", "1")
    page.lines(200, 50, "Notes", "Sets", "Output")
    page.lines(232, 50, "", "the")
    page.lines(239, 50, "", "", "is")
    page.lines(260, 50, "", "pin")
    page.lines(254, 50, "", "", "low")
    page.box("text", 48, 40, 300, 80)
    [block] = page.read()[0].blocks
    assert [[cell.text for cell in row] for row in block.rows][1:] == [
        ["enable", "0", "Sets the pin"],
        ["mode", "1", "Output is low"],
    ]


def test_words_of_a_listing_below_each_other_are_no_columns() -> None:
    page = DrawnPage()
    page.lines(50, 50, "zh", "zh_cn", "ja", font="cour")
    page.lines(98, 50, "-> ch", "-> ch", "-> japan", font="cour")
    page.box("text", 48, 40, 300, 80)
    assert page.read()[0].blocks[0].kind is Kind.PARAGRAPH


def test_words_of_code_in_a_cell_are_a_blank_apart() -> None:
    page = DrawnPage()
    page.lines(50, 50, "Flag", "--cfg a", "--cfg b", font="cour")
    page.lines(150, 50, "Check", "--check a", "--check b", font="cour")
    page.table([48, 84, 220], [40, 54, 66, 78])
    [block] = page.read()[0].blocks
    assert [[cell.text for cell in row] for row in block.rows] == [
        ["Flag", "Check"],
        ["--cfg a", "--check a"],
        ["--cfg b", "--check b"],
    ]
