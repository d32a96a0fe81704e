"""Where a batch is converted."""

from dataclasses import replace

import pytest

from engine.cluster.placement import HERE, Offer, Wish, choose

END = Wish("b" * 64, 30_000_000, 1.8)
"""Of a book that takes 3 s to send."""
BOOK = replace(END, work_s=10.0)
LETTER = Wish("c" * 64, 100_000, 0.9)
WITH, WITHOUT = Offer("w", 1, True, 0.02), Offer("o", 4, False, 0.02)


@pytest.mark.parametrize(
    ("wish", "here", "offers", "place"),
    [
        pytest.param(BOOK, 1, [], HERE, id="alone"),
        pytest.param(BOOK, 0, [], None, id="nowhere"),
        pytest.param(LETTER, 1, [WITHOUT], HERE, id="a letter stays while there is room"),
        pytest.param(LETTER, 0, [WITHOUT], "o", id="and goes when there is none"),
        pytest.param(BOOK, 1, [WITH, WITHOUT], "w", id="a node that has the document"),
        pytest.param(BOOK, 0, [WITHOUT], "o", id="a book goes, if much of it is left"),
        pytest.param(END, 0, [WITHOUT], None, id="the end of a book is not worth the way"),
        pytest.param(END, 0, [Offer("f", 1, False, 0.02, 100e6)], "f", id="unless it is fast"),
        pytest.param(BOOK, 0, [Offer("w", 0, True), Offer("f", 1, False, 0.02, 100e6)], "f", id="the next best"),
        pytest.param(LETTER, 0, [Offer("a", 1, False), Offer("b", 3, False)], "b", id="where most is free"),
        pytest.param(Wish("", 0, 1.8, stays=True), 0, [WITH], None, id="what stays, waits"),
        pytest.param(Wish("", 0, 1.8, stays=True), 1, [WITH], HERE, id="what stays, stays"),
    ],
)
def test_it_is_where_it_can_begin_soonest(wish: Wish, here: int, offers: list[Offer], place: str | None) -> None:
    assert choose(wish, here, offers) == place


@pytest.mark.parametrize(("copies", "place"), [(0, "o"), (2, "o"), (3, None)])
def test_a_book_spreads_as_far_as_sending_it_takes_no_longer_than_the_work_that_is_left(
    copies: int, place: str | None
) -> None:
    assert choose(BOOK, 0, [WITHOUT], copies) == place
