"""What is sent survives a power cut if somebody asks for its result later, and else costs no time for that."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from engine.job.job import Job, JobState
from engine.server.app.api import create_api
from engine.server.dependencies.service import Service
from engine.server.documents import received, tasks
from engine.server.routers import uploads
from tests.engine.server.fakes import FakeEngine

FORM: Any = {"files": ("a.pdf", b"%PDF-", "application/pdf")}


class Quick(FakeEngine):
    """Ends each job at once, as failed, if it is told to."""

    ends = True

    def submit_many(self, files: Any, **options: Any) -> list[Job]:
        jobs = super().submit_many(files, **options)
        if self.ends:
            return [self.has(job.id, JobState.FAILED, reason="No.") for job in jobs]
        sources = [replace(job.source, root=bytes(file.parent)) for job, file in zip(jobs, files, strict=True)]
        return [self._put(replace(job, source=source)) for job, source in zip(jobs, sources, strict=True)]


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What has been made durable, by its name."""
    names: list[str] = []
    for module in (received, tasks):
        monkeypatch.setattr(module, "fsync_path", lambda path: names.append(path.name))
    monkeypatch.setattr(received, "fsync_tree", lambda path: names.append("a request"))
    monkeypatch.setattr(uploads.os, "fsync", lambda descriptor: names.append("a part"))
    return names


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[tuple[Quick, TestClient]]:
    engine = Quick(tmp_path, docling_wait=0.01)
    (tmp_path / "state").mkdir()
    with TestClient(create_api(Service(engine, lambda now: None)), base_url="http://localhost") as client:  # type: ignore[arg-type]
        yield engine, client


def test_who_waits_for_a_result_does_not_wait_for_the_disk(asked: tuple[Quick, TestClient], synced: list[str]) -> None:
    _, client = asked
    assert client.put("/process", content=b"%PDF-").status_code == 422
    assert client.post("/v1/convert/file", files=FORM).status_code == 422
    assert client.post("/tika/form", files={"file": FORM["files"]}).status_code == 422
    assert synced == []


def test_what_goes_on_when_nobody_waits_any_more_lasts(asked: tuple[Quick, TestClient], synced: list[str]) -> None:
    engine, client = asked
    engine.ends = False
    assert client.put("/process", content=b"%PDF-").status_code == 504
    assert synced == ["a request", "uploads"]


def test_what_nobody_has_ever_waited_for_lasts(asked: tuple[Quick, TestClient], synced: list[str]) -> None:
    assert asked[1].post("/v1/convert/file/async", files=FORM).status_code == 200
    assert synced[:3] == ["a part", "a request", "uploads"]
    assert "task.part" in synced
