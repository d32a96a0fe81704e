"""Words found in rows, also across the end of one."""

from tui.dashboard.reader.searching import Found
from tui.dashboard.reader.tones import Tone

ROWS = [
    (("Free Culture is", Tone.PLAIN),),
    (),
    (("the ", Tone.PLAIN), ("free", Tone.STRONG)),
    (("culture.", Tone.PLAIN),),
]


def test_finds_are_in_order_and_cross_the_ends_of_rows() -> None:
    found = Found(ROWS, "free culture")
    assert found.finds == [[(0, 0, 12)], [(2, 4, 8), (3, 0, 7)]]
    assert list(found.in_row(3)) == [(0, 7)]
    assert [found.first_from(row) for row in (0, 1, 3)] == [0, 1, 0]


def test_capitals_count_if_there_are_any() -> None:
    assert len(Found(ROWS, "free")) == 2
    assert len(Found(ROWS, "Free")) == 1
    assert len(Found(ROWS, " ")) == len(Found(ROWS, "a.b")) == 0
