"""Rates: how often each client has submitted something of late."""

import math
import threading
from collections import OrderedDict
from collections.abc import Callable

from limits import RateLimitItemPerSecond
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

_MOST_CLIENTS = 10_000
"""So many are told apart; of more, those are forgotten whose seconds began first."""
_LONGEST_S = 86_400


class Rates:
    """Thread-safe. `_lock` guards the counts."""

    def __init__(self, per_second: float, clock: Callable[[], float]) -> None:
        """At most `per_second` of one client, rounded down, or one in so many whole seconds; `clock` is monotonic."""
        if per_second >= 1:
            self._item = RateLimitItemPerSecond(int(min(per_second, 1e9)))
        else:
            self._item = RateLimitItemPerSecond(1, math.ceil(1 / max(per_second, 1 / _LONGEST_S)))
        self._clock = clock
        self._lock = threading.Lock()
        self._counts = _Counts(clock)
        self._limiter = FixedWindowRateLimiter(self._counts)

    @property
    def rule(self) -> str:
        """What is allowed, in words."""
        seconds = self._item.get_expiry()
        return f"{self._item.amount:,} in {'a second' if seconds == 1 else f'{seconds:,} s'}"

    def wait_s(self, client: str) -> int:
        """Count one submission; returns 0 if it is allowed, else after how many whole seconds the next one will be."""
        with self._lock:
            if self._limiter.hit(self._item, client):
                return 0
            reset = self._limiter.get_window_stats(self._item, client).reset_time
        return max(1, math.ceil(reset - self._clock()))

    def __len__(self) -> int:
        """How many clients are remembered."""
        return len(self._counts)


class _Counts(Storage):
    """Counts of windows that are all of one length, and bounded in number.

    The library's own storage in memory does not bound them, and sweeps them in a thread that can fail of a race.
    """

    STORAGE_SCHEME = None

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self._clock = clock
        self._windows: OrderedDict[str, tuple[float, int]] = OrderedDict()  # end and count; what ends first is first

    def __len__(self) -> int:
        return len(self._windows)

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        now = self._clock()
        while self._windows and next(iter(self._windows.values()))[0] <= now:
            self._windows.popitem(last=False)
        end, count = self._windows.get(key, (now + expiry, 0))
        self._windows[key] = end, count + amount
        if len(self._windows) > _MOST_CLIENTS:
            self._windows.popitem(last=False)
        return count + amount

    def get(self, key: str) -> int:
        end, count = self._windows.get(key, (0.0, 0))
        return count if end > self._clock() else 0

    def get_expiry(self, key: str) -> float:
        return self._windows.get(key, (self._clock(), 0))[0]

    def check(self) -> bool:
        return True

    def reset(self) -> int:
        count = len(self._windows)
        self._windows.clear()
        return count

    def clear(self, key: str) -> None:
        self._windows.pop(key, None)
