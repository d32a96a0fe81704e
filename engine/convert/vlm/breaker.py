"""Lets pages do without a vision model at once while it does not answer anybody."""

import threading
from collections.abc import Callable

from engine.convert.page.told import NoAnswer

_FAILURES = 3
"""Pages in a row that were given up until no further one is tried."""
_OPEN_S = 30.0
_LONGEST_S = 300.0
"""Until one page tries it again; twice as long each time, up to so long."""


class Breaker:
    """Thread-safe; `_lock` guards all of it and is held for memory access alone.

    Where a model is down, a page that is tried again and again costs seconds, and a document may have a thousand. Once
    it is known to be down, one page in a while tries it, once, and the others are told so.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` is monotonic, in seconds."""
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._reason: str | None = None
        self._until = 0.0
        self._open_s = _OPEN_S
        self._is_probed = False

    def enter(self) -> bool:
        """A page is about to be sent; True if it is to be tried only once. Raises `NoAnswer` if it is not to be."""
        with self._lock:
            if self._reason is None:
                return False
            if self._is_probed or self._clock() < self._until:
                raise NoAnswer(self._reason)
            self._is_probed = True
            return True

    def succeeded(self) -> None:
        """The model has answered."""
        with self._lock:
            self._failures, self._reason, self._is_probed, self._open_s = 0, None, False, _OPEN_S

    def failed(self, reason: str, *, is_certain: bool) -> None:
        """A page was given up, for a reason that others would meet too: certainly, or most likely."""
        with self._lock:
            self._failures += 1
            was_probe, self._is_probed = self._is_probed, False
            if was_probe:
                self._open_s = min(2 * self._open_s, _LONGEST_S)
            if was_probe or is_certain or self._failures >= _FAILURES:
                self._reason, self._until = reason, self._clock() + self._open_s

    def left(self) -> None:
        """A page was given up for a reason of its own, which says nothing of others but that the model is there."""
        with self._lock:
            if self._is_probed:
                self._failures, self._reason, self._is_probed = 0, None, False
