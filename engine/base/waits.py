"""Waits: since when who waits, and who has waited longest."""

import heapq

_MOST_STALE = 1000


class Waits:
    """Not thread-safe: its owner has a lock. Telling the oldest costs next to nothing, however many wait."""

    def __init__(self) -> None:
        self._since: dict[int, float] = {}
        self._oldest: list[tuple[float, int]] = []
        """A heap of when and which; those who wait no more are dropped when they come up, or are too many."""

    def begin(self, id_: int, since: float) -> None:
        """One waits who did not before."""
        self._since[id_] = since
        heapq.heappush(self._oldest, (since, id_))
        if len(self._oldest) > 2 * len(self._since) + _MOST_STALE:
            self._oldest = [(since, id_) for id_, since in self._since.items()]
            heapq.heapify(self._oldest)

    def end(self, id_: int) -> float | None:
        """One waits no more; returns since when it has waited, None if it did not."""
        return self._since.pop(id_, None)

    def oldest(self) -> tuple[float, int] | None:
        """Since when the one waits that has waited longest, and which that is; None if nobody does."""
        while self._oldest:
            since, id_ = self._oldest[0]
            if self._since.get(id_) == since:
                return since, id_
            heapq.heappop(self._oldest)
        return None
