"""Signals of a program in the foreground: the first stops in order, the second at once."""

import contextlib
import queue
import signal
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.facade.engine import Engine

POLL_S = 0.1
"""How often whoever waits looks whether a signal has come."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class SignalEvent:
    """A `threading.Event` that a signal handler may set, for one thread to wait for.

    The usual one has a lock: its `set` never returns in a handler that has interrupted its `wait` at the wrong moment.
    """

    def __init__(self) -> None:
        self._is_set = False
        self._calls: queue.SimpleQueue[None] = queue.SimpleQueue()  # its `put` may interrupt its `get`

    def is_set(self) -> bool:
        """Whether it has been set since it was cleared."""
        return self._is_set

    def set(self) -> None:
        """Have `wait` return."""
        self._is_set = True
        self._calls.put(None)

    def clear(self) -> None:
        """Forget that it was set; a `wait` may return once before its time."""
        self._is_set = False

    def wait(self, timeout_s: float) -> bool:
        """Wait until it is set, but no longer; returns whether it is."""
        if not self._is_set:
            with contextlib.suppress(queue.Empty):
                self._calls.get(timeout=timeout_s)
        return self._is_set


@contextlib.contextmanager
def signals_caught(on_signal: Callable[[], None]) -> Iterator[None]:
    """Have SIGINT, SIGTERM and SIGHUP call `on_signal` instead of ending the process."""
    before = {number: signal.signal(number, lambda *_: on_signal()) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def stop_engine(engine: "Engine", is_urgent: Callable[[], bool]) -> None:
    """Stop the engine; as soon as it becomes urgent, at once."""
    stopper = threading.Thread(target=engine.stop, name="stopper")
    stopper.start()
    while stopper.is_alive():
        stopper.join(POLL_S)
        if is_urgent():
            engine.kill_processes()
