"""Too much of one client, or for the queue, is refused in a way that a program can act on."""

import socket
from pathlib import Path
from typing import Annotated

import httpx
import pytest
from fastapi import Depends, FastAPI, Request
from fastapi.testclient import TestClient

from engine.base import sockets
from engine.server.app.listener import Door, Listener
from engine.server.dependencies.rates import Rates
from engine.server.dependencies.service import Service
from engine.server.security.admission import REFUSALS, admission, client_of
from tests.clock import Clock
from tests.engine.server.fakes import FakeEngine


def asked_by(client: tuple[str, int] | None, server: tuple[str, int | None] | None = ("192.0.2.1", 8080)) -> str:
    scope = {"type": "http", "client": client, "server": server, "headers": [(b"x-forwarded-for", b"203.0.113.9")]}
    return client_of(Request(scope))


# --- who asks ---


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", "unknown"),
    ],
)
def test_a_client_is_the_address_at_the_other_end(host: str, name: str) -> None:
    assert asked_by((host, 50_000)) == name


def test_what_is_no_address_is_short_and_can_be_shown() -> None:
    shown = asked_by(("no\x1b[31m address\n" + "x" * 500, 50_000))
    assert shown.isprintable()
    assert shown.startswith("no")
    assert len(shown) <= 64


def test_only_a_peer_on_the_unix_socket_is_local() -> None:
    assert asked_by(None, ("/run/api.sock", None)) == "local"
    assert asked_by(None) == "unknown"
    assert asked_by(None, None) == "unknown"


@pytest.fixture
def who() -> FastAPI:
    """Tells a client who it is."""
    app = FastAPI()

    @app.get("/")
    async def tell(request: Request) -> str:
        return client_of(request)

    return app


def test_the_real_server_knows_local_programs_and_believes_no_header(
    tmp_path: Path, who: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    local = sockets.bind(tmp_path)
    tcp = socket.create_server(("127.0.0.1", 0))
    port = tcp.getsockname()[1]
    listener = Listener([Door(local, who), Door(tcp, who)])
    listener.start()
    lie = {"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9", "X-Real-IP": "203.0.113.9"}
    try:
        transport = httpx.HTTPTransport(uds=str(sockets.socket_path(tmp_path)))
        with httpx.Client(transport=transport, base_url="http://localhost", headers=lie) as client:
            assert client.get("/").json() == "local"
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=lie, trust_env=False) as client:
            assert client.get("/").json() == "127.0.0.1"
    finally:
        listener.stop()


# --- what a program is told ---


def submissions(service: Service) -> FastAPI:
    """Two routes that submit something."""
    app = FastAPI()

    # Made apart, as by different modules.
    for path, admit in (("/convert", admission(service)), ("/upload", admission(service))):

        @app.post(path, responses=REFUSALS)
        def submit(client: Annotated[str, Depends(admit)]) -> str:
            return client

    return app


@pytest.fixture
def idle() -> Service:
    """An engine that starts nothing and takes in little."""
    return Service(FakeEngine(max_submissions=3, max_queue=2), lambda now: None)


def test_who_submits_too_fast_is_told_when_to_come_back(idle: Service, clock: Clock) -> None:
    idle.rates = Rates(3, clock)
    app = submissions(idle)
    ann, bob = (TestClient(app, client=(host, 50_000)) for host in ("192.0.2.1", "192.0.2.2"))
    assert [ann.post(path).json() for path in ("/convert", "/upload", "/convert")] == ["192.0.2.1"] * 3
    refused = ann.post("/upload", headers={"X-Forwarded-For": "203.0.113.9"})
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "1"
    assert refused.json() == {
        "detail": "Too many submissions: at most 3 in a second by one client. Try again in 1 s.",
    }
    assert bob.post("/convert").status_code == 200
    clock.advance(1)
    assert ann.post("/upload").status_code == 200


def test_the_addresses_of_one_machine_are_one_client(idle: Service, clock: Clock) -> None:
    idle.rates = Rates(3, clock)
    app = submissions(idle)
    answers = [TestClient(app, client=(f"2001:db8::{n:x}", 50_000)).post("/convert") for n in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[0].json() == "2001:db8::/64"


def test_a_full_queue_takes_in_nothing_more_until_there_is_room(idle: Service, clock: Clock) -> None:
    idle.rates = Rates(100, clock)
    client = TestClient(submissions(idle))
    jobs = []
    for name in ("a.pdf", "b.pdf"):
        assert client.post("/convert").status_code == 200
        jobs += idle.engine.submit_many([Path(name)], client="ann")
    refused = client.post("/convert")
    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) >= 1
    assert refused.json() == {"detail": "The queue is full: 2 jobs wait. Try again later."}
    idle.engine.hold([jobs[0].id])
    assert client.post("/convert").status_code == 200


def test_refusals_are_part_of_what_a_route_says_of_itself(idle: Service) -> None:
    responses = submissions(idle).openapi()["paths"]["/convert"]["post"]["responses"]
    for status in ("429", "503"):
        assert responses[status]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Problem"}
        assert "Retry-After" in responses[status]["headers"]
