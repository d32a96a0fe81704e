"""What the end of a page or of a column has cut in two."""

from copy import deepcopy

import pytest

from engine.convert.page.blocks import Block, Kind, RefinedPage
from engine.convert.refine.continued import Continued
from tests.engine.convert.pages import block, line, page, table, texts

_LAST = (50.0, 700.0, 550.0, 740.0)
_FIRST = (50.0, 60.0, 550.0, 100.0)
_HEAD = ["Name", "Size"]


def _joined(*pages: list[Block]) -> list[RefinedPage]:
    refined = [page(*blocks, number=number) for number, blocks in enumerate(pages, 1)]
    step = Continued()
    for each in refined:
        step.observe(deepcopy(each))
    for each in refined:
        step.apply(each)
    return refined


def _cut(end: str, start: str) -> list[list[str]]:
    return [texts(each) for each in _joined([block(end, _LAST)], [block(start, _FIRST)])]


def test_a_sentence_goes_on_on_the_next_page() -> None:
    assert _cut("It was a dark", "and stormy night.") == [["It was a dark and stormy night."], []]


def test_a_word_cut_at_the_page_s_end_is_one_word() -> None:
    assert _cut("an exten-", "sion of it") == [["an extension of it"], []]


def test_a_sentence_that_ends_is_not_joined() -> None:
    for end in ("It ends.", "Does it?", "As follows:", "He said “no.”"):
        assert _cut(end, "and more") == [[end], ["and more"]]


def test_what_begins_with_a_capital_is_not_joined_unless_a_comma_says_so() -> None:
    assert _cut("It was a dark", "Night") == [["It was a dark"], ["Night"]]
    assert _cut("As we said,", "Paris is a city.") == [["As we said, Paris is a city."], []]


def test_paragraphs_are_not_joined_across_a_heading() -> None:
    pages = _joined([block("It was a dark", _LAST)], [line("heading", 60, Kind.HEADING), block("and", _FIRST)])
    assert [texts(each) for each in pages] == [["It was a dark"], ["heading", "and"]]


def test_footnotes_captions_pictures_and_furniture_are_passed_over() -> None:
    pages = _joined(
        [
            block("It was a dark", _LAST),
            line("1 a note", 750, Kind.FOOTNOTE),
            line("1", 780, Kind.PAGE_FOOTER),
        ],
        [
            line("Head", 30, Kind.PAGE_HEADER),
            block("", (50, 60, 550, 300), Kind.PICTURE),
            line("Figure 1", 310, Kind.CAPTION),
            block("and stormy night.", (50, 330, 550, 360)),
        ],
    )
    assert texts(pages[0])[0] == "It was a dark and stormy night."
    assert texts(pages[1], Kind.PARAGRAPH) == []


def test_a_paragraph_may_go_on_over_several_pages() -> None:
    pages = _joined([block("one", _LAST)], [block("two", (50, 60, 550, 740))], [block("three.", _FIRST)])
    assert [texts(each) for each in pages] == [["one two three."], [], []]


def test_nothing_goes_on_past_a_page_that_could_not_be_read() -> None:
    pages = [page(block("It was a dark", _LAST)), page(block("and stormy night.", _FIRST), number=3)]
    step = Continued()
    for each in pages:
        step.observe(each)
    for each in pages:
        step.apply(each)
    assert [texts(each) for each in pages] == [["It was a dark"], ["and stormy night."]]


def test_the_text_of_a_list_item_goes_on() -> None:
    item = block("an item that", _LAST, Kind.LIST_ITEM, label="•")
    pages = _joined([item], [block("goes on", _FIRST), block("next", (50, 110, 550, 120), Kind.LIST_ITEM, label="•")])
    assert [texts(each) for each in pages] == [["an item that goes on"], ["next"]]


def test_an_item_does_not_go_on_as_an_item() -> None:
    pages = _joined([block("one", _LAST, Kind.LIST_ITEM, label="•")], [block("two", _FIRST, Kind.LIST_ITEM, label="•")])
    assert [texts(each) for each in pages] == [["one"], ["two"]]


def test_a_short_line_above_the_end_of_the_page_does_not_go_on() -> None:
    pages = _joined([block("a label", (50, 200, 550, 210))], [block("and", _FIRST)])
    assert [texts(each) for each in pages] == [["a label"], ["and"]]


def test_a_sentence_goes_on_in_the_next_column() -> None:
    (only,) = _joined([block("It was a dark", (50, 650, 290, 740)), block("and stormy night.", (310, 60, 550, 100))])
    assert texts(only) == ["It was a dark and stormy night."]


def test_styles_survive_joining() -> None:
    pages = _joined([block("It was", _LAST, bold=True)], [block("dark", _FIRST)])
    spans = pages[0].blocks[0].spans
    assert "".join(span.text for span in spans) == "It was dark"
    assert [span.bold for span in spans if span.text.strip()] == [True, False]


def test_a_listing_goes_on_with_its_indentation() -> None:
    first = block("def f():\n    return 1", (50, 700, 122, 720), Kind.CODE, code=True)
    rest = block("else:\n    pass", (74, 60, 128, 80), Kind.CODE, code=True)
    pages = _joined([first], [rest])
    assert texts(pages[0]) == ["def f():\n    return 1\n    else:\n        pass"]


def test_the_indentation_of_a_listing_is_not_told_by_what_is_centred() -> None:
    first = block("def f():", (50, 700, 114, 710), Kind.CODE, code=True)
    authors = block("Jane Example of Exampletown", (240, 40, 360, 50))
    rest = block("    return 1", (310, 60, 406, 70), Kind.CODE, code=True)
    pages = _joined([first], [rest, authors])
    assert texts(pages[0]) == ["def f():\n    return 1"]


def test_a_table_over_five_pages_is_one_with_one_head() -> None:
    pages = _joined(*([table([_HEAD, [f"a{n}", "1"], [f"b{n}", "2"]], (50, 60, 550, 740))] for n in range(5)))
    assert [len(each.blocks) for each in pages] == [1, 0, 0, 0, 0]
    rows = [[cell.text for cell in row] for row in pages[0].blocks[0].rows]
    assert rows == [_HEAD, *([f"{letter}{n}", size] for n in range(5) for letter, size in (("a", "1"), ("b", "2")))]
    assert [row[0].is_header for row in pages[0].blocks[0].rows] == [True] + [False] * 10


def test_rows_without_a_repeated_head_are_no_heads() -> None:
    pages = _joined([table([_HEAD, ["a", "1"]], _LAST)], [table([["b", "2"], ["c", "3"]], _FIRST)])
    assert [row[0].is_header for row in pages[0].blocks[0].rows] == [True, False, False, False]


def test_a_row_cut_by_the_page_s_end_is_one_row() -> None:
    pages = _joined([table([_HEAD, ["a", "one and"]], _LAST)], [table([["", "two"], ["b", "3"]], _FIRST)])
    rows = [[cell.text for cell in row] for row in pages[0].blocks[0].rows]
    assert rows == [_HEAD, ["a", "one and two"], ["b", "3"]]


@pytest.mark.parametrize(
    ("firsts", "cut", "is_one"),
    [
        (["Alpha", "Events are a"], ["popular", "for all of us"], True),
        (["alpha", "Events are a"], ["popular", "for all of us"], False),  # rows begin with small letters
        (["Alpha", "Events are a"], ["Popular", "for all of us"], False),
        (["Events are a"], ["popular", "for all of us"], False),  # one row says nothing of how rows begin
    ],
)
def test_a_row_cut_by_the_page_s_end_in_each_cell_is_one(firsts: list[str], cut: list[str], *, is_one: bool) -> None:
    rows = [[first, "One and two"] for first in firsts]
    joined = _joined([table([_HEAD, *rows], _LAST)], [table([cut, ["Beta", "Three."]], _FIRST)])
    found = [[cell.text for cell in row] for row in joined[0].blocks[0].rows]
    assert (["Events are a popular", "One and two for all of us"] in found) is is_one
    assert len(found) == len(rows) + 3 - is_one


def test_what_begins_with_small_letters_below_the_end_of_a_sentence_is_a_row() -> None:
    rows = [_HEAD, ["Alpha", "It is."], ["Events are a", "It ends."]]
    joined = _joined([table(rows, _LAST)], [table([["popular", "for all"]], _FIRST)])
    assert len(joined[0].blocks[0].rows) == 4


def test_a_table_with_its_head_repeated_may_be_less_wide() -> None:
    pages = _joined([table([_HEAD, ["a", "1"]], _LAST)], [table([_HEAD, ["b", "2"]], (50, 60, 400, 100))])
    assert [[cell.text for cell in row] for row in pages[0].blocks[0].rows] == [_HEAD, ["a", "1"], ["b", "2"]]
    pages = _joined([table([_HEAD, ["a", "1"]], _LAST)], [table([["c", "3"]], (50, 60, 400, 100))])
    assert len(pages[1].blocks) == 1


def test_tables_that_differ_are_two() -> None:
    first = table([_HEAD, ["a", "1"]], _LAST)
    for other in (
        [table([["a", "b", "c"]], _FIRST)],
        [table([_HEAD, ["b", "2"]], (150, 60, 550, 100))],
        [line("Table 2", 40, Kind.CAPTION), table([_HEAD, ["b", "2"]], _FIRST)],
        [line("Between.", 40), table([_HEAD, ["b", "2"]], _FIRST)],
    ):
        pages = _joined([deepcopy(first)], other)
        assert len(pages[1].blocks) == len(other)


def test_a_table_that_says_it_is_continued_is_joined() -> None:
    rest = [line("Table 1 (continued)", 40, Kind.CAPTION), table([_HEAD, ["b", "2"]], _FIRST)]
    pages = _joined([table([_HEAD, ["a", "1"]], _LAST)], rest)
    assert texts(pages[1], Kind.TABLE) == []


def test_tags_say_what_belongs_together() -> None:
    pages = _joined([block("It ends.", _LAST, node="0.1")], [block("It does not.", _FIRST, node="0.1")])
    assert [texts(each) for each in pages] == [["It ends. It does not."], []]
    pages = _joined([block("It was a dark", _LAST, node="0.1")], [block("and stormy", _FIRST, node="0.2")])
    assert [texts(each) for each in pages] == [["It was a dark"], ["and stormy"]]


def test_a_tagged_row_cut_by_the_page_s_end_is_one_row() -> None:
    first = table([_HEAD, ["a", "one"]], _LAST, node="0.1")
    rest = table([["", "two"], ["", "3"]], _FIRST, node="0.1")
    first.row_nodes, rest.row_nodes = ["0.1.0", "0.1.1"], ["0.1.1", "0.1.2"]
    pages = _joined([first], [rest])
    assert [[cell.text for cell in row] for row in pages[0].blocks[0].rows][1:] == [["a", "one two"], ["", "3"]]
    assert pages[0].blocks[0].row_nodes == ["0.1.0", "0.1.1", "0.1.2"]


def test_pages_may_be_applied_again_for_another_format() -> None:
    pages = [page(table([_HEAD, ["a", "1"]], _LAST)), page(table([_HEAD, ["b", "2"]], _FIRST), number=2)]
    step = Continued()
    for each in pages:
        step.observe(deepcopy(each))
    results = []
    for _ in range(2):
        again = deepcopy(pages)
        for each in again:
            step.apply(each)
        results.append(again)
    assert results[0] == results[1]


def test_what_begins_where_the_listing_began_is_set_in_like_it_whatever_else_is_on_its_page() -> None:
    first = block("def f():\n    return 1", (100, 700, 172, 720), Kind.CODE, code=True)
    rest = block("def g():\n    return 2", (100, 60, 172, 80), Kind.CODE, code=True)
    pages = _joined([first], [rest, block("And this is what they are for.", (70, 100, 300, 110))])
    assert texts(pages[0]) == ["def f():\n    return 1\ndef g():\n    return 2"]


@pytest.mark.parametrize(("begun", "is_open"), [("def f(x,", True), ("f(x)", False)])
def test_a_table_at_the_top_of_a_page_stands_in_no_listing_that_is_not_at_its_end(begun: str, *, is_open: bool) -> None:
    first = block(begun, (50, 700, 114, 710), Kind.CODE, code=True)
    rest = block("y):", (50, 200, 74, 210), Kind.CODE, code=True)
    pages = _joined([first], [table([_HEAD, ["a", "1"]], (50, 60, 550, 180)), rest])
    assert texts(pages[0]) == [f"{begun}\ny):" if is_open else begun]
