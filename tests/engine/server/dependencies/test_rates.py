"""How often a client may submit something, and when it may again."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from engine.server.dependencies import rates as rates_module
from engine.server.dependencies.rates import Rates
from engine.settings.settings import Settings
from tests.clock import Clock


def test_so_many_in_a_second_and_no_more(clock: Clock) -> None:
    limiter = Rates(3, clock)
    assert [limiter.wait_s("ann") for _ in range(5)] == [0, 0, 0, 1, 1]
    clock.advance(0.99)
    assert limiter.wait_s("ann") == 1
    clock.advance(0.02)
    assert [limiter.wait_s("ann") for _ in range(4)] == [0, 0, 0, 1]


def test_clients_do_not_use_up_each_others_seconds(clock: Clock) -> None:
    limiter = Rates(1, clock)
    assert [limiter.wait_s(client) for client in ("ann", "bob", "ann", "eve", "bob")] == [0, 0, 1, 0, 1]


def test_less_than_one_in_a_second_is_one_in_some_seconds(clock: Clock) -> None:
    limiter = Rates(0.1, clock)
    assert limiter.rule == "1 in 10 s"
    assert limiter.wait_s("ann") == 0
    clock.advance(2.5)
    assert limiter.wait_s("ann") == 8
    clock.advance(7.5)
    assert limiter.wait_s("ann") == 0


@pytest.mark.parametrize(
    ("per_second", "rule"),
    [
        (1, "1 in a second"),
        (2.9, "2 in a second"),
        (500, "500 in a second"),
        (float("inf"), "1,000,000,000 in a second"),
        (1e-300, "1 in 86,400 s"),
        (5e-324, "1 in 86,400 s"),
    ],
)
def test_every_rate_that_can_be_set_means_something(per_second: float, rule: str, clock: Clock) -> None:
    settings = Settings(max_submissions=per_second)
    assert Rates(settings.max_submissions, clock).rule == rule


def test_any_number_of_addresses_takes_a_bounded_amount_of_memory(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates_module, "_MOST_CLIENTS", 100)
    limiter = Rates(1 / 3600, clock)
    for number in range(1000):
        assert limiter.wait_s(f"192.0.2.{number}") == 0
        assert len(limiter) <= 100
    assert limiter.wait_s("192.0.2.999") == 3600
    clock.advance(3600)
    assert limiter.wait_s("ann") == 0
    assert len(limiter) == 1


def test_threads_are_counted_together(clock: Clock) -> None:
    limiter = Rates(100, clock)
    start = threading.Barrier(8)

    def ask(_: int) -> int:
        start.wait()
        return sum(limiter.wait_s("ann") == 0 for _ in range(50))

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(8))) == 100
