"""Waiting for a condition, with a deadline; the one place in the tests that sleeps."""

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], object], what: str = "the condition", timeout: float = 40.0) -> None:
    """Return as soon as `condition()` is true; fail after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout:g} s in vain for {what}")
        time.sleep(0.01)
