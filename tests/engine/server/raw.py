"""Speaks HTTP over bare sockets: HTTP libraries are too polite to attack with."""

import contextlib
import http.client
import socket
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from engine.server.app.connections import ConnectionLimits
from engine.server.app.listener import Door, Listener
from engine.server.app.tcp import open_tcp

TOKEN = "t0ken-" * 8
TIMEOUT_S = 15.0
CLOSE_S = 0.3


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes


class Peer:
    """A connection to the server."""

    def __init__(self, port: int, source: str = "127.0.0.1") -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), TIMEOUT_S, (source, 0))

    def send(self, *parts: bytes | str) -> None:
        self.socket.sendall(b"".join(part.encode("latin-1") if isinstance(part, str) else part for part in parts))

    def answer(self, method: str = "GET") -> Answer:
        response = http.client.HTTPResponse(self.socket, method=method)
        response.begin()
        return Answer(response.status, response.headers, response.read())

    def ask(self, start: str = "GET /thing", *headers: str, body: bytes = b"", token: str | None = TOKEN) -> Answer:
        """One request; `Host` and the token are added unless given."""
        self.send(request(start, *headers, token=token), body)
        return self.answer(start.split()[0])

    def rest(self) -> bytes:
        """All that comes until the server closes."""
        found = b""
        with contextlib.suppress(ConnectionResetError):
            while piece := self.socket.recv(65_536):
                found += piece
        return found

    def is_closed(self) -> bool:
        """Whether the server has closed, without waiting."""
        self.socket.setblocking(False)
        try:
            return self.socket.recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False
        except ConnectionResetError:
            return True
        finally:
            self.socket.settimeout(TIMEOUT_S)

    def close(self) -> None:
        self.socket.close()

    def reset(self) -> None:
        """Leave without a word."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


def request(start: str, *headers: str, token: str | None = TOKEN) -> bytes:
    lines = [f"{start} HTTP/1.1", *headers]
    said = {header.split(":")[0].lower() for header in headers}
    if "host" not in said:
        lines.append("Host: localhost")
    if token is not None and not said & {"authorization", "x-api-key"}:
        lines.append(f"Authorization: Bearer {token}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


UPGRADE = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)


class Server:
    """An application on a free port."""

    def __init__(self, app: Callable[..., Any], limits: ConnectionLimits) -> None:
        door = open_tcp("127.0.0.1", 0, TOKEN)
        self.port: int = door.channel.getsockname()[1]
        self.listener = Listener([Door(door.channel, app, limits)], CLOSE_S)
        self.peers: list[Peer] = []

    def connect(self, source: str = "127.0.0.1") -> Peer:
        peer = Peer(self.port, source)
        self.peers.append(peer)
        return peer

    def ask(self, start: str = "GET /thing", *headers: str, body: bytes = b"", token: str | None = TOKEN) -> Answer:
        """One request on a connection of its own."""
        peer = self.connect()
        try:
            return peer.ask(start, *headers, body=body, token=token)
        finally:
            peer.close()

    def close_peers(self) -> None:
        for peer in self.peers:
            peer.close()
        self.peers.clear()


@contextlib.contextmanager
def serving(app: Callable[..., Any], limits: ConnectionLimits | None = None) -> Iterator[Server]:
    server = Server(app, limits or ConnectionLimits())
    server.listener.start()
    try:
        yield server
    finally:
        server.close_peers()
        server.listener.stop()
