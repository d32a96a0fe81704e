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
    pages = _document(4, lambda n: line(f"Only on page {'abcd'[n - 1]}", 60, Kind.PAGE_HEADER))
    assert [_furniture(each) for each in pages] == [[]] * 4


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
    (only,) = _document(1, lambda _: line("Confidential", 36, Kind.PAGE_HEADER))
    assert _furniture(only) == ["Confidential"]


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
