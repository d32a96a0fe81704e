"""Warnings that a stranger can cause: they must not fill the log."""

import logging
import time

_PAUSE_S = 60.0


class Seldom:
    """Logs the same warning at most once a minute, with how often it was due."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._last: dict[str, float] = {}
        self._held: dict[str, int] = {}

    def warn(self, message: str, *arguments: object) -> None:
        """Log, or count."""
        now = time.monotonic()
        if message in self._last and now - self._last[message] < _PAUSE_S:
            self._held[message] = self._held.get(message, 0) + 1
            return
        self._last[message] = now
        held = self._held.pop(message, 0)
        self._log.warning(f"{message}%s", *arguments, f" ({held} more since then)" if held else "")
