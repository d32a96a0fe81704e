"""Time that passes for a worker alone, and only when the conversion in its thread says so."""

import threading

import pytest

from engine.sandbox import inmemory, listening


class OwnTime(threading.local):
    """What a worker's thread takes for the time."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


def own_time(monkeypatch: pytest.MonkeyPatch) -> OwnTime:
    """Have the in-memory backend's deadlines kept by it."""
    time = OwnTime()
    for module in (listening, inmemory):
        monkeypatch.setattr(module, "time", time)
    return time
