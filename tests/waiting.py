"""Waiting for a condition, with a deadline; the one place in the tests that sleeps."""

import time
from collections.abc import Callable

_POLL_S = 0.01
_LOOKS_TO_PAUSES = 4


def wait_until(condition: Callable[[], object], what: str = "the condition", timeout: float = 40.0) -> None:
    """Return as soon as `condition()` is true; fail after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        before = time.thread_time()
        if condition():
            return
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout:g} s in vain for {what}")
        # A look that is dear, such as one at all processes, must not take the processor from what is waited for.
        time.sleep(max(_POLL_S, _LOOKS_TO_PAUSES * (time.thread_time() - before)))
