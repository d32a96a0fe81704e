"""Numbers and names as text of a known width."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.text.formatting import bar, duration, pad, plural, short_number, shorten, size, sparkline, wrap
from tui.text.glyphs import ASCII, UNICODE


@given(st.text(), st.integers(0, 40))
def test_text_fits_its_cells(text: str, width: int) -> None:
    assert cell_len(shorten(text, width)) <= width
    assert cell_len(pad(text, width)) == width


@given(st.text(), st.integers(2, 40))
def test_wrapped_lines_fit(text: str, width: int) -> None:
    assert all(cell_len(line) <= width for line in wrap(text, width))


def test_names_are_cut_in_the_middle() -> None:
    assert shorten("a-very-long-name-with-a-tail.pdf", 16) == "a-very-l…ail.pdf"
    assert shorten("日本語の請求書.pdf", 11) == "日本語….pdf"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, ""), (42, "00:42"), (3599, "59:59"), (3900, "1h05m"), (90 * 86_400, "90d00h"), (1e9, "99d+")],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


def test_sizes_bars_and_sparklines() -> None:
    assert [size(n) for n in (0, 999, 312 << 20, 1181116006, 41 << 30)] == ["0", "999", "312M", "1.1G", "41G"]
    assert bar(0.5, 4, UNICODE) == ("██", "──")
    assert bar(0.3, 4, UNICODE) == ("█▏", "──")
    assert bar(0.5, 4, ASCII) == ("##", "--")
    assert sparkline([0, 1, 2, 4], 6, UNICODE) == "▁▁▁▃▅█"


def test_numbers_are_short_where_room_is_short() -> None:
    assert [short_number(n) for n in (999, 1000, 9949, 9950, 123_456)] == ["999", "1.0k", "9.9k", "10k", "123k"]
    assert [plural(n, "job") for n in (0, 1, 10_000)] == ["0 jobs", "1 job", "10,000 jobs"]


def test_a_line_is_broken_at_a_blank_and_a_long_word_where_the_line_ends() -> None:
    assert wrap("one two three", 7) == ["one two", "three"]
    assert wrap("abcdefghij", 4) == ["abcd", "efgh", "ij"]
    assert wrap("日本 日本語", 5) == ["日本", "日本", "語"]
    assert wrap("  indented text", 10) == ["  indented", "text"]
    assert wrap("", 5) == [""]
