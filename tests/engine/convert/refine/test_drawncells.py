"""Tables with a grid drawn around their cells: the grid says what is a row, whatever the model's rows are."""

from collections.abc import Sequence

import pymupdf
import pytest

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
