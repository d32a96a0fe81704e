"""Connections: how many a door has open, and how long each may keep it waiting."""

import asyncio
import ipaddress
import logging
from collections import Counter
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
    header_bytes: int = 16 << 10
    headers_s: float = 10.0
    """Until a request's headers are complete, from the connection or the last answer on."""
    keep_alive_s: float = 5.0
    """Without a byte, after an answer."""
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
        return replace(self, per_peer=self.total, sockets_per_peer=self.sockets)


@dataclass(slots=True)
class _Open:
    peer: str
    is_socket: bool = False
    closing_since: float | None = None


class Connections:
    """Those of one door. Used by the thread of its event loop alone."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self._open: dict[asyncio.Transport, _Open] = {}
        self._by_peer: Counter[str] = Counter()
        self._sockets_by_peer: Counter[str] = Counter()
        self._seldom = Seldom(log)
        self._is_sweeping = False

    def __len__(self) -> int:
        return len(self._open)

    def let_in(self, transport: asyncio.Transport) -> bool:
        """Count a new connection, if there is room for it."""
        peer = _peer(transport)
        if len(self._open) >= self.limits.total or self._by_peer[peer] >= self.limits.per_peer:
            self._seldom.warn("Too many connections: one from %s was refused", peer or "this machine")
            return False
        self._open[transport] = _Open(peer)
        self._by_peer[peer] += 1
        if not self._is_sweeping:
            self._is_sweeping = True
            self._sweep_later()
        return True

    def let_upgrade(self, transport: asyncio.Transport) -> bool:
        """Count a connection as a WebSocket's, if there is room for one more."""
        entry = self._open[transport]
        sockets = self._sockets_by_peer.total()
        if sockets >= self.limits.sockets or self._sockets_by_peer[entry.peer] >= self.limits.sockets_per_peer:
            self._seldom.warn("Too many WebSockets: one from %s was refused", entry.peer or "this machine")
            return False
        entry.is_socket = True
        self._sockets_by_peer[entry.peer] += 1
        return True

    def leave(self, transport: asyncio.Transport) -> None:
        """A connection is lost."""
        entry = self._open.pop(transport, None)
        if entry is None:
            return
        counters = [self._by_peer, self._sockets_by_peer] if entry.is_socket else [self._by_peer]
        for counter in counters:
            counter[entry.peer] -= 1
            if not counter[entry.peer]:
                del counter[entry.peer]

    def abort(self) -> None:
        """End all, whatever is still to go out."""
        for transport in list(self._open):
            transport.abort()

    def _sweep_later(self) -> None:
        asyncio.get_running_loop().call_later(_SWEEP_S, self._sweep)

    def _sweep(self) -> None:
        """A transport that closes waits for its client to take the last bytes, for ever if need be: end those."""
        now = asyncio.get_running_loop().time()
        for transport, entry in list(self._open.items()):
            if not transport.is_closing():
                continue
            if entry.closing_since is None:
                entry.closing_since = now
            elif now - entry.closing_since >= self.limits.closing_s:
                transport.abort()
        if self._open:
            self._sweep_later()
        else:
            self._is_sweeping = False


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
