"""Doors before an engine that is none, and before one in another process: what they need of it is the contract."""

import contextlib
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from engine.base.sockets import bind
from engine.facade.engine import Engine
from engine.job.job import JobState
from engine.job.machines import NodeSnapshot, NodeState
from engine.job.snapshot import Banner
from engine.job.vitals import Memory, Room
from engine.remote.client import RemoteEngine
from engine.server.app.api import create_api
from engine.server.app.listener import serve
from engine.server.dependencies.service import Service
from engine.settings.settings import Settings
from tests import pdfs
from tests.backends import local_backend
from tests.engine.server.fakes import FakeEngine
from tests.waiting import wait_until


@pytest.fixture
def engine(tmp_path: Path) -> FakeEngine:
    return FakeEngine(tmp_path)


@pytest.fixture
def client(engine: FakeEngine) -> TestClient:
    return TestClient(create_api(Service(engine, lambda now: None)), base_url="http://localhost")


# --- before a fake ---


def test_the_engine_says_what_hinders_it_and_the_door_makes_a_status_of_it(
    client: TestClient, engine: FakeEngine
) -> None:
    assert client.get("/readyz").json() == {"status": "ready", "reasons": [], "paused": False}
    engine.vital = {"hindrances": ("The disk is full.", "No process."), "is_paused_by_hand": True}
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"status": "unready", "reasons": ["The disk is full.", "No process."], "paused": True}


def test_what_hinders_the_engine_is_told_in_docling_serves_words_too(client: TestClient, engine: FakeEngine) -> None:
    assert client.get("/ready").json() == {"status": "ok"}
    engine.vital = {"hindrances": ("The disk is full.", "No process.")}
    answer = client.get("/ready")
    assert (answer.status_code, answer.json()) == (503, {"detail": "The disk is full. No process."})


@pytest.mark.parametrize("path", ["/healthz", "/conversions", "/openapi.json", "/docs", "/version", "/conversions/9"])
def test_whatever_can_be_got_has_a_head(client: TestClient, path: str) -> None:
    got, head = client.get(path), client.head(path)
    assert (head.status_code, head.content) == (got.status_code, b"")
    assert head.headers["content-length"] == got.headers["content-length"]


def test_what_cannot_be_got_has_no_head(client: TestClient) -> None:
    assert client.head("/convert").status_code == 405


def test_a_pause_alone_hinders_nothing(client: TestClient, engine: FakeEngine) -> None:
    engine.vital = {"is_paused": True, "is_paused_by_hand": True, "banners": (Banner("paused", "Paused."),)}
    assert client.get("/readyz").status_code == 200


def samples(client: TestClient) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(client.get("/metrics").text)
        for sample in family.samples
    }


def test_metrics_are_the_vitals_and_leave_out_what_could_not_be_read(client: TestClient, engine: FakeEngine) -> None:
    engine.has(1)
    engine.clock.advance(7)
    found = samples(client)
    assert found["hotfolio_start_time_seconds",] == 1.0
    assert found["hotfolio_queue_oldest_age_seconds",] == 7.0
    assert found["hotfolio_jobs", "queued"] == 1
    memory, disk = "hotfolio_resident_memory_bytes", "hotfolio_disk_free_bytes"
    assert [found[memory, of] for of in ("engine", "fork_server", "workers")] == [1, 2, 3]
    assert [found[disk, of] for of in ("output", "state")] == [4, 5]
    engine.vital = {"memory": Memory(None, None, 0), "room": Room(None, 9)}
    found = samples(client)
    assert [of for name, *(of,) in (key for key in found if key[0] in (memory, disk))] == ["workers", "state"]


NODE = NodeSnapshot("desk2", NodeState.HELD, "The disk is full.", 8, 3, 100, 0.5, 0.002, 10, 20, 30, 40)


def test_nodes_are_listed_and_told_to_leave(client: TestClient, engine: FakeEngine) -> None:
    assert client.get("/v1/nodes").json() == []
    assert not [name for name, *_ in samples(client) if "node" in name]
    engine.vital, engine.machines = {"nodes": (NODE,)}, {"desk2"}
    assert client.get("/v1/nodes").json() == [asdict(NODE)]
    assert client.post("/v1/nodes/desk2/drain").status_code == 204
    assert client.delete("/v1/nodes/desk2").status_code == 204
    assert client.delete("/v1/nodes/desk3").json() == {"detail": "There is no node desk3."}
    assert engine.orders == [("drain", "desk2"), ("remove", "desk2"), ("remove", "desk3")]
    found = samples(client)
    assert (found["hotfolio_nodes", "held"], found["hotfolio_nodes", "ready"]) == (1, 0)
    assert found["hotfolio_node_slots", "desk2"] == 8
    assert found["hotfolio_node_pages_total", "desk2"] == 100
    assert found["hotfolio_node_round_trip_seconds", "desk2"] == 0.002


def test_a_change_is_made_in_the_order_that_is_promised(client: TestClient, engine: FakeEngine) -> None:
    engine.has(1, JobState.HELD)
    answer = client.patch("/conversions/1", json={"move": "top", "held": False, "priority": 3})
    assert (answer.status_code, answer.json()["priority"]) == (200, 3)
    assert engine.orders == [("set_priority", 1), ("release", 1), ("move top", 1)]


@pytest.mark.parametrize(
    ("state", "method", "path", "body"),
    [
        (JobState.QUEUED, "PATCH", "/conversions/1", {"priority": 1}),
        (JobState.QUEUED, "PATCH", "/conversions/1", {"held": True}),
        (JobState.QUEUED, "DELETE", "/conversions/1", None),
        (JobState.DONE, "DELETE", "/conversions/1", None),
        (JobState.DONE, "POST", "/conversions/1/retry", None),
    ],
)
def test_what_has_changed_meanwhile_is_a_conflict(
    client: TestClient, engine: FakeEngine, state: JobState, method: str, path: str, body: object
) -> None:
    engine.has(1, state)
    engine.unfit = {1}
    answer = client.request(method, path, json=body)
    assert answer.status_code == 409
    assert answer.json() == {"detail": f"The conversion has become {state} meanwhile."}
    assert engine.orders == []


def test_deleting_cancels_first_and_removes_then(client: TestClient, engine: FakeEngine) -> None:
    engine.has(1, JobState.RUNNING)
    assert client.delete("/conversions/1").json()["result"] == "cancelled"
    assert client.delete("/conversions/1").json()["result"] == "removed"
    assert client.delete("/conversions/1").status_code == 404
    assert engine.orders == [("cancel", 1), ("remove", 1)]


# --- before an engine in another process ---


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RemoteEngine]:
    """An engine that works behind its socket, as doors in another process see it."""
    folder = tmp_path_factory.mktemp("elsewhere")
    settings = Settings(input=folder / "input", output=folder / "output", num_workers=1, ocr="never", settle=3600)
    with contextlib.ExitStack() as stack:
        engine = stack.enter_context(Engine(settings, backend=local_backend))
        listener = serve(Service(engine, lambda now: None), bind(settings.state_folder))
        stack.callback(listener.stop)
        yield stack.enter_context(RemoteEngine(settings.state_folder))


@pytest.fixture
def relay(remote: RemoteEngine) -> Iterator[TestClient]:
    """A client of doors that stand before the remote engine."""
    yield TestClient(create_api(Service(remote, lambda now: None)), base_url="http://localhost")
    remote.resume()


def test_a_document_is_sent_steered_and_fetched_through_doors_in_another_process(
    relay: TestClient, remote: RemoteEngine
) -> None:
    remote.pause()
    sent = relay.post("/upload", files={"file": ("a.pdf", pdfs.text_pages(2), "application/pdf")})
    assert sent.status_code == 202, sent.text
    conversion = f"/conversions/{sent.json()['conversion_id']}"
    held = relay.patch(conversion, json={"priority": 4, "held": True}).json()
    assert (held["state"], held["priority"], held["filename"]) == ("held", 4, "a.pdf")
    remote.resume()
    assert relay.patch(conversion, json={"held": False}).status_code == 200
    wait_until(lambda: relay.get(conversion).json()["state"] == "done", "the document", timeout=90)
    shown = relay.get(conversion).json()
    assert [page["page"] for page in shown["page_results"]] == [1, 2]
    assert "a.md" in shown["outputs"]
    assert "marker-2" in relay.get(f"{conversion}/output/a.md").text
    listed = relay.get("/conversions", params={"state": "done"}).json()
    assert [entry["conversion_id"] for entry in listed["conversions"]] == [sent.json()["conversion_id"]]


def test_a_file_of_the_hot_folder_is_asked_for_twice_and_queued_once(relay: TestClient, remote: RemoteEngine) -> None:
    remote.pause()
    (remote.settings.input / "b.pdf").write_bytes(pdfs.text_pages(1))
    first, second = (relay.post("/convert", data={"filename": "b.pdf"}) for _ in range(2))
    assert (first.status_code, second.status_code) == (202, 200)
    assert first.json()["conversion_id"] == second.json()["conversion_id"]
    assert second.json()["queue_size"] == 1
    assert relay.delete(f"/conversions/{first.json()['conversion_id']}").json()["result"] == "cancelled"


def test_health_and_metrics_are_those_of_the_engine(relay: TestClient, remote: RemoteEngine) -> None:
    remote.pause()
    assert relay.get("/readyz").json() == {"status": "ready", "reasons": [], "paused": True}
    found = samples(relay)
    assert found["hotfolio_paused",] == 1
    assert found["hotfolio_start_time_seconds",] == remote.vitals().started
    assert found["hotfolio_resident_memory_bytes", "engine"] > 0


def test_what_is_not_there_is_not_there_from_afar_either(relay: TestClient) -> None:
    for path in ("/conversions/4711", "/conversions/00000000-0000-4000-8000-000000000000"):
        answer = relay.get(path)
        assert answer.status_code == 404
        assert answer.json()["detail"].startswith("There is no ")
