"""What becomes of the versions of a source that keeps changing: it is published, in order, and keeps nobody waiting."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.job.job import Job, JobState, MergeJob, OpenJob, PageBatch, Submission
from engine.queue.jobqueue import JobQueue
from engine.queue.progress import ProgressTracker
from engine.queue.scheduler import Scheduler
from engine.queue.store import JobStore
from engine.queue.versions import REMOVED, REPLACED, Versions, gives_way, hands_on_its_place
from tests.clock import Clock
from tests.engine.making import OPTIONS, job, source

QUEUED, HELD, RUNNING = JobState.QUEUED, JobState.HELD, JobState.RUNNING


# --- decisions ---


def version(job_id: int, state: JobState) -> Job:
    return job(job_id, state, source=source("a.pdf", mtime_ns=job_id))


@pytest.mark.parametrize(
    ("states", "turn"),
    [
        ({}, None),
        ({1: QUEUED, 2: QUEUED}, 1),
        ({1: QUEUED, 2: RUNNING, 3: QUEUED}, 2),
        ({1: HELD, 2: QUEUED}, 2),
        ({1: HELD}, None),
        ({1: JobState.DONE, 2: JobState.CANCELLED, 3: QUEUED}, 3),
    ],
)
def test_one_version_is_worked_on_at_a_time(states: dict[int, JobState], turn: int | None) -> None:
    versions = Versions()
    for job_id, state in states.items():
        versions.follow(version(job_id, QUEUED))
        versions.follow(version(job_id, state))
    versions.follow(replace(version(9, RUNNING), source=source("b.pdf")))
    assert versions.turn(source("a.pdf")) == turn
    assert versions.of(source("a.pdf")) == [n for n, state in states.items() if not state.is_finished]


def test_nothing_is_kept_of_sources_without_jobs() -> None:
    versions = Versions()
    versions.follow(version(1, QUEUED))
    versions.follow(version(1, JobState.DONE))
    versions.follow(version(2, JobState.FAILED))
    assert versions._states == {}


@pytest.mark.parametrize(
    ("state", "pages", "expected"),
    [(QUEUED, None, True), (QUEUED, 3, False), (HELD, None, True), (HELD, 3, True), (RUNNING, None, False)],
)
def test_what_has_been_opened_goes_on(state: JobState, pages: int | None, expected: bool) -> None:
    assert gives_way(replace(version(1, state), pages=pages)) is expected


@pytest.mark.parametrize(
    ("state", "reason", "expected"),
    [
        (QUEUED, None, True),
        (HELD, None, True),
        (RUNNING, None, False),
        (JobState.DONE, None, False),
        (JobState.FAILED, f"{REPLACED}.", False),
        (JobState.CANCELLED, "Cancelled.", False),
        (JobState.CANCELLED, None, False),
        (JobState.CANCELLED, f"{REPLACED}; the newer one is job 2.", True),
        (JobState.CANCELLED, REMOVED, True),
    ],
)
def test_who_has_had_a_turn_hands_on_no_place(state: JobState, reason: str | None, expected: bool) -> None:
    assert hands_on_its_place(state, reason) is expected


# --- the queue ---


class Bench:
    """A queue, and one worker that converts a document of one page in three steps."""

    def __init__(self, folder: Path, aging_s: float = 900.0) -> None:
        self.clock = Clock()
        self.store = JobStore(folder, self.clock)
        self.queue = JobQueue(self.store, Scheduler(aging_s=aging_s), ProgressTracker(self.clock), self.clock)
        self.version = 0
        self.published: list[bytes] = []
        self.ended: list[int] = []

    def drop(self, path: str, priority: int = 0) -> Job:
        """A new version of a source comes, as the hot folder has it queued."""
        self.version += 1
        submission = Submission(source(path, mtime_ns=self.version), OPTIONS, priority)
        ((new, is_new),) = self.queue.add([submission])
        assert is_new
        self.queue.supersede(new)
        return new

    def state(self, job: Job) -> JobState:
        return self.store.job(job.id).state

    def work(self, *, is_replaced: bool = False) -> int | None:
        """Do the next piece of work and return whose it was; a copy finds the file replaced if `is_replaced`."""
        work = self.queue.work.next_work(1, lambda: True, 0.0)
        match work:
            case OpenJob(job_id):
                if self.queue.work.claim(job_id) is None:
                    return job_id
                if is_replaced:
                    self.queue.cancel(job_id, f"{REPLACED} before it was converted; the newer one is a job of its own.")
                    return job_id
                self.queue.work.counted(job_id, 1)
                self.queue.work.opened(job_id, [], [range(1, 2)])
            case PageBatch(job_id):
                self.queue.work.batch_over(work, 1.0)
            case MergeJob(job_id):
                done = self.queue.work.finish(job_id, JobState.DONE, None, lambda _: None)
                self.published.append(done.source.path)
                self.ended.append(job_id)
            case None:
                return None
        return job_id

    def finish_all(self) -> None:
        while self.work() is not None:
            pass


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.store.close()


def test_a_newer_version_takes_over_the_place_of_the_one_that_waits(bench: Bench) -> None:
    old, other = bench.drop("a.pdf"), bench.drop("b.pdf")
    new = bench.drop("a.pdf")
    assert (bench.state(old), bench.state(new)) == (JobState.CANCELLED, QUEUED)
    assert bench.store.job(old.id).reason == f"{REPLACED}; the newer one is job {new.id}."
    bench.finish_all()
    assert bench.ended == [new.id, other.id]


def test_it_takes_over_the_priority_too_and_for_how_long_it_has_waited(tmp_path: Path) -> None:
    bench = Bench(tmp_path, aging_s=100)
    urgent = bench.drop("urgent.pdf")
    bench.queue.set_priority(urgent.id, 7)
    assert bench.drop("urgent.pdf").priority == 7
    bench.drop("low.pdf", -1)
    for _ in range(10):
        bench.clock.advance(11)
        low = bench.drop("low.pdf", -1)
    bench.drop("c.pdf")
    bench.finish_all()
    assert bench.ended[0] == low.id  # it has waited for longer than `aging`, in whatever version
    bench.store.close()


def test_a_version_that_has_been_opened_goes_on_and_the_newer_one_waits_its_turn(bench: Bench) -> None:
    old = bench.drop("a.pdf")
    bench.work()
    other, new = bench.drop("b.pdf"), bench.drop("a.pdf")
    assert (bench.state(old), bench.state(new)) == (RUNNING, QUEUED)
    assert bench.queue.work.next_work(2, lambda: True, 0.0) == OpenJob(other.id)
    assert bench.queue.work.claim(other.id) is not None
    batch = bench.queue.work.next_work(1, lambda: True, 0.0)
    assert isinstance(batch, PageBatch)
    assert bench.queue.work.next_work(3, lambda: True, 0.0) is None  # though a worker is free
    bench.queue.work.batch_over(batch, 1.0)
    bench.work()
    assert bench.ended == [old.id]
    assert bench.queue.work.next_work(3, lambda: True, 0.0) == OpenJob(new.id)


def test_a_version_that_fails_lets_the_newer_one_run(bench: Bench) -> None:
    old = bench.drop("a.pdf")
    bench.work()
    new = bench.drop("a.pdf")
    bench.queue.fail(old.id, "Damaged.")
    bench.finish_all()
    assert bench.ended == [new.id]


def test_a_version_that_is_held_lets_the_newer_one_run_and_does_not_replace_its_result(bench: Bench) -> None:
    old = bench.drop("a.pdf")
    bench.work()
    new = bench.drop("a.pdf")
    bench.queue.transition(old.id, HELD, "Held.")
    bench.finish_all()
    assert bench.ended == [new.id]
    assert bench.queue.view.is_overtaken(bench.store.job(old.id))
    assert not bench.queue.view.is_overtaken(bench.store.job(new.id))


def test_a_worker_that_has_just_taken_the_older_version_keeps_it(bench: Bench) -> None:
    old = bench.drop("a.pdf")
    assert bench.queue.work.next_work(1, lambda: True, 0.0) == OpenJob(old.id)
    assert bench.store.claim(old.id) is not None  # written, but not shown yet
    new = bench.drop("a.pdf")
    assert bench.state(old) is RUNNING
    assert bench.state(new) is QUEUED


def test_two_versions_left_by_an_engine_that_died_are_taken_one_after_the_other(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    old = bench.drop("a.pdf")
    bench.work()
    new = bench.drop("a.pdf")
    bench.store.close()
    bench = Bench(tmp_path)
    bench.queue.load()
    assert bench.queue.work.next_work(1, lambda: True, 0.0) == OpenJob(old.id)
    assert bench.queue.work.next_work(2, lambda: True, 0.0) is None
    assert bench.state(new) is QUEUED
    bench.store.close()


@pytest.mark.parametrize("path", ["a.pdf", os.fsdecode(b"caf\xe9.pdf")])
def test_a_file_rewritten_all_the_time_is_published_all_the_time(bench: Bench, path: str) -> None:
    """So often that a newer version has come before each piece of work."""
    for _ in range(60):
        bench.drop(path)
        bench.work()
    assert len(bench.ended) >= 60 // 3 - 1
    assert bench.ended == sorted(bench.ended)


EVENTS = st.lists(st.sampled_from(["change", "other", "work", "unlucky"]), min_size=1, max_size=60)


@given(EVENTS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_source_that_keeps_changing_is_published_when_it_would_be_if_it_did_not(
    tmp_path_factory: pytest.TempPathFactory, events: list[str]
) -> None:
    """However often it changes: it waits for what was before it, and not for what comes later.

    A copy may find the file replaced, which costs a try: then the next version must come, and has the place.
    """
    bench = Bench(tmp_path_factory.mktemp("queue"))
    ahead: set[bytes] | None = None  # what was there when it came, as long as it waits
    others = 0
    for event in events:
        match event:
            case "change":
                if ahead is None and not is_at_work(bench, b"a.pdf"):
                    ahead = waiting(bench)
                bench.drop("a.pdf")
            case "other":
                others += 1
                bench.drop(f"{others}.pdf")
            case "work" | "unlucky":
                before = len(bench.published)
                turn = bench.work(is_replaced=event == "unlucky")
                is_own = turn is not None and bench.store.job(turn).source.path == b"a.pdf"
                if is_own:
                    if bench.store.job(turn or 0).state is JobState.CANCELLED:
                        bench.drop("a.pdf")  # what had replaced it has settled
                    else:
                        ahead = None  # it has its turn
                elif ahead is not None and len(bench.published) > before:
                    assert bench.published[-1] in ahead, "something that came later was published before it"
    bench.finish_all()
    assert all(job.state.is_finished for job in bench.store.load())
    if any(event == "change" for event in events):
        newest = max(job.id for job in bench.store.load() if job.source.path == b"a.pdf")
        assert bench.state(bench.store.job(newest)) is JobState.DONE
        own = [job_id for job_id in bench.ended if bench.store.job(job_id).source.path == b"a.pdf"]
        assert own == sorted(own)
    bench.store.close()


def waiting(bench: Bench) -> set[bytes]:
    return {job.source.path for job in bench.store.load() if not job.state.is_finished}


def is_at_work(bench: Bench, path: bytes) -> bool:
    return any(job.source.path == path for job in bench.store.load() if not job.state.is_finished)
