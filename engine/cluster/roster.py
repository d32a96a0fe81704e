"""Roster: which nodes there are, what each has to do, and which are given nothing. Pure: no threads, and no clock."""

import math
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from engine.cluster.exchange import LEASE_S, Hello, Reading
from engine.cluster.likeness import differences
from engine.cluster.placement import Offer
from engine.job.machines import GIVEN, NodeSnapshot, NodeState

_SILENT_S = 5.0
_HOLD_S = 60.0
_VOID_HOLD_S = 600.0
_MOST_VOID = 3
_REMEMBERED_S = 120.0
"""One that has left is shown for so long."""
_MOST_DOCUMENTS = 10_000
_SMOOTHING = 0.3
_STEADY_BYTES = 1 << 18
"""What is smaller says nothing about how fast documents are sent."""


@dataclass(slots=True)
class _Node:
    hello: Hello
    name: str
    heard: float
    state: NodeState = NodeState.READY
    why: str = ""
    until: float = 0.0
    """When a hold ends, or when one that has left is forgotten."""
    epochs: dict[int, str] = field(default_factory=dict)
    """What it has to do, and of which document."""
    documents: "OrderedDict[str, None]" = field(default_factory=OrderedDict)
    pages: int = 0
    void: int = 0
    round_trip_s: float = 0.0
    reading: Reading = field(default_factory=lambda: Reading(cached_bytes=0, free_bytes=0, rss_bytes=0))
    shipped_bytes: int = 0
    rate: float | None = None


class Roster:
    """Not thread-safe: its owner has a lock. Times are monotonic seconds; nodes go by their life."""

    def __init__(self, installed: Callable[[], Mapping[str, str]]) -> None:
        """`installed` is what this machine's results depend on; nodes have to have the same."""
        self._installed = installed
        self._nodes: dict[str, _Node] = {}
        self._owners: dict[int, str] = {}
        self._holders: dict[str, Counter[str]] = {}
        """The nodes that have a document, or are being sent it; each as often as there is a reason to think so."""

    # --- who is there ---

    def join(self, hello: Hello, now: float) -> str:
        """A node is there; returns why it is refused, empty if it is not."""
        known = self._nodes.get(hello.life)
        if known is not None and known.state is not NodeState.LEFT:
            known.heard = now
            return known.why if known.state is NodeState.REFUSED else ""
        for life in [life for life, node in self._nodes.items() if node.state is NodeState.LEFT]:
            if self._nodes[life].hello.name == hello.name:
                del self._nodes[life]  # it is back
        names = {node.name for node in self._nodes.values()}
        name = next(name for name in _names(hello.name) if name not in names)
        node = self._nodes[hello.life] = _Node(hello, name, now)
        if different := differences(self._installed(), hello.installed):
            node.state, node.why = NodeState.REFUSED, f"{name} is not used: {different}."
        return node.why

    def leave(self, life: str, why: str, now: float) -> frozenset[int]:
        """A node is gone; returns the epochs that are lost with it."""
        node = self._nodes.get(life)
        if node is None or node.state is NodeState.LEFT:
            return frozenset()
        lost = frozenset(node.epochs)
        for epoch in lost:
            del self._owners[epoch]
        for document in (*node.epochs.values(), *node.documents):
            self._count(document, life, -1)
        node.epochs.clear()
        node.documents.clear()
        if node.state is not NodeState.REFUSED:
            node.why = why
        node.state, node.until = NodeState.LEFT, now + _REMEMBERED_S
        return lost

    def beat(self, life: str, round_trip_s: float, reading: Reading, now: float) -> None:
        """A node was heard of."""
        node = self._nodes.get(life)
        if node is None:
            return
        node.heard, node.round_trip_s, node.reading = now, round_trip_s, reading
        if node.state is NodeState.SILENT:
            node.state, node.why = NodeState.READY, ""

    def silent(self, now: float) -> list[str]:
        """The nodes whose lease is over, of which nothing more is to be waited for; sees to what is due by the way."""
        over: list[str] = []
        for life, node in [*self._nodes.items()]:
            silent_s = now - node.heard
            if node.state is NodeState.LEFT:
                if now >= node.until:
                    del self._nodes[life]
            elif silent_s >= LEASE_S:
                over.append(life)
            elif node.state is NodeState.HELD and now >= node.until:
                node.state, node.why, node.void = NodeState.READY, "", 0
            elif node.state is NodeState.READY and silent_s >= _SILENT_S:
                node.state, node.why = NodeState.SILENT, f"No answer for {silent_s:.0f} s."
        return over

    # --- what they have to do ---

    def offers(self, document: str, has_room: Callable[[str], bool] = lambda life: True) -> list[Offer]:
        """The nodes with room for a batch of this document, of which `has_room` knows too.

        If one of them has it already, or is being sent it, only such.
        """
        holders = self._holders.get(document, ())
        found = [life for life in holders if self._is_open(life) and has_room(life)]
        others = found or [life for life in self._nodes if self._is_open(life) and has_room(life)]
        return [self._offer(life, has_document=bool(found)) for life in others]

    def copies(self, document: str) -> int:
        """How many nodes have a document, or are being sent it."""
        return len(self._holders.get(document, ()))

    def _is_open(self, life: str) -> bool:
        node = self._nodes[life]
        return node.state is NodeState.READY and len(node.epochs) < node.hello.slots

    def _offer(self, life: str, *, has_document: bool) -> Offer:
        node = self._nodes[life]
        free = node.hello.slots - len(node.epochs)
        return Offer(life, free, has_document, node.round_trip_s, node.rate)

    def begin(self, life: str, epoch: int, document: str = "") -> bool:
        """A node is given a batch of a document; False if it is gone."""
        node = self._nodes.get(life)
        if node is None or node.state is NodeState.LEFT:
            return False
        node.epochs[epoch] = document
        self._owners[epoch] = life
        self._count(document, life, 1)
        return True

    def end(self, epoch: int) -> str | None:
        """A batch is over, whatever came of it; returns whose it was, None if nobody's any more."""
        life = self._owners.pop(epoch, None)
        if life is not None:
            self._count(self._nodes[life].epochs.pop(epoch), life, -1)
        return life

    def _count(self, document: str, life: str, change: int) -> None:
        holders = self._holders.setdefault(document, Counter())
        holders[life] += change
        if not holders[life]:
            del holders[life]
        if not holders:
            del self._holders[document]

    def converted(self, life: str, document: str, pages: int) -> None:
        """A node has the document, and has converted so many pages of it in order."""
        node = self._nodes.get(life)
        if node is not None and node.state is not NodeState.LEFT:
            node.pages += pages
            node.void = 0
            if document not in node.documents:
                self._count(document, life, 1)
            node.documents[document] = None
            node.documents.move_to_end(document)
            if len(node.documents) > _MOST_DOCUMENTS:
                self._count(node.documents.popitem(last=False)[0], life, -1)

    def shipped(self, life: str, size: int, seconds: float) -> None:
        """So many bytes of a document were sent to a node in this time."""
        node = self._nodes.get(life)
        if node is None:
            return
        node.shipped_bytes += size
        if size >= _STEADY_BYTES and seconds > 0:
            rate = size / seconds
            node.rate = rate if node.rate is None else node.rate + _SMOOTHING * (rate - node.rate)

    # --- who is given nothing ---

    def void(self, life: str, now: float) -> None:
        """A node has sent what it should not; after the third time in a row it is given nothing for a while."""
        node = self._nodes.get(life)
        if node is None or node.state not in (*GIVEN, NodeState.HELD):
            return
        node.void += 1
        if node.void >= _MOST_VOID:
            self._hold(node, "It has sent what is not the protocol, three times.", now + _VOID_HOLD_S)

    def fault(self, life: str, why: str, now: float) -> None:
        """A node could not do what it was given, by a fault of its own: it is given nothing for a while."""
        node = self._nodes.get(life)
        if node is not None and node.state in (*GIVEN, NodeState.HELD):
            self._hold(node, why, now + _HOLD_S)

    def _hold(self, node: _Node, why: str, until: float) -> None:
        node.state, node.why, node.until = NodeState.HELD, why, max(until, node.until)

    def hold(self, name: str) -> bool:
        """Give a node nothing more until it is released, what it has aside; False if there is none that can be."""
        node = self._nodes.get(self.find(name) or "")
        if node is None or node.state not in (*GIVEN, NodeState.HELD):
            return False
        self._hold(node, "It is held by hand.", math.inf)
        return True

    def release(self, name: str, now: float) -> bool:
        """Use a node again that is held, whatever for; False if there is none."""
        node = self._nodes.get(self.find(name) or "")
        if node is None or node.state is not NodeState.HELD:
            return False
        node.state, node.why, node.until, node.void = NodeState.READY, "", now, 0
        return True

    def drain(self, name: str) -> str | None:
        """Give a node nothing more; returns its life, None if there is none of the name."""
        life = self.find(name)
        if life is not None and self._nodes[life].state is not NodeState.REFUSED:
            self._nodes[life].state, self._nodes[life].why = NodeState.DRAINING, "It leaves once its batches are done."
        return life

    def drained(self) -> list[str]:
        """Nodes that have nothing to do any more, and are to leave."""
        return [life for life, node in self._nodes.items() if node.state is NodeState.DRAINING and not node.epochs]

    def find(self, name: str) -> str | None:
        """The life of the node of this name; None if it is not there."""
        there = ((life, node) for life, node in self._nodes.items() if node.state is not NodeState.LEFT)
        return next((life for life, node in there if node.name == name), None)

    def epochs_of(self, life: str) -> frozenset[int]:
        """What a node has to do."""
        node = self._nodes.get(life)
        return frozenset(node.epochs) if node is not None else frozenset()

    # --- what there is to tell ---

    @property
    def slots(self) -> int:
        """How many batches there is room for."""
        return sum(node.hello.slots for node in self._nodes.values() if node.state in GIVEN)

    def size(self, life: str) -> int:
        """Batches that a node takes at once; none if it is given nothing."""
        node = self._nodes.get(life)
        return node.hello.slots if node is not None and node.state in GIVEN else 0

    @property
    def lives(self) -> list[str]:
        """The nodes that are there."""
        return [life for life, node in self._nodes.items() if node.state is not NodeState.LEFT]

    def name(self, life: str) -> str:
        """What a node is called; of one that is not known any more, that it is one."""
        node = self._nodes.get(life)
        return node.name if node is not None else "a node"

    def snapshot(self, now: float) -> tuple[NodeSnapshot, ...]:
        """All nodes, by name."""
        found = [
            NodeSnapshot(
                node.name,
                node.state,
                node.why,
                node.hello.slots,
                len(node.epochs),
                node.pages,
                round(max(0.0, now - node.heard), 1),
                node.round_trip_s,
                node.reading.cached_bytes,
                node.reading.free_bytes,
                node.reading.rss_bytes,
                node.shipped_bytes,
            )
            for node in self._nodes.values()
        ]
        return tuple(sorted(found, key=lambda node: node.name))


def _names(name: str) -> Iterable[str]:
    """What a node may be called where another has its name."""
    yield name
    for number in range(2, 100_000):
        yield f"{name}-{number}"
