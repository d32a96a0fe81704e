"""How many workers there are, and which of them go or stay when that changes."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.facade.engine import Engine
from engine.job.job import JobState
from engine.job.snapshot import WorkerState
from engine.sandbox.inmemory import InMemoryBackend
from engine.sandbox.plainconversion import convert_plainly
from engine.sandbox.protocol import Event, PageStarted, Task
from engine.settings.settings import Settings
from tests import pdfs
from tests.waiting import wait_until

WORKERS = 5


class Gate:
    """Has every page wait until it is opened."""

    def __init__(self) -> None:
        self.opened = threading.Event()

    def convert(self, task: Task, folder: Path) -> Iterator[Event]:
        for event in convert_plainly(task, folder):
            yield event
            if isinstance(event, PageStarted):
                self.opened.wait()


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def engine(tmp_path: Path, gate: Gate) -> Iterator[Engine]:
    settings = Settings(output=tmp_path / "output", num_workers=WORKERS, batch_seconds=0.001)
    with Engine(settings, watch=False, backend=lambda place: InMemoryBackend(place, converter=gate.convert)) as engine:
        yield engine
        gate.opened.set()


def busy(engine: Engine, tmp_path: Path, pages: int = 40) -> int:
    """Submit a document and wait until all are at one of its pages."""
    file = tmp_path / "a.pdf"
    file.write_bytes(pdfs.text_pages(pages, words_per_page=5))
    job_id = engine.submit(file).id
    wait_until(lambda: at_work(engine) == dict.fromkeys(range(1, WORKERS + 1), WorkerState.BUSY), "all to be at a page")
    return job_id


def at_work(engine: Engine) -> dict[int, WorkerState]:
    return {worker.number: worker.state for worker in engine.snapshot().workers if worker.page is not None}


def test_workers_that_were_about_to_end_are_called_back_before_others_are_made(
    engine: Engine, gate: Gate, tmp_path: Path
) -> None:
    job_id = busy(engine, tmp_path)
    engine.set_workers(2)
    assert engine.workers == 2
    assert [*at_work(engine).values()].count(WorkerState.STOPPING) == 3
    engine.set_workers(4)
    assert engine.workers == 4
    assert [*at_work(engine).values()].count(WorkerState.STOPPING) == 1
    engine.set_workers(WORKERS)
    assert at_work(engine) == dict.fromkeys(range(1, WORKERS + 1), WorkerState.BUSY)
    engine.set_workers(WORKERS + 1)
    wait_until(lambda: len(at_work(engine)) == WORKERS + 1, "one that is new")
    gate.opened.set()
    wait_until(lambda: engine.job(job_id).job.state is JobState.DONE, "the end of the job")
    assert {worker.number for worker in engine.snapshot().workers} == {*range(1, WORKERS + 2)}


def test_workers_that_have_ended_are_replaced(engine: Engine, gate: Gate, tmp_path: Path) -> None:
    busy(engine, tmp_path)
    engine.set_workers(2)
    gate.opened.set()
    wait_until(lambda: len(engine.snapshot().workers) == 2, "the others to end")
    engine.set_workers(4)
    wait_until(lambda: len(engine.snapshot().workers) == 4, "new ones")


def test_those_with_nothing_to_do_go_first(engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "a.pdf"
    file.write_bytes(pdfs.text_pages(1))
    engine.submit(file)
    wait_until(lambda: len(at_work(engine)) == 1, "the page")
    (number,) = at_work(engine)
    engine.set_workers(1)
    wait_until(lambda: len(engine.snapshot().workers) == 1, "the others to go")
    assert at_work(engine) == {number: WorkerState.BUSY}
