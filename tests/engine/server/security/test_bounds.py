"""What one request may cost, decided before any route has seen it. test_guard.py attacks the same over real sockets."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from engine.server.security import bounds
from engine.server.security.bounds import DOCUMENT_PATHS, Bounds, RequestLimits
from tests.clock import Clock

LIMITS = RequestLimits(header_bytes=500, plain_bytes=100, upload_bytes=1000, idle_s=30, bytes_per_s=10, window_s=5)
JSON = ("content-type", "application/json")
FORM = ("content-type", "application/x-www-form-urlencoded")
MULTIPART = ("content-type", "multipart/form-data; boundary=b")


class Asked:
    """One request, and what became of it."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock
        self.body: bytes | None = None
        """What the application has read; None if it was not asked."""
        self.sent: list[Message] = []

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.body = b""
        while scope["type"] == "http":
            message = await receive()
            self.body += message.get("body", b"")
            if message["type"] == "http.disconnect" or not message.get("more_body"):
                break
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    def ask(
        self,
        *headers: tuple[str, str],
        pieces: Iterable[tuple[float, bytes]] = (),
        limits: RequestLimits = LIMITS,
        **scope: Any,
    ) -> int:
        """The status; `pieces` of the body come after so many seconds each."""
        asked = {
            "type": "http",
            "method": "POST",
            "path": "/",
            "raw_path": b"/",
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in headers],
        }
        coming = iter(pieces)

        async def receive() -> Message:
            found = next(coming, None)
            if found is None:
                return {"type": "http.request", "body": b"", "more_body": False}
            after_s, body = found
            if self.clock is not None:
                self.clock.advance(after_s)
            return {"type": "http.request", "body": body, "more_body": True}

        async def send(message: Message) -> None:
            self.sent.append(message)

        asyncio.run(Bounds(self.app, limits)(asked | scope, receive, send))
        return int(self.sent[0].get("status", 0))


def status(*headers: tuple[str, str], **how: Any) -> int:
    """Of a request; a refused one has not reached the application, one that is let through has been read whole."""
    asked = Asked()
    found = asked.ask(*headers, **how)
    assert (asked.body is None) is (found != 200)
    return found


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ((), 200),
        ((("content-length", "0"),), 200),
        ((JSON, ("content-length", "100")), 200),
        ((JSON, ("content-length", "101")), 413),
        ((FORM, ("content-length", "101")), 413),
        ((MULTIPART, ("content-length", "1000")), 200),
        ((MULTIPART, ("content-length", "1001")), 413),
        ((("content-type", "application/problem+JSON"), ("content-length", "5")), 200),
        ((("content-type", "image/svg+json"), ("content-length", "5")), 415),
        ((("content-type", "text/plain"), ("content-length", "5")), 415),
        ((("content-length", "5"),), 415),
        ((JSON, JSON, ("content-length", "5")), 415),
        ((("transfer-encoding", "chunked"),), 415),
        ((JSON, ("transfer-encoding", "chunked")), 200),
        ((JSON, ("transfer-encoding", "chunked"), ("content-length", "5")), 400),
        ((JSON, ("content-length", "5"), ("content-length", "5")), 400),
        ((JSON, ("content-length", "-5")), 400),
        ((JSON, ("content-length", "0x5")), 400),
    ],
)
def test_a_body_is_judged_by_its_headers(headers: tuple[tuple[str, str], ...], expected: int) -> None:
    assert status(*headers) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/a/b", 200), ("/a..b/...", 200), ("a", 400), ("/../a", 400), ("/a/..", 400), ("/a\0", 400), ("*", 400)],
)
def test_a_path_leads_somewhere_below(path: str, expected: int) -> None:
    assert status(path=path) == expected


def test_a_server_may_be_asked_what_it_can_do() -> None:
    assert status(path="*", method="OPTIONS") == 200


def test_headers_path_and_query_count_together() -> None:
    fits = "x" * (500 - len("a") - 4 - len("/"))
    assert status(("a", fits)) == 200
    assert status(("a", fits + "x")) == 431
    assert status(("a", fits), query_string=b"q") == 431
    assert status(("a", fits), raw_path=b"/q") == 431


def test_a_body_that_grows_beyond_its_limit_is_cut_where_it_does() -> None:
    chunked = (JSON, ("transfer-encoding", "chunked"))
    assert status(*chunked, pieces=[(0, b"x" * 50)] * 2) == 200
    asked = Asked()
    assert asked.ask(*chunked, pieces=[(0, b"x" * 50)] * 1000) == 413
    assert asked.body == b"x" * 100
    assert (b"connection", b"close") not in asked.sent[0]["headers"]


@pytest.mark.parametrize(("size", "expected"), [(9, 408), (11, 200)])
def test_a_body_is_slow_if_it_brings_too_little_while_it_is_waited_for(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, size: int, expected: int
) -> None:
    monkeypatch.setattr(bounds.time, "monotonic", clock)
    asked = Asked(clock)
    pieces = [(1.0, b"x" * size)] * 6
    assert asked.ask(MULTIPART, ("transfer-encoding", "chunked"), pieces=pieces) == expected


def test_seconds_in_which_the_route_works_do_not_make_a_body_slow(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds.time, "monotonic", clock)

    class Slow(Asked):
        async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
            async def receive_and_work() -> Message:
                message = await receive()
                clock.advance(60)
                return message

            await super().app(scope, receive_and_work, send)

    assert Slow(clock).ask(MULTIPART, ("transfer-encoding", "chunked"), pieces=[(0.1, b"x")] * 6) == 200


def test_a_websocket_has_no_body_and_other_scopes_are_none_of_its_business() -> None:
    for kind in ("websocket", "lifespan"):
        asked = Asked()
        asked.ask(("content-length", "5"), type=kind)
        assert asked.body == b""


def test_limits_for_uploads_leave_room_for_the_form_around_the_file() -> None:
    limits = RequestLimits.for_uploads(1000)
    assert limits.upload_bytes > 1000
    assert limits.with_calls(7) == replace(limits, plain_bytes=7)


def test_json_with_documents_may_be_bigger_than_other_json() -> None:
    limits = replace(LIMITS, document_bytes=150)
    for path in DOCUMENT_PATHS:
        assert Asked().ask(JSON, ("content-length", "150"), limits=limits, path=path) == 200
        assert Asked().ask(JSON, ("content-length", "151"), limits=limits, path=path) == 413
        assert Asked().ask(FORM, ("content-length", "101"), limits=limits, path=path) == 413
    assert Asked().ask(JSON, ("content-length", "101"), limits=limits, path="/v1/convert/sources") == 413
    assert RequestLimits.for_uploads(3 << 20).document_bytes == (4 << 20) + (1 << 20)
    assert RequestLimits.for_uploads(2 << 30).document_bytes == 256 << 20
