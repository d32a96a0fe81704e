"""What an earlier version left is taken up where it stopped.

`fixtures/killed_at_work.tar.gz` holds the hot folder, the output and the state folder of an engine that was killed by
SIGKILL at page 10 of `running.pdf`, with jobs in every state, and `as_read.json`: all that version itself read from it.
It was made in /tmp/hotfolio-fixture by the last version whose queue had its modules side by side.
"""

import json
import os
import sqlite3
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.facade.engine import Engine
from engine.job.job import JobState
from engine.publish.publisher import origin_of, read_manifest
from engine.publish.rebuild import rebuild
from engine.queue.jobqueue import open_queue
from engine.queue.store import DATABASE, JobStore
from engine.settings.settings import Settings
from tests.clock import Clock
from tests.engine.making import facts
from tests.waiting import wait_until

FIXTURE = Path(__file__).parent / "fixtures" / "killed_at_work.tar.gz"
MADE_IN = b"/tmp/hotfolio-fixture"
DONE, PARTIAL, FAILED, CANCELLED, RUNNING, FIRST, LAST, TOP, URGENT, HELD = range(1, 11)
"""The jobs: `waiting-1.pdf` and so on are `FIRST`, `LAST` (of a low priority) and `TOP` (moved before the others)."""


@pytest.fixture
def left(tmp_path: Path) -> Path:
    """What the engine left, as if it had always been here: paths and inodes are of this place."""
    with tarfile.open(FIXTURE) as archive:
        archive.extractall(tmp_path, filter="data")
    db = sqlite3.connect(tmp_path / "output" / ".hotfolio" / DATABASE)
    for table, column in (("jobs", "root"), ("jobs", "output"), ("outputs", "root")):
        for (old,) in db.execute(f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL").fetchall():
            db.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", (here(old, tmp_path), old))
    for job_id, root, path in db.execute("SELECT id, root, path FROM jobs").fetchall():
        status = Path(os.fsdecode(root), os.fsdecode(path)).lstat()
        changed = (status.st_ino, status.st_mtime_ns, job_id)
        db.execute("UPDATE jobs SET inode = ?, mtime_ns = ? WHERE id = ?", changed)
    db.commit()
    db.close()
    for file in (tmp_path / "output").glob("*/manifest.json"):
        manifest = json.loads(file.read_text())
        folder, path = tmp_path / "input", manifest["source"]["path"]
        root = folder if (folder / path).exists() else folder / "sub"
        manifest["origin"] = origin_of(os.fsencode(root), os.fsencode(path))
        file.write_text(json.dumps(manifest))
    return tmp_path


def here(path: bytes, place: Path) -> bytes:
    return path.replace(MADE_IN, os.fsencode(place))


@pytest.fixture
def store(left: Path, clock: Clock) -> Iterator[JobStore]:
    store = JobStore(left / "output" / ".hotfolio", clock)
    yield store
    store.close()


@pytest.fixture
def as_read(left: Path) -> list[dict[str, Any]]:
    """What the version that left it read from it, as JSON."""
    found: list[dict[str, Any]] = json.loads((left / "as_read.json").read_text().replace("{here}", str(left)))
    for entry in found:
        for key in ("inode", "mtime_ns"):
            del entry["job"]["source"][key]
    return found


def settings(left: Path) -> Settings:
    return Settings(input=left / "input", output=left / "output", ocr="never", num_workers=1)


def test_every_job_with_its_pages_checkpoints_and_history_is_read_as_it_was(
    store: JobStore, as_read: list[dict[str, Any]]
) -> None:
    jobs = store.load()
    assert [job.id for job in jobs] == [entry["job"]["id"] for entry in as_read]
    for job, entry in zip(jobs, as_read, strict=True):
        read = facts(job)
        assert known(read, entry["job"]) == entry["job"]
        assert facts(store.pages(job.id)) == entry["pages"]
        assert facts(store.checkpoints(job.id)) == entry["checkpoints"]
        assert facts(store.history(job.id)) == entry["history"]


def known(new: Any, old: Any) -> Any:
    """`new` without what `old` did not have: there may be more by now."""
    return {key: known(new[key], old[key]) for key in old} if isinstance(old, dict) else new


def test_every_manifest_is_read_and_is_of_its_source(left: Path, store: JobStore) -> None:
    published = [job for job in store.load() if job.output is not None]
    assert {job.id for job in published} == {DONE, PARTIAL, URGENT}
    for job in published:
        manifest = read_manifest(Path(os.fsdecode(job.output or b"")))
        assert manifest is not None
        assert (manifest["state"], manifest["conversion_id"]) == (job.state, job.conversion_id)
        assert manifest["origin"] == origin_of(job.source.root, job.source.path)
        assert (manifest["source"]["path"], manifest["source"]["sha256"]) == (job.name, job.sha256)
        assert [entry["page"] for entry in manifest["pages"]] == [*range(1, (job.pages or 0) + 1)]
        assert manifest["files"] == [f"{job.source.relative.stem}.md"]


def test_a_queue_that_is_lost_is_built_anew_from_the_manifests(left: Path, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    queue = open_queue(settings(left).model_copy(update={"state": tmp_path / "new"}))
    try:
        rebuild(queue, settings(left).hot_folders)
        found = {job.name: job for job in queue.view.jobs()}
        assert found.keys() == {"done.pdf", "urgent.pdf"}
        for name, pages in (("done", 2), ("urgent", 1)):
            job = found[f"{name}.pdf"]
            assert (job.state, job.pages) == (JobState.DONE, pages)
            assert job.output == os.fsencode(left / "output" / name)
    finally:
        queue.close()


def test_the_queue_goes_on_where_it_stopped(left: Path, as_read: list[dict[str, Any]]) -> None:
    finished = {page["page"]: page["seconds"] for page in as_read[RUNNING - 1]["pages"]}
    assert len(finished) == 9
    with Engine(settings(left), watch=False) as engine:
        before = {entry.job.id: entry.job.state for entry in engine.select()}
        assert {job_id: before[job_id] for job_id in (DONE, PARTIAL, FAILED, CANCELLED, HELD, URGENT)} == {
            DONE: JobState.DONE,
            PARTIAL: JobState.PARTIAL,
            FAILED: JobState.FAILED,
            CANCELLED: JobState.CANCELLED,
            HELD: JobState.HELD,
            URGENT: JobState.DONE,
        }
        goes_on = [TOP, RUNNING, FIRST, LAST]
        wait_until(engine.is_idle, "what was running and waiting to be done", 90)
        assert {engine.job(job_id).job.state for job_id in goes_on} == {JobState.DONE}
        started = [engine.job(job_id).job.started for job_id in goes_on]
        assert started == sorted(filter(None, started))
        seconds = {page.page: page.seconds for page in engine.detail(RUNNING).pages}
        assert [*seconds] == [*range(1, 13)]
        assert {page: seconds[page] for page in finished} == pytest.approx(finished, abs=1e-4)
        text = (left / "output" / "running" / "running.md").read_text()
        assert [text.count(f"marker-{page}.") for page in range(1, 13)] == [1] * 12
        assert (left / "output" / "waiting-1" / "waiting-1.txt").exists()

        kept = {page.page: page.seconds for page in engine.detail(CANCELLED).pages}
        assert [*kept] == [1, 2, 3]
        assert engine.retry([CANCELLED, DONE, FAILED]) == [CANCELLED, DONE, FAILED]
        assert engine.release([HELD]) == [HELD]
        wait_until(engine.is_idle, "all others to be done", 90)
        after = {entry.job.id: entry.job for entry in engine.select()}
        assert [after[job_id].state for job_id in (CANCELLED, DONE, HELD)] == [JobState.DONE] * 3
        assert after[FAILED].state is JobState.FAILED
        assert after[DONE].output == os.fsencode(left / "output" / "done")
        seconds = {page.page: page.seconds for page in engine.detail(CANCELLED).pages}
        assert {page: seconds[page] for page in kept} == pytest.approx(kept, abs=1e-4)
