"""Epochs: what waits for one try to have a batch converted by a node, and hears what comes of it."""

from dataclasses import dataclass, field
from queue import SimpleQueue

from engine.cluster.framing import Frame


@dataclass(frozen=True, slots=True)
class Lost:
    """In place of what a node says: it will say nothing more."""

    why: str


@dataclass(frozen=True, slots=True)
class Epoch:
    """One try to have a batch converted by a node."""

    number: int
    life: str
    inbox: "SimpleQueue[Frame | Lost]" = field(default_factory=SimpleQueue)
