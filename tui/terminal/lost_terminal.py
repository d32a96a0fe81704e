"""Gets the program out when its terminal no longer takes what is written to it.

A terminal that reads no more (a broken connection, a stopped multiplexer) blocks the thread that draws, and with it
everything that would end the program in order. A signal then starts a watch: if the dashboard has not left within
seconds, the engine is stopped from here and the process ends.
"""

import contextlib
import os
import sys
import termios
import threading
from collections.abc import Callable

PATIENCE_S = 2.0
"""For the dashboard to leave by itself; together with the stop this stays under 10 s."""


class LostTerminal:
    """Thread-safe; `watch` is called by signal handlers."""

    def __init__(self, stop: Callable[[], None]) -> None:
        """`stop` stops the engine, within seconds."""
        self._stop = stop
        self._left = threading.Event()
        self._is_watching = False  # no event: one signal may interrupt another that sets it

    def watch(self) -> None:
        """Somebody wants the program to end: see that it does."""
        if not self._is_watching:
            self._is_watching = True
            threading.Thread(target=self._watch, name="lost-terminal", daemon=True).start()

    def left(self) -> None:
        """The dashboard has left by itself."""
        self._left.set()

    def _watch(self) -> None:
        if self._left.wait(PATIENCE_S):
            return
        # What is waiting to be written goes nowhere; without it the dashboard may still leave in order.
        with contextlib.suppress(OSError, termios.error):
            termios.tcflush(sys.__stderr__.fileno() if sys.__stderr__ else 2, termios.TCOFLUSH)
        if self._left.wait(PATIENCE_S / 2):
            return
        self._stop()
        os._exit(0)
