"""Following conversions over WebSockets."""

import socket
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketTestSession
from starlette.websockets import WebSocketDisconnect
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, unix_connect

from engine.base.sockets import bind, connect, socket_path
from engine.facade.engine import Engine
from engine.job.job import Job
from engine.server.app.api import create_api
from engine.server.app.listener import serve
from engine.server.dependencies.schemas import Conversion
from engine.server.dependencies.service import Service
from engine.server.routers import websockets as live
from engine.settings.settings import Settings
from tests import pdfs
from tests.backends import faulty_backend
from tests.engine.facade.test_engine import slow_pages
from tests.waiting import wait_until

ENDS = {"completed", "partial", "error", "cancelled"}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder = tmp_path_factory.mktemp("live")
    settings = Settings(
        input=folder / "input", output=folder / "output", num_workers=2, ocr="never", batch_seconds=0.25
    )
    with Engine(settings, watch=False, backend=faulty_backend) as engine:
        yield engine


@pytest.fixture
def engine(shared: Engine) -> Iterator[Engine]:
    shared.resume()
    yield shared
    shared.cancel([entry.job.id for entry in shared.select()])
    shared.remove([entry.job.id for entry in shared.select()])


@pytest.fixture(scope="module")
def api(shared: Engine) -> FastAPI:
    return create_api(Service(shared, lambda now: None))


@pytest.fixture
def client(engine: Engine, api: FastAPI) -> Iterator[TestClient]:
    with TestClient(api, base_url="http://localhost") as client:
        yield client


def submit(engine: Engine, folder: Path, data: bytes, name: str = "a.pdf") -> Job:
    (folder / name).write_bytes(data)
    return engine.submit(folder / name)


def rest_of(session: WebSocketTestSession) -> tuple[list[dict[str, Any]], WebSocketDisconnect]:
    """All messages, and how the socket was closed."""
    messages = []
    try:
        while True:
            messages.append(session.receive_json())
    except WebSocketDisconnect as closed:
        return messages, closed


def next_of(session: WebSocketTestSession, event: str) -> dict[str, Any]:
    while (message := session.receive_json())["event"] != event:
        pass
    found: dict[str, Any] = message
    return found


def test_a_conversion_is_followed_to_its_end(engine: Engine, client: TestClient, tmp_path: Path) -> None:
    job = submit(engine, tmp_path, slow_pages(8))
    with client.websocket_connect(f"/ws/conversion/{job.conversion_id}") as session:
        messages, closed = rest_of(session)
    assert closed.code == 1000
    assert all(set(message) == {"status", "progress", "message", "step"} for message in messages)
    assert messages[-1] == {"status": "completed", "progress": 100, "message": "Converted 8 pages", "step": None}
    assert [m["status"] for m in messages].count("completed") == 1
    pages = [m for m in messages if m["step"] == "page_processing"]
    assert pages
    for message in pages:
        done, total = message["message"].removeprefix("Processing page ").split("/")
        assert (message["status"], total) == ("processing", "8")
        # 100 is said once it is published too.
        assert message["progress"] in (0, min(99, 100 * int(done) // 8))
    progress = [m["progress"] for m in messages]
    assert progress == sorted(progress)
    assert all(one != other for one, other in pairwise(messages))


def test_who_joins_late_gets_the_present_state_first_and_after_the_end_the_last(
    engine: Engine, client: TestClient, tmp_path: Path
) -> None:
    job = submit(engine, tmp_path, slow_pages(12))
    wait_until(lambda: engine.job(job.id).pages_done >= 2, "two pages")
    with client.websocket_connect(f"/ws/conversion/{job.conversion_id}") as session:
        first = session.receive_json()
        assert (first["status"], first["step"]) == ("processing", "page_processing")
        assert first["progress"] >= 16
        engine.cancel([job.id], "Not needed any more.")
        messages, _ = rest_of(session)
    assert (messages[-1]["status"], messages[-1]["message"]) == ("cancelled", "Not needed any more.")
    assert messages[-1]["progress"] < 100
    with client.websocket_connect(f"/ws/conversion/{job.conversion_id}") as session:
        assert rest_of(session)[0] == messages[-1:]


def test_a_failure_says_why(engine: Engine, client: TestClient, tmp_path: Path) -> None:
    job = submit(engine, tmp_path, pdfs.not_a_pdf())
    with client.websocket_connect(f"/ws/conversion/{job.conversion_id}") as session:
        messages, closed = rest_of(session)
    assert (messages[-1]["status"], closed.code) == ("error", 1000)
    assert messages[-1]["message"] == engine.job(job.id).job.reason


def test_waiting_and_held_conversions_say_so(engine: Engine, client: TestClient, tmp_path: Path) -> None:
    engine.pause()
    job = submit(engine, tmp_path, pdfs.text_pages(1))
    with client.websocket_connect(f"/ws/conversion/{job.conversion_id}") as session:
        waiting = {"status": "queued", "progress": 0, "message": "Waiting in the queue", "step": None}
        assert session.receive_json() == waiting
        engine.hold([job.id])
        assert session.receive_json()["status"] == "held"
        engine.release([job.id])
        assert session.receive_json() == waiting


@pytest.mark.parametrize(
    "name", ["00000000-0000-0000-0000-000000000000", "999999999", "x" * 300, "%1b%5b31m", "%E2%80%AE"]
)
def test_an_unknown_conversion_is_told_in_a_way_that_browsers_see(client: TestClient, name: str) -> None:
    with client.websocket_connect(f"/ws/conversion/{name}") as session:
        messages, closed = rest_of(session)
    assert (messages, closed.code) == ([], 4404)
    assert closed.reason.startswith("There is no conversion ")
    assert closed.reason.isprintable()
    assert len(closed.reason.encode()) <= 123


def test_a_conversion_taken_off_the_list_ends_its_socket(engine: Engine, client: TestClient, tmp_path: Path) -> None:
    engine.pause()
    job = submit(engine, tmp_path, pdfs.text_pages(1))
    with client.websocket_connect(f"/ws/conversion/{job.conversion_id}") as session:
        session.receive_json()
        engine.remove(engine.cancel([job.id]))
        assert rest_of(session)[1].code in (4404, 1000)


def test_events_begin_with_a_snapshot_and_tell_of_changes_and_removals(
    engine: Engine, client: TestClient, tmp_path: Path
) -> None:
    engine.pause()
    old = submit(engine, tmp_path, pdfs.text_pages(1), "old.pdf")
    with client.websocket_connect("/ws/events") as session:
        first = session.receive_json()
        assert live.Overview.model_validate(first).event == "snapshot"
        assert (first["queue_size"], first["is_paused"], first["num_workers"]) == (1, True, 2)
        assert [banner["key"] for banner in first["banners"]] == ["paused"]
        assert [worker["number"] for worker in first["workers"]] == [1, 2]
        new = submit(engine, tmp_path, pdfs.text_pages(1), "new.pdf")
        told = live.JobsChanged.model_validate(next_of(session, "jobs"))
        assert told.changed == [Conversion.of(engine.job(new.id))]
        assert next_of(session, "totals")["queue_size"] == 2
        engine.remove(engine.cancel([old.id]))
        removed: list[int] = []
        while not removed:
            removed = next_of(session, "jobs")["removed"]
        assert removed == [old.id]
        engine.resume()
        while next_of(session, "totals")["is_paused"]:
            pass


def test_many_changes_come_in_messages_of_a_bounded_size(engine: Engine, client: TestClient, tmp_path: Path) -> None:
    engine.pause()
    with client.websocket_connect("/ws/events") as session:
        session.receive_json()
        files = []
        for number in range(450):
            files.append(tmp_path / f"{number}.pdf")
            files[-1].write_bytes(b"%PDF-")
        jobs = engine.submit_many(files)
        seen: set[int] = set()
        while len(seen) < 450:
            message = next_of(session, "jobs")
            assert len(message["changed"]) <= 200
            seen |= {entry["job_id"] for entry in message["changed"]}
    assert seen == {job.id for job in jobs}


@pytest.mark.parametrize("path", ["/ws/events", "/ws/conversion/{}"])
def test_what_a_client_says_is_passed_over(engine: Engine, client: TestClient, tmp_path: Path, path: str) -> None:
    engine.pause()
    job = submit(engine, tmp_path, pdfs.text_pages(1))
    with client.websocket_connect(path.format(job.conversion_id)) as session:
        session.receive_json()
        session.send_text("hello")
        session.send_bytes(b"\xff" * 1000)
        engine.hold([job.id])
        assert session.receive_json()


class TestThroughASocket:
    """What only a real connection can do."""

    @pytest.fixture
    def address(self, engine: Engine) -> Iterator[Path]:
        state = engine.settings.state_folder
        listener = serve(Service(engine, lambda now: None), bind(state))
        yield socket_path(state)
        listener.stop()

    def open(self, address: Path, path: str) -> ClientConnection:
        return unix_connect(str(address), uri=f"ws://localhost{path}", compression=None)

    def test_a_client_library_sees_the_end_and_the_code(self, engine: Engine, address: Path, tmp_path: Path) -> None:
        job = submit(engine, tmp_path, pdfs.text_pages(1))
        with self.open(address, f"/ws/conversion/{job.conversion_id}") as socket_:
            messages = list(socket_)
        assert '"completed"' in str(messages[-1])
        with self.open(address, "/ws/conversion/nothing") as socket_, pytest.raises(ConnectionClosed) as closed:
            socket_.recv(5)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4404

    def test_a_client_that_does_not_read_costs_nobody_anything(
        self, engine: Engine, address: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        engine.pause()
        for number in range(200):
            (tmp_path / f"{number}.pdf").write_bytes(b"%PDF-")
        jobs = engine.submit_many([tmp_path / f"{number}.pdf" for number in range(200)])
        ids = [job.id for job in jobs]
        sent = [0]
        send = live._send

        async def count(*args: Any) -> None:
            await send(*args)
            sent[0] += 1

        monkeypatch.setattr(live, "_send", count)
        deaf = [connect(address, 10) for _ in range(3)]
        for channel in deaf:
            channel.sendall(
                b"GET /ws/events HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
            )
        wait_until(lambda: sent[0] == 3, "the deaf clients to be served")

        def churn(rounds: int) -> None:
            for _ in range(rounds):
                for by in (1, -1):
                    before = engine.snapshot().version
                    engine.change_priority(ids, by)
                    assert engine.snapshot().version > before

        stop = threading.Event()
        thread = threading.Thread(target=lambda: [churn(1) for _ in iter(stop.is_set, True)])
        thread.start()
        try:
            # Of 200 jobs at some 400 bytes, a handful of messages fills what the kernel and the server buffer.
            def is_stuck() -> bool:
                before = sent[0]
                return not stop.wait(1.5) and sent[0] == before

            wait_until(is_stuck, "the deaf clients' buffers to be full", 60)
            stuck_at, rss = sent[0], psutil.Process().memory_info().rss
            assert stuck_at < 3 * 40
            with self.open(address, "/ws/events") as hearing:
                told = sum('"jobs"' in str(hearing.recv(10))[:20] for _ in range(20))
            assert told > 3
            assert psutil.Process().memory_info().rss - rss < 20 << 20
        finally:
            stop.set()
            thread.join()
            for channel in deaf:
                channel.close()

    def test_a_client_that_is_gone_is_not_served_any_more(
        self, engine: Engine, address: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        engine.pause()
        job = submit(engine, tmp_path, pdfs.text_pages(1))
        talking = [0]
        talk = live._talk

        async def count(*args: Any) -> None:
            talking[0] += 1
            try:
                await talk(*args)
            finally:
                talking[0] -= 1

        monkeypatch.setattr(live, "_talk", count)
        for path in ("/ws/events", f"/ws/conversion/{job.conversion_id}"):
            client = self.open(address, path)
            client.recv(5)
            assert talking == [1]
            client.socket.shutdown(socket.SHUT_RDWR)
            wait_until(lambda: talking == [0], "the coroutine to end")

    def test_a_client_that_takes_nothing_for_too_long_is_given_up(
        self, engine: Engine, address: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(live, "SEND_S", 0.5)
        engine.pause()
        for number in range(200):
            (tmp_path / f"{number}.pdf").write_bytes(b"%PDF-")
        ids = [job.id for job in engine.submit_many([tmp_path / f"{number}.pdf" for number in range(200)])]
        ended = threading.Event()
        follow = live._follow_all

        async def watch(*args: Any) -> None:
            try:
                await follow(*args)
            finally:
                ended.set()

        monkeypatch.setattr(live, "_follow_all", watch)
        with connect(address, 10) as deaf:
            deaf.sendall(
                b"GET /ws/events HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
            )
            wait_until(lambda: engine.change_priority(ids, 1) and ended.is_set(), "the client to be given up", 60)
