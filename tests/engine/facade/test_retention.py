"""Results go when they have been kept long enough, with all that is left of what was sent; others stay."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.facade import retention as retention_module
from engine.facade.engine import Engine
from engine.facade.retention import Retention
from engine.job.job import Job, JobState
from engine.settings.settings import Settings
from tests import pdfs
from tests.waiting import wait_until

HOURS = 3600.0


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    values: dict[str, Any] = {"input": tmp_path / "input", "output": tmp_path / "output", "settle": 0}
    with Engine(Settings(**values, num_workers=1, ocr="never", backend="in-memory")) as engine:
        yield engine


def done(engine: Engine, file: Path, content: bytes = b"") -> Job:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content or pdfs.text_pages(1))
    os.utime(file, (1e9, 1e9))  # nobody takes it for one that is still coming in
    (job,) = engine.submit_many([file], client="somebody")
    wait_until(lambda: engine.job(job.id).job.state.is_finished, "the job")
    return engine.job(job.id).job


def sent(engine: Engine, request: str, number: int = 0, content: bytes = b"") -> Job:
    """A document as a door keeps it."""
    return done(engine, engine.settings.uploads_folder.absolute() / request / str(number) / "a.pdf", content)


def retention(engine: Engine, later_s: float, **settings: float) -> Retention:
    changed = engine.settings.model_copy(update=settings)
    machinery = engine._machinery
    finished = max(entry.job.finished.timestamp() for entry in engine.select() if entry.job.finished)
    return Retention(lambda: changed, machinery.queue, lambda job_id: None, lambda: finished + later_s)


def place(job: Job) -> Path:
    return Path((job.output or b"").decode())


def test_what_was_sent_goes_after_four_hours_and_its_name_is_free(engine: Engine, tmp_path: Path) -> None:
    first, mine = sent(engine, "one"), done(engine, tmp_path / "elsewhere" / "b.pdf")
    failed = sent(engine, "two", content=b"no PDF")
    assert failed.state is JobState.FAILED
    assert retention(engine, 3.9 * HOURS).look() == []
    assert sorted(retention(engine, 4.1 * HOURS).look()) == [first.id, failed.id]
    assert [entry.job.id for entry in engine.select()] == [mine.id]
    assert not place(first).exists()
    assert place(mine).is_dir()
    assert [*engine.settings.uploads_folder.iterdir()] == []
    assert engine.vitals().facts.expired == 1
    assert place(sent(engine, "three")) == place(first)


def test_a_request_is_kept_as_long_as_one_of_its_documents(engine: Engine) -> None:
    first, second = sent(engine, "one", 0), sent(engine, "one", 1)
    assert engine.remove([first.id], with_results=True) == [first.id]
    assert second.source.file.exists()
    assert not place(first).exists()
    assert place(second).is_dir()


def test_other_results_are_kept_unless_it_is_said(engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "elsewhere" / "b.pdf"
    job = done(engine, file)
    assert retention(engine, 1e9).look() == []
    assert retention(engine, 9.0, keep_results=10).look() == []
    assert retention(engine, 11.0, keep_results=10).look() == [job.id]
    assert (file.exists(), place(job).exists()) == (True, False)


def test_nothing_goes_where_nothing_may(engine: Engine) -> None:
    sent(engine, "one")
    assert retention(engine, 1e9, keep_api_results=0).look() == []


def test_a_result_that_cannot_be_deleted_keeps_its_job(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    job = sent(engine, "one")

    def refuse(_: Job) -> bool:
        raise PermissionError("no")

    monkeypatch.setattr(retention_module, "withdraw", refuse)
    assert engine.remove([job.id], with_results=True) == []
    assert engine.job(job.id).job.id == job.id
