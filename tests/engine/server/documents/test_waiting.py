"""Whoever waits for a task is woken by its end, and goes with its client."""

import asyncio
from pathlib import Path

import pytest

from engine.job.job import JobState
from engine.server.documents import waiting
from engine.server.documents.received import Uploads
from engine.server.documents.tasks import Task, TaskRecord, Tasks
from engine.server.documents.waiting import Waiting
from tests.engine.server.fakes import FakeEngine

LONG_S = 1000.0


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    monkeypatch.setattr(waiting, "_LOOK_S", LONG_S)  # what is found is found without looking
    return FakeEngine(tmp_path)


def waiting_for(engine: FakeEngine, *job_ids: int) -> tuple[Waiting, Task]:
    tasks = Tasks(engine, Uploads(engine.settings))
    ids = tuple(engine.has(job_id, JobState.RUNNING).conversion_id for job_id in job_ids)
    return Waiting(engine, tasks), Task(ids[0], ids, TaskRecord())


def finish(engine: FakeEngine, job_id: int) -> None:
    job = engine.has(job_id, JobState.DONE)
    for tell in engine.callbacks:
        tell(job)


async def test_the_end_of_the_last_job_wakes_who_waits(engine: FakeEngine) -> None:
    waits, task = waiting_for(engine, 1, 2)
    asked = asyncio.create_task(waits.until_finished(task, LONG_S))
    while not waits.waiters(task):
        await asyncio.sleep(0)
    finish(engine, 1)
    for _ in range(5):
        await asyncio.sleep(0)
    assert not asked.done()
    finish(engine, 2)
    assert await asked
    assert waits.waiters(task) == 0


async def test_what_has_ended_already_is_not_waited_for(engine: FakeEngine) -> None:
    waits, task = waiting_for(engine, 1)
    finish(engine, 1)
    assert await waits.until_finished(task, 0)


async def test_nobody_waits_longer_than_they_may(engine: FakeEngine) -> None:
    waits, task = waiting_for(engine, 1)
    assert not await waits.until_finished(task, 0)

    async def gives_up() -> bool:
        return True

    assert not await waits.until_finished(task, LONG_S, gives_up)
