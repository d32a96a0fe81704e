"""Backoff: how long a program that has ended is left alone before it is started again. Pure."""

import random
from collections.abc import Callable
from dataclasses import dataclass

_STEADY_S = 60.0
"""What has worked for so long has not ended at once."""


@dataclass(slots=True)
class Backoff:
    """For one program: twice as long each time that it ends at once, up to a limit."""

    first_s: float
    longest_s: float
    chance: Callable[[], float] = random.random
    """Up to a quarter is taken off by it, so that programs that ended together do not start together."""
    failures: int = 0
    """How often in a row it has ended at once."""

    def ended(self, lived_s: float, *, worked: bool = True) -> float:
        """It has ended after so long; `worked` is whether it did what it is for. Returns the seconds to wait."""
        self.failures = 1 if worked and lived_s >= _STEADY_S else self.failures + 1
        longest = min(self.longest_s, self.first_s * 2.0 ** min(self.failures - 1, 30))
        return longest * (1 - self.chance() / 4)

    def told(self, why: str, pause_s: float) -> str:
        """A sentence of what has happened, and what will."""
        often = f"it has failed {self.failures} times in a row, and" if self.failures > 1 else "it"
        return f"{why}; {often} is started again after {max(1.0, pause_s):.0f} s."
