"""Whether the service says truthfully that it lives, and that it is of use."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from engine.facade import keeper
from engine.facade.engine import Engine
from engine.facade.keeper import check_disk
from engine.server.app.api import create_api
from engine.server.dependencies.service import Service
from engine.settings.settings import Settings
from engine.work.pool import BLOCKED, NO_PROCESS
from tests.backends import local_backend
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine that all tests share; each leaves it ready."""
    folder = tmp_path_factory.mktemp("health")
    settings = Settings(input=folder / "input", output=folder / "output", ocr="never", num_workers=1, scan_interval=1)
    engine = Engine(settings, backend=local_backend)
    engine.start()
    yield engine
    engine.stop(now=True)


@pytest.fixture
def client(engine: Engine) -> Iterator[TestClient]:
    with TestClient(create_api(Service(engine, lambda now: None))) as client:
        yield client
        wait_until(lambda: reasons(client) == [], "the engine to be ready again")


def reasons(client: TestClient) -> list[str]:
    answer = client.get("/readyz")
    body = answer.json()
    assert (answer.status_code, body["status"]) == ((503, "unready") if body["reasons"] else (200, "ready"))
    return body["reasons"]


def test_an_engine_at_work_is_alive_and_ready(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready", "reasons": [], "paused": False}


def test_a_pause_is_said_but_takes_nothing_away_from_readiness(client: TestClient, engine: Engine) -> None:
    engine.pause()
    assert client.get("/readyz").json() == {"status": "ready", "reasons": [], "paused": True}
    engine.resume()
    assert client.get("/readyz").json()["paused"] is False


def test_a_full_disk_is_a_reason_until_there_is_room(
    client: TestClient, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage("/")
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1))
        check_disk(engine.settings, engine._machinery.queue)
        assert "is full" in reasons(client)[0]
    check_disk(engine.settings, engine._machinery.queue)
    assert reasons(client) == []


def test_missing_conversion_processes_are_a_reason_for_as_long_as_none_has_started(
    client: TestClient, engine: Engine
) -> None:
    engine._machinery.queue.pause(NO_PROCESS, "No conversion process can be started: no memory.")
    assert reasons(client) == ["No conversion process can be started: no memory."]
    engine._machinery.queue.resume(NO_PROCESS, keeps_banner=True)  # as before another attempt
    assert len(reasons(client)) == 1
    engine._machinery.queue.set_banner(NO_PROCESS, None)
    assert reasons(client) == []


def test_every_reason_is_told_and_shown_safely(
    client: TestClient, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "check_disk", lambda *_: None)  # which finds the disk writable
    for key in (BLOCKED, NO_PROCESS):
        engine._machinery.queue.pause(key, f"Cannot write to \x1b[31m{key}.")
    assert reasons(client) == [r"Cannot write to \x1b[31mblocked.", r"Cannot write to \x1b[31mno process."]
    for key in (BLOCKED, NO_PROCESS):
        engine._machinery.queue.resume(key)


def test_an_input_folder_that_is_gone_is_a_reason_until_it_is_back(client: TestClient, engine: Engine) -> None:
    engine.settings.input.rmdir()
    wait_until(lambda: any("input folder is gone" in reason for reason in reasons(client)), "the reason")
    engine.settings.input.mkdir()


def test_an_engine_at_its_end_is_alive_but_not_ready(tmp_path: Path) -> None:
    settings = Settings(input=tmp_path / "input", output=tmp_path / "output", ocr="never", num_workers=1)
    engine = Engine(settings, backend=local_backend)
    engine.start()
    with TestClient(create_api(Service(engine, lambda now: None))) as client:
        engine.drain()
        assert reasons(client) == ["Finishing the running jobs; nothing new is begun."]
        (settings.state_folder / "jobs.sqlite3").unlink()
        assert "jobs.sqlite3 is gone" in reasons(client)[-1]
        engine.stop(now=True)
        assert reasons(client)[0] == "The engine is stopping."
        assert client.get("/healthz").status_code == 200
