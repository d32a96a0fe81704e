"""Attacks on the server's time and memory, over real sockets, with limits made short."""

import asyncio
import contextlib
import logging
import socket
import stat
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from engine.base.sockets import bind, socket_path
from engine.facade.engine import Engine
from engine.remote.client import Connection
from engine.server.app.connections import ConnectionLimits
from engine.server.app.listener import Door, Listener, serve
from engine.server.app.tcp import open_tcp
from engine.server.dependencies.service import Service
from engine.server.security.bounds import Bounds, RequestLimits
from engine.server.security.guard import Guard
from engine.settings.settings import Settings
from tests.backends import local_backend
from tests.engine.server.raw import TOKEN, UPGRADE, Peer, Server, request, serving
from tests.waiting import wait_until

ALL = ConnectionLimits()
KEPT = replace(ALL, keep_alive_s=60, headers_s=60, spare_s=60)
"""For tests that have connections open meanwhile."""
JSON = "Content-Type: application/json"


class App:
    """Answers at once, never, with a lot, or over a WebSocket."""

    def __init__(self) -> None:
        self.running = 0
        self.has_ended = threading.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.running += 1
        try:
            await self._answer(scope, receive, send)
        finally:
            self.running -= 1

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await receive()
            if scope["path"] in ("/late", "/refused"):
                await self._ended()
            if scope["path"] == "/refused":
                await send({"type": "websocket.close"})
                return
            await send({"type": "websocket.accept"})
            await self._speak(scope["path"], receive, send)
            return
        match scope["path"]:
            case "/fail":
                raise RuntimeError
            case "/never":
                await asyncio.Event().wait()
            case "/stubborn":
                while not self.has_ended.is_set():
                    with contextlib.suppress(asyncio.CancelledError):
                        await asyncio.sleep(0.05)
            case "/late":
                await self._ended()
            case "/much":
                await send({"type": "http.response.start", "status": 200, "headers": []})
                while True:
                    await send({"type": "http.response.body", "body": bytes(1 << 20), "more_body": True})
                    await asyncio.sleep(0)
            case "/take":
                while (await receive()).get("more_body"):
                    pass
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    async def _ended(self) -> None:
        while not self.has_ended.is_set():
            await asyncio.sleep(0.01)

    async def _speak(self, path: str, receive: Receive, send: Send) -> None:
        match path:
            case "/much":
                while True:
                    await send({"type": "websocket.send", "bytes": bytes(1 << 20)})
                    await asyncio.sleep(0)
            case "/deaf":
                await asyncio.Event().wait()
        while (message := await receive())["type"] != "websocket.disconnect":
            await send({"type": "websocket.send", "text": f"heard {len(message['text'])}"})


GUARDED = Guard(App(), token=TOKEN)


def open_connections(server: Server) -> int:
    return len(server.listener._configs[0].connections)


def upgraded(server: Server, path: str = "/", source: str = "127.0.0.1") -> Peer:
    peer = server.connect(source)
    peer.send(request(f"GET {path}", *UPGRADE))
    assert peer.answer().status == 101
    return peer


def masked(opcode: int, payload: bytes) -> bytes:
    """A frame as a client sends it; the mask is zeros."""
    length = bytes([0x80 | len(payload)]) if len(payload) < 126 else struct.pack("!BQ", 0xFF, len(payload))
    return bytes([0x80 | opcode]) + length + bytes(4) + payload


def known(server: Server, source: str = "127.0.0.1") -> Peer:
    """A connection that has shown its token, and is kept open."""
    peer = server.connect(source)
    assert peer.ask("GET /").status == 200
    return peer


def seconds(action: Callable[[], object]) -> float:
    began = time.monotonic()
    action()
    return time.monotonic() - began


# --- slow clients ---


def test_headers_that_trickle_are_not_waited_for() -> None:
    with serving(App(), replace(ALL, headers_s=0.3)) as server:
        peer = server.connect()
        peer.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        peer.socket.settimeout(0.05)
        answer, lines = b"", 0
        while not answer and lines < 200:
            peer.send(b"X-A: b\r\n")
            lines += 1
            with contextlib.suppress(TimeoutError):
                answer = peer.socket.recv(1000)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert lines < 100


def test_who_says_nothing_is_not_waited_for() -> None:
    with serving(App(), replace(ALL, keep_alive_s=0.2)) as server:
        assert server.connect().rest() == b""
        wait_until(lambda: open_connections(server) == 0)


def test_a_second_request_that_trickles_is_not_waited_for() -> None:
    with serving(App(), replace(ALL, headers_s=0.3)) as server:
        peer = server.connect()
        assert peer.ask("GET /").status == 200
        peer.send(b"GET / HT")
        assert peer.rest().startswith(b"HTTP/1.1 408 ")


def test_a_connection_is_kept_for_the_next_request_but_not_for_long() -> None:
    with serving(App(), replace(ALL, keep_alive_s=0.3)) as server:
        peer = server.connect()
        for _ in range(3):
            assert peer.ask("GET /").body == b"ok"
        assert peer.rest() == b""


def test_a_request_may_take_longer_than_its_headers() -> None:
    with serving(App(), replace(ALL, headers_s=0.1, keep_alive_s=0.1, leftover_s=0.1)) as server:
        peer = server.connect()
        peer.send(request("GET /never"))
        peer.socket.settimeout(0.6)
        with pytest.raises(TimeoutError):
            peer.socket.recv(1)


def test_requests_sent_at_once_are_answered_in_turn() -> None:
    with serving(App()) as server:
        peer = server.connect()
        peer.send(request("GET /") * 4, request("GET /", "Connection: close"))
        assert peer.rest().count(b"HTTP/1.1 200 OK") == 5


def test_the_rest_of_a_body_that_is_answered_is_not_waited_for() -> None:
    with serving(App(), replace(ALL, leftover_s=0.3)) as server:
        peer = server.connect()
        answer = peer.ask("POST /", JSON, "Content-Length: 1000000", body=b"x")
        assert answer.status == 200

        def is_cut() -> bool:
            with contextlib.suppress(OSError):
                peer.send(b"x")
            return peer.is_closed()

        wait_until(is_cut, timeout=5)


def test_a_body_that_ends_soon_after_its_answer_keeps_the_connection() -> None:
    with serving(App(), replace(ALL, leftover_s=5)) as server:
        peer = server.connect()
        assert peer.ask("POST /", JSON, "Content-Length: 100000", body=b"x").status == 200
        peer.send(b"x" * 99_999)
        assert peer.ask("GET /").status == 200


def test_the_sender_of_a_refused_upload_sees_why() -> None:
    with serving(Bounds(App(), RequestLimits(upload_bytes=1000))) as server:
        peer = server.connect()
        header = "Content-Type: multipart/form-data; boundary=x"
        answer = peer.ask("POST /take", header, f"Content-Length: {20 << 20}", body=bytes(20 << 20))
        assert answer.status == 413


def test_who_does_not_read_the_answer_is_cut() -> None:
    app = App()
    with serving(app, replace(ALL, unread_s=0.3)) as server:
        peer = server.connect()
        peer.send(request("GET /much"))
        wait_until(lambda: open_connections(server) == 1 and app.running == 1)
        wait_until(lambda: open_connections(server) == 0, "the connection to be cut")


def test_who_does_not_take_the_last_bytes_is_cut() -> None:
    app = App()
    with serving(app, replace(ALL, unread_s=60, closing_s=0.3, ping_s=0.2)) as server:
        upgraded(server, "/much")
        wait_until(lambda: app.running == 1)
        wait_until(lambda: open_connections(server) == 0, "the connection to be cut")


# --- many clients ---


def test_connections_are_counted() -> None:
    with serving(GUARDED, replace(KEPT, total=5)) as server:
        held = [known(server) for _ in range(4)] + [upgraded(server)]
        wait_until(lambda: open_connections(server) == 5)
        refused = server.connect()
        answer = refused.ask("GET /")
        assert answer.status == 503
        assert answer.headers["Retry-After"]
        assert answer.headers["X-Content-Type-Options"]
        assert not refused.rest()

        held.pop().close()
        wait_until(lambda: open_connections(server) == 4)
        assert server.ask("GET /").status == 200


@pytest.mark.skipif(sys.platform != "linux", reason="needs more than one loopback address")
def test_one_client_leaves_room_for_others() -> None:
    with serving(GUARDED, replace(KEPT, total=6, per_peer=4, sockets=4, sockets_per_peer=2)) as server:
        sockets = [upgraded(server), upgraded(server)]
        third = server.connect()
        third.send(request("GET /", *UPGRADE))
        assert third.answer().status == 503
        assert upgraded(server, source="127.0.0.2")

        wait_until(lambda: open_connections(server) == 3)
        held = [known(server), known(server)]
        assert server.ask("GET /").status == 503
        other = server.connect("127.0.0.3")
        assert other.ask("GET /").status == 200
        assert not any(peer.is_closed() for peer in sockets + held)


def test_idle_connections_do_not_silence_an_address() -> None:
    with serving(GUARDED, KEPT) as server:
        first = server.connect()
        for _ in range(ALL.per_peer + 10):
            server.connect()
        assert first.rest() == b""
        assert server.ask("GET /healthz", token=None).status == 200
        assert server.ask("GET /").status == 200
        assert open_connections(server) <= ALL.per_peer


def test_who_has_shown_the_token_does_not_make_way() -> None:
    with serving(GUARDED, replace(KEPT, per_peer=5)) as server:
        held = [known(server), upgraded(server)]
        strange = [server.connect() for _ in range(3)]
        strange[0].ask("GET /healthz", token=None)
        strange[1].ask("GET /thing", token="wrong")
        for _ in range(20):
            server.connect()
        assert all(peer.rest() == b"" for peer in strange)
        assert not any(peer.is_closed() for peer in held)
        assert held[0].ask("GET /").status == 200


@pytest.mark.skipif(sys.platform != "linux", reason="needs more than one loopback address")
def test_who_has_most_strangers_makes_way_first() -> None:
    with serving(GUARDED, replace(KEPT, total=10, per_peer=8)) as server:
        alone = server.connect("127.0.0.2")
        wait_until(lambda: open_connections(server) == 1)
        crowd = [server.connect("127.0.0.3") for _ in range(8)]
        wait_until(lambda: open_connections(server) == 9)
        for number in range(4, 10):
            assert server.connect(f"127.0.0.{number}").ask("GET /").status == 200
        assert crowd[0].rest() == b""
        assert alone.ask("GET /").status == 200


def test_a_full_server_tells_about_its_health_and_nothing_else() -> None:
    with serving(GUARDED, replace(KEPT, total=2)) as server:
        held = [known(server), upgraded(server)]
        peer = server.connect()
        assert peer.ask("GET /healthz", token=None).status == 200
        assert peer.rest() == b""
        assert server.ask("HEAD /readyz", token=None).status == 200
        for start in ("GET /docs", "POST /healthz", "GET /thing"):
            assert server.ask(start).status == 503
        assert server.ask("GET /healthz", *UPGRADE).status == 503
        assert not any(peer.is_closed() for peer in held)


def test_who_says_nothing_to_a_full_server_is_gone_soon() -> None:
    with serving(GUARDED, replace(KEPT, total=1, spare_s=0.2)) as server:
        held = known(server)
        slow = server.connect()
        slow.send(b"GET /healthz HTTP/1.1\r\n")
        assert slow.rest() == b""
        peer = server.connect()
        peer.send(request("GET /never"))
        assert peer.answer().status == 503
        wait_until(lambda: open_connections(server) == 1)
        assert not held.is_closed()


def test_nobody_keeps_others_from_asking_for_a_full_servers_health() -> None:
    with serving(GUARDED, replace(KEPT, total=1, spare=4, spare_per_peer=2)) as server:
        held = known(server)
        for _ in range(50):
            server.connect().send(b"POST /healthz HTTP/1.1\r\n")
            assert open_connections(server) <= 5
        assert server.ask("GET /healthz", token=None).status == 200
        # Nor does the server keep anything of those that have made way.
        wait_until(lambda: len(server.listener._servers[0].server_state.connections) <= 5)
        assert not held.is_closed()


def test_websockets_leave_room_for_requests() -> None:
    with serving(App(), replace(ALL, sockets=2)) as server:
        held = [upgraded(server), upgraded(server)]
        assert server.ask("GET /", *UPGRADE).status == 503
        assert server.ask("GET /").status == 200
        held.pop().close()
        wait_until(lambda: open_connections(server) == 1)
        upgraded(server)


def test_every_connection_is_forgotten_in_the_end() -> None:
    with serving(App(), replace(ALL, total=20)) as server:
        for _ in range(10):
            upgraded(server).close()
            server.ask("GET /")
            server.ask("POST /", *UPGRADE)
            server.ask("GET /", *UPGRADE[:3])
            server.ask("GET /", *UPGRADE, "X-Long: " + "x" * 9000)
            peer = server.connect()
            peer.send(b"garbage\r\n\r\n")
            peer.close()
            peer = server.connect()
            peer.send(request("GET /much"))
            peer.close()
        wait_until(lambda: open_connections(server) == 0)
        connections = server.listener._configs[0].connections
        assert not connections._usual.by_peer
        assert not connections._spare.by_peer
        assert not connections._sockets_by_peer
        assert not server.listener._servers[0].server_state.connections


# --- what is no request ---


def test_endless_headers_are_cut_off() -> None:
    with serving(App()) as server:
        peer = server.connect()
        peer.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ")
        sent = 0
        with contextlib.suppress(OSError):
            while sent < 64 << 20:
                peer.send(b"x" * 4096)
                sent += 4096
        assert sent < 64 << 20


@pytest.mark.parametrize(
    "headers",
    [["X-Long: " + "x" * 17_000], ["X-Many: x"] * 1500, ["Cookie: " + "x" * 4000] * 5],
    ids=["long", "many", "several"],
)
def test_headers_that_are_too_long_are_refused(headers: list[str]) -> None:
    with serving(Bounds(App(), RequestLimits())) as server:
        assert server.ask("GET /", *headers).status == 431
        assert server.ask("GET /", *headers, *UPGRADE).status == 431
        assert server.ask("GET /" + "x" * 17_000).status == 431
        assert server.ask("GET /").status == 200


@pytest.mark.parametrize("headers", [["X-Long: " + "x" * 8500], ["X-Many: x"] * 130], ids=["long", "many"])
def test_an_upgrade_has_shorter_headers(headers: list[str]) -> None:
    with serving(App()) as server:
        assert server.ask("GET /", *headers, *UPGRADE).status == 431


@pytest.mark.parametrize(
    ("start", "headers"),
    [
        ("POST /", UPGRADE),
        ("GET /", UPGRADE[:3]),
        ("GET /", (*UPGRADE[:3], "Sec-WebSocket-Key: x")),
        ("GET /", (*UPGRADE[:2], "Sec-WebSocket-Version: 1", UPGRADE[3])),
        ("GET /", (*UPGRADE, "Transfer-Encoding: chunked")),
        ("GET /", (*UPGRADE, "Content-Length: 5")),
    ],
)
def test_an_upgrade_that_is_none_is_refused(start: str, headers: tuple[str, ...], capfd: Any) -> None:
    with serving(App()) as server:
        assert 400 <= server.ask(start, *headers).status < 500
        wait_until(lambda: open_connections(server) == 0)
    assert capfd.readouterr() == ("", "")


def test_an_upgrade_to_something_else_is_a_plain_request() -> None:
    with serving(App()) as server:
        assert server.ask("GET /", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c").body == b"ok"


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200) + b"\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nNo colon\r\n\r\n",
        b"\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused_and_says_nothing_on_the_terminal(garbage: bytes, capfd: Any) -> None:
    with serving(Guard(Bounds(App(), RequestLimits()), token=None)) as server:
        peer = server.connect()
        peer.send(garbage)
        if not garbage.startswith(b"PRI"):
            found = peer.rest()
            assert found.startswith(b"HTTP/1.1 400 ")
            assert b"x-content-type-options: nosniff" in found
            assert found.count(b"HTTP/1.1") == 1
        else:
            assert peer.answer().status == 400
    assert capfd.readouterr() == ("", "")


# --- WebSockets ---


def test_a_websocket_hears_and_speaks() -> None:
    with serving(App()) as server:
        peer = upgraded(server)
        peer.send(masked(1, b"x" * 4000))
        assert peer.socket.recv(100).endswith(b"heard 4000")


def test_a_message_that_is_too_big_ends_the_websocket() -> None:
    with serving(App()) as server:
        peer = upgraded(server)
        peer.send(b"\x81\xff" + struct.pack("!Q", 10 << 30) + bytes(4))
        assert struct.pack("!H", 1009) in peer.rest()

        peer = upgraded(server)
        for _ in range(10):
            with contextlib.suppress(OSError):
                peer.send(b"\x01\xff" + struct.pack("!Q", 1000) + bytes(1004))
                peer.send(b"\x00\xff" + struct.pack("!Q", 4000) + bytes(4004))
        wait_until(peer.is_closed if not peer.rest() else lambda: True)


def test_a_websocket_that_gives_no_sign_of_life_is_cut() -> None:
    with serving(App(), replace(ALL, ping_s=0.2, closing_s=0.5)) as server:
        upgraded(server, "/deaf")
        wait_until(lambda: open_connections(server) == 0, timeout=8)


def test_pings_whose_answers_are_not_read_do_not_pile_up() -> None:
    with serving(App(), replace(ALL, closing_s=0.5)) as server:
        peer = upgraded(server)
        peer.socket.settimeout(0.5)
        pings = masked(9, bytes(125)) * 500
        sent, rest = 0, b""
        with contextlib.suppress(TimeoutError):
            while sent < 100 << 20:
                rest = rest or pings
                count = peer.socket.send(rest)
                rest = rest[count:]
                sent += count
        assert sent < 50 << 20

        # Once they are read, the server goes on.
        peer.socket.settimeout(10)
        sender = threading.Thread(target=peer.send, args=(rest, masked(1, b"x")))
        sender.start()
        last = b""
        while b"heard 1" not in last:
            piece = peer.socket.recv(1 << 20)
            assert piece
            last = (last + piece)[-100:]
        sender.join()


# --- stopping ---


@pytest.mark.parametrize(
    "open_one",
    [
        lambda server: server.connect(),
        lambda server: server.connect().send(b"GET / HT"),
        lambda server: server.connect().send(request("GET /never")),
        lambda server: server.connect().send(request("GET /much")),
        lambda server: server.connect().send(request("POST /take", JSON, "Content-Length: 1000"), b"x"),
        lambda server: server.connect().ask("POST /", JSON, "Content-Length: 1000", body=b"x"),
        lambda server: server.connect().send(request("GET /stubborn")),
        upgraded,
        lambda server: upgraded(server, "/much"),
        lambda server: upgraded(server, "/deaf"),
    ],
    ids=["silent", "partial", "running", "unread", "sending", "leftover", "stubborn", "ws", "ws unread", "ws deaf"],
)
def test_it_stops_whatever_its_clients_do(open_one: Callable[[Server], object], capfd: Any) -> None:
    app = App()
    with serving(app) as server:
        kept = [open_one(server) for _ in range(5)]
        wait_until(lambda: open_connections(server) == 5)
        assert seconds(server.listener.stop) < 4
        with pytest.raises(ConnectionRefusedError):
            server.connect()
        for peer in server.peers:
            peer.rest()
        app.has_ended.set()
        del kept
    wait_until(lambda: not server.listener._thread.is_alive())
    assert "Traceback" not in capfd.readouterr().err


class Written(logging.Handler):
    """What comes into the engine's log."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@pytest.fixture
def written() -> Iterator[list[str]]:
    handler = Written()
    logging.getLogger("engine").addHandler(handler)
    yield handler.messages
    logging.getLogger("engine").removeHandler(handler)


def test_a_request_that_is_given_up_is_not_answered_and_not_an_error(written: list[str]) -> None:
    app = App()
    with serving(app) as server:
        peer = server.connect()
        peer.send(request("GET /never"))
        wait_until(lambda: app.running == 1)
        server.listener.stop()
        assert peer.rest() == b""
        assert app.running == 0
    assert not written


def test_a_websocket_that_is_refused_is_not_an_error(written: list[str]) -> None:
    with serving(GUARDED) as server:
        assert server.ask("GET /", *UPGRADE, token=None).status == 401
        wait_until(lambda: open_connections(server) == 0)
    assert not written


@pytest.mark.parametrize("leave", [Peer.close, Peer.reset], ids=["closes", "resets"])
@pytest.mark.parametrize(
    "data",
    [
        request("GET /late", *UPGRADE),
        request("GET /refused", *UPGRADE),
        request("GET /much", *UPGRADE),
        request("GET /late"),
        request("POST /take", JSON, "Content-Length: 10") + b"{",
    ],
    ids=["ws", "ws refused", "ws much", "late", "sending"],
)
def test_a_client_that_breaks_off_is_not_an_error(
    data: bytes, leave: Callable[[Peer], None], written: list[str]
) -> None:
    app = App()
    with serving(Guard(app, token=TOKEN)) as server:
        peer = server.connect()
        peer.send(data)
        wait_until(lambda: open_connections(server) == 1)
        leave(peer)
        wait_until(lambda: open_connections(server) == 0)
        app.has_ended.set()
        wait_until(lambda: app.running == 0)
    assert not written


def test_a_websocket_that_is_not_accepted_when_it_stops_is_not_an_error(written: list[str]) -> None:
    app = App()
    with serving(app) as server:
        for path in ("/late", "/refused"):
            server.connect().send(request(f"GET {path}", *UPGRADE))
        wait_until(lambda: app.running == 2)
        stopper = threading.Thread(target=server.listener.stop)
        stopper.start()
        app.has_ended.set()
        stopper.join()
    assert not written


def test_an_application_that_fails_is_in_the_engines_log_and_not_on_the_terminal(
    written: list[str], capfd: Any
) -> None:
    with serving(App()) as server:
        assert server.ask("GET /fail").status == 500
    assert written == ["Exception in ASGI application\n"]
    assert capfd.readouterr() == ("", "")


def test_a_request_under_way_is_answered_before_it_stops() -> None:
    app = App()
    with serving(app) as server:
        peer = server.connect()
        peer.send(request("POST /take", JSON, "Content-Length: 2"), b"{")
        wait_until(lambda: app.running == 1)
        stopper = threading.Thread(target=server.listener.stop)
        stopper.start()
        peer.send(b"}")
        assert peer.answer("POST").body == b"ok"
        stopper.join()


def test_it_stops_at_once_when_nobody_is_there() -> None:
    with serving(App()) as server:
        assert server.ask("GET /").status == 200
        assert server.listener.is_alive
        assert seconds(server.listener.stop) < 1
        assert not server.listener.is_alive
        server.listener.stop()


def test_a_listener_that_never_started_lets_go_of_its_socket() -> None:
    door = open_tcp("127.0.0.1", 0, TOKEN)
    port = door.channel.getsockname()[1]
    Listener([Door(door.channel, App())]).stop()
    open_tcp("127.0.0.1", port, TOKEN).channel.close()


def test_it_stops_when_it_has_only_just_started() -> None:
    for _ in range(5):
        door = open_tcp("127.0.0.1", 0, TOKEN)
        listener = Listener([Door(door.channel, App()), Door(open_tcp("127.0.0.1", 0, TOKEN).channel, App())])
        listener.start()
        assert seconds(listener.stop) < 3


# --- both doors ---


@pytest.fixture
def service(settings: Settings) -> Iterator[Service]:
    """An engine that has nothing to do."""
    with Engine(settings, watch=False, backend=local_backend) as engine:
        yield Service(engine, lambda now: None)


@pytest.fixture
def doors(service: Service) -> Iterator[int]:
    """The port of a real API that is served on both; its Unix socket is where it belongs."""
    door = open_tcp("127.0.0.1", 0, TOKEN)
    limits = replace(ALL, total=4, per_peer=3)
    listener = serve(service, bind(service.engine.settings.state_folder), door, connections=limits)
    yield door.channel.getsockname()[1]
    listener.stop()


def test_the_unix_socket_asks_for_nothing_and_tcp_for_the_token(service: Service, doors: int) -> None:
    state = service.engine.settings.state_folder
    assert Connection(state).greet().settings.input == service.engine.settings.input
    assert stat.S_IMODE(socket_path(state).parent.stat().st_mode) == 0o700

    assert Peer(doors).ask("GET /version", token=None).status == 401
    assert Peer(doors).ask("GET /version", "Host: evil.example").status == 421
    peer = Peer(doors)
    assert peer.ask("GET /version").status == 200
    assert peer.ask("POST /rpc/greet", JSON, "Content-Length: 2", body=b"{}").status == 404
    peer.close()


def test_the_unix_socket_has_limits_too(service: Service, doors: int) -> None:
    path = str(socket_path(service.engine.settings.state_folder))

    def ask(data: bytes) -> bytes:
        with socket.socket(socket.AF_UNIX) as channel:
            channel.settimeout(10)
            channel.connect(path)
            channel.sendall(data)
            return channel.recv(100)

    assert ask(request("POST /rpc/greet", JSON, f"Content-Length: {10 << 30}")).startswith(b"HTTP/1.1 413 ")
    assert ask(request("GET /", "X-Long: " + "x" * 20_000)).startswith(b"HTTP/1.1 431 ")
    held = [socket.socket(socket.AF_UNIX) for _ in range(4)]
    for channel in held:
        channel.connect(path)
    wait_until(lambda: ask(request("GET /none")).startswith(b"HTTP/1.1 503 "))
    assert ask(request("GET /healthz")).startswith(b"HTTP/1.1 200 ")
    for channel in held:
        channel.close()
    wait_until(lambda: ask(request("GET /none")).startswith(b"HTTP/1.1 404 "))


def test_a_full_tcp_socket_leaves_the_unix_socket_alone(service: Service, doors: int) -> None:
    peers = [Peer(doors) for _ in range(3)]
    assert all(peer.ask("GET /version").status == 200 for peer in peers)
    wait_until(lambda: Peer(doors).ask("GET /").status == 503)
    assert Peer(doors).ask("GET /healthz", token=None).status == 200
    assert Connection(service.engine.settings.state_folder).greet()
    for peer in peers:
        peer.close()


def test_it_serves_locally_alone(service: Service) -> None:
    state = service.engine.settings.state_folder
    listener = serve(service, bind(state))
    assert Connection(state).greet()
    listener.stop()
