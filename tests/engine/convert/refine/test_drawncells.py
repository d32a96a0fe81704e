"""Tables with a grid drawn around their cells: the grid says what is a row, whatever the model's rows are."""

from collections.abc import Sequence

import pymupdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.convert.page.blocks import Block
from engine.convert.refine.links import Links
from engine.convert.refine.tablecells import TableCells
from tests.engine.convert.drawn import DrawnPage


def _after(page: DrawnPage) -> Block:
    read, text = page.read()
    Links().apply(read, text)
    TableCells().apply(read, text)
    [block] = read.blocks
    return block


def _cells(block: Block) -> list[list[str]]:
    return [[cell.text for cell in row] for row in block.rows]


def _grid(page: DrawnPage, xs: Sequence[float], ys: Sequence[float]) -> None:
    for y in ys:
        page.rule(xs[0], xs[-1], y)
    for x in xs:
        page.page.draw_line((x, ys[0]), (x, ys[-1]), width=0.5)


def test_a_head_that_the_model_has_put_into_the_first_row_is_a_row() -> None:
    page = DrawnPage()
    for y, first, second in ((50, "Kind", "Formats"), (66, "Audio", "WAV"), (82, "Video", "MP4")):
        page.lines(50, y, first)
        page.lines(150, y, second)
    _grid(page, [46, 146, 246], [38, 54, 70, 86])
    page.table([46, 146, 246], [38, 70, 86])
    block = _after(page)
    assert _cells(block) == [["Kind", "Formats"], ["Audio", "WAV"], ["Video", "MP4"]]
    assert [row[0].is_header for row in block.rows] == [True, False, False]


def test_a_checklist_in_one_cell_is_no_rows() -> None:
    page = DrawnPage()
    page.lines(50, 50, "Step")
    page.lines(150, 50, "To do")
    page.lines(50, 66, "Sow")
    page.lines(150, 66, "Buy the seed", "Dig", "Water the bed", pitch=14)
    _grid(page, [46, 146, 246], [38, 54, 100])
    page.table([46, 146, 246], [38, 54, 69, 83, 100])
    assert _cells(_after(page)) == [["Step", "To do"], ["Sow", "Buy the seed\nDig\nWater the bed"]]


def test_what_a_cell_had_no_room_for_goes_on_in_its_line() -> None:
    page = DrawnPage()
    page.lines(50, 50, "Step")
    page.lines(150, 50, "To do")
    page.lines(50, 66, "Sow")
    page.lines(150, 66, "Buy all of the seed", "that you need")
    _grid(page, [46, 146, 246], [38, 54, 86])
    page.table([46, 146, 246], [38, 54, 69, 86])
    assert _cells(_after(page)) == [["Step", "To do"], ["Sow", "Buy all of the seed that you need"]]


def test_cells_span_where_no_rule_runs() -> None:
    page = DrawnPage()
    for x, y, text in ((50, 50, "Both"), (50, 66, "Stage"), (150, 66, "one"), (150, 82, "two")):
        page.write(x, y, text)
    for y in (38, 54, 86):
        page.rule(46, 246, y)
    page.rule(146, 246, 70)
    for x, y in ((46, 38), (146, 54), (246, 38)):
        page.page.draw_line((x, y), (x, 86), width=0.5)
    page.table([46, 146, 246], [38, 54, 70, 86])
    block = _after(page)
    assert _cells(block) == [["Both"], ["Stage", "one"], ["two"]]
    assert (block.rows[0][0].columns, block.rows[1][0].rows) == (2, 2)


def test_rules_below_words_and_a_grid_in_a_cell_are_no_part_of_the_grid() -> None:
    page = DrawnPage()
    for x, y, text in ((50, 50, "Kind"), (150, 50, "See"), (50, 70, "Audio"), (155, 70, "a"), (185, 70, "b")):
        page.write(x, y, text)
    page.rule(50, 72, 51.5)
    _grid(page, [46, 146, 246], [38, 56, 86])
    _grid(page, [151, 180, 210], [60, 76])
    page.table([46, 146, 246], [38, 56, 86])
    assert _cells(_after(page)) == [["Kind", "See"], ["Audio", "a b"]]


def test_rows_stay_where_rules_run_below_the_head_only() -> None:
    page = DrawnPage()
    rows = [["Place", "Height"], ["Ben Nevis", "1,345"], ["Snowdon", "1,085"], ["Loch Ness", "16"]]
    for number, (first, second) in enumerate(rows):
        page.write(50, 50 + 12 * number, first)
        page.write(150, 50 + 12 * number, second)
    _grid(page, [46, 146, 246], [38, 54, 92])
    page.table([46, 146, 246], [38, 54, 66, 78, 92])
    assert _cells(_after(page)) == rows


@pytest.mark.parametrize("outlined", [False, True])
def test_links_in_cells_are_kept(outlined: bool) -> None:
    page = DrawnPage()
    for x, y, text in ((50, 50, "Kind"), (150, 50, "See"), (50, 66, "Audio"), (150, 66, "manual")):
        page.write(x, y, text)
    if outlined:
        for x0, y0 in ((46, 38), (146, 38), (46, 54), (146, 54)):
            page.page.draw_rect((x0, y0, x0 + 100, y0 + 16), width=0.5)
    else:
        _grid(page, [46, 146, 246], [38, 54, 70])
    where = pymupdf.Rect(148, 57, 190, 69)
    page.page.insert_link({"kind": pymupdf.LINK_URI, "from": where, "uri": "https://example.org/"})
    page.table([46, 146, 246], [38, 70])
    block = _after(page)
    assert _cells(block) == [["Kind", "See"], ["Audio", "manual"]]
    assert block.rows[1][1].spans[0].link == "https://example.org/"


@given(st.lists(st.booleans(), min_size=2, max_size=5), st.integers(2, 4))
@settings(max_examples=20, deadline=None)
def test_columns_hold_where_rules_run_down_some_of_the_rows_alone(banded: list[bool], count: int) -> None:
    page = DrawnPage()
    banded = [False, *banded, True]
    xs, ys = [46 + 90 * number for number in range(count + 1)], [38 + 16 * number for number in range(len(banded) + 1)]
    rows = [[f"{'abc'[row % 3]}{column} word" for column in range(count)] for row in range(len(banded))]
    for y, row in zip(ys, rows, strict=False):
        for x, cell in zip(xs, row, strict=False):
            page.write(x + 4, y + 12, cell)
    for y in ys:
        page.rule(xs[0], xs[-1], y)
    for x in (xs[0], xs[-1]):
        page.page.draw_line((x, ys[0]), (x, ys[-1]), width=0.5)
    for y, has_rules in zip(ys, banded, strict=False):
        for x in xs[1:-1] if has_rules else ():
            page.page.draw_line((x, y), (x, y + 16), width=0.5)
    page.table(xs, ys)
    assert _cells(_after(page)) == rows


def test_words_centred_over_several_columns_span_them() -> None:
    page = DrawnPage()
    for x, y, text in (
        (120, 50, "Both of them"),
        (50, 66, "one"),
        (150, 66, "two"),
        (50, 82, "three"),
        (150, 82, "four"),
    ):
        page.write(x, y, text)
    for y in (38, 54, 70, 86):
        page.rule(46, 246, y)
    for x, top in ((46, 38), (146, 54), (246, 38)):
        page.page.draw_line((x, top), (x, 86), width=0.5)
    page.table([46, 146, 246], [38, 54, 70, 86])
    assert _cells(_after(page)) == [["Both of them"], ["one", "two"], ["three", "four"]]


def test_a_head_that_the_end_of_a_page_parts_from_its_table_has_its_columns() -> None:
    page = DrawnPage()
    page.write(50, 50, "Kind")
    page.write(150, 50, "Formats")
    _grid(page, [46, 146, 246], [38, 54])
    page.table([46, 246], [38, 54])
    assert _cells(_after(page)) == [["Kind", "Formats"]]
