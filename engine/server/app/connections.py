"""Connections: how many a door has open, and how long each may keep it waiting."""

import asyncio
import ipaddress
import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from engine.server.dependencies.seldom import Seldom

log = logging.getLogger(__name__)

_SWEEP_S = 0.5
_NETWORK_BITS = 64
"""Of an IPv6 address: one customer has all that begin alike."""


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Of one socket that is listened on. Counts, seconds and bytes."""

    total: int = 256
    per_peer: int = 128
    """From one address; programs behind one reverse proxy share its address."""
    sockets: int = 192
    """WebSockets among them; the rest is left for requests."""
    sockets_per_peer: int = 96
    spare: int = 32
    """Connections beyond those, which may ask for the engine's health and for nothing else, once."""
    spare_per_peer: int = 8
    spare_s: float = 5.0
    """For all that such a connection does."""
    header_bytes: int = 16 << 10
    headers_s: float = 10.0
    """Until a request's headers are complete, from the connection or the last answer on."""
    keep_alive_s: float = 5.0
    """Without a byte of a request, from the connection or the last answer on."""
    leftover_s: float = 2.0
    """For the rest of a body that was answered before it was read; long enough for its sender to see the answer."""
    unread_s: float = 60.0
    """While a client does not read its answer."""
    closing_s: float = 10.0
    """For the last bytes to go out."""
    message_bytes: int = 4096
    """Of what comes in over a WebSocket."""
    ping_s: float = 20.0
    """Between the pings that show whether a WebSocket's client is there, and for its answer."""

    @property
    def for_one_user(self) -> "ConnectionLimits":
        """The same for a Unix socket, which tells no peers apart."""
        return replace(self, per_peer=self.total, sockets_per_peer=self.sockets, spare_per_peer=self.spare)


@dataclass(slots=True)
class _Open:
    peer: str
    is_known: bool
    """Whether it has been let in, by its token or because there is none to show: others are given up before it."""
    is_socket: bool = False
    closing_since: float | None = None


class _Room:
    """So many connections, and so many of each peer."""

    def __init__(self, total: int, per_peer: int) -> None:
        self._total = total
        self._per_peer = per_peer
        self.connections: dict[asyncio.Transport, _Open] = {}
        """The oldest first."""
        self.by_peer: Counter[str] = Counter()

    def has_place(self, peer: str) -> bool:
        """Whether there is room for one more of this peer's."""
        return len(self.connections) < self._total and self.by_peer[peer] < self._per_peer

    def add(self, transport: asyncio.Transport, entry: _Open) -> None:
        """Count it."""
        self.connections[transport] = entry
        self.by_peer[entry.peer] += 1

    def remove(self, transport: asyncio.Transport) -> _Open | None:
        """Count it no more; None if it was not."""
        entry = self.connections.pop(transport, None)
        if entry is not None:
            _count_down(self.by_peer, entry.peer)
        return entry

    def stranger(self, peer: str) -> asyncio.Transport | None:
        """The connection whose place one more of this peer's may have; None if all that would do are known.

        It is the oldest: of this peer, if that has its share, and otherwise of whoever has most of that kind.
        """
        unknown = {transport: entry.peer for transport, entry in self.connections.items() if not entry.is_known}
        if self.by_peer[peer] < self._per_peer:
            peer = max(unknown.values(), key=Counter(unknown.values()).__getitem__, default=peer)
        return next((transport for transport, owner in unknown.items() if owner == peer), None)


class Connections:
    """Those of one door. Used by the thread of its event loop alone.

    No connection is refused. When there is no room, the oldest that has not shown that it may come in makes way; and
    where all have, a new one is *spare*: it may ask how the engine is, so that whoever watches over it is answered.
    """

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self._usual = _Room(limits.total, limits.per_peer)
        self._spare = _Room(limits.spare, limits.spare_per_peer)
        self._sockets_by_peer: Counter[str] = Counter()
        self._seldom = Seldom(log)
        self._is_sweeping = False

    def __len__(self) -> int:
        return len(self._usual.connections) + len(self._spare.connections)

    def __iter__(self) -> Iterator[asyncio.Transport]:
        return iter([*self._usual.connections, *self._spare.connections])

    def let_in(self, transport: asyncio.Transport) -> bool:
        """Count a new connection; returns whether it may ask for everything, and not for health alone."""
        peer = _peer(transport)
        is_usual = self._make_way(self._usual, peer)
        if is_usual:
            # The folder of a Unix socket has let its peer in already.
            self._usual.add(transport, _Open(peer, is_known=not peer))
        else:
            self._seldom.warn("Too many connections: one from %s is told no more than health", _shown(peer))
            self._make_way(self._spare, peer)
            self._spare.add(transport, _Open(peer, is_known=False))
        if not self._is_sweeping:
            self._is_sweeping = True
            self._sweep_later()
        return is_usual

    def know(self, transport: asyncio.Transport) -> None:
        """A connection has shown that it may come in."""
        if entry := self._usual.connections.get(transport):
            entry.is_known = True

    def let_upgrade(self, transport: asyncio.Transport) -> bool:
        """Count a connection as a WebSocket's, if there is room for one more."""
        entry = self._usual.connections.get(transport)
        if entry is None:
            return False
        sockets = self._sockets_by_peer.total()
        if sockets >= self.limits.sockets or self._sockets_by_peer[entry.peer] >= self.limits.sockets_per_peer:
            self._seldom.warn("Too many WebSockets: one from %s was refused", _shown(entry.peer))
            return False
        entry.is_socket = True
        self._sockets_by_peer[entry.peer] += 1
        return True

    def leave(self, transport: asyncio.Transport) -> None:
        """A connection is lost."""
        entry = self._usual.remove(transport) or self._spare.remove(transport)
        if entry is not None and entry.is_socket:
            _count_down(self._sockets_by_peer, entry.peer)

    def abort(self) -> None:
        """End all, whatever is still to go out."""
        for transport in self:
            transport.abort()

    def _make_way(self, room: _Room, peer: str) -> bool:
        """See that there is room for one more of a peer's; returns whether there is."""
        if not room.has_place(peer):
            stranger = room.stranger(peer)
            if stranger is None:
                return False
            self._seldom.warn("Too many connections: one from %s was given up for another", _shown(_peer(stranger)))
            self.leave(stranger)
            stranger.abort()
        return True

    def _sweep_later(self) -> None:
        asyncio.get_running_loop().call_later(_SWEEP_S, self._sweep)

    def _sweep(self) -> None:
        """A transport that closes waits for its client to take the last bytes, for ever if need be: end those."""
        now = asyncio.get_running_loop().time()
        for transport, entry in [*self._usual.connections.items(), *self._spare.connections.items()]:
            if not transport.is_closing():
                continue
            if entry.closing_since is None:
                entry.closing_since = now
            elif now - entry.closing_since >= self.limits.closing_s:
                transport.abort()
        if len(self):
            self._sweep_later()
        else:
            self._is_sweeping = False


def _count_down(counter: Counter[str], peer: str) -> None:
    counter[peer] -= 1
    if not counter[peer]:
        del counter[peer]


def _shown(peer: str) -> str:
    return peer or "this machine"


def _peer(transport: asyncio.Transport) -> str:
    """The address that counts; empty on a Unix socket."""
    name = transport.get_extra_info("peername")
    if not isinstance(name, tuple):
        return ""
    address = ipaddress.ip_address(str(name[0]).partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    if address.version == 4 or mapped:
        return str(mapped or address)
    return str(ipaddress.ip_network((address, _NETWORK_BITS), strict=False))
