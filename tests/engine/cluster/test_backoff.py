"""What ends at once is left alone ever longer, and what has worked for a while begins anew."""

from engine.cluster.backoff import Backoff


def test_pauses_grow_to_a_limit_and_a_quarter_of_them_is_chance() -> None:
    backoff = Backoff(1.0, 30.0, lambda: 0.0)
    assert [backoff.ended(2.0) for _ in range(8)] == [1, 2, 4, 8, 16, 30, 30, 30]
    backoff = Backoff(1.0, 30.0, lambda: 1.0)
    assert [backoff.ended(2.0) for _ in range(3)] == [0.75, 1.5, 3]
    backoff.failures = 10_000
    assert backoff.ended(2.0) == 22.5


def test_one_that_has_worked_begins_anew_and_one_that_only_took_long_does_not() -> None:
    backoff = Backoff(1.0, 30.0, lambda: 0.0)
    assert [backoff.ended(2.0), backoff.ended(3600.0, worked=False), backoff.ended(3600.0)] == [1, 2, 1]
    assert backoff.ended(2.0) == 2


def test_what_happened_and_what_will_is_a_sentence() -> None:
    backoff = Backoff(0.1, 30.0, lambda: 0.0)
    assert backoff.told("It has ended", backoff.ended(0.0)) == "It has ended; it is started again after 1 s."
    backoff.failures = 9
    assert backoff.told("It has ended", backoff.ended(0.0)) == (
        "It has ended; it has failed 10 times in a row, and is started again after 30 s."
    )
