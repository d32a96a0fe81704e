"""How long what is left of a document takes."""

import pytest

from engine.cluster.placement import PAGE_S
from engine.cluster.workleft import WorkLeft


def test_until_it_is_open_a_document_is_what_is_asked_for() -> None:
    assert WorkLeft().seconds("a", 6) == pytest.approx(6 * PAGE_S)


def test_it_is_as_many_pages_as_are_left_at_what_they_have_taken() -> None:
    work = WorkLeft()
    work.opened("a", 100)
    assert work.seconds("a", 6) == pytest.approx(100 * PAGE_S)
    work.converted("a", 10, 20.0)
    assert work.seconds("a", 6) == pytest.approx(90 * 2.0)
    work.converted("a", 10, 10.0)
    assert work.seconds("a", 6) == pytest.approx(80 * 1.7)
    assert work.seconds("b", 1) == pytest.approx(PAGE_S)


def test_of_what_was_done_twice_no_less_is_left_than_what_is_asked_for() -> None:
    work = WorkLeft()
    work.opened("a", 10)
    work.converted("a", 20, 20.0)
    assert work.seconds("a", 2) == pytest.approx(2.0)
    work.ended("a")
    work.converted("a", 20, 20.0)
    assert work.seconds("a", 1) == pytest.approx(PAGE_S)
