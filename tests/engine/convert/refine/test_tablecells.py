"""Rows of tables: what is the rest of the row above, and what is not."""

from collections.abc import Sequence

from engine.convert.page.blocks import Block, Kind
from engine.convert.refine.tablecells import TableCells
from tests.engine.convert.drawn import DrawnPage

_LEFTS = (50, 150, 250)


def _written(page: DrawnPage, y: float, cells: Sequence[str], **how: float) -> None:
    for left, text in zip(_LEFTS, cells, strict=False):
        if text:
            page.write(left, y, text, **how)


def _after(page: DrawnPage) -> list[Block]:
    read, text = page.read()
    TableCells().apply(read, text)
    return read.blocks


def _cells(block: Block) -> list[list[str]]:
    return [[cell.text for cell in row] for row in block.rows]


def _table(rows: Sequence[Sequence[str]], baselines: Sequence[float], rules: Sequence[float] = ()) -> list[list[str]]:
    """The rows that come of rows of the model's grid at these baselines, with rules over the table's width."""
    page = DrawnPage()
    for y, row in zip(baselines, rows, strict=True):
        _written(page, y, row)
    for y in rules:
        page.rule(48, 340, y)
    edges = [48, 145, 245, 340][: len(rows[0]) + 1]
    page.table(edges, [baselines[0] - 11, *(y + 3 for y in baselines)])
    [block] = _after(page)
    return _cells(block)


def test_rows_of_a_table_with_an_empty_column_stay_rows() -> None:
    rows = [("Milestone", "Owner"), ("Draft of the text", ""), ("Review", ""), ("Print", ""), ("Sale in all shops", "")]
    assert _table(rows, [50, 68, 80, 92, 104], [38, 55, 108]) == [list(row) for row in rows]


def test_a_line_that_had_room_above_is_no_rest_of_it() -> None:
    rows = [("Part", "What it does"), ("Hopper", "takes in"), ("", "sorts"), ("Mill", "grinds very, very fine")]
    assert _table(rows, [50, 68, 80, 98]) == [list(row) for row in rows]


def test_a_line_that_had_no_room_above_is_the_rest_of_it() -> None:
    rows = [("Part", "Does"), ("Hopper", "takes in and"), ("", "sorts grain"), ("", "by weight"), ("Mill", "grinds")]
    assert _table(rows, [50, 68, 80, 92, 110]) == [
        ["Part", "Does"],
        ["Hopper", "takes in and sorts grain by weight"],
        ["Mill", "grinds"],
    ]


def test_rules_that_part_groups_of_rows_leave_the_rows() -> None:
    rows = [("Place", "Height"), ("Ben Nevis", "1,345"), ("Snowdon", "1,085"), ("Loch Ness", "16"), ("Bala", "158")]
    assert _table(rows, [50, 66, 78, 94, 106], [55, 83]) == [list(row) for row in rows]


def test_rows_above_a_rule_before_the_sum_are_no_head() -> None:
    rows = [("Post", "Note"), ("Rent", "paid in May"), ("Power", "open"), ("Sum", "see there")]
    assert _table(rows, [50, 62, 74, 90], [79]) == [list(row) for row in rows]


def test_a_rule_right_below_the_letters_parts_rows() -> None:
    rows = [("Kind", "Formats"), ("Audio", "WAV and MP3 and"), ("", "OGG"), ("Video", "MP4")]
    assert _table(rows, [50, 61, 72, 83], [52.1, 74.1, 85.1]) == [
        ["Kind", "Formats"],
        ["Audio", "WAV and MP3 and OGG"],
        ["Video", "MP4"],
    ]


def test_rows_further_apart_than_lines_may_wrap_in_each_column() -> None:
    rows = [
        ("Part", "What it does"),
        ("Upper hopper of", "takes in grain and"),
        ("the large mill", "sorts it by weight"),
        ("Stone", "grinds"),
    ]
    assert _table(rows, [50, 68, 80, 98]) == [
        ["Part", "What it does"],
        ["Upper hopper of the large mill", "takes in grain and sorts it by weight"],
        ["Stone", "grinds"],
    ]


def test_a_wrapped_sentence_is_no_row_where_rows_are_as_near_as_lines() -> None:
    rows = [
        ("Part", "Does"),
        ("Hopper", "takes in and then"),
        ("", "sorts all of it"),
        ("Mill", "grinds"),
        ("Sieve", "parts it again"),
    ]
    assert _table(rows, [50, 62, 74, 86, 98]) == [
        ["Part", "Does"],
        ["Hopper", "takes in and then sorts all of it"],
        ["Mill", "grinds"],
        ["Sieve", "parts it again"],
    ]


def test_a_running_head_far_above_a_table_is_no_row_of_it() -> None:
    page = DrawnPage()
    page.write(150, 15, "The manual")
    rows = (("Part", "Does"), ("Hopper", "takes in"), ("Mill", "grinds"), ("Sieve", "parts"))
    for number, row in enumerate(rows):
        _written(page, 50 + 14 * number, row)
    page.table([48, 145, 245], [5, 25, *(54 + 14 * number for number in range(4))])
    head, table = _after(page)
    assert head.kind is Kind.PAGE_HEADER
    assert _cells(table) == [list(row) for row in rows]
    assert all(cell.is_header for cell in table.rows[0])
