"""What is written across a page is told from its text."""

import pymupdf

from engine.convert.sight.watermarks import stamps, watermarks, without

_LINE = "Either side may end the agreement with three months of notice, and pets are"


def _page(lines: int = 20) -> pymupdf.Page:
    page = pymupdf.open().new_page(width=595, height=842)
    page.insert_text((72, 100), [_LINE] * lines, fontsize=11, lineheight=1.3)
    return page


def _aslant(page: pymupdf.Page, x: float, y: float, text: str, size: float = 60, angle: float = 45) -> None:
    point = pymupdf.Point(x, y)
    page.insert_text(point, text, fontsize=size, color=(0.8, 0.8, 0.8), morph=(point, pymupdf.Matrix(angle)))


def _found(page: pymupdf.Page) -> list[str]:
    return [mark.text for mark in watermarks(page.get_text("dict")["blocks"])]


def test_a_word_that_runs_aslant_is_across_the_page() -> None:
    page = _page()
    _aslant(page, 120, 500, "STRICTLY CONFIDENTIAL", size=40)

    assert _found(page) == ["STRICTLY CONFIDENTIAL"]


def test_so_is_one_that_is_set_letter_by_letter() -> None:
    page = _page()
    for number, letter in enumerate("DRAFT"):
        _aslant(page, 150 + 40 * number, 450 - 40 * number, letter)

    assert _found(page) == ["DRAFT"]


def test_so_is_a_large_one_that_text_runs_over() -> None:
    page = _page()
    page.insert_text((100, 260), "SAMPLE", fontsize=90, color=(0.9, 0.9, 0.9))

    assert _found(page) == ["SAMPLE"]


def test_so_is_one_that_is_repeated_all_over_the_page() -> None:
    page = _page()
    for row in range(4):
        for column in range(3):
            _aslant(page, 80 + 160 * column, 200 + 150 * row, "COPY", size=30)

    assert {*_found(page)} == {"COPY"}


def test_a_title_and_a_drop_capital_are_text() -> None:
    page = _page(0)
    page.insert_text((72, 60), "Lease agreement", fontsize=40, color=(0.8, 0.8, 0.8))
    page.insert_text((72, 128), "E", fontsize=40)
    page.insert_text((102, 100), [_LINE[1:60]] * 3, fontsize=11, lineheight=1.3)
    page.insert_text((72, 150), [_LINE] * 10, fontsize=11, lineheight=1.3)

    assert _found(page) == []


def test_slanted_labels_are_text() -> None:
    page = _page()
    for number in range(10):
        _aslant(page, 80 + 40 * number, 600, f"month {number}", size=21)

    assert _found(page) == []


def test_a_page_with_nothing_else_on_it_keeps_its_word() -> None:
    page = _page(0)
    _aslant(page, 120, 500, "FOR REVIEW")

    assert _found(page) == []


def test_a_stamp_is_told_and_not_read() -> None:
    page = _page(1)
    page.add_stamp_annot((200, 300, 400, 360), stamp=pymupdf.STAMP_Approved)
    page = pymupdf.open(stream=page.parent.tobytes(), filetype="pdf")[0]
    found = stamps(page)

    assert [mark.text.upper() for mark in found] == ["APPROVED"]
    assert pymupdf.Rect(found[0].box).intersects((200, 300, 400, 360))
    with without(found):
        assert page.get_text().split() == _LINE.split()
    assert "APPROVED" in page.get_text().upper()
