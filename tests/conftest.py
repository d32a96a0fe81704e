"""What all tests share."""

import gc
import logging
import os
import sys
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

from tests.backends import close_shared
from tests.clock import Clock
from tests.halves import pytest_addoption, pytest_ignore_collect, pytest_xdist_make_scheduler  # noqa: F401 - hooks
from tests.mounts import mounts

# Until all tests are there: what is made meanwhile stays anyway.
gc.disable()

# Hundreds of programs are started, which must not all compile what the one before has compiled.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# No dice and no clock: a failure is a change of the code, and prints what makes it come again anywhere. Hypothesis
# would also draw from the constants in whatever modules of the project are loaded, which differ with the tests that a
# process is given, and read all of its source for that when tests are collected: 4 of 14 s, in each process. No setting
# turns it off.
settings.register_profile(
    "hotfolio",
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("hotfolio")
providers.is_local_module_file = lambda _path: False

_SHARING = frozenset({"test_commands.py", "test_old_system.py"})
"""Modules of tests with programs which have one made for all of them."""

_LONGEST = frozenset(
    {
        "test_a_killed_engine_loses_nothing_and_repeats_nothing",
        "test_every_answer_is_a_documented_one",
        "test_many_submissions_and_listeners_at_once_lose_nothing",
        "test_no_hostile_name_reaches_the_terminal",
        "test_outputs_are_the_librarys_own",
    }
)
"""Tests that take ten seconds and more: one that comes last is waited for by all processes but its own."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest tests first, and those that start programs, and wait for them, evenly between those that compute.

    Each process is given a part of the list, and would else only wait, or only compute.
    """
    waiting: list[list[pytest.Item]] = []
    computing: list[list[pytest.Item]] = []
    for path, group in groupby(items, key=lambda item: item.path):
        tests = [*group]
        if path.parent.name != "e2e":
            computing.append(tests)
        elif path.name in _SHARING:
            waiting.append(tests)
        else:
            waiting += ([test] for test in tests)
    places = [(place / len(some), tests) for some in (waiting, computing) for place, tests in enumerate(some)]
    ordered = [test for _, tests in sorted(places, key=lambda each: each[0]) for test in tests]
    items[:] = sorted(ordered, key=lambda test: getattr(test, "originalname", "") not in _LONGEST)


def pytest_collection_finish() -> None:
    """What thousands of tests are made of stays: to look through it again and again took an eighth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 10, 10)
    gc.enable()


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in list(os.environ):
        if variable in ("NUM_WORKERS", "API_HOST", "API_PORT") or variable.startswith("HOTFOLIO_"):
            monkeypatch.delenv(variable)


@pytest.fixture(scope="session", autouse=True)
def _shared_fork_servers() -> Iterator[None]:
    yield
    close_shared()


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still until it is moved."""
    return Clock()


@pytest.fixture
def engine_log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """`caplog` for the engine's log, which a running engine keeps to itself."""
    logger = logging.getLogger("engine")
    before = logger.propagate
    logger.propagate = True
    with caplog.at_level(logging.INFO, "engine"):
        yield caplog
    logger.propagate = before


@pytest.fixture
def bind() -> Iterator[Callable[[Path, Path], None]]:
    """Has one folder be at another place too, until the test is over; skips it where that is not permitted."""
    with mounts() as made:
        yield made.bind
