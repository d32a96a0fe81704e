"""Which thin lines may run through a line of text."""

from hypothesis import given
from hypothesis import strategies as st

from engine.convert.text.strikes import NO_STRIKES, Strikes

heights = st.floats(0, 60, width=16)


def test_only_thin_lines_strike_out() -> None:
    assert not Strikes([(10, 100, 200, 102), (10, 100, 12, 101)])
    assert Strikes([(10, 100, 200, 101)])


def test_a_line_may_run_through_text_that_stands_lower_than_it_by_less_than_half_its_size() -> None:
    strikes = Strikes([(10, 95, 200, 96), (10, 300, 200, 301)])
    assert [strikes.may_run_through(baseline, 10) for baseline in (97, 98, 100, 101, 299, 302, 303)] == (
        [False, True, True, False, False, False, True]
    )
    assert not NO_STRIKES.may_run_through(100, 10)


@given(st.lists(heights, max_size=4), heights, st.floats(1, 30, width=16))
def test_whatever_is_struck_out_may_be(tops: list[float], baseline: float, size: float) -> None:
    strikes = Strikes([(10, top, 20, top + 1) for top in tops])
    if strikes.through(baseline, size, 0, 100):
        assert strikes.may_run_through(baseline, size)
