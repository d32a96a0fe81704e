"""A backoff for tests."""

from collections.abc import Callable

from engine.cluster.backoff import Backoff


class Pauses(Backoff):
    """Notes how long a program was to be left alone, and has nobody wait for it. Without chance."""

    def __init__(self) -> None:
        super().__init__(1.0, 30.0, lambda: 0.0)
        self.asked: list[float] = []
        self.on_ended: Callable[[], object] = lambda: None

    def ended(self, lived_s: float, *, worked: bool = True) -> float:
        self.on_ended()
        self.asked.append(super().ended(lived_s, worked=worked))
        return 0.0

    def told(self, why: str, pause_s: float) -> str:
        return super().told(why, self.asked[-1])
