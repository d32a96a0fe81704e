"""What a benchmark returns, and the little statistics it needs."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number and what it has to reach, if anything."""

    name: str
    value: float
    unit: str = ""
    at_least: float | None = None
    below: float | None = None

    @property
    def is_met(self) -> bool | None:
        """None where nothing is asked of it."""
        if self.at_least is not None:
            return self.value >= self.at_least
        if self.below is not None:
            return self.value < self.below
        return None

    @property
    def reached(self) -> str:
        """The value for a person."""
        return _with_unit(self.value, self.unit)

    @property
    def required(self) -> str:
        """What has to be reached, for a person."""
        if self.at_least is not None:
            return f"≥ {self.at_least:g} {self.unit}".rstrip()
        if self.below is not None:
            return f"< {self.below:g} {self.unit}".rstrip()
        return ""


@dataclass(frozen=True, slots=True)
class Result:
    """What one benchmark found."""

    benchmark: str
    about: str
    """What was done, in a sentence or two."""
    figures: tuple[Figure, ...]
    samples: tuple[tuple[str, tuple[float, ...]], ...] = ()
    """The single measurements behind a median, by name, in the order they were taken."""
    notes: tuple[str, ...] = ()


def median(values: Sequence[float]) -> float:
    """The median."""
    return statistics.median(values)


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least so many percent of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def _with_unit(value: float, unit: str) -> str:
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 20 else 2 if abs(value) >= 0.1 else 4
    return f"{value:,.{digits}f} {unit}".rstrip()
