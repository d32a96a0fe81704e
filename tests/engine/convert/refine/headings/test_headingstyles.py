"""Which levels the styles of headings have."""

from itertools import pairwise

import pytest

from engine.convert.page.blocks import Span
from engine.convert.refine.headings.headingstyles import Style, Use, full_text, level_of, ranked, style_of
from tests.engine.convert.pages import block, line


def _use(*depths: int) -> Use:
    return Use(blocks=2, called_headings=2, depths=set(depths))


def test_larger_comes_before_bold_and_bold_before_slanted() -> None:
    styles = [Style(20, False, False), Style(14, True, False), Style(14, True, True), Style(14, False, False)]
    ranks = ranked({style: _use() for style in reversed(styles)}, 10)
    assert [ranks[style, 0] for style in styles] == [1, 2, 3, 4]


def test_what_is_larger_is_never_lower() -> None:
    styles = [Style(size / 4, bold, False) for size in range(40, 120, 5) for bold in (True, False)]
    ranks = ranked({style: _use() for style in styles}, 10)
    ordered = sorted((style for style, _ in ranks), key=lambda style: -style.size)
    assert all(ranks[one, 0] <= ranks[other, 0] for one, other in pairwise(ordered) if one.size > other.size)
    assert set(ranks.values()) == {1, 2, 3, 4, 5, 6}


def test_labels_and_running_text_have_no_level() -> None:
    labels = Use(blocks=3, called_headings=3, labels=3)
    running = Use(blocks=10, followed_by_same=9)
    assert ranked({Style(10, True, False): labels, Style(14, False, False): running}, 10) == {}


@pytest.mark.parametrize(("text", "level"), [("2 Alpha", 1), ("2.1 Alpha", 2), ("2.1.1 Alpha", 3), ("Alpha", 1)])
def test_numbers_tell_the_level_of_a_style_that_is_new(text: str, level: int) -> None:
    ranks = {(Style(10, True, False), 1): 1, (Style(10, True, False), 2): 2}
    assert level_of(line(text, 100, bold=True), ranks) == level
    if text != "Alpha":
        assert level_of(line(text, 100), ranks) == level


def test_a_new_style_is_below_those_that_are_larger() -> None:
    ranks = {(Style(20, False, False), 0): 1, (Style(16, False, False), 0): 2, (Style(12, False, False), 0): 3}
    assert level_of(line("Alpha", 100, size=14), ranks) == 3


def test_a_style_is_that_of_most_letters() -> None:
    mixed = block("", (0, 0, 100, 10), size=9.87)
    mixed.spans, mixed.label = [Span("Most of it is bold", bold=True), Span(" x")], "1."
    assert (style_of(mixed), full_text(mixed)) == (Style(9.75, True, False), "1. Most of it is bold x")
