"""What was sent is deleted when it is not needed any more, and no sooner."""

import os
import time
import uuid
from pathlib import Path

import pytest

from engine.job.job import Job, JobState
from engine.server.app.housekeeping import keep_house
from engine.server.dependencies.service import Service
from tests.engine.making import job, source
from tests.engine.server.fakes import FakeEngine

LONG_AGO = time.time() - 100_000


@pytest.fixture
def engine(tmp_path: Path) -> FakeEngine:
    engine = FakeEngine(tmp_path)
    engine.settings.input.mkdir()
    engine.settings.uploads_folder.mkdir(parents=True)
    return engine


def sent(engine: FakeEngine) -> Path:
    """A document as a request of docling-serve's kind leaves it, long ago."""
    file = engine.settings.uploads_folder.absolute() / str(uuid.uuid4()) / "0" / "a.pdf"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"%PDF")
    os.utime(file.parent.parent, (LONG_AGO, LONG_AGO))
    return file


def of(file: Path, job_id: int, state: JobState) -> Job:
    """The job of a document that was sent."""
    return job(job_id, state, source=source(file.name, root=os.fsencode(file.parent)))


def keep(engine: FakeEngine) -> None:
    keep_house(Service(engine, lambda now: None))


def test_of_earlier_processes_only_what_a_job_needs_is_kept(engine: FakeEngine) -> None:
    nobodys, failed, done = sent(engine), sent(engine), sent(engine)
    for job_id, (file, state) in enumerate(((failed, JobState.FAILED), (done, JobState.DONE)), 1):
        engine.tracker.set_job(of(file, job_id, state))
    os.utime(done.parent.parent, (LONG_AGO, LONG_AGO))
    fresh = sent(engine)
    os.utime(fresh.parent.parent, (time.time() + 60, time.time() + 60))  # another process is receiving it
    keep(engine)
    assert [file.exists() for file in (nobodys, failed, done, fresh)] == [False, True, False, True]
    assert not nobodys.parent.parent.exists()


@pytest.mark.parametrize("state", [state for state in JobState if state.is_finished])
def test_a_document_goes_when_its_result_is_published(engine: FakeEngine, state: JobState) -> None:
    keep(engine)
    (tell,) = engine.callbacks
    file = sent(engine)
    tell(of(file, 1, state))
    assert file.exists() is (state is not JobState.DONE)


def test_a_source_that_lies_anywhere_else_is_left_alone(engine: FakeEngine, tmp_path: Path) -> None:
    keep(engine)
    (tell,) = engine.callbacks
    for folder in (engine.settings.input, tmp_path, engine.settings.uploads_folder):
        (folder / "a.pdf").write_bytes(b"%PDF")
        tell(of(folder / "a.pdf", 1, JobState.DONE))
        assert (folder / "a.pdf").exists()


def test_uploads_that_were_cut_off_go_when_nobody_writes_to_them_any_more(engine: FakeEngine) -> None:
    old, young, other = (engine.settings.input / name for name in (".hotfolio-upload-1", ".hotfolio-upload-2", "a.pdf"))
    for file in (old, young, other):
        file.write_bytes(b"%PDF")
        os.utime(file, (LONG_AGO, LONG_AGO))
    os.utime(young)
    keep(engine)
    assert [file.exists() for file in (old, young, other)] == [False, True, True]


def test_an_input_folder_that_is_gone_is_no_trouble(engine: FakeEngine) -> None:
    engine.settings.input.rmdir()
    keep(engine)
    assert len(engine.callbacks) == 1
