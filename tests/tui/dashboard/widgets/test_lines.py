"""Which cells of a line are sent."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from rich.style import Style

from tui.dashboard.widgets.lines import changed_spans, cut_out, flow, spread, strip_of


@given(st.lists(st.text(alphabet="ab 日é"), max_size=6), st.lists(st.text(alphabet="ab 日é"), max_size=6))
def test_changed_spans_cover_every_changed_cell(old: list[str], new: list[str]) -> None:
    style = Style()
    a = strip_of([(text, style) for text in old], 30, style)
    b = strip_of([(text, style) for text in new], 30, style)
    covered = [(0, 0), *changed_spans(a, b), (30, 30)]
    for (_, end), (start, _) in pairwise(covered):
        assert a.crop(end, start).text == b.crop(end, start).text


@given(st.lists(st.text(alphabet="ab 日é"), max_size=6), st.integers(0, 30), st.integers(0, 30))
def test_a_part_of_a_line_is_what_a_crop_of_it_would_be(texts: list[str], one: int, other: int) -> None:
    first, end = sorted((one, other))
    strip = strip_of([(text, Style()) for text in texts], 30, Style())
    assert "".join(segment.text for segment in cut_out(strip, first, end)) == strip.crop(first, end).text


def test_what_could_steer_the_terminal_is_made_visible_at_last() -> None:
    assert strip_of([("a\x1b[31mb", Style())], 12, Style()).text == "a\\x1b[31mb  "


def test_items_flow_into_as_many_lines_as_they_take_and_ends_are_spread() -> None:
    item = [("12345", Style())]
    assert ["".join(text for text, _ in line) for line in flow([item] * 3, 14)] == ["12345   12345", "12345"]
    assert "".join(text for text, _ in spread(item, item, 14)) == "12345    12345"
