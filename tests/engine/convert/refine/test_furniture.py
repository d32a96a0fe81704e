"""Running heads and feet: what repeats, and nothing else."""

from collections.abc import Callable

import pytest

from engine.convert.page.blocks import FURNITURE, Block, Kind, RefinedPage
from engine.convert.refine.furniture import Furniture
from tests.engine.convert.pages import block, line, page, paragraph, texts

_BODY = (100.0, 300.0, 500.0, 650.0)


def _document(count: int, *extra: Callable[[int], Block | None]) -> list[RefinedPage]:
    """Pages of paragraphs with, on each, what the functions make of its number."""
    pages = []
    for number in range(1, count + 1):
        blocks = [each for make in extra if (each := make(number)) is not None]
        pages.append(page(*blocks, *(paragraph(top, f"{top} {number} " * 20) for top in _BODY), number=number))
    return _settled(pages)


def _settled(pages: list[RefinedPage]) -> list[RefinedPage]:
    step = Furniture()
    for each in pages:
        step.observe(each)
    for each in pages:
        step.apply(each)
    return pages


def _furniture(refined: RefinedPage) -> list[str]:
    return texts(refined, *FURNITURE)


def test_a_head_on_every_page_is_furniture_whatever_the_model_called_it() -> None:
    for kind in (Kind.PAGE_HEADER, Kind.PARAGRAPH, Kind.HEADING):
        pages = _document(4, lambda _, kind=kind: line("Annual report", 40, kind))
        assert [_furniture(each) for each in pages] == [["Annual report"]] * 4


def test_text_that_begins_one_page_is_text() -> None:
    pages = _document(
        4,
        lambda n: line(f"Only on page {'abcd'[n - 1]}", 60, Kind.PAGE_HEADER),
        lambda n: line(f"Page {n}", 770, Kind.PAGE_FOOTER),
    )
    assert [_furniture(each) for each in pages] == [[f"Page {n}"] for n in range(1, 5)]
    assert [texts(each, Kind.PARAGRAPH)[0] for each in pages] == [f"Only on page {letter}" for letter in "abcd"]


def test_code_taken_for_a_head_is_code_again() -> None:
    pages = _document(4, lambda n: block("}", (50, 60, 56, 70), Kind.PAGE_HEADER, code=True) if n == 3 else None)
    assert texts(pages[2], Kind.CODE) == ["}"]


@pytest.mark.parametrize("form", ["{}", "- {} -", "Page {} of 9", "{}/9", "Report | {}"])
def test_page_numbers_are_folded(form: str) -> None:
    pages = _document(9, lambda n: line(form.format(n), 770, Kind.PAGE_FOOTER))
    assert all(len(_furniture(each)) == 1 for each in pages)


def test_page_numbers_may_begin_anywhere_and_be_roman() -> None:
    roman = ["iv", "v", "vi", "vii", "viii", "ix"]
    pages = _document(6, lambda n: line(f"{roman[n - 1]} preface", 770, Kind.PARAGRAPH))
    assert all(len(_furniture(each)) == 1 for each in pages)


def test_heads_of_left_and_right_pages_alternate() -> None:
    pages = _document(8, lambda n: line("The book", 40, left=50) if n % 2 else line("The chapter", 40, left=400))
    assert all(len(_furniture(each)) == 1 for each in pages)


def test_the_first_page_may_differ() -> None:
    pages = _document(5, lambda n: line("Report", 40) if n > 1 else None)
    assert [len(_furniture(each)) for each in pages] == [0, 1, 1, 1, 1]


def test_headings_that_count_are_no_furniture() -> None:
    pages = _document(6, lambda n: line(f"Exercise {n}", 60, Kind.HEADING, bold=True))
    assert [_furniture(each) for each in pages] == [[]] * 6


def test_a_title_on_every_slide_is_no_furniture() -> None:
    pages = _document(5, lambda _: line("Agenda", 60, Kind.HEADING, size=24))
    assert [_furniture(each) for each in pages] == [[]] * 5


def test_what_stands_further_in_than_text_is_text() -> None:
    pages = _document(5, lambda n: line(f"Text {'abcde'[n - 1]} before it", 60), lambda _: line("Note", 90))
    assert [_furniture(each) for each in pages] == [[]] * 5


def test_in_the_middle_of_a_page_nothing_is_furniture() -> None:
    pages = _document(5, lambda _: line("Again and again", 400, Kind.PAGE_HEADER))
    assert [_furniture(each) for each in pages] == [[]] * 5


@pytest.mark.parametrize(
    "text", ["1", "Page 1 of 1", "iii", "https://example.org/page.html 1/1", "11/24/26, 3:16 AM", "24.12.2025, 9:00"]
)
def test_on_a_single_page_numbers_and_what_browsers_print_are_furniture(text: str) -> None:
    (only,) = _document(1, lambda _: line(text, 775, Kind.PAGE_FOOTER))
    assert _furniture(only) == [text]


def test_the_title_beside_the_date_of_a_print_is_furniture() -> None:
    (only,) = _document(
        1, lambda _: line("11/24/26, 3:16 AM", 60, Kind.PAGE_HEADER), lambda _: line("My page", 60, Kind.PAGE_HEADER)
    )
    assert _furniture(only) == ["11/24/26, 3:16 AM", "My page"]


def test_the_title_of_a_chapter_of_one_page_is_furniture_among_others() -> None:
    pages = _document(
        8, lambda n: line("The book", 40) if n % 2 else line(f"Chapter {'abcdefgh'[n - 1]}", 40, Kind.PAGE_HEADER)
    )
    assert all(len(_furniture(each)) == 1 for each in pages)


def test_a_line_of_text_on_a_single_page_is_text() -> None:
    (only,) = _document(1, lambda _: line("Dear Sir or Madam", 72, Kind.PAGE_HEADER))
    assert _furniture(only) == []


def test_a_line_in_the_margin_of_a_single_page_is_a_head() -> None:
    (only,) = _document(1, lambda _: line("Draft copy", 36, Kind.PAGE_HEADER))
    assert _furniture(only) == ["Draft copy"]


def test_a_number_as_high_as_a_poster_is_none_of_a_page() -> None:
    (only,) = _document(1, lambda _: line("7", 700, Kind.PAGE_FOOTER, size=90))
    assert _furniture(only) == []


def test_pages_read_by_their_tags_stay_as_they_are() -> None:
    pages = [
        page(block("Once", (50, 40, 90, 50), Kind.PAGE_HEADER, node="artifact"), paragraph(100), number=n)
        for n in range(1, 4)
    ]
    pages[0].blocks[0].spans[0].text = "Only here"
    assert _furniture(_settled(pages)[0]) == ["Only here"]


def test_no_word_is_lost() -> None:
    pages = _document(5, lambda n: line(f"Word{n * n}", 40, Kind.PAGE_HEADER), lambda n: line(str(n), 770))
    assert all(f"Word{each.number**2}" in texts(each) for each in pages)
    assert all(len(each.blocks) == 6 for each in pages)


# --- a single page, on which nothing can repeat ---


def _is_furniture(made: Block, *others: Block, number: int = 1) -> bool:
    step, only = Furniture(), page(made, *(others or (paragraph(300),)), number=number)
    step.observe(only)
    step.apply(only)
    return made.kind in FURNITURE


@pytest.mark.parametrize(
    ("text", "top", "size", "is_head"),
    [
        ("Draft copy", 56, 10, True),
        ("Draft copy", 57, 10, False),
        ("x" * 80, 36, 10, True),
        ("x" * 81, 36, 10, False),
        ("Draft copy", 36, 12, True),
        ("Draft copy", 36, 13, False),
        ("It is so.", 36, 10, False),
        ("It is so. ", 36, 10, False),
    ],
)
def test_a_short_small_line_in_the_margin_is_a_head(text: str, top: float, size: float, is_head: bool) -> None:
    assert _is_furniture(line(text, top, Kind.PAGE_HEADER, size=size)) is is_head


@pytest.mark.parametrize(("text_top", "is_head"), [(61, False), (62, True)])
def test_a_head_is_well_apart_from_the_text_below_it(text_top: float, is_head: bool) -> None:
    assert _is_furniture(line("Draft", 36, Kind.PAGE_HEADER), paragraph(300), paragraph(text_top)) is is_head


@pytest.mark.parametrize(("text_top", "is_foot"), [(698, False), (697, False), (696, True)])
def test_a_foot_is_well_apart_from_the_text_above_it(text_top: float, is_foot: bool) -> None:
    assert _is_furniture(line("Draft", 760, Kind.PAGE_FOOTER), paragraph(text_top), paragraph(300)) is is_foot


def test_a_line_in_the_margin_of_a_page_without_text_is_text() -> None:
    head = line("Draft", 36, Kind.PAGE_HEADER)
    assert not _is_furniture(head, line("7", 770, Kind.PAGE_FOOTER))


def test_what_only_a_later_page_has_in_its_margin_is_text_unless_there_are_but_two() -> None:
    for count, found in ((2, ["Draft"]), (3, [])):
        pages = _document(count, lambda n: line("Draft", 36, Kind.PAGE_HEADER) if n == 2 else None)
        assert _furniture(pages[1]) == found


@pytest.mark.parametrize(("top", "is_foot"), [(775, True), (751, True), (749, False)])
def test_what_browsers_print_is_furniture_at_the_very_edge_whatever_the_model_called_it(
    top: float, is_foot: bool
) -> None:
    assert _is_furniture(line("https://example.org/page.html 1/1", top)) is is_foot


@pytest.mark.parametrize(("top", "is_head"), [(39, True), (40, False)])
def test_what_browsers_print_is_furniture_at_the_very_top_alone(top: float, is_head: bool) -> None:
    assert _is_furniture(line("https://example.org/page.html 1/1", top)) is is_head


@pytest.mark.parametrize(("top", "is_head"), [(79, True), (80, False)])
def test_the_number_of_the_page_is_furniture_at_the_top_too(top: float, is_head: bool) -> None:
    assert _is_furniture(line("7", top), number=7) is is_head


@pytest.mark.parametrize(("size", "is_foot"), [(32, True), (32.5, False)])
def test_a_pages_number_is_no_taller_than_a_running_head_may_be(size: float, is_foot: bool) -> None:
    assert _is_furniture(line("7", 700, Kind.PAGE_FOOTER, size=size)) is is_foot


def test_a_line_that_ends_where_the_date_begins_is_not_beside_it() -> None:
    above, date = line("My page", 58, Kind.PAGE_HEADER), line("11/24/26, 3:16 AM", 68, Kind.PAGE_HEADER)
    (only,) = _document(1, lambda _: above, lambda _: date)
    assert _furniture(only) == ["11/24/26, 3:16 AM"]


def test_a_line_in_the_margin_is_no_head_of_what_a_model_calls_furniture() -> None:
    assert not _is_furniture(line("Draft", 36, Kind.PAGE_HEADER), line("Middle", 400, Kind.PAGE_HEADER))


@pytest.mark.parametrize(
    ("text", "top", "is_furniture"),
    [
        ("Revision 2.4", 80, True),
        ("Revision 2.4", 81, False),
        (f"Downloaded from {'x' * 144}", 40, True),
        (f"Downloaded from {'x' * 145}", 40, False),
    ],
)
def test_what_is_furniture_by_its_form_is_short_and_near_the_edge(text: str, top: float, is_furniture: bool) -> None:
    pages = _document(5, lambda n: line(text, top, Kind.PAGE_HEADER, size=8) if n == 3 else None)
    assert _furniture(pages[2]) == ([text] if is_furniture else [])


@pytest.mark.parametrize(("top", "kind"), [(80, Kind.PAGE_HEADER), (710, Kind.PAGE_FOOTER)])
def test_what_stands_beside_text_is_text_whatever_its_form(top: float, kind: Kind) -> None:
    def beside(number: int) -> list[Block]:
        rest = [paragraph(300), paragraph(400)]
        return [line("Revision 2.4", top, kind), line("Text", top, left=300), *rest] if number == 3 else rest

    pages = _settled([page(*beside(number), number=number) for number in range(1, 6)])
    assert _furniture(pages[2]) == []


@pytest.mark.parametrize(
    ("text", "top", "is_foot"),
    [
        ("7", 775, True),
        ("- 7 -", 775, True),
        ("| 7", 775, True),
        ("8", 775, False),
        ("7", 711, True),
        ("7", 705, False),
        ("7 m", 775, False),
    ],
)
def test_the_number_of_the_page_is_furniture_near_the_edge_whatever_the_model_called_it(
    text: str, top: float, is_foot: bool
) -> None:
    assert _is_furniture(line(text, top), number=7) is is_foot


def test_an_empty_block_the_model_calls_furniture_stays_it() -> None:
    assert _is_furniture(line("", 400, Kind.PAGE_HEADER))


@pytest.mark.parametrize("kind", [Kind.TABLE, Kind.PICTURE, Kind.CODE])
def test_only_text_is_furniture(kind: Kind) -> None:
    pages = _document(4, lambda _: line("Annual report", 40, kind))
    assert [_furniture(each) for each in pages] == [[]] * 4


# --- what repeats ---


@pytest.mark.parametrize(
    ("kind", "pages", "is_head"),
    [
        (Kind.PARAGRAPH, 2, False),
        (Kind.PARAGRAPH, 3, True),
        (Kind.PAGE_HEADER, 1, False),
        (Kind.PAGE_HEADER, 2, True),
    ],
)
def test_on_how_many_pages_a_head_must_be(kind: Kind, pages: int, is_head: bool) -> None:
    found = _document(9, lambda n: line("Annual report", 70, kind) if 3 <= n < 3 + pages else None)
    assert [each.number for each in found if _furniture(each)] == ([*range(3, 3 + pages)] if is_head else [])


@pytest.mark.parametrize(("step", "is_head"), [(2, True), (4, True), (5, False)])
def test_a_head_comes_again_on_pages_nearby(step: int, is_head: bool) -> None:
    found = _document(11, lambda n: line("Annual report", 70) if n % step == 1 else None)
    assert bool(_furniture(found[step])) is is_head


@pytest.mark.parametrize(("count", "bold", "is_head"), [(5, False, True), (4, False, False), (6, True, False)])
def test_text_that_counts_must_come_more_often(count: int, bold: bool, is_head: bool) -> None:
    found = _document(count, lambda n: line(f"Sheet {n} of the file", 60, bold=bold))
    assert [bool(_furniture(each)) for each in found] == [is_head] * count


@pytest.mark.parametrize(("farther", "is_head"), [(9.5, True), (9.6, False)])
def test_heads_less_than_twelve_thousandths_of_a_page_apart_are_at_one_height(farther: float, is_head: bool) -> None:
    found = _document(4, lambda n: line("Annual report", {3: 0.0, 4: farther}[n], Kind.PAGE_HEADER) if n > 2 else None)
    assert [bool(_furniture(each)) for each in found[2:]] == [is_head] * 2


@pytest.mark.parametrize(("pages", "called", "are_heads"), [(3, 3, False), (4, 4, True), (9, 3, True), (9, 2, False)])
def test_beside_heads_that_repeat_others_are_heads_from_four_pages_on(pages: int, called: int, are_heads: bool) -> None:
    words = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota"]
    found = _document(
        pages,
        lambda n: line("The book", 70, Kind.PAGE_HEADER) if n <= called else None,
        lambda n: line(words[n - 1], 70, Kind.PAGE_HEADER, left=400),
    )
    assert [words[each.number - 1] in _furniture(each) for each in found] == [are_heads] * pages


def test_text_at_another_height_is_other_text() -> None:
    found = _document(4, lambda n: line("Annual report", 40 + 12 * n, Kind.PAGE_HEADER))
    assert [_furniture(each) for each in found[1:]] == [[]] * 3
    found = _document(4, lambda n: line("Annual report", 40 + 2 * n, Kind.PAGE_HEADER))
    assert [_furniture(each) for each in found] == [["Annual report"]] * 4


@pytest.mark.parametrize(
    ("top", "kind", "is_head"),
    [
        (110, Kind.PARAGRAPH, True),
        (120, Kind.PARAGRAPH, False),
        (120, Kind.PAGE_HEADER, True),
        (190, Kind.PAGE_HEADER, True),
        (200, Kind.PAGE_HEADER, False),
        (685, Kind.PARAGRAPH, True),
        (670, Kind.PARAGRAPH, False),
    ],
)
def test_how_far_in_a_head_may_stand(top: float, kind: Kind, is_head: bool) -> None:
    pages = [page(line("Annual report", top, kind), paragraph(400), number=n) for n in range(1, 5)]
    assert [bool(_furniture(each)) for each in _settled(pages)] == [is_head] * 4


@pytest.mark.parametrize(("length", "is_head"), [(200, True), (201, False)])
def test_a_head_is_no_paragraph(length: int, is_head: bool) -> None:
    found = _document(4, lambda _: line("x" * length, 40))
    assert [bool(_furniture(each)) for each in found] == [is_head] * 4


@pytest.mark.parametrize(("called", "uncalled"), [(3, 7), (4, 7)])
def test_whatever_is_called_a_head_is_one_where_enough_pages_have_one_there(called: int, uncalled: int) -> None:
    words = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"]
    found = _document(
        10, lambda n: line("The book" if n <= called else words[n - 1], 70, Kind.PAGE_HEADER) if n != 10 else None
    )
    heads = [bool(_furniture(each)) for each in found[:9]]
    assert heads[:called] == [True] * called
    assert heads[called:] == [called > 3] * (9 - called)


def test_text_with_many_numbers_is_the_same_only_if_all_of_them_are() -> None:
    same = _document(4, lambda _: line("1 2 3 4 sizes", 70))
    assert [_furniture(each) for each in same] == [["1 2 3 4 sizes"]] * 4
    counting = _document(4, lambda n: line(f"1 2 3 {n}0 sizes", 70))
    assert [_furniture(each) for each in counting] == [[]] * 4


def test_case_and_blanks_do_not_tell_heads_apart() -> None:
    forms = ["Annual Report", "ANNUAL REPORT", "annual   report", " Annual report "]
    found = _document(4, lambda n: line(forms[n - 1], 70))
    assert [len(_furniture(each)) for each in found] == [1] * 4


def test_what_becomes_a_head_or_a_foot_is_that_and_nothing_else() -> None:
    def make(kind: Kind, top: float) -> Block:
        made = line("Annual report", top, kind)
        made.label, made.level, made.depth = "1.", 2, 3
        return made

    pages = _document(4, lambda _: make(Kind.HEADING, 40), lambda _: make(Kind.LIST_ITEM, 770))
    for each in pages:
        head, foot = (block for block in each.blocks if block.kind in FURNITURE)
        assert (head.kind, foot.kind) == (Kind.PAGE_HEADER, Kind.PAGE_FOOTER)
        assert [(block.label, block.level, block.depth) for block in (head, foot)] == [("", 0, 0)] * 2


def test_two_lines_of_a_head_are_both_furniture_and_so_is_what_stands_behind_something_beside_them() -> None:
    pages = _document(
        4,
        lambda _: line("The book", 30),
        lambda n: line(f"Only on {'abcd'[n - 1]}", 30, left=300),
        lambda _: line("The chapter", 50),
    )
    assert [_furniture(each) for each in pages] == [["The book", "The chapter"]] * 4


@pytest.mark.parametrize("first", [9, 19, 39, 89])
def test_roman_numbers_count(first: int) -> None:
    def roman(number: int) -> str:
        signs = ((90, "xc"), (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))
        text = ""
        for value, sign in signs:
            while number >= value:
                text, number = text + sign, number - value
        return text

    pages = _document(6, lambda n: line(f"{roman(first + n)} preface", 770))
    assert all(len(_furniture(each)) == 1 for each in pages)


@pytest.mark.parametrize("kind", [Kind.PARAGRAPH, Kind.PAGE_HEADER, Kind.HEADING])
@pytest.mark.parametrize("text", ["Sheet number {} in file order", "Slide {}", "The same on all"])
def test_pages_never_lose_all_their_text(text: str, kind: Kind) -> None:
    pages = _settled([page(line(text.format(n), 72, kind), line(str(n), 770), number=n) for n in range(1, 7)])
    assert [texts(each, Kind.PARAGRAPH, Kind.HEADING) for each in pages] == [[text.format(n)] for n in range(1, 7)]
    assert [_furniture(each) for each in pages] == [[str(n)] for n in range(1, 7)]


def test_an_item_that_is_all_a_page_has_is_one_still() -> None:
    items = [line("The same item", 72, Kind.LIST_ITEM) for _ in range(4)]
    for item in items:
        item.label, item.depth = "•", 1
    pages = _settled([page(item, number=n) for n, item in enumerate(items, 1)])
    assert [(each.blocks[0].kind, each.blocks[0].label, each.blocks[0].depth) for each in pages] == [
        (Kind.LIST_ITEM, "•", 1)
    ] * 4


def test_a_running_head_above_an_empty_page_is_one() -> None:
    pages = [page(line("The book", 40), *(paragraph(top) for top in _BODY), number=n) for n in range(1, 6)]
    pages.append(page(line("The book", 40), number=6))
    assert [_furniture(each) for each in _settled(pages)] == [["The book"]] * 6


@pytest.mark.parametrize(
    "text",
    [
        "Downloaded from https://example.org on 3 May 2024",
        "Revision 2.4",
        "P/N 4711-0815 Rev. C",
        "© 2024 The Firm. All rights reserved.",
        "Document No. 33-1",
        "CONFIDENTIAL",
        "Version 1.2",
    ],
)
@pytest.mark.parametrize(("top", "kind"), [(40, Kind.PAGE_HEADER), (760, Kind.PAGE_FOOTER)])
def test_what_stands_at_the_edge_of_one_page_is_furniture_by_its_form(text: str, top: float, kind: Kind) -> None:
    pages = _document(5, lambda n: line(text, top, kind, size=8) if n == 3 else None)
    assert [_furniture(each) for each in pages] == [[], [], [text], [], []]
    called_text = _document(5, lambda n: line(text, top, size=8) if n == 3 else None)
    assert [_furniture(each) for each in called_text] == [[]] * 5


def test_the_form_says_nothing_farther_in_nor_of_what_is_large() -> None:
    inner = _document(5, lambda n: line("Revision 2.4", 90, Kind.PAGE_HEADER) if n == 3 else None)
    large = _document(5, lambda n: line("Revision 2.4", 40, Kind.PAGE_HEADER, size=16) if n == 3 else None)
    below = [page(line("A title", 30, size=14), line("Revision 2.4", 50, Kind.PAGE_HEADER), paragraph(200), number=3)]
    others = [page(*(paragraph(top) for top in _BODY), number=n) for n in (1, 2, 4, 5)]
    assert [_furniture(each) for each in [*inner, *large, *_settled([*others[:2], *below, *others[2:]])]] == [[]] * 15


# --- what else is on the page ---


@pytest.mark.parametrize("kind", [Kind.PAGE_HEADER, Kind.PARAGRAPH, Kind.HEADING])
def test_a_head_above_nothing_but_a_picture_is_one(kind: Kind) -> None:
    def picture() -> Block:
        return block("", (50, 200, 550, 600), Kind.PICTURE)

    pages = _settled([page(line("Annual report", 40, kind), picture(), number=n) for n in range(1, 6)])
    assert [_furniture(each) for each in pages] == [["Annual report"]] * 5


def test_an_empty_block_is_nothing_that_a_head_would_be_above() -> None:
    pages = _settled([page(line("The same", 72), line("", 400), number=n) for n in range(1, 6)])
    assert [_furniture(each) for each in pages] == [[]] * 5


def test_an_empty_block_is_no_head_however_often_it_comes() -> None:
    pages = _document(5, lambda _: line("", 40))
    assert [_furniture(each) for each in pages] == [[]] * 5


def test_feet_are_found_behind_all_the_text_of_their_pages() -> None:
    pages = _settled([page(*map(paragraph, _BODY), line("The firm", 770), number=n) for n in range(1, 5)])
    assert [_furniture(each) for each in pages] == [["The firm"]] * 4


def test_a_line_below_a_head_that_the_model_has_seen_is_one_too() -> None:
    pages = _document(4, lambda _: line("The book", 30, Kind.PAGE_HEADER), lambda _: line("The chapter", 50))
    assert [_furniture(each) for each in pages] == [["The book", "The chapter"]] * 4


def test_the_body_is_set_in_the_size_of_most_characters_not_of_the_longest_block() -> None:
    notes = [paragraph(200.0 + 50 * number, "x" * 100) for number in range(4)]
    quote = block("x" * 250, (50, 500, 550, 540), size=14)
    assert not _is_furniture(line("Draft", 36, Kind.PAGE_HEADER, size=13), *notes, quote)


def test_a_page_without_height_has_no_furniture() -> None:
    flat = RefinedPage(1, 600.0, 0.0, [line("7", 0, Kind.PAGE_FOOTER), paragraph(10)])
    assert [_furniture(each) for each in _settled([flat])] == [[]]


@pytest.mark.parametrize(("bottom", "is_foot"), [(685, True), (684, False)])
def test_how_far_in_the_middle_of_a_foot_may_be(bottom: float, is_foot: bool) -> None:
    pages = [page(line("The firm", bottom - 10), paragraph(400), number=n) for n in range(1, 5)]
    assert [bool(_furniture(each)) for each in _settled(pages)] == [is_foot] * 4


@pytest.mark.parametrize(("middle", "is_head"), [(200, True), (201, False)])
def test_how_far_in_the_middle_of_what_is_called_a_head_may_be(middle: float, is_head: bool) -> None:
    def head() -> Block:
        return block("The firm", (50, middle - 6, 90, middle + 6), Kind.PAGE_HEADER)

    pages = [page(head(), paragraph(400), number=n) for n in range(1, 5)]
    assert [bool(_furniture(each)) for each in _settled(pages)] == [is_head] * 4


def test_what_another_step_has_changed_meanwhile_is_judged_by_what_it_says_now() -> None:
    pages = [page(line("Annual report", 40), paragraph(300), number=n) for n in range(1, 5)]
    step = Furniture()
    for each in pages:
        step.observe(each)
    pages[0].blocks[0].spans[0].text = "Something else"
    for each in pages:
        step.apply(each)
    assert [_furniture(each) for each in pages] == [[], *[["Annual report"]] * 3]


# --- numbers ---


@pytest.mark.parametrize("text", ["Annual report 2024", "3 of 4 parts", "12 34 parts"])
def test_numbers_that_stay_the_same_are_part_of_a_head(text: str) -> None:
    assert [_furniture(each) for each in _document(4, lambda _: line(text, 70))] == [[text]] * 4


@pytest.mark.parametrize("text", ["12", "12/40"])
def test_a_number_alone_that_stays_the_same_is_text_unless_the_model_calls_it_furniture(text: str) -> None:
    assert [_furniture(each) for each in _document(6, lambda _: line(text, 70))] == [[]] * 6
    assert [_furniture(each) for each in _document(6, lambda _: line(text, 70, Kind.PAGE_HEADER))] == [[text]] * 6


@pytest.mark.parametrize("form", ["{}", "{}/99", "1 2 {} sizes"])
def test_a_number_that_counts_from_anywhere_is_furniture(form: str) -> None:
    pages = _document(6, lambda n: line(form.format(n + 17), 70))
    assert all(len(_furniture(each)) == 1 for each in pages)


@pytest.mark.parametrize("form", ["{} preface", "preface {}", "| preface | {}", "preface {}.", "- {} -"])
def test_roman_numbers_that_count_are_furniture_and_others_are_not(form: str) -> None:
    counting = ("iv", "v", "vi", "vii", "viii", "ix")
    pages = _document(6, lambda n: line(form.format(counting[n - 1]), 770))
    assert all(len(_furniture(each)) == 1 for each in pages)
    others = ("x", "iv", "l", "ii", "v", "xx")
    pages = _document(6, lambda n: line(form.format(others[n - 1]), 770))
    assert [_furniture(each) for each in pages] == [[]] * 6


def test_a_head_above_a_line_of_text_is_one_though_no_page_has_more_of_it() -> None:
    words = ("alpha", "beta", "gamma", "delta", "epsilon")
    pages = [page(line("The book", 30), line(words[n - 1], 60), number=n) for n in range(1, 6)]
    assert [_furniture(each) for each in _settled(pages)] == [["The book"]] * 5


def test_of_many_numbers_the_last_may_count_the_pages() -> None:
    pages = _document(6, lambda n: line(f"Tools 2.1     2026-03-04     {n}", 770))
    assert all(len(_furniture(each)) == 1 for each in pages)


def test_the_name_of_the_section_above_a_page_is_a_running_head_though_no_other_has_it() -> None:
    pages = [
        page(
            line("2. How it works", 100, Kind.HEADING, size=16), line("Use", 130, Kind.HEADING), *map(paragraph, _BODY)
        ),
        page(line("How it works", 40, Kind.PAGE_HEADER), *map(paragraph, _BODY), number=2),
        page(line("Examples of it", 40, Kind.PAGE_HEADER), *map(paragraph, _BODY), number=3),
        page(line("Use", 40, Kind.PAGE_HEADER), *map(paragraph, _BODY), number=4),
    ]
    assert [_furniture(each) for each in _settled(pages)] == [[], ["How it works"], [], []]


def test_the_author_above_the_second_of_two_pages_is_a_running_head() -> None:
    pages = [
        page(line("Jane Example, Institute of Examples", 100, size=12), *map(paragraph, _BODY)),
        page(line("Jane Example", 70, Kind.PAGE_HEADER, size=8), *map(paragraph, _BODY), number=2),
    ]
    assert [_furniture(each) for each in _settled(pages)] == [[], ["Jane Example"]]


@pytest.mark.parametrize("step", [1, 2])
def test_numbers_that_count_are_furniture_where_margins_are_wide(step: int) -> None:
    pages = []
    for number in range(1, 9):
        folio = [line(str(number), 0.19 * 800, Kind.HEADING)] if number % step == 0 else []
        pages.append(page(*folio, paragraph(200), paragraph(400, f"{number} more " * 20), number=number))
    assert [_furniture(each) for each in _settled(pages)] == [[str(n)] if n % step == 0 else [] for n in range(1, 9)]
