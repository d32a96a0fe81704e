"""One suite for every engine a front end can have: the one in this process, and one behind a socket."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.base.errors import HotfolioError, NoSuchJob, SourceUnreadable
from engine.base.sockets import bind
from engine.facade.engine import Engine
from engine.job.formats import Format
from engine.job.job import JobState
from engine.job.options import ConvertOptions
from engine.remote.client import RemoteEngine
from engine.remote.contract import EngineLike
from engine.server.app.listener import serve
from engine.server.dependencies.service import Service
from engine.settings.settings import Settings
from tests import pdfs
from tests.backends import local_backend
from tests.waiting import wait_until


@contextlib.contextmanager
def in_this_process(engine: Engine) -> Iterator[EngineLike]:
    yield engine


@contextlib.contextmanager
def behind_a_socket(engine: Engine) -> Iterator[EngineLike]:
    state = engine.settings.state_folder
    listener = serve(Service(engine, lambda now: None), bind(state))
    try:
        with RemoteEngine(state) as remote:
            yield remote
    finally:
        listener.stop()


@pytest.fixture(scope="module", params=[in_this_process, behind_a_socket])
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[EngineLike, Path]]:
    """An engine, paused, with nothing to do; and its input folder."""
    folder = tmp_path_factory.mktemp("enginelike")
    settings = Settings(
        input=folder / "input", output=folder / "output", num_workers=2, ocr="never", settle=0, settle_damaged=0.1
    )
    with Engine(settings, backend=local_backend) as engine, request.param(engine) as enginelike:
        yield enginelike, settings.input


@pytest.fixture
def engine(pair: tuple[EngineLike, Path]) -> Iterator[EngineLike]:
    engine, _ = pair
    engine.resume()
    yield engine
    engine.resume()
    engine.cancel([entry.job.id for entry in engine.select()])
    engine.remove([entry.job.id for entry in engine.select()])


@pytest.fixture
def drop(engine: EngineLike, tmp_path: Path) -> Callable[..., int]:
    """Submits a document from outside the hot folder; returns its job's id."""

    def submit(name: str = "a.pdf", pages: int = 1, **how: Any) -> int:
        file = tmp_path / name
        file.write_bytes(pdfs.text_pages(pages))
        return engine.submit_many([file], **how)[0].id

    return submit


def until(engine: EngineLike, job_id: int, *states: JobState) -> None:
    wait_until(lambda: engine.job(job_id).job.state in states, f"#{job_id} to be {states}", timeout=60)


def test_a_submitted_document_is_converted_and_can_be_looked_at(engine: EngineLike, drop: Callable[..., int]) -> None:
    job_id = drop(pages=3, options=ConvertOptions(formats=(Format.MD, Format.TXT), ocr="never"), priority=2)
    until(engine, job_id, JobState.DONE)
    detail = engine.detail(job_id)
    assert detail.snapshot.job.priority == 2
    assert detail.snapshot.job.options.formats == (Format.MD, Format.TXT)
    assert [page.page for page in detail.pages] == [1, 2, 3]
    assert len(detail.page_map.marks) == 3
    assert [state for _, state, _ in detail.history] == [JobState.QUEUED, JobState.RUNNING, JobState.DONE]
    assert "marker-1" in engine.preview(job_id)
    assert engine.preview(job_id, page=2) in engine.preview(job_id)
    picture = engine.peek(job_id, 1, 40, 40)
    assert len(picture.rgb) == picture.width * picture.height * 3
    assert engine.page_map(job_id) is None


def test_what_has_changed_since_a_version_is_told_once(engine: EngineLike, drop: Callable[..., int]) -> None:
    engine.pause()
    before = engine.snapshot()
    job_id = drop()
    wait_until(lambda: engine.snapshot(before.version).changed, "the new job")
    after = engine.snapshot(before.version)
    assert [entry.job.id for entry in after.changed] == [job_id]
    assert engine.snapshot(after.version).changed == ()
    assert engine.snapshot(after.version).totals.queue_depth == 1
    engine.cancel([job_id])
    assert engine.remove([job_id]) == [job_id]
    wait_until(lambda: job_id in engine.snapshot(after.version).removed, "the job to be gone")
    with pytest.raises(NoSuchJob):
        engine.job(job_id)
    engine.restore([job_id])
    wait_until(lambda: any(e.job.id == job_id for e in engine.snapshot(after.version).changed), "the job to be back")


def test_actions_return_what_they_have_changed_and_are_seen_at_once(
    engine: EngineLike, drop: Callable[..., int]
) -> None:
    engine.pause()
    first, second = drop("a.pdf"), drop("b.pdf")
    assert engine.hold([first, 10_000]) == [first]
    assert engine.job(first).job.state is JobState.HELD
    assert engine.hold([first]) == []
    assert engine.release([first, second]) == [first]
    assert engine.change_priority([first], 3) == [first]
    assert engine.set_priority([second], -2) == [second]
    assert [engine.job(n).job.priority for n in (first, second)] == [3, -2]
    assert engine.set_priority([first, second], 0) == [first, second]
    assert engine.move([second], "up") == [second]
    assert engine.job(second).job.position < engine.job(first).job.position
    assert engine.cancel([first], "Not wanted.") == [first]
    assert engine.job(first).job.reason == "Not wanted."
    assert engine.retry([first]) == [first]
    assert engine.job(first).job.state is JobState.QUEUED


def test_jobs_are_selected_by_ids_and_states(engine: EngineLike, drop: Callable[..., int]) -> None:
    engine.pause()
    ids = [drop(f"{number}.pdf") for number in range(3)]
    engine.hold([ids[1]])
    assert [e.job.id for e in engine.select([(ids[0], ids[1])])] == ids[:2]
    assert [e.job.id for e in engine.select([(ids[2], ids[2]), (ids[0], ids[0])])] == [ids[0], ids[2]]
    assert [e.job.id for e in engine.select(None, [JobState.HELD])] == [ids[1]]
    assert engine.select([(ids[0], ids[2])], [JobState.DONE]) == []
    with pytest.raises(NoSuchJob, match=r"no job 99999\."):
        engine.select([(99_999, 99_999)])


def test_the_engine_as_a_whole_is_steered(engine: EngineLike) -> None:
    assert not engine.is_paused
    engine.pause()
    wait_until(lambda: engine.is_paused and engine.snapshot().is_paused, "the pause")
    assert [banner.message for banner in engine.snapshot().banners] == [
        "Paused: nothing new is started until you resume."
    ]
    engine.resume()
    wait_until(lambda: not engine.is_paused, "the end of the pause")
    engine.set_workers(3)
    wait_until(lambda: engine.workers == 3, "the third worker")
    engine.set_workers(2)
    wait_until(lambda: engine.workers == 2, "the third worker to end")
    wait_until(lambda: not engine.is_scanning, "the end of the scan")


def test_errors_are_the_engine_s_own(engine: EngineLike, tmp_path: Path) -> None:
    with pytest.raises(NoSuchJob, match="no job 4711"):
        engine.detail(4711)
    with pytest.raises(SourceUnreadable, match=r"missing\.pdf: No such file"):
        engine.submit_many([tmp_path / "missing.pdf"])


def test_names_that_are_no_text_travel(engine: EngineLike, drop: Callable[..., int]) -> None:
    engine.pause()
    job_id = drop("caf\udce9 [b]\x1b.pdf")
    assert bytes(engine.job(job_id).job.source.file).endswith(b"caf\xe9 [b]\x1b.pdf")


def test_a_locked_document_is_opened_with_a_password(engine: EngineLike, tmp_path: Path) -> None:
    file = tmp_path / "locked.pdf"
    file.write_bytes(pdfs.encrypted("secret"))
    job_id = engine.submit_many([file])[0].id
    until(engine, job_id, JobState.FAILED)
    assert engine.unlock([job_id], "secret") == [job_id]
    until(engine, job_id, JobState.DONE)


def test_the_settings_say_where_the_folders_are(pair: tuple[EngineLike, Path]) -> None:
    engine, folder = pair
    assert engine.settings.input == folder
    assert engine.settings.state_folder == folder.parent / "output" / ".hotfolio"
    assert isinstance(engine.discovered, int)


def test_a_refusal_says_why(engine: EngineLike, drop: Callable[..., int]) -> None:
    engine.pause()
    job_id = drop()
    with pytest.raises(HotfolioError, match="not converted yet"):
        engine.preview(job_id, page=1)
