"""The part of a page that is in sight."""

import pytest

from engine.job.snapshot import WHOLE_PAGE
from tui.dashboard.page.pagewindow import Window


def test_nearer_begins_at_the_top_and_farther_ends_at_the_whole_page() -> None:
    near = Window().zoomed(1)
    assert near.area == pytest.approx((0.15, 0.0, 0.85, 0.7))
    assert near.percent == 143
    assert near.zoomed(-1).area == Window().zoomed(-1).area == WHOLE_PAGE
    assert Window().zoomed(100).zoomed(1) == Window().zoomed(100)


def test_the_window_stays_on_the_page_wherever_it_is_moved() -> None:
    window = Window().zoomed(2)
    for x, y in [(1, 0), (1, 0), (1, 0), (0, 1), (0, 1), (0, 1), (-1, -1), (-9, 0), (0, -9), (9, 9)]:
        window = window.moved(x, y)
        left, top, right, bottom = window.area
        assert 0 <= left < right <= 1
        assert 0 <= top < bottom <= 1
        assert (right - left, bottom - top) == pytest.approx((0.5, 0.5))
    assert window.area == pytest.approx((0.5, 0.5, 1, 1))
    assert window.zoomed(-9).area == WHOLE_PAGE


def test_it_goes_where_a_block_is_and_stays_where_it_is_in_sight() -> None:
    near = Window().zoomed(1).zoomed(1)
    assert Window().over((0.9, 0.9, 1.0, 1.0)) == Window()
    assert near.over((0.3, 0.1, 0.6, 0.2)) == near
    left, top, right, bottom = near.over((0.8, 0.7, 0.95, 0.8)).area
    assert left <= 0.8
    assert right >= 0.95
    assert top <= 0.7
    assert bottom >= 0.8
    assert near.over((0.1, 0.2, 1.0, 1.0)).area[:2] == pytest.approx((0.1, 0.2))
