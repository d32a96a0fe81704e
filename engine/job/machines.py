"""What is told of the machines of a cluster."""

from dataclasses import dataclass
from enum import StrEnum


class NodeState(StrEnum):
    """What becomes of a machine's slots."""

    READY = "ready"
    SILENT = "silent"
    """It has not been heard of for some seconds; what it has to do is still its own."""
    DRAINING = "draining"
    """It ends what it has, is given nothing more, and leaves."""
    HELD = "held"
    """It is given nothing for a while, for a fault of its own."""
    REFUSED = "refused"
    """It is not used, since results might differ."""
    LEFT = "left"


GIVEN = (NodeState.READY, NodeState.SILENT)
"""The states in which the slots of a machine count."""


@dataclass(frozen=True, slots=True)
class NodeSnapshot:
    """One machine that has joined, as of one moment."""

    name: str
    state: NodeState
    why: str
    """Why it is in this state, as a sentence; empty for one that is ready."""
    slots: int
    busy: int
    """Slots with something to do."""
    pages: int
    """Pages it has converted since it joined."""
    silent_s: float
    """How long ago it was heard of."""
    round_trip_s: float
    """How long the last question was under way, there and back."""
    cached_bytes: int
    """Documents it keeps."""
    free_bytes: int
    rss_bytes: int
    """Memory of its processes."""
    shipped_bytes: int
    """Documents that were sent to it."""
