"""The queue over HTTP: lists, one conversion in full, and everything that steers it."""

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from engine.facade.engine import Engine
from engine.job.job import Job, JobState, Source, Submission
from engine.server.app.api import create_api
from engine.server.dependencies.service import Service
from engine.settings.settings import Settings
from tests import pdfs
from tests.backends import faulty_backend, local_backend
from tests.engine.facade.test_engine import slow_pages
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine whose pages can be slow."""
    folder = tmp_path_factory.mktemp("queue")
    settings = Settings(input=folder / "input", output=folder / "output", ocr="never", num_workers=1, batch_seconds=0.5)
    with Engine(settings, watch=False, backend=faulty_backend) as engine:
        yield engine


@pytest.fixture(scope="module")
def api(engine: Engine) -> FastAPI:
    return create_api(Service(engine, lambda now: None))


@pytest.fixture
def client(engine: Engine, api: FastAPI) -> Iterator[TestClient]:
    with TestClient(api) as client:
        yield client
    engine.resume()
    engine.cancel([entry.job.id for entry in engine.select(states=[JobState.QUEUED, JobState.HELD, JobState.RUNNING])])
    engine.remove([entry.job.id for entry in engine.select()])


Submit = Callable[..., Job]


@pytest.fixture
def submit(engine: Engine, tmp_path: Path) -> Submit:
    def submit(name: str = "a.pdf", content: bytes | None = None) -> Job:
        (tmp_path / name).write_bytes(content or pdfs.text_pages(1))
        return engine.submit(tmp_path / name)

    return submit


@pytest.fixture
def waiting(engine: Engine, submit: Submit) -> list[Job]:
    """Three conversions that wait."""
    engine.pause()
    return [submit(f"{name}.pdf") for name in "abc"]


@pytest.fixture
def running(engine: Engine, submit: Submit) -> Job:
    """A conversion that runs for a while."""
    job = submit("slow.pdf", slow_pages(200))
    wait_until(lambda: engine.job(job.id).pages_done >= 1, "a page")
    return job


@pytest.fixture
def done(engine: Engine, submit: Submit) -> Job:
    """A published conversion."""
    job = submit("done.pdf", pdfs.text_pages(2))
    wait_until(lambda: engine.job(job.id).job.state is JobState.DONE, "the conversion")
    return engine.job(job.id).job


def order(engine: Engine) -> list[int]:
    """Ids of the jobs that wait, in the order in which they will run."""
    waiting = engine.select(states=[JobState.QUEUED])
    return [e.job.id for e in sorted(waiting, key=lambda e: (-e.job.priority, e.job.position, e.job.id))]


# --- listing ---


def test_the_list_is_newest_first_and_read_in_parts_without_gaps(client: TestClient, waiting: list[Job]) -> None:
    first = client.get("/conversions", params={"limit": 2}).json()
    assert [c["job_id"] for c in first["conversions"]] == [waiting[2].id, waiting[1].id]
    assert (first["total"], first["next"]) == (3, waiting[1].id)
    second = client.get("/conversions", params={"limit": 2, "before": first["next"]}).json()
    assert [c["job_id"] for c in second["conversions"]] == [waiting[0].id]
    assert (second["total"], second["next"]) == (3, None)
    assert client.get("/conversions", params={"limit": 3}).json()["next"] is None
    assert client.get("/conversions", params={"before": 1}).json() == {"total": 3, "conversions": [], "next": None}


def test_what_is_added_between_two_parts_shifts_nothing(client: TestClient, waiting: list[Job], submit: Submit) -> None:
    first = client.get("/conversions", params={"limit": 1}).json()
    submit("late.pdf")
    second = client.get("/conversions", params={"limit": 1, "before": first["next"]}).json()
    assert second["conversions"][0]["job_id"] == waiting[1].id


def test_the_list_can_be_narrowed_to_states(client: TestClient, engine: Engine, waiting: list[Job]) -> None:
    engine.hold([waiting[0].id])
    engine.cancel([waiting[1].id])
    listed = client.get("/conversions?state=held&state=cancelled").json()
    assert listed["total"] == 2
    assert [c["state"] for c in listed["conversions"]] == ["cancelled", "held"]
    assert client.get("/conversions?state=done").json() == {"total": 0, "conversions": [], "next": None}


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=1001",
        "limit=-1",
        "limit=x",
        "limit=1e2",
        "before=0",
        "before=99999999999999999999",
        "state=waiting",
        "state=done&state=",
        "state=%00",
    ],
)
def test_a_list_that_cannot_be_is_refused_with_a_sentence(client: TestClient, query: str) -> None:
    answer = client.get(f"/conversions?{query}")
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("query ")


def test_ten_thousand_conversions_are_listed_at_once(tmp_path: Path) -> None:
    settings = Settings(input=tmp_path / "input", output=tmp_path / "output", num_workers=1, ocr="never")
    with Engine(settings, watch=False, backend=local_backend) as engine:
        engine.pause()
        root = os.fsencode(tmp_path)
        engine._machinery.queue.add(
            [Submission(Source(root, b"%d.pdf" % n, 9, n, n), settings.convert_options) for n in range(10_000)]
        )
        client = TestClient(create_api(Service(engine, lambda now: None)))
        seconds = []
        for _ in range(5):
            started = time.process_time()
            listed = client.get("/conversions?limit=1000&state=queued").json()
            seconds.append(time.process_time() - started)
            assert (listed["total"], len(listed["conversions"])) == (10_000, 1000)
        assert min(seconds) < 0.1


# --- one in full ---


def test_a_published_conversion_is_shown_in_full(client: TestClient, done: Job) -> None:
    by_uuid = client.get(f"/conversions/{done.conversion_id}")
    assert by_uuid.status_code == 200
    shown = by_uuid.json()
    assert client.get(f"/conversions/{done.id}").json() == shown
    assert (shown["state"], shown["pages"], shown["pages_done"]) == ("done", 2, 2)
    assert [(p["page"], p["state"], p["error"]) for p in shown["page_results"]] == [(1, "ok", None), (2, "ok", None)]
    assert all(p["seconds"] > 0 and p["via"] for p in shown["page_results"])
    assert [event["state"] for event in shown["history"]] == ["queued", "running", "done"]
    assert shown["outputs"] == ["done.md", "manifest.json"]
    assert shown["warnings"] == []


def test_a_running_conversion_shows_its_finished_pages_and_no_outputs(
    client: TestClient, engine: Engine, running: Job
) -> None:
    wait_until(lambda: engine.detail(running.id).pages, "a recorded page")
    shown = client.get(f"/conversions/{running.id}").json()
    assert (shown["state"], shown["step"], shown["pages"]) == ("running", "page_processing", 200)
    assert shown["page_results"][0]["page"] == 1
    assert shown["outputs"] == []


def test_what_comes_from_outside_is_shown_safely(client: TestClient, engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / os.fsdecode(b"evil\xff\x1b[31m.pdf")
    file.write_bytes(b"no PDF \x1b[31m")
    job = engine.submit(file)
    wait_until(lambda: engine.job(job.id).job.state is JobState.FAILED, "the failure")
    answer = client.get(f"/conversions/{job.id}")
    assert answer.json()["filename"] == r"evil\xff\x1b[31m.pdf"
    assert "\x1b" not in json.dumps(answer.json(), ensure_ascii=False)


@pytest.mark.parametrize(
    "id_",
    ["0", "4000000000", "-1", "1.0", "½", "٣", "x" * 5000, "5e6ff5f2-6f9b-4d4e-9b0c-5b5a1f0f4e11", "%00", "%F0"],
)
@pytest.mark.parametrize(("method", "below"), [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/retry")])
def test_what_is_not_on_the_list_is_not_found(client: TestClient, id_: str, method: str, below: str) -> None:
    answer = client.request(method, f"/conversions/{id_}{below}", json={} if method == "PATCH" else None)
    assert answer.status_code == 404
    assert len(answer.json()["detail"]) < 200


# --- changing ---


def test_a_priority_changes_the_order(client: TestClient, engine: Engine, waiting: list[Job]) -> None:
    answer = client.patch(f"/conversions/{waiting[2].id}", json={"priority": 7})
    assert (answer.status_code, answer.json()["priority"]) == (200, 7)
    assert order(engine) == [waiting[2].id, waiting[0].id, waiting[1].id]


def test_holding_and_releasing_twice_is_no_error(client: TestClient, engine: Engine, waiting: list[Job]) -> None:
    path = f"/conversions/{waiting[0].conversion_id}"
    for held, state in ((True, "held"), (True, "held"), (False, "queued"), (False, "queued")):
        answer = client.patch(path, json={"held": held})
        assert (answer.status_code, answer.json()["state"]) == (200, state)


def test_a_running_conversion_can_be_held(client: TestClient, running: Job) -> None:
    assert client.patch(f"/conversions/{running.id}", json={"held": True}).json()["state"] == "held"


def test_moving_changes_the_place_and_is_no_error_at_the_end(
    client: TestClient, engine: Engine, waiting: list[Job]
) -> None:
    a, b, c = (job.id for job in waiting)
    for job_id, where, after in (
        (c, "top", [c, a, b]),
        (c, "top", [c, a, b]),
        (c, "up", [c, a, b]),
        (a, "down", [c, b, a]),
        (c, "bottom", [b, a, c]),
        (a, "up", [a, b, c]),
    ):
        assert client.patch(f"/conversions/{job_id}", json={"move": where}).status_code == 200
        assert order(engine) == after


def test_everything_at_once_is_done_in_order(client: TestClient, engine: Engine, waiting: list[Job]) -> None:
    engine.hold([waiting[2].id])
    answer = client.patch(f"/conversions/{waiting[2].id}", json={"held": False, "priority": 0, "move": "top"})
    assert answer.status_code == 200
    assert order(engine)[0] == waiting[2].id


def test_a_change_that_is_impossible_in_part_changes_nothing(
    client: TestClient, engine: Engine, waiting: list[Job]
) -> None:
    answer = client.patch(f"/conversions/{waiting[0].id}", json={"priority": 9, "held": True, "move": "up"})
    assert answer.status_code == 409
    assert answer.json() == {"detail": "The conversion is held: only one that waits can be moved."}
    job = engine.job(waiting[0].id).job
    assert (job.state, job.priority) == (JobState.QUEUED, 0)


def test_a_running_conversion_cannot_be_moved(client: TestClient, running: Job) -> None:
    answer = client.patch(f"/conversions/{running.id}", json={"move": "up"})
    assert (answer.status_code, "is running" in answer.json()["detail"]) == (409, True)


@pytest.mark.parametrize("change", [{"priority": 1}, {"held": True}, {"held": False}, {"move": "top"}])
def test_a_finished_conversion_cannot_be_changed(client: TestClient, done: Job, change: dict[str, object]) -> None:
    answer = client.patch(f"/conversions/{done.id}", json=change)
    assert answer.status_code == 409
    assert answer.json()["detail"] == ("The conversion is done: only an unfinished one can be changed. Retry it first.")


def test_no_change_is_no_error(client: TestClient, done: Job) -> None:
    for change in ({}, {"priority": None, "held": None, "move": None}):
        answer = client.patch(f"/conversions/{done.id}", json=change)
        assert (answer.status_code, answer.json()["state"]) == (200, "done")


@pytest.mark.parametrize(
    "body",
    [
        b'{"priority": "1"}',
        b'{"priority": 1.5}',
        b'{"priority": true}',
        b'{"priority": NaN}',
        b'{"priority": 1e400}',
        b'{"priority": 1000001}',
        b'{"priority": -99999999999999999999}',
        b'{"held": 1}',
        b'{"held": "yes"}',
        b'{"move": "sideways"}',
        b'{"move": "\\ud800"}',
        b'{"move": ["up"]}',
        b'{"state": "done"}',
        b'{"\\u001b[31m": 1}',
        b"[]",
        b"null",
        b"{",
        b"",
    ],
)
def test_a_change_that_is_none_is_refused_with_a_sentence(
    client: TestClient, engine: Engine, waiting: list[Job], body: bytes
) -> None:
    before = engine.job(waiting[0].id)
    answer = client.patch(f"/conversions/{waiting[0].id}", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("body")
    assert "\x1b" not in answer.json()["detail"]
    assert engine.job(waiting[0].id) == before


@pytest.mark.parametrize("body", [b"\xff", b"[" * 100_000, b'{"priority": 1' + b"0" * 5000 + b"}"])
def test_a_body_that_cannot_be_read_is_refused(client: TestClient, waiting: list[Job], body: bytes) -> None:
    answer = client.patch(f"/conversions/{waiting[0].id}", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_change_that_a_web_page_could_send_unasked_is_refused(
    client: TestClient, engine: Engine, waiting: list[Job], kind: str
) -> None:
    answer = client.patch(f"/conversions/{waiting[0].id}", content=b'{"priority": 5}', headers={"Content-Type": kind})
    assert answer.status_code == 422
    assert engine.job(waiting[0].id).job.priority == 0


# --- deleting and retrying ---


def test_deleting_cancels_what_runs_and_then_takes_it_off_the_list(client: TestClient, running: Job) -> None:
    path = f"/conversions/{running.id}"
    first = client.delete(path)
    assert (first.status_code, first.json()["result"]) == (200, "cancelled")
    assert first.json()["conversion"]["state"] == "cancelled"
    second = client.delete(path)
    assert (second.status_code, second.json()["result"]) == (200, "removed")
    assert client.delete(path).status_code == client.get(path).status_code == 404


def test_results_stay_when_a_conversion_is_taken_off_the_list(client: TestClient, done: Job) -> None:
    answer = client.delete(f"/conversions/{done.conversion_id}").json()
    assert answer["message"] == "Taken off the list. Its result and its source stay where they are."
    assert (Path(os.fsdecode(done.output or b"")) / "done.md").is_file()
    assert done.source.file.is_file()


@pytest.mark.parametrize("hold", [False, True])
def test_what_waits_is_cancelled_too(client: TestClient, engine: Engine, waiting: list[Job], hold: bool) -> None:
    if hold:
        engine.hold([waiting[0].id])
    assert client.delete(f"/conversions/{waiting[0].id}").json()["result"] == "cancelled"
    assert engine.job(waiting[0].id).job.state is JobState.CANCELLED


def test_a_retry_converts_again(client: TestClient, engine: Engine, done: Job) -> None:
    engine.pause()
    answer = client.post(f"/conversions/{done.id}/retry")
    assert (answer.status_code, answer.json()["state"], answer.json()["pages_done"]) == (200, "queued", 0)
    again = client.post(f"/conversions/{done.id}/retry")
    assert again.status_code == 409
    assert again.json() == {"detail": "The conversion is queued: only a finished one can be retried."}
    engine.resume()
    wait_until(lambda: engine.job(done.id).job.state is JobState.DONE, "the second conversion")


def test_what_is_overtaken_says_so(client: TestClient, engine: Engine, waiting: list[Job], monkeypatch) -> None:
    job_id = waiting[0].id

    def too_late(*_: object) -> list[int]:
        monkeypatch.undo()
        engine.cancel([job_id])
        return []

    for name, method, body in (("set_priority", "PATCH", {"priority": 1}), ("hold", "PATCH", {"held": True})):
        monkeypatch.setattr(engine, name, too_late)
        answer = client.request(method, f"/conversions/{job_id}", json=body)
        assert answer.status_code == 409
        assert answer.json() == {"detail": "The conversion has become cancelled meanwhile."}
        engine.retry([job_id])


# --- the log ---


def test_a_log_is_text_and_its_end_is_what_is_shown(client: TestClient, engine: Engine, done: Job) -> None:
    path = f"/conversions/{done.id}/log"
    assert client.get(path).text == ""
    log = engine.settings.state_folder / "logs" / f"{done.id}.log"
    log.parent.mkdir(exist_ok=True)
    log.write_bytes(b"first\nsecond \x1b[31m\xff\nthird\n")
    answer = client.get(path)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.text == "first\nsecond \\x1b[31m\\xff\nthird\n"
    assert client.get(path, params={"limit": 8}).text == "third\n"
    log.write_bytes(b"x" * (2 << 20))
    assert len(client.get(path).content) == 64 << 10
    assert len(client.get(path, params={"limit": 1 << 20}).content) == 1 << 20
    for limit in (0, (1 << 20) + 1, -1):
        assert client.get(path, params={"limit": limit}).status_code == 422


def test_a_log_that_is_a_link_is_not_followed(client: TestClient, engine: Engine, done: Job, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    log = engine.settings.state_folder / "logs" / f"{done.id}.log"
    log.parent.mkdir(exist_ok=True)
    log.unlink(missing_ok=True)
    log.symlink_to(tmp_path / "secret")
    answer = client.get(f"/conversions/{done.id}/log")
    assert answer.status_code == 404
    assert "secret" not in answer.text
