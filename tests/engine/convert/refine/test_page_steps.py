"""The page steps that read blocks again: code, links, lists, table cells, inline styles."""

import pymupdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.convert.page.blocks import Block, Kind, RefinedPage, Span
from engine.convert.refine.code import Code
from engine.convert.refine.inline import Inline, normalized
from engine.convert.refine.links import Links
from engine.convert.refine.lists import Lists
from engine.convert.refine.steps import PageStep
from engine.convert.refine.tablecells import TableCells
from engine.convert.text.listlabels import find_label, successor
from engine.convert.text.textline import Font, Line, Word
from tests.engine.convert.drawn import DrawnPage, texts
from tests.engine.convert.pages import NO_TEXT

FONT = Font("Helvetica", 10.0, False, False, False, False, 0, True)


def _after(page: DrawnPage, *steps: PageStep) -> list[Block]:
    read, text = page.read()
    for step in steps:
        step.apply(read, text)
    return read.blocks


# Code


def test_a_listing_keeps_its_lines_indentation_and_blank_lines() -> None:
    page = DrawnPage()
    page.lines(50, 50, "def f(x):", "    y = x", "", "    return  y", font="cour")
    page.box("text", 48, 40, 200, 92)
    [block] = _after(page, Code())
    assert block.kind is Kind.CODE
    assert block.text == "def f(x):\n    y = x\n\n    return  y"


def test_a_listing_in_several_boxes_is_one() -> None:
    page = DrawnPage()
    page.lines(50, 50, "if ready:", "    go()", "", "print()", font="cour")
    page.box("text", 48, 40, 200, 66)
    page.box("list-item", 48, 78, 200, 90)
    [block] = _after(page, Code())
    assert block.text == "if ready:\n    go()\n\nprint()"


def test_listings_on_backgrounds_of_their_own_are_two() -> None:
    page = DrawnPage()
    for y in (50, 74):
        page.page.draw_rect((45, y - 12, 300, y + 6), fill=(0.9, 0.9, 0.9), color=None)
        page.lines(50, y, "make test", font="cour")
        page.box("text", 48, y - 10, 200, y + 3)
    assert [block.text for block in _after(page, Code())] == ["make test", "make test"]


def test_sentences_in_a_typewriter_face_are_no_code() -> None:
    page = DrawnPage()
    page.lines(30, 50, "This memo is set in a typewriter face for a", "vintage look and feel throughout.", font="cour")
    page.box("text", 28, 40, 380, 66)
    [block] = _after(page, Code())
    assert block.kind is Kind.PARAGRAPH
    assert not any(span.code for span in block.spans)


def test_a_listing_below_a_sentence_in_the_same_box_is_cut_off() -> None:
    page = DrawnPage()
    page.lines(50, 50, "Then run these commands:")
    page.lines(50, 62, "make", "make test", font="cour")
    page.box("text", 48, 40, 200, 78)
    blocks = _after(page, Code())
    assert [(block.kind, block.text) for block in blocks] == [
        (Kind.PARAGRAPH, "Then run these commands:"),
        (Kind.CODE, "make\nmake test"),
    ]


def test_a_single_line_of_code_in_a_line_of_its_own_is_cut_off() -> None:
    page = DrawnPage()
    page.lines(50, 50, "A key that nobody can guess comes from this command, which is", "to be run once:")
    page.lines(50, 74, "make key", font="cour")
    page.lines(50, 86, "It prints one line.")
    page.box("text", 48, 40, 380, 90)
    assert [(block.kind, block.text) for block in _after(page, Code())][1:] == [
        (Kind.CODE, "make key"),
        (Kind.PARAGRAPH, "It prints one line."),
    ]


def test_a_name_in_a_typewriter_face_that_fills_a_line_of_a_paragraph_is_no_listing() -> None:
    page = DrawnPage()
    page.lines(50, 50, "The variable that has to be set before anything else is done")
    page.lines(50, 62, "SOME_LONG_NAME_OF_A_VARIABLE_THAT_IS_SET_FIRST", font="cour")
    page.lines(50, 74, "since nothing goes without it.")
    page.box("text", 48, 40, 380, 78)
    assert len(_after(page, Code())) == 1


@pytest.mark.parametrize(
    ("left", "option", "kind"),
    [(80, "--verbose", Kind.PARAGRAPH), (50, "--verbose", Kind.CODE), (80, "say(more);", Kind.CODE)],
)
def test_names_in_code_that_text_close_below_is_set_in_from_are_terms(left: float, option: str, kind: Kind) -> None:
    page = DrawnPage()
    page.lines(50, 50, "-v", option, font="cour")
    page.lines(left, 76, "Say more of what is done.")
    page.box("text", 48, 40, 200, 66)
    page.box("text", left - 2, 66, 390, 80)
    term, _ = _after(page, Code())
    assert term.kind is kind
    assert all(span.code for span in term.spans if span.text.strip()) is (kind is Kind.PARAGRAPH)


def test_code_beside_a_bullet_in_a_box_of_its_own_is_an_item() -> None:
    page = DrawnPage()
    page.lines(50, 50, "•", "•")
    page.lines(62, 50, "first_name", "second_name", font="cour")
    for y in (50, 62):
        page.box("list-item", 48, y - 6, 55, y)
        page.box("list-item", 60, y - 8, 200, y + 3)
    blocks = _after(page, Code(), Lists())
    assert [(block.kind, block.label, block.text) for block in blocks] == [
        (Kind.LIST_ITEM, "•", "first_name"),
        (Kind.LIST_ITEM, "•", "second_name"),
    ]


def test_a_listing_goes_on_right_of_a_lone_brace() -> None:
    page = DrawnPage()
    page.lines(50, 50, "{", '    "name": "x"', "}", font="cour")
    for y, x in ((50, 48), (62, 72), (74, 48)):
        page.box("text", x, y - 9, x + (10 if x == 48 else 90), y + 3)
    assert [block.text for block in _after(page, Code())] == ['{\n    "name": "x"\n}']


def test_a_first_line_of_a_listing_that_the_model_takes_for_a_heading_is_none() -> None:
    page = DrawnPage()
    page.lines(50, 50, "[default]", "region=here", font="cour")
    page.box("section-header", 48, 40, 200, 53)
    page.box("text", 48, 53, 200, 66)
    page.lines(50, 150, "run()", font="cour")
    page.box("section-header", 48, 140, 200, 153)
    assert [(block.kind, block.text) for block in _after(page, Code())] == [
        (Kind.CODE, "[default]\nregion=here"),
        (Kind.HEADING, "run()"),
    ]


@pytest.mark.parametrize(
    ("font", "size", "kind"),
    [("cour", 10, Kind.CODE), ("cour", 9, Kind.CODE), ("cour", 12, Kind.HEADING), ("cobo", 10, Kind.HEADING)],
)
def test_a_line_of_code_that_the_model_takes_for_a_heading_is_a_listing(font: str, size: float, kind: Kind) -> None:
    page = DrawnPage()
    page.lines(50, 30, "Now type this, if you are at the root of it all:", "and not before that")
    page.write(50, 70, "$ make all", font=font, size=size)
    page.lines(50, 96, "It takes some time, so have patience until it is", "done.")
    page.box("text", 48, 20, 300, 46)
    page.box("section-header", 48, 60, 150, 74)
    page.box("text", 48, 86, 300, 112)
    read, text = page.read()
    Code().apply(read, text)
    assert [block.kind for block in read.blocks] == [Kind.PARAGRAPH, kind, Kind.PARAGRAPH]


def test_a_heading_of_a_page_in_a_typewriter_face_stays_one() -> None:
    page = DrawnPage()
    page.write(50, 50, "On Writing", font="cour")
    page.lines(50, 70, "All is written on one machine.", "It has one face, and no other.", font="cour")
    page.box("section-header", 48, 40, 150, 54)
    page.box("text", 48, 60, 300, 86)
    read, text = page.read()
    Code().apply(read, text)
    assert read.blocks[0].kind is Kind.HEADING


def test_a_name_far_left_of_a_listing_is_none_of_it() -> None:
    page = DrawnPage()
    page.lines(100, 50, "$ manage which", "/usr/bin/manage", font="cour")
    page.lines(50, 74, "manage exec", font="cour")
    page.box("text", 98, 40, 300, 66)
    page.box("text", 48, 64, 200, 78)
    assert [block.text for block in _after(page, Code())] == ["$ manage which\n/usr/bin/manage", "manage exec"]


def test_a_line_of_code_that_was_too_long_is_one_again() -> None:
    page = DrawnPage()
    for y in (30, 42):
        page.write(50, y, "Prose reaches to the right edge, here it is at about 316.", size=10)
    page.lines(50, 80, "make(first_argument=1, second_argument=22,", "third_argument=3)", font="cour")
    page.box("text", 48, 20, 330, 46)
    page.box("text", 48, 70, 330, 96)
    assert _after(page, Code())[-1].text == "make(first_argument=1, second_argument=22, third_argument=3)"


def test_a_line_set_in_less_than_the_one_above_is_a_line() -> None:
    page = DrawnPage()
    for x, y, text in ((50, 50, "class A:"), (74, 62, "x = 1"), (98, 86, "y = 2"), (74, 98, "z = 3")):
        page.write(x, y, text, font="cour")
    page.box("text", 48, 40, 130, 102)
    for y in (20, 120):
        page.write(50, y, "It ends here.")
        page.box("text", 48, y - 10, 120, y + 3)
    code = next(block for block in _after(page, Code()) if block.kind is Kind.CODE)
    assert code.text == "class A:\n    x = 1\n\n        y = 2\n    z = 3"


# Links


def test_links_lie_on_the_characters_they_cover() -> None:
    page = DrawnPage()
    page.write(50, 50, "See the manual, page 3.")
    width = pymupdf.get_text_length("See the ", fontsize=10)
    end = width + pymupdf.get_text_length("manual", fontsize=10)
    area = pymupdf.Rect(50 + width, 40, 50 + end, 53)
    page.page.insert_link({"kind": pymupdf.LINK_URI, "from": area, "uri": "https://example.org/"})
    page.box("text", 48, 40, 200, 53)
    [block] = _after(page, Links())
    assert [(span.text, span.link) for span in block.spans] == [
        ("See the ", ""),
        ("manual", "https://example.org/"),
        (", page 3.", ""),
    ]


def test_links_within_the_document_lead_to_a_page() -> None:
    page = DrawnPage()
    page.pdf.new_page()
    page.page = page.pdf[0]
    page.write(50, 50, "Next")
    page.page.insert_link({"kind": pymupdf.LINK_GOTO, "from": pymupdf.Rect(50, 40, 75, 53), "page": 1})
    page.box("text", 48, 40, 200, 53)
    assert _after(page, Links())[0].spans[0].link.startswith("#page=2")


# Lists


def test_items_in_one_box_are_blocks_with_labels() -> None:
    page = DrawnPage()
    page.lines(50, 50, "1. First item", "2. Second item")
    page.lines(62, 74, "that has two lines")
    page.box("list-item", 48, 40, 200, 78)
    blocks = _after(page, Lists())
    assert [(block.kind, block.label, block.text, block.depth) for block in blocks] == [
        (Kind.LIST_ITEM, "1.", "First item", 1),
        (Kind.LIST_ITEM, "2.", "Second item that has two lines", 1),
    ]


def test_items_nest_by_their_indentation_and_take_in_what_stands_under_their_text() -> None:
    page = DrawnPage()
    rows = (
        (50, "• Outer"),
        (70, "– Inner"),
        (78, "A paragraph that belongs to the inner one."),
        (50, "• Outer again"),
        (50, "No part of it."),
    )
    for number, (x, text) in enumerate(rows):
        page.write(x, 50 + 20 * number, text)
        kind = "text" if text[0].isalpha() else "list-item"
        page.box(kind, x - 2, 40 + 20 * number, 390, 54 + 20 * number)
    assert [block.depth for block in _after(page, Lists())] == [1, 2, 2, 1, 0]


@pytest.mark.parametrize("stroked", [False, True])
def test_a_drawn_bullet_is_a_label(stroked: bool) -> None:
    page = DrawnPage()
    for y in (50, 62):
        style = {"color": (0, 0, 0), "fill": None} if stroked else {"color": None, "fill": (0, 0, 0)}
        page.page.draw_circle((55, y - 3), 1.5, **style)
        page.write(65, y, "Drawn")
    page.box("list-item", 63, 40, 200, 66)
    blocks = _after(page, Lists())
    assert [(block.label, block.text) for block in blocks] == [("•", "Drawn"), ("•", "Drawn")]


def test_what_has_a_bullet_and_is_no_larger_than_text_is_no_heading() -> None:
    page = DrawnPage()
    page.lines(65, 50, "All of this item is bold, and goes", "on over lines of it", font="hebo")
    page.lines(50, 90, "A paragraph, in the size that most of the text", "of the page has, with more of it here")
    page.write(65, 130, "A heading with a sign", size=16)
    for y in (47, 125):
        page.page.draw_circle((55, y), 1.5, fill=(0, 0, 0))
    page.box("section-header", 63, 40, 300, 65)
    page.box("text", 48, 80, 300, 105)
    page.box("section-header", 63, 115, 300, 133)
    assert [block.kind for block in _after(page, Lists())] == [Kind.LIST_ITEM, Kind.PARAGRAPH, Kind.HEADING]


@pytest.mark.parametrize("is_picture", [False, True])
def test_a_picture_that_the_model_makes_of_bullets_is_none_and_cuts_no_line(*, is_picture: bool) -> None:
    page = DrawnPage()
    for y, x in ((50, 65), (62, 85), (74, 85), (86, 65)):
        page.write(x, y, "Items of a list that go on for a while")
        page.page.draw_circle((x - 10, y - 3), 1.5, fill=(0, 0, 0))
        page.box("list-item", x - 2, y - 10, 300, y + 2)
    page.box("picture", 50, 55, 86, 90)
    if is_picture:
        page.page.draw_rect((52, 56, 84, 88), fill=(0.9, 0.9, 0.9), color=None)
    blocks = _after(page, Lists())
    items = [block for block in blocks if block.kind is Kind.LIST_ITEM]
    assert [item.text for item in items] == ["Items of a list that go on for a while"] * 4
    assert [item.depth for item in items][:2] == [1, 2]
    assert any(block.kind is Kind.PICTURE for block in blocks) is is_picture


def test_a_bullet_that_stands_alone_joins_its_text() -> None:
    page = DrawnPage()
    page.write(50, 50, "•")
    page.write(70, 50, "Text of the item")
    page.box("list-item", 68, 40, 200, 53)
    [block] = _after(page, Lists())
    assert (block.label, block.text) == ("•", "Text of the item")


def test_an_item_cut_in_two_boxes_is_joined() -> None:
    page = DrawnPage()
    page.lines(50, 50, "• An item of a list that goes on and on until the very end")
    page.write(56.3, 62, "and beyond")
    page.box("list-item", 48, 40, 297, 53)
    page.box("list-item", 48, 54, 297, 65)
    assert [block.text for block in _after(page, Lists())] == [
        "An item of a list that goes on and on until the very end and beyond"
    ]


def test_a_paragraph_that_the_model_takes_for_an_item_is_one_again() -> None:
    page = DrawnPage()
    page.lines(60, 50, "In my old days there was a place of bogs, and of pools of")
    page.lines(50, 62, "black water.")
    page.box("list-item", 48, 40, 310, 66)
    [block] = _after(page, Lists())
    assert (block.kind, block.text) == (
        Kind.PARAGRAPH,
        "In my old days there was a place of bogs, and of pools of black water.",
    )


def test_a_list_continues_over_what_stands_between_its_items() -> None:
    page = DrawnPage()
    rows = (
        ("list-item", 50, "150. Outer"),
        ("list-item", 70, "• Inner"),
        ("text", 50, "A remark between them, which is no part of either."),
        ("text", 50, "151. Outer again"),
        ("text", 50, "3. Of another list, or none"),
    )
    for number, (kind, x, text) in enumerate(rows):
        page.write(x, 50 + 20 * number, text)
        page.box(kind, x - 2, 40 + 20 * number, 390, 54 + 20 * number)
    assert [(block.kind, block.label) for block in _after(page, Lists())] == [
        (Kind.LIST_ITEM, "150."), (Kind.LIST_ITEM, "•"), (Kind.PARAGRAPH, ""), (Kind.LIST_ITEM, "151."),
        (Kind.PARAGRAPH, ""),
    ]  # fmt: skip


def test_numbered_paragraphs_that_follow_one_another_are_items() -> None:
    page = DrawnPage()
    for number, text in enumerate(("157. The first on its page", "158. The second", "Not one", "5. Nor this")):
        page.write(50, 50 + 20 * number, text)
        page.box("text", 48, 40 + 20 * number, 390, 54 + 20 * number)
    assert [(block.kind, block.label) for block in _after(page, Lists())] == [
        (Kind.LIST_ITEM, "157."), (Kind.LIST_ITEM, "158."), (Kind.PARAGRAPH, ""), (Kind.PARAGRAPH, ""),
    ]  # fmt: skip


def test_a_number_glued_to_the_heading_above_joins_its_text() -> None:
    page = DrawnPage()
    page.lines(50, 50, "What to do", "1.")
    page.write(70, 62, "Turn it off.")
    page.box("section-header", 48, 40, 66, 66)
    page.box("list-item", 68, 54, 200, 66)
    assert [(block.kind, block.label, block.text) for block in _after(page, Lists())] == [
        (Kind.HEADING, "", "What to do"), (Kind.LIST_ITEM, "1.", "Turn it off."),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after"), [("1.", "2."), ("9)", "10)"), ("a)", "b)"), ("(iv)", "(v)"), ("1.2", "1.3"), ("[1]", "[2]")]
)
def test_numerals_follow_one_another(before: str, after: str) -> None:
    assert successor(before, after)
    assert not successor(after, before)


# Table cells


def _cells(block: Block) -> list[list[str]]:
    return [[cell.text for cell in row] for row in block.rows]


def test_a_wrapped_cell_is_no_row_where_rules_part_the_rows() -> None:
    page = DrawnPage()
    rows = ((50, "Kind", "Formats"), (70, "Audio", "WAV, MP3,"), (82, "", "OGG, FLAC"), (102, "Video", "MP4"))
    for y, first, second in rows:
        page.lines(50, y, first)
        page.lines(150, y, second)
    for y in (36, 56, 88, 108):
        page.rule(48, 250, y)
    page.table([48, 145, 250], [38, 54, 73, 86, 106])
    [block] = _after(page, TableCells())
    assert _cells(block) == [["Kind", "Formats"], ["Audio", "WAV, MP3, OGG, FLAC"], ["Video", "MP4"]]


def test_a_wrapped_cell_is_no_row_where_rows_are_further_apart_than_lines() -> None:
    page = DrawnPage()
    rows = ((50, "Kind", "Formats"), (70, "Audio", "WAV, MP3,"), (82, "", "OGG, FLAC"), (102, "Video", "MP4"))
    for y, first, second in rows:
        page.lines(50, y, first)
        page.lines(150, y, second)
    page.table([48, 145, 250], [38, 54, 73, 86, 106])
    [block] = _after(page, TableCells())
    assert _cells(block) == [["Kind", "Formats"], ["Audio", "WAV, MP3, OGG, FLAC"], ["Video", "MP4"]]


def test_rows_with_empty_cells_stay_rows_where_all_are_alike() -> None:
    page = DrawnPage()
    for y, first, second in ((50, "Day", "Task"), (64, "Mon", "sow"), (78, "", "water"), (92, "Tue", "reap")):
        page.lines(50, y, first)
        page.lines(150, y, second)
    page.table([48, 145, 250], [38, 54, 68, 82, 96])
    [block] = _after(page, TableCells())
    assert len(block.rows) == 4


def test_a_cell_spans_the_rows_that_no_rule_parts_in_its_column() -> None:
    page = DrawnPage()
    rows = ((50, "Stage", "Model"), (70, "Layout", "one"), (90, "", "two"), (110, "OCR", "three"))
    for y, first, second in rows:
        page.lines(50, y, first)
        page.lines(150, y, second)
    for y in (56, 96):
        page.rule(48, 250, y)
    page.rule(145, 250, 76)
    page.table([48, 145, 250], [38, 54, 74, 94, 114])
    [block] = _after(page, TableCells())
    assert _cells(block) == [["Stage", "Model"], ["Layout", "one"], ["two"], ["OCR", "three"]]
    assert block.rows[1][0].rows == 2


def test_entries_of_a_cell_stay_apart() -> None:
    page = DrawnPage()
    page.lines(50, 50, "Name")
    page.lines(150, 50, "Uses")
    page.lines(50, 70, "Bog")
    page.lines(150, 70, "1. peat", "2. cotton")
    page.table([48, 145, 250], [38, 54, 90])
    [block] = _after(page, TableCells())
    assert block.rows[1][1].text == "1. peat\n2. cotton"


def test_a_bullet_without_a_character_of_its_own_is_one_in_a_cell_too() -> None:
    page = DrawnPage()
    for x, y, written in (
        (50, 50, "Name"),
        (150, 50, "Uses"),
        (50, 70, "Bog"),
        (150, 70, "§ peat"),
        (150, 82, "§ cotton"),
    ):
        page.write(x, y, written)
    page.table([48, 145, 250], [38, 54, 90])
    read, text = page.read()
    for line in text.lines:
        if line.words[0].text == "§":
            line.words[0].text = "\uf0b7"
    TableCells().apply(read, text)
    assert read.blocks[0].rows[1][1].text == "• peat\n• cotton"


# Inline styles


def test_blanks_and_lone_punctuation_have_no_style_of_their_own() -> None:
    spans = [Span("See "), Span("the pipeline ", bold=True), Span(", "), Span(".", italic=True), Span(" End")]
    assert normalized(spans) == [
        Span("See "),
        Span("the pipeline", bold=True),
        Span(" , . End"),
    ]


def test_words_of_one_style_are_one_span() -> None:
    spans = [Span("one", code=True), Span(" "), Span("two", code=True)]
    assert normalized(spans) == [Span("one two", code=True)]


def test_a_page_that_is_struck_out_all_over_is_not() -> None:
    block = Block(Kind.PARAGRAPH, (0, 0, 1, 1), [Span("all of the text", strike=True)])
    Inline().apply(RefinedPage(1, 100, 100, [block]), DrawnPage().read()[1])
    assert block.spans == [Span("all of the text")]


def test_steps_lose_no_text() -> None:
    page = DrawnPage()
    page.lines(50, 50, "• One", "• Two", "text")
    page.lines(50, 100, "x = 1", font="cour")
    page.write(50, 150, "stray")
    page.box("list-item", 48, 40, 200, 80)
    page.box("text", 48, 90, 200, 104)
    read, text = page.read()
    before = sorted("".join(texts(read)).replace("•", "").replace(" ", ""))
    for step in (Links(), Code(), Lists(), TableCells(), Inline()):
        step.apply(read, text)
    assert sorted("".join(texts(read)).replace(" ", "")) == before


@given(st.lists(st.sampled_from(["data", "/path/to/it", "host:80", "[a]:1"]), min_size=1, max_size=5), st.booleans())
@settings(max_examples=20, deadline=None)
def test_code_behind_bullets_is_items(names: list[str], in_one: bool) -> None:
    page = DrawnPage()
    page.lines(50, 30, "These are the values that it may have, as of now:", "none else")
    for number, name in enumerate(names):
        page.write(50, 60 + 14 * number, "•", font="cour")
        page.write(62, 60 + 14 * number, name, font="cour")
        if not in_one:
            page.box("list-item", 48, 51 + 14 * number, 200, 63 + 14 * number)
    if in_one:
        page.box("text", 48, 51, 200, 63 + 14 * len(names))
    page.box("text", 48, 20, 300, 46)
    read, text = page.read()
    for step in (Code(), Lists()):
        step.apply(read, text)
    items = [block for block in read.blocks if block.kind is Kind.LIST_ITEM]
    assert [(item.label, item.text) for item in items] == [("•", name) for name in names]
    assert all(span.code for item in items for span in item.spans)


@pytest.mark.parametrize("sign", ["∗", "\N{REPLACEMENT CHARACTER}"])
def test_signs_that_tex_sets_before_items_are_labels(sign: str) -> None:
    words = [
        Word(text, FONT, [50.0 + 20 * i, 58.0 + 20 * i], 50.0, (0, 0, 1, 1), True)
        for i, text in enumerate((sign, "It", "is"))
    ]
    label = find_label(Line(words, (1.0, 0.0)), NO_TEXT)
    assert label is not None
    assert (label.words, label.is_number) == (1, False)
