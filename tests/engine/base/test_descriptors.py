"""Descriptors are waited for, whatever their number."""

import fcntl
import os
import resource
import socket
from collections.abc import Iterator

import pytest

from engine.base.descriptors import readable

BEYOND = 1024
"""What `select.select` has no room for."""


@pytest.fixture
def far() -> Iterator[tuple[int, int]]:
    """A pipe whose reading end has a high number."""
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] <= BEYOND:
        pytest.skip("no such descriptor is permitted")
    reading, writing = os.pipe()
    high = fcntl.fcntl(reading, fcntl.F_DUPFD, BEYOND)
    yield high, writing
    for descriptor in (reading, writing, high):
        os.close(descriptor)


def test_a_high_number_is_waited_for_like_any(far: tuple[int, int]) -> None:
    reading, writing = far
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        assert readable(0.01, reading, silent) == []
        os.write(writing, b"x")
        assert readable(60, reading, silent) == [reading]


def test_the_other_ends_end_is_something_to_read() -> None:
    ours, other = socket.socketpair()
    with ours:
        other.close()
        assert readable(60, ours) == [ours]


def test_what_is_closed_is_refused() -> None:
    ours, other = socket.socketpair()
    ours.close()
    other.close()
    with pytest.raises(ValueError, match="descriptor"):
        readable(0, ours)
