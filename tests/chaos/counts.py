"""What a run comes to, in numbers, and how it ends if something that must hold does not."""

from collections import Counter
from collections.abc import Mapping

_BREACHES = ("lost", "redone", "half-visible", "orphans", "touched outside", "not flat", "unexpected")


class Broken(AssertionError):
    """Something does not hold that must."""

    def __init__(self, kind: str, what: str) -> None:
        """`kind` is one of those that the summary counts; `what` was seen."""
        super().__init__(f"{kind}: {what}")
        self.kind = kind


class Counts:
    """What has been done, and what it has come to."""

    def __init__(self) -> None:
        self.done: Counter[str] = Counter()
        """Faults and orders by their names."""
        self.kills: Counter[str] = Counter()
        """SIGKILLs by what was killed."""
        self.breaches: Counter[str] = Counter()

    def summary(self, rounds: int, drops: int, states: Mapping[str, int], left_out: str) -> str:
        """Two lines: what was done, and what it has come to."""
        kills = ", ".join(f"{count} {name}" for name, count in sorted(self.kills.items())) or "none"
        faults = ", ".join(f"{count} {name}" for name, count in sorted(self.done.items())) or "none"
        ends = ", ".join(f"{state} {count}" for state, count in sorted(states.items())) or "none"
        breaches = ", ".join(f"{kind} {self.breaches[kind]}" for kind in _BREACHES)
        return (
            f"faults and orders: {faults}{left_out}\n"
            f"rounds {rounds}, kills {self.kills.total()} ({kills}), drops {drops}; jobs: {ends}; {breaches}"
        )
