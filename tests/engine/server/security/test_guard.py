"""Attacks on what stands before the routes on TCP, most over a real socket."""

import asyncio
import contextlib
import logging
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI, UploadFile, WebSocket
from fastapi.responses import FileResponse, Response
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from engine.server.security.bounds import Bounds, RequestLimits
from engine.server.security.guard import OPEN_PATHS, Guard
from tests.engine.server.raw import TOKEN, UPGRADE, Answer, Server, request, serving
from tests.waiting import wait_until

LIMITS = RequestLimits(plain_bytes=10_000, upload_bytes=1_000_000)
JSON = "Content-Type: application/json"


class App:
    """A stand-in for the routes."""

    def __init__(self, folder: Path) -> None:
        self.taken = 0
        """Bytes of the last body that came through."""
        self.asked = 0
        self.api = api = FastAPI()

        @api.get("/healthz")
        @api.get("/thing")
        def thing() -> dict[str, str]:
            self.asked += 1
            return {"a": "thing"}

        @api.get("/own")
        def own() -> Response:
            headers = {
                "Cache-Control": "max-age=5",
                "Content-Security-Policy": "sandbox",
                "Access-Control-Allow-Origin": "*",
                "Server": "secret/1.0",
            }
            return Response("x", headers=headers)

        @api.post("/take")
        async def take(request: Request) -> int:
            self.taken = 0
            async for piece in request.stream():
                self.taken += len(piece)
            return self.taken

        @api.post("/upload")
        def upload(file: UploadFile) -> int | None:
            return file.size

        @api.get("/files/{path:path}")
        def file(path: str) -> FileResponse:
            return FileResponse(folder / path)

        @api.websocket("/ws")
        async def ws(websocket: WebSocket) -> None:
            self.asked += 1
            await websocket.accept()
            await websocket.send_text("hello")
            await websocket.close()


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> App:
    folder = tmp_path_factory.mktemp("files")
    (folder / "out").mkdir()
    (folder / "out" / "a.md").write_text("public")
    (folder / "secret").write_text("secret")
    return App(folder / "out")


@pytest.fixture(scope="module")
def server(app: App) -> Iterator[Server]:
    with serving(Guard(Bounds(app.api, LIMITS), token=TOKEN, names=["pdf.example.org"], wrong_token_s=0.05)) as server:
        yield server


@pytest.fixture(scope="module")
def open_server(app: App) -> Iterator[Server]:
    """Without a token, as by `--no-auth`."""
    with serving(Guard(Bounds(app.api, LIMITS), token=None)) as server:
        yield server


def is_problem(answer: Answer) -> bool:
    return answer.headers["Content-Type"] == "application/json" and answer.body.startswith(b'{"detail": "')


# --- the token ---


def test_the_token_lets_in(server: Server) -> None:
    assert server.ask().body == b'{"a":"thing"}'
    assert server.ask("GET /thing", f"X-Api-Key: {TOKEN}").status == 200
    assert server.ask("GET /thing", f"authorization: bearer   {TOKEN}").status == 200


def test_without_a_token_nobody_gets_in(server: Server, app: App) -> None:
    before = app.asked
    answer = server.ask(token=None)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert is_problem(answer)
    assert app.asked == before


@pytest.mark.parametrize("path", ["/", "/docs/", "/version", "/metrics", "/nothing", "/healthz/", "//healthz"])
def test_there_is_nothing_to_see_without_a_token(server: Server, path: str) -> None:
    assert server.ask(f"GET {path}", token=None).status == 401


@pytest.mark.parametrize(
    "header",
    [
        "Authorization: Bearer wrong",
        "Authorization: Bearer",
        "Authorization:",
        f"Authorization: {TOKEN}",
        f"Authorization: Basic {TOKEN}",
        f"Authorization: Bearer {TOKEN[:-1]}",
        f"Authorization: Bearer {TOKEN}x",
        f"Authorization: Bearer {TOKEN} {TOKEN}",
        f"Authorization: Bearer {TOKEN.upper()}",
        "Authorization: Bearer \xff\xfe",
        "X-Api-Key: wrong",
        "X-Api-Key:",
        f"X-Api-Key: Bearer {TOKEN}",
        f"Cookie: token={TOKEN}",
        f"Proxy-Authorization: Bearer {TOKEN}",
    ],
)
def test_a_wrong_token_does_not_let_in(server: Server, header: str) -> None:
    assert server.ask("GET /thing", header, token=None).status == 401


def test_two_tokens_are_none(server: Server) -> None:
    answer = server.ask("GET /thing", "Authorization: Bearer wrong", f"Authorization: Bearer {TOKEN}")
    assert answer.status == 401


def test_a_key_counts_beside_a_proxys_own_password(server: Server) -> None:
    assert server.ask("GET /thing", "Authorization: Basic eDp5", f"X-Api-Key: {TOKEN}").status == 200


@pytest.mark.parametrize("query", [f"token={TOKEN}", f"access_token={TOKEN}", f"api_key={TOKEN}"])
def test_a_token_in_the_query_does_not_count(server: Server, query: str) -> None:
    assert server.ask(f"GET /thing?{query}", token=None).status == 401
    assert server.ask(f"GET /ws?{query}", *UPGRADE, token=None).status == 401


def test_a_wrong_token_takes_a_moment_and_the_right_one_does_not(app: App) -> None:
    with serving(Guard(app.api, token=TOKEN, wrong_token_s=0.5)) as server:
        began = time.monotonic()
        assert server.ask(token="wrong").status == 401
        assert time.monotonic() - began >= 0.5

        waiting = [server.connect() for _ in range(20)]
        for peer in waiting:
            peer.send(b"GET /thing HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: wrong\r\n\r\n")
        assert server.ask().status == 200
        assert not any(peer.is_closed() for peer in waiting)


def test_wrong_tokens_do_not_fill_the_log(app: App, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), serving(Guard(app.api, token=TOKEN, wrong_token_s=0)) as server:
        for _ in range(20):
            server.ask(token="a-wrong-token")
        messages = [record.getMessage() for record in caplog.records]
    assert messages == ["A wrong token was sent from 127.0.0.1"]


@pytest.mark.parametrize("path", sorted(OPEN_PATHS))
def test_whether_the_engine_is_well_may_be_asked_without_a_token(server: Server, path: str) -> None:
    assert server.ask(f"GET {path}", token=None).status in (200, 404)
    assert server.ask(f"HEAD {path}", token=None).status in (200, 404, 405)
    assert server.ask(f"POST {path}", "Content-Length: 0", token=None).status == 401
    assert server.ask(f"GET {path}", *UPGRADE, token=None).status == 401


def test_open_paths_are_guarded_against_pages_from_elsewhere(server: Server) -> None:
    assert server.ask("GET /healthz", "Host: evil.example").status == 421
    assert server.ask("GET /healthz", "Origin: http://evil.example").status == 403


# --- the host ---


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:8080",
        "localhost.",
        "127.0.0.1",
        "127.0.0.1:1",
        "192.168.1.7:8080",
        "[::1]",
        "[::1]:8080",
        "[2001:db8::1]:8080",
        "pdf.example.org",
        "PDF.example.org:443",
        "pdf.example.org.",
    ],
)
def test_the_machines_own_names_are_answered(server: Server, host: str) -> None:
    assert server.ask("GET /thing", f"Host: {host}").status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8080",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "x.pdf.example.org",
        "evil-pdf.example.org",
        "2130706433",
        "0x7f000001",
        "127.1",
        "0177.0.0.1",
    ],
)
def test_a_name_that_was_rebound_to_this_machine_is_refused(open_server: Server, app: App, host: str) -> None:
    before = app.asked
    answer = open_server.ask("GET /thing", f"Host: {host}")
    assert answer.status == 421
    assert is_problem(answer)
    assert open_server.ask("GET /ws", f"Host: {host}", *UPGRADE).status == 421
    assert app.asked == before


@pytest.mark.parametrize(
    "host",
    [
        "",
        " ",
        "local host",
        "localhost, evil.example",
        "localhost/evil",
        "evil.example@localhost",
        "localhost:",
        "localhost:x",
        "localhost:99999",
        "localhost:-1",
        "::1",
        "[::1",
        "[::g]",
        "[127.0.0.1]",
        "[fe80::1%eth0]",
        "localhost#",
        "l\xf6calhost",
    ],
)
def test_a_host_that_is_none_is_refused(server: Server, host: str) -> None:
    assert server.ask("GET /thing", f"Host: {host}").status == 400


def test_two_hosts_are_refused(server: Server) -> None:
    assert server.ask("GET /thing", "Host: localhost", "Host: evil.example").status == 400


def test_a_request_without_a_host_is_refused(server: Server) -> None:
    for version in ("1.0", "1.1"):
        peer = server.connect()
        peer.send(f"GET /thing HTTP/{version}\r\nX-Api-Key: {TOKEN}\r\n\r\n")
        assert peer.answer().status == 400


def test_a_host_in_the_path_is_refused(server: Server) -> None:
    assert server.ask("GET http://evil.example/thing").status == 400
    assert server.ask("GET evil.example/thing").status == 400


def test_a_forwarded_host_changes_nothing(server: Server) -> None:
    answer = server.ask("GET /thing", "Host: evil.example", "X-Forwarded-Host: localhost", "Forwarded: host=localhost")
    assert answer.status == 421


# --- the page ---


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:8080", "http://localhost:8080"),
        ("LocalHost:8080", "http://localhost:8080"),
        ("127.0.0.1", "http://127.0.0.1"),
        ("[::1]:8080", "http://[0:0::1]:8080"),
        ("pdf.example.org", "https://pdf.example.org"),
        ("pdf.example.org:443", "https://pdf.example.org"),
        ("pdf.example.org", "https://pdf.example.org:443"),
    ],
)
def test_a_page_of_its_own_may_call(server: Server, host: str, origin: str) -> None:
    headers = (f"Host: {host}", f"Origin: {origin}")
    assert server.ask("GET /thing", *headers, "Sec-Fetch-Site: same-origin").status == 200
    assert server.ask("GET /ws", *headers, *UPGRADE).status == 101


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "https://evil.example",
        "null",
        "",
        "http://localhost",
        "http://localhost:3000",
        "http://127.0.0.1:8080",
        "http://localhost:8080.evil.example",
        "http://evil.example@localhost:8080",
        "http://localhost:8080@evil.example",
        "http://localhost:8080/",
        "http://localhost:8080#",
        "ftp://localhost:8080",
        "file://",
        "chrome-extension://abcdef",
        "http://localhost:8080 http://evil.example",
        "localhost:8080",
    ],
)
def test_a_page_from_elsewhere_may_not(open_server: Server, app: App, origin: str) -> None:
    before = app.asked
    headers = ("Host: localhost:8080", f"Origin: {origin}")
    answer = open_server.ask("GET /thing", *headers)
    assert answer.status == 403
    assert is_problem(answer)
    assert open_server.ask("POST /take", *headers, "Content-Length: 0").status == 403
    assert open_server.ask("GET /ws", *headers, *UPGRADE).status == 403
    assert app.asked == before


def test_two_origins_are_refused(open_server: Server) -> None:
    assert open_server.ask("GET /thing", "Origin: http://localhost", "Origin: http://localhost").status == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site", "Cross-Site"])
def test_what_a_browser_says_is_from_elsewhere_is_refused(open_server: Server, site: str) -> None:
    assert open_server.ask("GET /thing", f"Sec-Fetch-Site: {site}").status == 403


@pytest.mark.parametrize("site", ["none", "same-origin"])
def test_what_a_person_asked_for_is_not(open_server: Server, site: str) -> None:
    assert open_server.ask("GET /thing", f"Sec-Fetch-Site: {site}").status == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "http://localhost"])
def test_a_preflight_is_given_no_permission(open_server: Server, server: Server, origin: str) -> None:
    headers = (
        f"Origin: {origin}",
        "Access-Control-Request-Method: POST",
        "Access-Control-Request-Headers: authorization",
        "Access-Control-Request-Private-Network: true",
    )
    for answer in (open_server.ask("OPTIONS /take", *headers), server.ask("OPTIONS /take", *headers, token=None)):
        assert answer.status >= 400
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


def test_the_upgrade_lets_in_with_the_token_alone(server: Server) -> None:
    assert server.ask("GET /ws", *UPGRADE).status == 101
    assert server.ask("GET /ws", *UPGRADE, token=None).status == 401
    assert server.ask("GET /ws", *UPGRADE, token="wrong").status == 401


@pytest.mark.parametrize(
    ("offered", "status", "chosen"),
    [
        (f"hotfolio, bearer.{TOKEN}", 101, "hotfolio"),
        (f"bearer.{TOKEN},hotfolio", 101, "hotfolio"),
        (f"bearer.{TOKEN}", 101, None),  # the token is never said back
        ("hotfolio, bearer.wrong", 401, None),
        ("hotfolio, bearer.", 401, None),
        (f"hotfolio, {TOKEN}", 401, None),
        (f"hotfolio, bearer.{TOKEN}, bearer.{TOKEN}", 401, None),
        ("hotfolio", 401, None),
    ],
)
def test_a_browser_shows_the_token_by_a_subprotocol(
    server: Server, offered: str, status: int, chosen: str | None
) -> None:
    answer = server.ask("GET /ws", *UPGRADE, f"Sec-WebSocket-Protocol: {offered}", token=None)
    assert (answer.status, answer.headers["Sec-WebSocket-Protocol"]) == (status, chosen)
    assert server.ask("GET /thing", f"Sec-WebSocket-Protocol: {offered}", token=None).status == 401


# --- answers ---


@pytest.mark.parametrize(
    ("path", "status"), [("/thing", 200), ("/nothing", 404), ("/files/%00", 400), ("/files/none", 500)]
)
def test_every_answer_is_safe_to_look_at(server: Server, path: str, status: int) -> None:
    answer = server.ask(f"GET {path}")
    assert answer.status == status
    is_safe(answer)


@pytest.mark.parametrize("start", ["GET /thing", "GET /ws"])
def test_every_refusal_is_safe_to_look_at(server: Server, start: str) -> None:
    headers = UPGRADE if "ws" in start else ()
    is_safe(server.ask(start, *headers, token=None))
    is_safe(server.ask(start, *headers, "Host: evil.example"))
    is_safe(server.ask(start, *headers, "Origin: null"))
    is_safe(server.ask("GET /thing", "No header"))


def is_safe(answer: Answer) -> None:
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert "Server" not in answer.headers


def test_a_route_may_say_otherwise_but_not_let_pages_in(server: Server) -> None:
    answer = server.ask("GET /own")
    assert answer.headers.get_all("Cache-Control") == ["max-age=5"]
    assert answer.headers.get_all("Content-Security-Policy") == ["sandbox"]
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Server" not in answer.headers


# --- paths ---


@pytest.mark.parametrize(
    "path",
    [
        "../secret",
        "%2e%2e/secret",
        "..%2fsecret",
        "%2e%2e%2fsecret",
        "x/../../secret",
        "x/%2e%2e/%2E%2E/secret",
        "..",
        "%00",
        "a.md%00",
        "..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
    ],
)
def test_a_path_leads_to_no_file_above(server: Server, path: str) -> None:
    answer = server.ask(f"GET /files/{path}")
    assert answer.status == 400
    assert b"secret" not in answer.body
    assert server.ask(f"GET /{path}").status in (400, 404)


def test_dots_in_names_are_no_way_up(server: Server) -> None:
    assert server.ask("GET /files/a.md").body == b"public"
    assert server.ask("GET /thing?path=../x").status == 200


# --- bodies ---


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "text/plain; application/json",
        "application/xml",
        "application/octet-stream",
        "text/json",
        "application/json, text/plain",
        "multipart/mixed",
        "application/x-www-form-urlencodedx",
        "",
    ],
)
def test_a_body_in_a_form_that_pages_may_send_anywhere_is_refused(server: Server, kind: str) -> None:
    answer = server.ask("POST /take", f"Content-Type: {kind}", "Content-Length: 2", body=b"{}")
    assert answer.status == 415
    assert is_problem(answer)


def test_a_body_of_no_type_or_of_two_is_refused(server: Server) -> None:
    assert server.ask("POST /take", "Content-Length: 2", body=b"{}").status == 415
    assert server.ask("POST /take", JSON, "Content-Type: text/plain", "Content-Length: 2", body=b"{}").status == 415
    chunked = server.ask("POST /take", "Transfer-Encoding: chunked", body=b"2\r\n{}\r\n0\r\n\r\n")
    assert chunked.status == 415
    assert server.ask("GET /thing", "Content-Length: 2", body=b"{}").status == 415


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "Application/JSON; charset=utf-8",
        "application/merge-patch+json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ],
)
def test_json_and_forms_are_taken(server: Server, kind: str) -> None:
    assert server.ask("POST /take", f"Content-Type: {kind}", "Content-Length: 2", body=b"{}").body == b"2"


def test_a_request_without_a_body_needs_no_type(server: Server) -> None:
    assert server.ask("POST /take").body == b"0"
    assert server.ask("POST /take", "Content-Length: 0").body == b"0"


def test_ten_gigabytes_are_refused_before_they_are_sent(server: Server, app: App) -> None:
    app.taken = 0
    for kind in ("application/json", "multipart/form-data; boundary=x"):
        answer = server.ask("POST /take", f"Content-Type: {kind}", f"Content-Length: {10 << 30}")
        assert answer.status == 413
        assert is_problem(answer)
    assert app.taken == 0


def test_who_asks_first_whether_to_send_too_much_is_told_no(server: Server) -> None:
    answer = server.ask("POST /take", JSON, f"Content-Length: {10 << 30}", "Expect: 100-continue")
    assert answer.status == 413


def test_a_body_may_be_as_big_as_its_form_allows(server: Server) -> None:
    for kind, most in (("application/json", 10_000), ("multipart/form-data; boundary=x", 1_000_000)):
        header = f"Content-Type: {kind}"
        assert server.ask("POST /take", header, f"Content-Length: {most}", body=bytes(most)).body == b"%d" % most
        assert server.ask("POST /take", header, f"Content-Length: {most + 1}").status == 413


@pytest.mark.parametrize(("kind", "most"), [("application/json", 10_000), ("multipart/form-data; boundary=x", 1 << 20)])
def test_an_endless_body_is_cut_off(server: Server, app: App, kind: str, most: int) -> None:
    peer = server.connect()
    peer.send(request_start("POST /take", f"Content-Type: {kind}"))
    sent = send_endlessly(peer.socket)
    assert peer.answer("POST").status == 413
    assert app.taken <= most
    assert sent < 100 << 20


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_an_endless_upload_leaves_nothing_on_the_disk(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    seen: list[int] = []

    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        async def watched_receive() -> Message:
            seen.append(sum(size for _, size in temporary_files(tmp_path)))
            return await receive()

        await app.api(scope, watched_receive, send)

    with serving(Bounds(watched, RequestLimits(upload_bytes=4 << 20))) as server:
        peer = server.connect()
        peer.send(request_start("POST /upload", "Content-Type: multipart/form-data; boundary=x"))
        head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n'
        peer.send(b"%x\r\n%s\r\n" % (len(head), head))
        send_endlessly(peer.socket)
        assert peer.answer("POST").status == 413
        assert 1 << 20 < max(seen) <= 4 << 20
        wait_until(lambda: not temporary_files(tmp_path), "the temporary file to go")
    assert not list(tmp_path.iterdir())


def test_an_upload_comes_through(server: Server) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\nabc\r\n--x--\r\n'
    header = "Content-Type: multipart/form-data; boundary=x"
    assert server.ask("POST /upload", header, f"Content-Length: {len(body)}", body=body).body == b"3"


@pytest.mark.parametrize(
    "headers",
    [
        ("Content-Length: 2", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: chunked", "Content-Length: 5"),
        ("Content-Length: -1",),
        ("Content-Length: +2",),
        ("Content-Length: 0x2",),
        ("Content-Length: 2, 3",),
        ("Content-Length: 2", "Content-Length: 3"),
        ("Content-Length: two",),
        ("Content-Length:",),
        ("Content-Length: " + "9" * 30,),
        ("Content-Length : 2",),
        ("Transfer-Encoding: chunked, chunked",),
        ("Transfer-Encoding: gzip",),
        ("Transfer-Encoding: identity",),
        ("Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
    ],
)
def test_a_body_without_one_clear_length_is_refused(server: Server, app: App, headers: tuple[str, ...]) -> None:
    app.taken = 0
    peer = server.connect()
    peer.send(request("POST /take", JSON, *headers), b"2\r\n{}\r\n0\r\n\r\n", request("GET /thing"))
    found = peer.rest()
    assert found[:13] in (b"HTTP/1.1 400 ", b"HTTP/1.1 501 ")
    assert found.count(b"HTTP/1.1 ") == 1
    assert app.taken == 0


@pytest.mark.parametrize(
    "chunk", [b"zz\r\n", b"-1\r\n{}\r\n", b"2\r\n{}xx\r\n", b"f" * 40 + b"\r\n", b"2;" + b"x" * 40_000]
)
def test_a_chunk_that_is_none_ends_it(server: Server, chunk: bytes) -> None:
    peer = server.connect()
    peer.send(request_start("POST /take", JSON), chunk)
    assert peer.answer("POST").status in (400, 431)
    assert not peer.rest()


def test_a_body_that_stops_is_not_waited_for(app: App) -> None:
    limits = RequestLimits(idle_s=0.2)
    with serving(Guard(Bounds(app.api, limits), token=TOKEN)) as server:
        for path in ("/take", "/upload"):
            peer = server.connect()
            header = "Content-Type: multipart/form-data; boundary=x"
            answer = peer.ask(f"POST {path}", header, "Content-Length: 1000", body=b"--x\r\n")
            assert answer.status == 408
            assert is_problem(answer)
            assert not peer.rest()


def test_a_body_that_trickles_is_not_waited_for(app: App) -> None:
    limits = RequestLimits(idle_s=5, window_s=0.3, bytes_per_s=1000)
    with serving(Guard(Bounds(app.api, limits), token=TOKEN)) as server:
        peer = server.connect()
        peer.send(request_start("POST /take", JSON))
        peer.socket.settimeout(0.02)
        received, sent = b"", 0
        while not received and sent < 10_000:
            peer.send(b"1\r\nx\r\n")
            sent += 1
            try:
                received = peer.socket.recv(1000)
            except TimeoutError:
                continue
        assert received.startswith(b"HTTP/1.1 408 ")
        assert sent < 300


def test_a_slow_but_steady_body_is_taken(app: App) -> None:
    # What is sent every 20 ms is enough for seconds, in case the machine is busy.
    limits = RequestLimits(idle_s=5, window_s=0.1, bytes_per_s=1)
    with serving(Guard(Bounds(app.api, limits), token=TOKEN)) as server:
        peer = server.connect()
        peer.send(request_start("POST /take", JSON))
        peer.socket.settimeout(0.02)
        for _ in range(30):
            peer.send(b"5\r\nxxxxx\r\n")
            with pytest.raises(TimeoutError):
                peer.socket.recv(1)
        peer.socket.settimeout(10)
        peer.send(b"0\r\n\r\n")
        assert peer.answer("POST").body == b"150"


async def test_a_body_that_is_whole_may_be_worked_on_for_long() -> None:
    """A route that waits for its client to go away waits for as long as it likes."""
    waits = False

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal waits
        assert (await receive())["body"] == b"{}"
        waits = True
        assert (await receive())["type"] == "http.disconnect"
        waits = False

    messages = [{"type": "http.request", "body": b"{}", "more_body": False}]

    async def receive() -> dict[str, object]:
        if messages:
            return messages.pop()
        await asyncio.sleep(0.2)
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        raise AssertionError

    headers = [(b"content-type", b"application/json"), (b"content-length", b"2")]
    scope = {"type": "http", "method": "POST", "path": "/", "raw_path": b"/", "query_string": b"", "headers": headers}
    await Bounds(app, RequestLimits(idle_s=0.05))(scope, receive, send)
    assert not waits


def test_an_application_that_hides_the_refusal_is_not_heard() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            while True:
                await receive()
        except Exception:  # noqa: BLE001
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"ok"})

    with serving(Bounds(app, RequestLimits(plain_bytes=10))) as server:
        peer = server.connect()
        peer.send(request_start("POST /", JSON), b"b\r\n" + bytes(11) + b"\r\n")
        assert peer.answer("POST").status == 413


def test_an_application_that_falls_over_the_refusal_is_answered_for(caplog: pytest.LogCaptureFixture) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            while True:
                await receive()
        except Exception as error:
            raise RuntimeError from error

    with serving(Bounds(app, RequestLimits(plain_bytes=10))) as server:
        peer = server.connect()
        peer.send(request_start("POST /", JSON), b"b\r\n" + bytes(11) + b"\r\n")
        assert peer.answer("POST").status == 413
    assert not caplog.records


# --- help ---


def temporary_files(folder: Path) -> list[tuple[str, int]]:
    """Those in this folder that this process has open, with their sizes; they have no names."""
    found = []
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            if (target := str(link.readlink())).startswith(str(folder)):
                found.append((target, link.stat().st_size))
    return found


def request_start(start: str, *headers: str) -> bytes:
    lines = [f"{start} HTTP/1.1", "Host: localhost", f"X-Api-Key: {TOKEN}", "Transfer-Encoding: chunked", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def send_endlessly(channel: socket.socket) -> int:
    """Send chunks until there is an answer; how many bytes that took."""
    chunk = b"10000\r\n" + bytes(0x10000) + b"\r\n"
    sent = 0
    channel.setblocking(False)
    pending = b""
    deadline = time.monotonic() + 10
    try:
        while time.monotonic() < deadline:
            try:
                channel.recv(1, socket.MSG_PEEK)
            except BlockingIOError:
                pending = pending or chunk
                try:
                    count = channel.send(pending)
                except BlockingIOError:
                    continue
                pending = pending[count:]
                sent += count
            else:
                return sent
    finally:
        channel.settimeout(10)
    raise AssertionError(f"{sent} bytes were taken without a word")


# --- those that need no token ---


async def status_for(peer: str, *headers: tuple[bytes, bytes], trusted: tuple[str, ...] = ("172.17.0.0/16",)) -> int:
    """How somebody is answered who calls from an address, without the token."""
    statuses = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    async def receive() -> Message:
        return {"type": "http.request"}

    scope = {"type": "http", "method": "PUT", "path": "/tika", "client": (peer, 1)}
    named = [(b"host", b"127.0.0.1"), *headers]
    await Guard(app, token=TOKEN, trusted=trusted, wrong_token_s=0)({**scope, "headers": named}, receive, send)
    (status,) = statuses
    return status


@pytest.mark.parametrize(
    ("peer", "expected"),
    [("172.17.0.5", 200), ("::ffff:172.17.0.5", 200), ("172.18.0.5", 401), ("::1", 401), ("nonsense", 401)],
)
async def test_programs_in_a_trusted_network_need_no_token(peer: str, expected: int) -> None:
    assert await status_for(peer) == expected
    assert await status_for(peer, trusted=()) == 401


async def test_what_headers_say_makes_nobody_trusted() -> None:
    for name in (b"x-forwarded-for", b"forwarded", b"x-real-ip"):
        assert await status_for("10.0.0.1", (name, b"172.17.0.5")) == 401


async def test_a_web_page_is_kept_out_of_trusted_networks_too() -> None:
    assert await status_for("172.17.0.5", (b"origin", b"https://evil.example")) == 403
    assert await status_for("172.17.0.5", (b"sec-fetch-site", b"cross-site")) == 403
