"""From block to block of a page."""

from engine.job.snapshot import PageBlock
from tui.dashboard.page.blockcursor import BlockCursor
from tui.dashboard.page.blocktext import PlacedBlock

BLOCKS = [
    PlacedBlock(PageBlock("section-header", (0.1, 0.1, 0.9, 0.2), "A head"), 0, 1),
    PlacedBlock(PageBlock("table", (0.1, 0.3, 0.9, 0.8), "A table"), 2, 5),
    PlacedBlock(PageBlock("page-footer", (0.4, 0.7, 0.6, 0.75), "3")),
]


def test_the_next_one_and_the_one_before_go_round() -> None:
    cursor = BlockCursor(BLOCKS)
    assert (cursor.current, cursor.box, cursor.title) == (None, None, "")
    seen = []
    for by in (1, 1, 1, 1, -1, -1):
        cursor.step(by)
        seen.append(cursor.at)
    assert seen == [0, 1, 2, 0, 2, 1]
    assert cursor.box == (0.1, 0.3, 0.9, 0.8)
    backwards = BlockCursor(BLOCKS)
    backwards.step(-1)
    assert backwards.title == "Block 3 of 3: page footer, left out"


def test_a_heading_is_called_one() -> None:
    assert BlockCursor(BLOCKS, 0).title == "Block 1 of 3: heading"


def test_the_smallest_block_at_a_place_is_meant() -> None:
    cursor = BlockCursor(BLOCKS)
    assert cursor.point(0.5, 0.72)
    assert cursor.at == 2
    assert cursor.point(0.2, 0.72)
    assert cursor.at == 1
    assert not cursor.point(0.01, 0.01)
    assert cursor.at == 1


def test_where_there_are_none_there_is_none() -> None:
    cursor = BlockCursor()
    cursor.step(1)
    assert not cursor.point(0.5, 0.5)
    assert cursor.current is None
