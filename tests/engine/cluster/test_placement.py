"""Where a batch is converted."""

import pytest

from engine.cluster.placement import HERE, Offer, Wish, choose

BOOK = Wish("b" * 64, 30_000_000, 6)
LETTER = Wish("c" * 64, 100_000, 3)
WITH, WITHOUT = Offer("w", 1, True, 0.02), Offer("o", 4, False, 0.02)


@pytest.mark.parametrize(
    ("wish", "here", "offers", "place"),
    [
        pytest.param(BOOK, 1, [], HERE, id="alone"),
        pytest.param(BOOK, 0, [], None, id="nowhere"),
        pytest.param(LETTER, 1, [WITHOUT], HERE, id="a letter stays while there is room"),
        pytest.param(LETTER, 0, [WITHOUT], "o", id="and goes when there is none"),
        pytest.param(BOOK, 1, [WITH, WITHOUT], "w", id="a node that has the document"),
        pytest.param(BOOK, 0, [WITHOUT], None, id="a book that is not worth the way"),
        pytest.param(BOOK, 0, [Offer("f", 1, False, 0.02, 100e6)], "f", id="unless it is fast"),
        pytest.param(BOOK, 0, [Offer("w", 0, True), Offer("f", 1, False, 0.02, 100e6)], "f", id="the next best"),
        pytest.param(LETTER, 0, [Offer("a", 1, False), Offer("b", 3, False)], "b", id="where most is free"),
        pytest.param(Wish("", 0, 6, stays=True), 0, [WITH], None, id="what stays, waits"),
        pytest.param(Wish("", 0, 6, stays=True), 1, [WITH], HERE, id="what stays, stays"),
    ],
)
def test_it_is_where_it_can_begin_soonest(wish: Wish, here: int, offers: list[Offer], place: str | None) -> None:
    assert choose(wish, here, offers) == place
