"""NodeRates: how many pages a second each machine of a cluster has converted lately."""

from collections import deque
from collections.abc import Sequence

from engine.job.machines import NodeSnapshot

_SPAN_S = 30.0
_LEAST_S = 2.0
_STEP_S = 1.0


class NodeRates:
    """Not thread-safe. Nodes go by their names."""

    def __init__(self) -> None:
        self._seen: dict[str, deque[tuple[float, int]]] = {}

    def take(self, nodes: Sequence[NodeSnapshot], now: float) -> None:
        """What the nodes are at, on a monotonic clock."""
        names = {node.name for node in nodes}
        for name in [name for name in self._seen if name not in names]:
            del self._seen[name]
        for node in nodes:
            seen = self._seen.setdefault(node.name, deque())
            if seen and node.pages < seen[-1][1]:
                seen.clear()  # it has begun anew
            if not seen or now - seen[-1][0] >= _STEP_S:
                seen.append((now, node.pages))
            while len(seen) > 2 and now - seen[1][0] >= _SPAN_S:
                seen.popleft()

    def of(self, name: str) -> float | None:
        """Pages a second of a node; None while that cannot be told."""
        seen = self._seen.get(name)
        if not seen or seen[-1][0] - seen[0][0] < _LEAST_S:
            return None
        return (seen[-1][1] - seen[0][1]) / (seen[-1][0] - seen[0][0])
