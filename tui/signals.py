"""Signals of a program in the foreground: the first stops in order, the second at once."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.engine import Engine

POLL_S = 0.1
"""How often whoever waits looks whether a signal has come."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


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
