"""Reading order where a page is set in columns."""

from engine.convert.page.blocks import Block, Kind, RefinedPage
from engine.convert.refine.columns import Columns
from tests.engine.convert.pages import NO_TEXT, block, page, texts


def _sorted(*blocks: Block) -> list[str]:
    refined = page(*blocks)
    Columns().apply(refined, NO_TEXT)
    return texts(refined)


def _left(text: str, top: float, height: float = 90.0) -> Block:
    return block(text, (50, top, 290, top + height))


def _right(text: str, top: float, height: float = 90.0) -> Block:
    return block(text, (310, top, 550, top + height))


def _wide(text: str, top: float, kind: Kind = Kind.PARAGRAPH, height: float = 40.0) -> Block:
    return block(text, (50, top, 550, top + height), kind)


def test_columns_are_read_one_after_the_other() -> None:
    assert _sorted(_left("a", 100), _right("c", 110), _left("b", 200), _right("d", 230)) == ["a", "b", "c", "d"]


def test_columns_with_paragraphs_at_the_same_heights_are_columns() -> None:
    blocks = [_left("a", 100), _right("c", 100), _left("b", 200), _right("d", 200)]
    assert _sorted(*blocks) == ["a", "b", "c", "d"]


def test_three_columns_are_read_from_left_to_right() -> None:
    blocks = [
        block(name, (x, y, x + 150, y + 80))
        for name, x, y in [
            ("a", 50, 100),
            ("c", 220, 110),
            ("e", 390, 105),
            ("b", 50, 200),
            ("d", 220, 205),
            ("f", 390, 230),
        ]
    ]
    assert _sorted(*blocks) == ["a", "b", "c", "d", "e", "f"]


def test_what_spans_the_columns_parts_the_page_into_bands() -> None:
    blocks = [
        _left("a", 100), _right("b", 110), _wide("title", 50, Kind.HEADING), _wide("figure", 220, Kind.PICTURE),
        _right("d", 290), _left("c", 280),
    ]  # fmt: skip
    assert _sorted(*blocks) == ["title", "a", "b", "figure", "c", "d"]


def test_a_heading_goes_with_the_wide_text_below_it() -> None:
    heading = block("heading", (50, 320, 150, 334), Kind.HEADING, size=14)
    blocks = [_left("a", 100, 200), _right("b", 110, 200), heading, _wide("after", 350)]
    assert _sorted(*blocks) == ["a", "b", "heading", "after"]


def test_the_caption_of_a_wide_table_goes_with_it() -> None:
    caption = block("caption", (50, 320, 150, 330), Kind.CAPTION)
    blocks = [_left("a", 100, 200), _right("b", 110, 200), caption, _wide("table", 350, Kind.TABLE)]
    assert _sorted(*blocks) == ["a", "b", "caption", "table"]


def test_one_column_keeps_its_order() -> None:
    blocks = [_wide("b", 200), _wide("a", 100), _wide("c", 300)]
    assert _sorted(*blocks) == ["b", "a", "c"]


def test_terms_and_what_they_mean_are_read_row_by_row() -> None:
    rows = []
    for number in range(6):
        top = 100 + 40 * number
        rows += [
            block(f"term {number}", (50, top, 120, top + 10)),
            block(f"meaning {number}", (200, top, 550, top + 30)),
        ]
    assert _sorted(*rows) == [each.text for each in rows]


def test_a_form_is_read_from_top_to_bottom() -> None:
    blocks = [
        block("from", (50, 60, 200, 100)), block("to", (350, 60, 500, 100)),
        *(block(f"line {i}", (50, 130 + 25 * i, 200, 140 + 25 * i)) for i in range(8)),
        block("total", (350, 305, 500, 315)),
    ]  # fmt: skip
    assert _sorted(*blocks) == [each.text for each in blocks]


def test_lists_on_one_grid_of_lines_are_columns() -> None:
    left = [block(f"l{i}", (60, 60 + 12 * i, 230, 69 + 12 * i), Kind.LIST_ITEM) for i in range(4)]
    right = [block(f"r{i}", (320, 60 + 12 * i, 420, 69 + 12 * i), Kind.LIST_ITEM) for i in range(4)]
    mixed = [each for pair in zip(left, right, strict=True) for each in pair]
    more = [_left("l4", 130, 200), _left("l5", 340), _left("l6", 440), _right("r4", 120, 70), _right("r5", 200, 400)]
    order = _sorted(*mixed, *more)
    assert order == ["l0", "l1", "l2", "l3", "l4", "l5", "l6", "r0", "r1", "r2", "r3", "r4", "r5"]


def test_notes_in_the_margin_follow_the_text() -> None:
    note = block("note", (50, 220, 130, 260))
    blocks = [note, block("a", (150, 100, 550, 200)), block("b", (150, 210, 550, 300))]
    assert _sorted(*blocks) == ["a", "b", "note"]


def test_footnotes_at_the_foot_of_columns_come_last_before_the_feet() -> None:
    blocks = [
        block("head", (50, 30, 550, 40), Kind.PAGE_HEADER),
        _left("a", 100), block("note", (50, 200, 290, 220), Kind.FOOTNOTE),
        _right("b", 100, 120), block("foot", (290, 780, 310, 790), Kind.PAGE_FOOTER),
        _right("c", 230),
    ]  # fmt: skip
    assert _sorted(*blocks) == ["head", "a", "b", "c", "note", "foot"]


def test_text_taken_for_a_head_stays_in_its_column() -> None:
    blocks = [_left("a", 100), _left("b", 200), block("c", (310, 100, 550, 110), Kind.PAGE_HEADER), _right("d", 120)]
    assert _sorted(*blocks) == ["a", "b", "c", "d"]


def test_text_in_a_picture_follows_it() -> None:
    picture = block("", (50, 100, 290, 300), Kind.PICTURE)
    inner = [block(f"label {i}", (60 + 100 * i, 120 + 50 * i, 110 + 100 * i, 130 + 50 * i)) for i in range(2)]
    blocks = [_right("b" * 300, 90, 200), inner[1], picture, inner[0], _left("a" * 300, 310)]
    assert _sorted(*blocks) == ["", "label 1", "label 0", "a" * 300, "b" * 300]


def test_pages_written_from_the_right_are_left_alone() -> None:
    hebrew = "שלום עולם " * 10
    blocks = [_right(hebrew + "1", 100), _left(hebrew + "3", 110), _right(hebrew + "2", 200), _left(hebrew + "4", 230)]
    assert _sorted(*blocks) == [each.text for each in blocks]


def test_no_block_is_lost_or_doubled() -> None:
    blocks = [_left("a", 100), _right("b", 90), _wide("c", 150), _left("d", 120), _wide("e", 30, Kind.PAGE_FOOTER)]
    assert sorted(_sorted(*blocks)) == ["a", "b", "c", "d", "e"]


def test_an_empty_page_stays_empty() -> None:
    refined = RefinedPage(1, 600, 800, [])
    Columns().apply(refined, NO_TEXT)
    assert refined.blocks == []


def test_what_has_run_over_into_the_next_column_stays_in_its_own() -> None:
    over = block("b", (50, 200, 330, 240), size=10)
    blocks = [
        _left("a", 100),
        over,
        _left("c", 250),
        _right("d", 100),
        block("e", (340, 195, 550, 245)),
        _right("f", 250),
    ]
    assert _sorted(*blocks) == ["a", "b", "c", "d", "e", "f"]


def test_what_spans_columns_with_nothing_beside_it_parts_them_still() -> None:
    wide = block("b", (50, 200, 400, 240), size=10)
    blocks = [_left("a", 100), _right("c", 100), wide, _left("d", 250), _right("e", 250)]
    assert _sorted(*blocks) == ["a", "c", "b", "d", "e"]


def test_authors_above_the_columns_of_a_paper_come_before_both() -> None:
    authors = [block("ann", (120, 95, 220, 140)), block("bo", (380, 95, 470, 140))]
    blocks = [
        _wide("title", 40, Kind.HEADING), *authors,
        _left("a", 184), _left("b", 280), _right("c", 184), _right("d", 280),
    ]  # fmt: skip
    assert _sorted(*blocks) == ["title", "ann", "bo", "a", "b", "c", "d"]


def test_a_column_that_is_stretched_to_the_length_of_a_full_one_is_a_column() -> None:
    full = [_left(str(number), 100 + 95 * number) for number in range(5)]
    sparse = [_right("x", 105, 30), _right("y", 330, 20), _right("z", 540, 30)]
    blocks = sorted([*full, *sparse], key=lambda each: each.box[1])
    assert _sorted(*blocks) == ["0", "1", "2", "3", "4", "x", "y", "z"]


def test_where_both_are_set_sparsely_rows_are_read() -> None:
    labels = [_left(f"label {number}", 100 + 95 * number, 12) for number in range(5)]
    sparse = [_right("x", 130, 12), _right("y", 330, 12), _right("z", 540, 12)]
    blocks = sorted([*labels, *sparse], key=lambda each: each.box[1])
    assert _sorted(*blocks) == [each.text for each in blocks]
