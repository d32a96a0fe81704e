"""One suite for every engine a front end can have: the one in this process, and one behind a socket."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
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
from engine.remote.contract import ServedEngine
from engine.server.app.listener import serve
from engine.server.dependencies.service import Service
from engine.settings.settings import Settings
from tests import pdfs
from tests.backends import local_backend
from tests.waiting import wait_until


@contextlib.contextmanager
def in_this_process(engine: Engine) -> Iterator[ServedEngine]:
    yield engine


@contextlib.contextmanager
def behind_a_socket(engine: Engine) -> Iterator[ServedEngine]:
    state = engine.settings.state_folder
    listener = serve(Service(engine, lambda now: None), bind(state))
    try:
        with RemoteEngine(state) as remote:
            yield remote
    finally:
        listener.stop()


@pytest.fixture(scope="module", params=[in_this_process, behind_a_socket])
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[ServedEngine, Path]]:
    """An engine, paused, with nothing to do; and its input folder."""
    folder = tmp_path_factory.mktemp("contract")
    settings = Settings(
        input=folder / "input", output=folder / "output", num_workers=2, ocr="never", settle=0, settle_damaged=0.1
    )
    with Engine(settings, backend=local_backend) as engine, request.param(engine) as served:
        yield served, settings.input


@pytest.fixture
def engine(pair: tuple[ServedEngine, Path]) -> Iterator[ServedEngine]:
    engine, _ = pair
    engine.resume()
    yield engine
    engine.resume()
    engine.cancel([entry.job.id for entry in engine.select()])
    engine.remove([entry.job.id for entry in engine.select()])


@pytest.fixture
def drop(engine: ServedEngine, tmp_path: Path) -> Callable[..., int]:
    """Submits a document from outside the hot folder; returns its job's id."""

    def submit(name: str = "a.pdf", pages: int = 1, **how: Any) -> int:
        file = tmp_path / name
        file.write_bytes(pdfs.text_pages(pages))
        return engine.submit_many([file], **how)[0].id

    return submit


def until(engine: ServedEngine, job_id: int, *states: JobState) -> None:
    wait_until(lambda: engine.job(job_id).job.state in states, f"#{job_id} to be {states}", timeout=60)


def test_a_submitted_document_is_converted_and_can_be_looked_at(engine: ServedEngine, drop: Callable[..., int]) -> None:
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
    lines = engine.preview(job_id).split("\n")
    starts = engine.page_lines(job_id)
    assert [page for page, _ in starts] == [1, 2, 3]
    ends = [line for _, line in starts[1:]] + [len(lines)]
    for (page, line), end in zip(starts, ends, strict=True):
        assert "\n".join(lines[line:end]).strip() == engine.preview(job_id, page=page).strip()
    with pytest.raises(HotfolioError, match="stands in JSON"):
        engine.blocks(job_id, 1)
    picture = engine.peek(job_id, 1, 40, 40)
    assert len(picture.rgb) == picture.width * picture.height * 3
    assert engine.page_map(job_id) is None


def test_the_blocks_of_a_page_are_told_where_json_is_published(engine: ServedEngine, drop: Callable[..., int]) -> None:
    job_id = drop(options=ConvertOptions(formats=(Format.MD, Format.JSON), ocr="never"))
    until(engine, job_id, JobState.DONE)
    blocks = engine.blocks(job_id, 1)
    assert any("marker-1" in block.text for block in blocks)
    assert all(0 <= block.area[0] < block.area[2] <= 1 for block in blocks)
    assert engine.blocks(job_id, 2) == ()


def test_what_has_changed_since_a_version_is_told_once(engine: ServedEngine, drop: Callable[..., int]) -> None:
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
    engine: ServedEngine, drop: Callable[..., int]
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


def test_jobs_stand_as_they_stood_and_a_retry_is_taken_back(engine: ServedEngine, drop: Callable[..., int]) -> None:
    engine.pause()
    first, second = drop("a.pdf"), drop("b.pdf")
    standings = [engine.job(n).job.standing for n in (first, second)]
    engine.cancel([first], "Not wanted.")
    ended = engine.job(first).job.standing
    assert engine.retry([first]) == [first]
    assert engine.job(first).job.position > engine.job(second).job.position
    assert engine.reinstate([ended]) == [first]
    assert engine.job(first).job.standing == ended
    engine.change_priority([second], 4)
    engine.hold([second])
    assert engine.reinstate([*standings, replace(ended, job_id=99_999)]) == [first, second]
    assert [engine.job(n).job.standing for n in (first, second)] == standings
    assert engine.reinstate([ended]) == []


def test_jobs_are_selected_by_ids_and_states(engine: ServedEngine, drop: Callable[..., int]) -> None:
    engine.pause()
    ids = [drop(f"{number}.pdf") for number in range(3)]
    engine.hold([ids[1]])
    assert [e.job.id for e in engine.select([(ids[0], ids[1])])] == ids[:2]
    assert [e.job.id for e in engine.select([(ids[2], ids[2]), (ids[0], ids[0])])] == [ids[0], ids[2]]
    assert [e.job.id for e in engine.select(None, [JobState.HELD])] == [ids[1]]
    assert engine.select([(ids[0], ids[2])], [JobState.DONE]) == []
    with pytest.raises(NoSuchJob, match=r"no job 99999\."):
        engine.select([(99_999, 99_999)])


def test_the_engine_as_a_whole_is_steered(engine: ServedEngine) -> None:
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


def test_errors_are_the_engine_s_own(engine: ServedEngine, tmp_path: Path) -> None:
    with pytest.raises(NoSuchJob, match="no job 4711"):
        engine.detail(4711)
    with pytest.raises(SourceUnreadable, match=r"missing\.pdf: No such file"):
        engine.submit_many([tmp_path / "missing.pdf"])


def test_jobs_are_found_by_their_conversion(engine: ServedEngine, drop: Callable[..., int]) -> None:
    engine.pause()
    job = engine.job(drop()).job
    assert engine.find(job.conversion_id).job == job
    with pytest.raises(NoSuchJob, match="no conversion 4711"):
        engine.find("4711")


def test_the_overview_is_the_snapshot_without_jobs(engine: ServedEngine, drop: Callable[..., int]) -> None:
    engine.pause()
    drop()
    overview = engine.overview()
    assert (overview.changed, overview.removed, overview.totals.queue_depth) == ((), (), 1)
    assert overview.is_paused
    assert engine.snapshot(overview.version).changed == ()


def test_what_is_asked_for_over_http_is_queued_for_who_asks(engine: ServedEngine, tmp_path: Path) -> None:
    engine.pause()
    file = tmp_path / "asked.pdf"
    file.write_bytes(pdfs.text_pages(1))
    job, is_queued_now = engine.ask_for(file, priority=2, client="ann")
    assert (is_queued_now, job.priority, job.client) == (True, 2, "ann")
    assert engine.ask_for(file, client="bob") == (engine.job(job.id).job, False)
    engine.cancel([job.id])
    again, is_queued_now = engine.ask_for(file, client="bob")
    assert (is_queued_now, again.id, again.client) == (True, job.id, "bob")


def test_a_file_that_was_sent_gets_the_first_free_name(pair: tuple[ServedEngine, Path], engine: ServedEngine) -> None:
    _, folder = pair
    engine.pause()
    (folder / "taken.pdf").write_bytes(b"")
    (folder / ".sent.part").write_bytes(pdfs.text_pages(1))
    job = engine.take_in(folder / ".sent.part", ("taken.pdf", "free.pdf"), client="ann")
    assert (job.name, job.client, engine.job(job.id).job.name) == ("free.pdf", "ann", "free.pdf")
    assert sorted(file.name for file in folder.iterdir()) == ["free.pdf", "taken.pdf"]


def test_who_listens_hears_of_every_job_that_finishes(engine: ServedEngine, drop: Callable[..., int]) -> None:
    heard: list[tuple[int, JobState]] = []
    engine.on_finished(lambda job: 1 / 0)  # which is nobody else's trouble
    engine.on_finished(lambda job: heard.append((job.id, job.state)))
    first = drop("a.pdf")
    wait_until(lambda: (first, JobState.DONE) in heard, "the first to be told", timeout=90)
    engine.pause()
    second = drop("b.pdf")
    engine.cancel([second])
    wait_until(lambda: (second, JobState.CANCELLED) in heard, "the second to be told")
    assert [number for number, _ in heard if number in (first, second)] == [first, second]


def test_the_vitals_are_those_of_the_engine(engine: ServedEngine, drop: Callable[..., int]) -> None:
    before = engine.vitals()
    until(engine, drop(pages=2), JobState.DONE)
    engine.pause()
    drop("waits.pdf")
    wait_until(lambda: engine.vitals().totals.workers_busy == 0, "the workers to be idle")
    vitals = engine.vitals()
    assert vitals.started == before.started
    assert vitals.hindrances == ()
    assert (vitals.is_paused, vitals.is_paused_by_hand, before.is_paused) == (True, True, False)
    assert vitals.totals.queue_depth == 1
    assert vitals.longest_wait_s is not None
    assert sum(vitals.facts.pages.values()) - sum(before.facts.pages.values()) == 2
    assert vitals.facts.jobs[JobState.DONE] - before.facts.jobs[JobState.DONE] == 1
    assert vitals.busy_s > before.busy_s
    assert None not in (vitals.memory.engine, vitals.memory.fork_server, vitals.room.output, vitals.room.state)
    assert len(vitals.workers) == 2


def test_page_maps_are_of_running_jobs(engine: ServedEngine, drop: Callable[..., int]) -> None:
    engine.pause()
    drop()
    assert engine.page_maps() == {}


def test_it_does_not_come_to_its_end_by_itself(engine: ServedEngine, pair: tuple[ServedEngine, Path]) -> None:
    _, folder = pair
    assert not engine.is_stopping
    assert engine.settings_revision == 0
    assert engine.outputs == (folder.parent / "output",)


def test_names_that_are_no_text_travel(engine: ServedEngine, drop: Callable[..., int]) -> None:
    engine.pause()
    job_id = drop("caf\udce9 [b]\x1b.pdf")
    assert bytes(engine.job(job_id).job.source.file).endswith(b"caf\xe9 [b]\x1b.pdf")


def test_a_locked_document_is_opened_with_a_password(engine: ServedEngine, tmp_path: Path) -> None:
    file = tmp_path / "locked.pdf"
    file.write_bytes(pdfs.encrypted("secret"))
    job_id = engine.submit_many([file])[0].id
    until(engine, job_id, JobState.FAILED)
    assert engine.unlock([job_id], "secret") == [job_id]
    until(engine, job_id, JobState.DONE)


def test_the_settings_say_where_the_folders_are(pair: tuple[ServedEngine, Path]) -> None:
    engine, folder = pair
    assert engine.settings.input == folder
    assert engine.settings.state_folder == folder.parent / "output" / ".hotfolio"
    assert isinstance(engine.discovered, int)


def test_a_refusal_says_why(engine: ServedEngine, drop: Callable[..., int]) -> None:
    engine.pause()
    job_id = drop()
    with pytest.raises(HotfolioError, match="not converted yet"):
        engine.preview(job_id, page=1)
    assert engine.page_lines(job_id) == []
