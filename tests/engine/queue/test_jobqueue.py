"""Changes that cross each other end well: nothing runs twice, nothing is forgotten, the newest word counts."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.base.errors import IllegalTransition, NoSuchJob, OutputUnwritable
from engine.job.job import Checkpoint, Job, JobState, Move, PageBatch, PageState, Submission
from engine.job.options import ConvertOptions
from engine.queue.jobqueue import SUSPECT_BEGUN, SUSPECT_LIMIT, SUSPECT_SLOW, open_queue
from engine.queue.lanes import RunningLimits
from engine.queue.outbox import Kind
from engine.queue.scheduler import MergeJob, OpenJob, Scheduler, Work
from engine.settings.settings import Settings
from tests.clock import Clock
from tests.engine.making import OPTIONS, add, result, results, source
from tests.engine.queue.queuebench import A, B, Bench, bench_in
from tests.waiting import wait_until


@pytest.fixture
def bench(tmp_path: Path, clock: Clock) -> Iterator[Bench]:
    bench = bench_in(tmp_path, clock)
    yield bench
    bench.store.close()


# --- adding and loading ---


def test_an_added_job_is_on_the_list_and_next(bench: Bench) -> None:
    (job,) = add(bench.queue, "a.pdf")
    assert bench.state(job.id) is JobState.QUEUED
    assert bench.next() == OpenJob(job.id)


def test_adding_a_known_source_again_offers_nothing(bench: Bench) -> None:
    (job,) = add(bench.queue, "a.pdf")
    bench.queue.cancel(job.id, "Cancelled.")
    assert add(bench.queue, "a.pdf")[0].id == job.id
    assert bench.next() is None


def test_an_engine_takes_up_what_the_last_one_left(tmp_path: Path, bench: Bench) -> None:
    first, second, held, done = add(bench.queue, "a.pdf", "b.pdf", "c.pdf", "d.pdf")
    bench.run(first.id)
    bench.queue.transition(held.id, JobState.HELD, "Held.")
    bench.queue.cancel(done.id, "Cancelled.")
    bench.queue.set_priority(second.id, 5)
    bench.store.close()

    later = bench_in(tmp_path, bench.clock)
    later.queue.load()
    assert [later.state(job.id) for job in (first, second, held, done)] == [
        JobState.QUEUED,
        JobState.QUEUED,
        JobState.HELD,
        JobState.CANCELLED,
    ]
    assert later.scheduler.queued_ids == [second.id, first.id]
    later.store.close()


def test_a_job_the_engine_keeps_dying_of_is_held_and_not_offered(tmp_path: Path, bench: Bench) -> None:
    (job,) = add(bench.queue, "a.pdf")
    current = bench
    for _ in range(-(-SUSPECT_LIMIT // (SUSPECT_BEGUN + SUSPECT_SLOW))):
        current.run(job.id)
        current.store.suspect(job.id, SUSPECT_BEGUN + SUSPECT_SLOW).result()
        current.store.close()
        current = bench_in(tmp_path, bench.clock)
        current.queue.load()
    assert current.state(job.id) is JobState.HELD
    assert current.next() is None
    current.queue.transition(job.id, JobState.QUEUED, "Released.", reason=None, attempts=0)
    assert current.next() == OpenJob(job.id)
    current.store.close()


def test_a_job_of_which_pages_were_finished_that_nobody_recorded_is_taken_up_again(
    tmp_path: Path, bench: Bench
) -> None:
    (job,) = add(bench.queue, "a.pdf")
    bench.run(job.id)
    bench.store.suspect(job.id, SUSPECT_LIMIT).result()
    bench.store.close()
    later = bench_in(tmp_path, bench.clock)
    later.queue.load(lambda job_id: job_id == job.id)
    assert later.state(job.id) is JobState.QUEUED
    assert later.queue.view.longest_wait_s() == 0
    later.store.close()


def test_a_job_is_on_the_queue_when_its_file_gets_its_name_and_is_given_out_only_then(bench: Bench) -> None:
    seen: list[Work | None] = []

    def name_it() -> None:
        assert len(bench.store.load()) == 1
        seen.append(bench.next())

    job = bench.queue.add_before(Submission(source("a.pdf"), OPTIONS), name_it)
    assert job is not None
    assert seen == [None]
    assert bench.state(job.id) is JobState.QUEUED
    assert bench.next() == OpenJob(job.id)


def test_a_file_that_cannot_get_its_name_leaves_no_job(bench: Bench) -> None:
    def name_it() -> None:
        raise FileExistsError("taken")

    with pytest.raises(FileExistsError):
        bench.queue.add_before(Submission(source("a.pdf"), OPTIONS), name_it)
    assert bench.store.load() == []
    assert bench.queue.view.jobs() == []
    assert bench.next() is None
    assert bench.queue.view.history(1)[-1][1:] == (JobState.CANCELLED, "its name could not be taken")


def finished(bench: Bench, name: str = "a.pdf", options: ConvertOptions = OPTIONS) -> Job:
    """A job that has failed after two pages, one of them plain text because the model did not answer."""
    ((job, _),) = bench.queue.add([Submission(source(name), options)])
    bench.run(job.id)
    bench.store.record(job.id, Checkpoint(1, 1), results([1])).result()
    bench.store.record(job.id, Checkpoint(2, 2), [result(2, PageState.TEXT_ONLY)]).result()
    return bench.queue.fail(job.id, "No.")


def test_of_two_who_ask_for_a_job_again_one_is_told_that_it_runs_already(bench: Bench) -> None:
    job = finished(bench)
    submission = Submission(job.source, OPTIONS)
    assert bench.queue.run_again(job.id, submission, lambda _: None)[1]
    same, is_first = bench.queue.run_again(job.id, submission, lambda _: pytest.fail("it is queued"))
    assert not is_first
    assert same == bench.store.job(job.id)


def test_how_long_a_job_has_waited_outlasts_the_engine(tmp_path: Path, bench: Bench) -> None:
    add(bench.queue, "a.pdf")
    bench.clock.advance(100)
    bench.store.close()
    later = bench_in(tmp_path, bench.clock)
    later.queue.load()
    later.clock.advance(20)
    assert later.queue.view.longest_wait_s() == 120
    later.store.close()


def test_new_settings_reach_the_jobs_that_wait_already(bench: Bench, tmp_path: Path) -> None:
    one, _ = add(bench.queue, "a.pdf", "b.pdf", client="ann")
    bench.run(one.id, pages=50)
    values = {"input": tmp_path / "in", "output": tmp_path / "out", "max_running_per_client": 1, "batch_seconds": 0.6}
    bench.queue.configure(Settings.model_validate(values))
    batch = bench.next(B)
    assert isinstance(batch, PageBatch)
    assert len(batch) == 2


def test_a_queue_that_drains_gives_out_no_further_job(bench: Bench) -> None:
    one, _ = add(bench.queue, "a.pdf", "b.pdf")
    bench.run(one.id)
    bench.queue.drain()
    assert bench.next(B) == PageBatch(one.id, 1, 1)
    assert bench.next(A) is None


def test_a_queue_is_opened_with_what_the_settings_say(tmp_path: Path) -> None:
    values = {
        "input": tmp_path / "in",
        "output": tmp_path / "out",
        "state": tmp_path / "state",
        "max_running_per_client": 1,
        "batch_seconds": 0.6,
        "aging": 7200,
        "vlm_concurrency": 3,
    }
    settings = Settings.model_validate(values)
    queue = open_queue(settings)
    try:
        scheduler = Scheduler(settings.batch_seconds, settings.aging, settings.running_limits, settings.vlm_concurrency)
        with queue._dispatch.scheduler() as opened:
            assert settled(opened) == settled(scheduler)
        before = time.time()
        one, _ = add(queue, "a.pdf", "b.pdf", client="ann")
        assert before - 1 < one.created.timestamp() < time.time() + 1
        assert queue.work.next_work(A, lambda: True, 0.0) == OpenJob(one.id)
        assert queue.work.claim(one.id) is not None
        assert queue.work.next_work(B, lambda: True, 0.05) is None
        assert (queue.moved_aside, queue.was_emptied) == (None, False)
    finally:
        queue.close()


def settled(scheduler: Scheduler) -> dict[str, object]:
    """What a scheduler goes by that no job has changed yet."""
    return {name: value for name, value in vars(scheduler).items() if isinstance(value, int | float | RunningLimits)}


def test_what_is_to_follow_on_an_end_is_written_with_it(bench: Bench) -> None:
    bench.queue.outbox.follow_ends(lambda _: [Kind.COMMAND])
    one, other = add(bench.queue, "a.pdf", "b.pdf")
    bench.queue.cancel(one.id, "Cancelled.")
    assert len(bench.queue.outbox.waiting(one.id)) == 1
    assert bench.queue.outbox.waiting(other.id) == []


def test_a_removed_job_is_forgotten_with_its_source_if_that_is_gone_from_the_folder(bench: Bench) -> None:
    gone, there, listed = add(bench.queue, "a.pdf", "b.pdf", "c.pdf")
    (elsewhere,) = add(bench.queue, "a.pdf", root=b"/there")
    for job in (gone, there, listed, elsewhere):
        bench.queue.cancel(job.id, "Cancelled.")
    bench.queue.remove([gone.id, there.id, elsewhere.id])
    bench.queue.forget_gone(b"/in", lambda path: path in (b"a.pdf", b"c.pdf"))
    assert bench.store.known_sources(b"/in") == {there.source, listed.source}
    assert bench.store.known_sources(b"/there") == {elsewhere.source}


def test_a_removed_job_that_was_sent_is_forgotten_with_its_place_in_the_output(bench: Bench) -> None:
    sent, other = add(bench.queue, "a.pdf", "b.pdf")
    for job, name in ((sent, "one"), (other, "two")):
        assert bench.store.claim_output(job.source, [name]) == name
        bench.queue.cancel(job.id, "Cancelled.")
    bench.queue.remove([sent.id, other.id])
    bench.queue.forget_sent(sent)
    assert bench.store.known_sources(b"/in") == {other.source}
    (third,) = add(bench.queue, "c.pdf")
    assert bench.store.claim_output(third.source, ["two", "one"]) == "one"


def test_a_job_that_was_never_begun_is_asked_for_otherwise(bench: Bench) -> None:
    begun, waiting, other = add(bench.queue, "a.pdf", "b.pdf", "c.pdf", priority=9)
    bench.run(begun.id)
    otherwise = OPTIONS.model_copy(update={"dpi": OPTIONS.dpi + 1})
    for job in (waiting, begun):
        asked = Submission(job.source, otherwise, priority=4, client="other", profile="fast")
        now = bench.queue.ask_otherwise(job.id, asked)
        assert now == bench.store.job(job.id)
    changed = bench.store.job(waiting.id)
    assert (changed.options, changed.priority, changed.client, changed.profile) == (otherwise, 4, "other", "fast")
    kept = bench.store.job(begun.id)
    assert (kept.options, kept.priority, kept.client, kept.profile) == (OPTIONS, 9, "", "")
    assert bench.scheduler.queued_ids == [other.id, waiting.id]


# --- claiming, and what may happen meanwhile ---


def test_a_claimed_job_runs(bench: Bench) -> None:
    (job,) = add(bench.queue, "a.pdf")
    bench.run(job.id, pages=1)
    assert bench.state(job.id) is JobState.RUNNING
    batch = bench.next()
    assert batch == PageBatch(job.id, 1, 1)
    bench.queue.work.batch_over(batch, 0.3)
    assert bench.next() == MergeJob(job.id)


@pytest.mark.parametrize("state", [JobState.CANCELLED, JobState.HELD])
def test_a_job_taken_back_before_it_is_claimed_does_not_run(bench: Bench, state: JobState) -> None:
    (job,) = add(bench.queue, "a.pdf")
    assert bench.next() == OpenJob(job.id)
    bench.queue.transition(job.id, state, "test")
    assert bench.queue.work.claim(job.id) is None
    assert bench.state(job.id) is state
    assert bench.next() is None
    bench.queue.transition(job.id, JobState.QUEUED, "test")
    bench.run(job.id)


def test_a_job_taken_off_the_list_before_it_is_claimed_does_not_run(bench: Bench) -> None:
    (job,) = add(bench.queue, "a.pdf")
    assert bench.next() == OpenJob(job.id)
    bench.queue.cancel(job.id, "Cancelled.")
    assert bench.queue.remove([job.id]) == [job.id]
    assert bench.queue.work.claim(job.id) is None
    assert bench.next() is None


def test_a_job_held_and_released_before_it_is_claimed_runs_all_the_same(bench: Bench) -> None:
    (job,) = add(bench.queue, "a.pdf")
    assert bench.next() == OpenJob(job.id)
    bench.queue.transition(job.id, JobState.HELD, "Held.")
    bench.queue.transition(job.id, JobState.QUEUED, "Released.")
    if bench.queue.work.claim(job.id) is None:
        bench.run(job.id)
    else:
        bench.opened(job.id)
    assert bench.state(job.id) is JobState.RUNNING
    assert bench.next() == PageBatch(job.id, 1, 1)


@pytest.mark.parametrize(
    "changes", [[JobState.CANCELLED], [JobState.HELD], [JobState.HELD, JobState.QUEUED], [JobState.QUEUED]]
)
def test_a_job_taken_back_while_its_claim_is_being_written_does_not_run(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, changes: list[JobState]
) -> None:
    (job,) = add(bench.queue, "a.pdf")
    assert bench.next() == OpenJob(job.id)
    claim = bench.store.claim

    def overtaken(job_id: int) -> Job | None:
        claimed = claim(job_id)
        for state in changes:
            bench.queue.transition(job_id, state, "test")
        return claimed

    with monkeypatch.context() as patch:
        patch.setattr(bench.store, "claim", overtaken)
        assert bench.queue.work.claim(job.id) is None
    assert bench.state(job.id) is changes[-1]
    assert not bench.scheduler.is_running(job.id)
    if changes[-1] is JobState.QUEUED:
        bench.run(job.id)
    else:
        assert bench.next() is None


def test_a_job_whose_priority_changes_before_it_is_claimed_runs_once(bench: Bench) -> None:
    (job,) = add(bench.queue, "a.pdf")
    assert bench.next(A) == OpenJob(job.id)
    bench.queue.set_priority(job.id, 3)
    assert bench.next(B) is None
    claimed = bench.queue.work.claim(job.id)
    assert claimed is not None
    assert claimed.priority == 3
    assert bench.state(job.id) is JobState.RUNNING
    assert bench.next(B) is None


def test_a_mirror_that_comes_late_does_not_undo_a_newer_change(bench: Bench) -> None:
    (job,) = add(bench.queue, "a.pdf")
    older = bench.store.update(job.id, priority=1)
    newer = bench.store.transition(job.id, JobState.CANCELLED, "Cancelled.")
    bench.queue._dispatch.mirror(newer)
    bench.queue._dispatch.mirror(older)
    assert bench.state(job.id) is JobState.CANCELLED
    assert bench.next() is None


def test_holding_a_running_job_stops_it_at_the_next_boundary(bench: Bench) -> None:
    (job,) = add(bench.queue, "a.pdf")
    bench.run(job.id, pages=50)
    assert isinstance(bench.next(), PageBatch)
    bench.queue.transition(job.id, JobState.HELD, "Held.")
    assert bench.next() is None
    assert not bench.scheduler.is_running(job.id)


def test_raising_a_running_job_reaches_the_scheduler(bench: Bench) -> None:
    first, second = add(bench.queue, "a.pdf", "b.pdf")
    bench.run(first.id, pages=50, worker=A)
    bench.run(second.id, pages=50, worker=B)
    bench.queue.set_priority(first.id, 1)
    work = bench.next(B)
    assert work is not None
    assert work.job_id == first.id


def test_workers_cancels_and_holds_at_once_leave_store_and_memory_agreeing(bench: Bench) -> None:
    jobs = add(bench.queue, *(f"{n}.pdf" for n in range(60)))
    start = threading.Barrier(4)
    claimed: list[int] = []
    problems: list[BaseException] = []

    def guarded(work: Callable[[], None]) -> threading.Thread:
        def run() -> None:
            start.wait()
            try:
                work()
            except Exception as error:  # noqa: BLE001 - looked at below
                problems.append(error)

        return threading.Thread(target=run)

    def take(worker: int) -> None:
        while (work := bench.next(worker)) is not None:
            if isinstance(work, OpenJob) and (job := bench.queue.work.claim(work.job_id)) is not None:
                claimed.append(job.id)

    def change(new: JobState, every: int) -> None:
        for job in jobs[::every]:
            try:
                bench.queue.transition(job.id, new, "test")
            except IllegalTransition:
                continue

    threads = [
        guarded(lambda: take(A)),
        guarded(lambda: take(B)),
        guarded(lambda: change(JobState.CANCELLED, 2)),
        guarded(lambda: change(JobState.HELD, 3)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert problems == []
    assert len(claimed) == len(set(claimed))
    for job in jobs:
        assert bench.scheduler.is_running(job.id) == (bench.state(job.id) is JobState.RUNNING)
    assert bench.scheduler.queued_ids == []
    assert JobState.QUEUED not in {bench.state(job.id) for job in jobs}


@pytest.mark.parametrize("meanwhile", ["taken by a worker", "forgotten"])
def test_a_version_that_no_longer_waits_when_it_is_to_give_way_does_no_harm(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    (old,) = add(bench.queue, "a.pdf")
    ((newer, _),) = bench.queue.add([Submission(source("a.pdf", size=200), OPTIONS)])
    transition = bench.store.transition

    def overtaken(job_id: int, new: JobState, cause: str, **changes: Any) -> Job:
        monkeypatch.undo()
        if meanwhile == "taken by a worker":
            assert bench.store.claim(job_id) is not None
        else:
            transition(job_id, JobState.CANCELLED, cause)
            bench.store.hide([job_id], hidden=True)
            bench.store.forget_gone(b"/in", lambda _: True)
        return transition(job_id, new, cause, **changes)

    monkeypatch.setattr(bench.store, "transition", overtaken)
    bench.queue.supersede(newer)
    if meanwhile == "taken by a worker":
        assert bench.store.job(old.id).state is JobState.RUNNING
    assert bench.store.job(newer.id).state is JobState.QUEUED


# --- limits ---


@pytest.fixture
def limited(tmp_path: Path, clock: Clock) -> Iterator[Bench]:
    """A queue that runs one job of a client."""
    bench = bench_in(tmp_path, clock, RunningLimits(per_client=1))
    yield bench
    bench.store.close()


def test_a_client_is_known_by_the_jobs_it_has_sent(limited: Bench) -> None:
    one, two = add(limited.queue, "a.pdf", "b.pdf", client="ann")
    (other,) = add(limited.queue, "c.pdf", client="bob")
    limited.run(one.id)
    assert limited.next(B) == OpenJob(other.id)
    limited.queue.fail(one.id, "No.")
    assert limited.next(A) == OpenJob(two.id)


def test_folders_are_limited_by_the_roots_of_the_sources(tmp_path: Path, clock: Clock) -> None:
    bench = bench_in(tmp_path, clock, RunningLimits(per_folder=1))
    one, _ = add(bench.queue, "a.pdf", "b.pdf")
    (other,) = add(bench.queue, "c.pdf", root=b"/there")
    bench.run(one.id)
    assert bench.next(B) == OpenJob(other.id)
    bench.store.close()


def test_a_held_job_gives_up_its_place_and_waits_for_one_when_it_is_released(limited: Bench) -> None:
    one, two = add(limited.queue, "a.pdf", "b.pdf", client="ann")
    limited.run(one.id)
    limited.queue.transition(one.id, JobState.HELD, "Held.")
    limited.run(two.id, pages=50)
    limited.queue.transition(one.id, JobState.QUEUED, "Released.")
    batch = limited.next(B)
    assert isinstance(batch, PageBatch)
    assert batch.job_id == two.id
    limited.queue.cancel(two.id, "Cancelled.")
    assert limited.next(B) == OpenJob(one.id)


def test_a_retried_job_waits_for_its_clients_turn(limited: Bench) -> None:
    one, two = add(limited.queue, "a.pdf", "b.pdf", client="ann")
    limited.run(one.id)
    limited.queue.cancel(one.id, "Cancelled.")
    limited.run(two.id)
    assert limited.queue.retry(one.id, "Retried.").client == "ann"
    assert limited.next(B) == PageBatch(two.id, 1, 1)
    assert limited.next(A) is None
    limited.queue.fail(two.id, "No.")
    assert limited.next(A) is None  # the other worker is still at it
    assert limited.next(B) == OpenJob(one.id)


def test_an_engine_that_takes_up_the_queue_keeps_to_the_limit(tmp_path: Path, clock: Clock) -> None:
    unlimited = bench_in(tmp_path, clock)
    one, two = add(unlimited.queue, "a.pdf", "b.pdf", client="ann")
    (other,) = add(unlimited.queue, "c.pdf", client="bob")
    unlimited.run(one.id, worker=A)
    unlimited.run(two.id, worker=B)
    unlimited.store.close()
    later = bench_in(tmp_path, clock, RunningLimits(per_client=1))
    later.queue.load()
    later.run(one.id, worker=A)
    later.run(other.id, worker=B)
    assert later.state(two.id) is JobState.QUEUED
    later.store.close()


def test_a_job_that_could_not_be_opened_keeps_its_place(limited: Bench) -> None:
    one, two = add(limited.queue, "a.pdf", "b.pdf", client="ann")
    assert limited.next() == OpenJob(one.id)
    claimed = limited.queue.work.claim(one.id)
    assert claimed is not None
    limited.queue.work.reopen(claimed)
    limited.queue.move(two.id, "top")
    limited.queue.set_priority(two.id, 5)
    assert limited.next() == OpenJob(one.id)
    assert limited.queue.work.claim(one.id) == claimed
    assert limited.next(B) is None


@pytest.mark.parametrize("is_begun", [False, True])
def test_a_claim_that_cannot_be_written_leaves_the_limit_as_it_was(
    limited: Bench, monkeypatch: pytest.MonkeyPatch, is_begun: bool
) -> None:
    one, two = add(limited.queue, "a.pdf", "b.pdf", client="ann")
    assert limited.next() == OpenJob(one.id)
    if is_begun:
        claimed = limited.queue.work.claim(one.id)
        assert claimed is not None
        limited.queue.work.reopen(claimed)
        assert limited.next() == OpenJob(one.id)

    def full(_: int) -> Job:
        raise OutputUnwritable("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(limited.store, "job" if is_begun else "claim", full)
        with pytest.raises(OutputUnwritable):
            limited.queue.work.claim(one.id)
    limited.queue.set_priority(two.id, 5)
    assert limited.next() == OpenJob(one.id if is_begun else two.id)
    assert limited.next(B) is None


def test_a_job_held_and_released_before_it_is_claimed_keeps_its_place(limited: Bench) -> None:
    one, two = add(limited.queue, "a.pdf", "b.pdf", client="ann")
    assert limited.next(A) == OpenJob(one.id)
    limited.queue.transition(one.id, JobState.HELD, "Held.")
    assert limited.next(B) is None
    limited.queue.transition(one.id, JobState.QUEUED, "Released.")
    assert limited.next(B) is None
    assert limited.queue.work.claim(one.id) is not None
    limited.opened(one.id)
    assert limited.next(B) == PageBatch(one.id, 1, 1)
    assert limited.state(two.id) is JobState.QUEUED


def test_a_delayed_job_gives_up_its_place(limited: Bench) -> None:
    one, two = add(limited.queue, "a.pdf", "b.pdf", client="ann")
    limited.run(one.id)
    limited.queue.work.delay(one.id, 30, "Not ready yet?")
    limited.run(two.id)
    limited.clock.advance(31)
    limited.queue.offer_delayed()
    assert limited.next() == PageBatch(two.id, 1, 1)
    assert limited.next(B) is None


# --- offered again ---


def test_a_job_that_could_not_be_opened_is_offered_again_while_it_runs(bench: Bench) -> None:
    (job,) = add(bench.queue, "a.pdf")
    assert bench.next() == OpenJob(job.id)
    claimed = bench.queue.work.claim(job.id)
    assert claimed is not None
    bench.queue.work.reopen(claimed)
    assert bench.state(job.id) is JobState.RUNNING
    assert bench.next() == OpenJob(job.id)
    assert bench.queue.work.claim(job.id) == claimed
    bench.opened(job.id)
    assert bench.next() == PageBatch(job.id, 1, 1)
    bench.queue.work.batch_over(PageBatch(job.id, 1, 1))
    bench.queue.transition(job.id, JobState.QUEUED, "test")
    assert bench.next() == OpenJob(job.id)
    assert bench.queue.work.claim(job.id) is not None
    assert bench.state(job.id) is JobState.RUNNING  # as one that is claimed for the first time


@pytest.mark.parametrize("when", ["before it is taken", "before it is claimed"])
def test_a_job_offered_again_can_still_be_cancelled(bench: Bench, when: str) -> None:
    (job,) = add(bench.queue, "a.pdf")
    assert bench.next() == OpenJob(job.id)
    claimed = bench.queue.work.claim(job.id)
    assert claimed is not None
    bench.queue.work.reopen(claimed)
    if when == "before it is claimed":
        assert bench.next() == OpenJob(job.id)
    bench.queue.cancel(job.id, "Cancelled.")
    if when == "before it is claimed":
        assert bench.queue.work.claim(job.id) is None
    assert bench.next() is None
    assert bench.state(job.id) is JobState.CANCELLED
    bench.queue.retry(job.id, "Retried.")
    bench.run(job.id)
    assert bench.state(job.id) is JobState.RUNNING


def test_a_delayed_job_is_offered_when_its_time_has_come(bench: Bench) -> None:
    (job,) = add(bench.queue, "a.pdf")
    bench.run(job.id)
    bench.queue.work.delay(job.id, 30, "Not ready yet?")
    assert bench.state(job.id) is JobState.QUEUED
    snapshot = bench.tracker.job(job.id)
    assert snapshot is not None
    assert snapshot.job.reason == "Not ready yet?"
    bench.clock.advance(29)
    bench.queue.offer_delayed()
    assert bench.next() is None
    bench.clock.advance(1)
    bench.queue.offer_delayed()
    bench.run(job.id)
    assert bench.store.job(job.id).reason is None


def test_a_delayed_job_whose_time_has_come_is_a_job_like_any_other(bench: Bench) -> None:
    delayed, other = add(bench.queue, "a.pdf", "b.pdf")
    bench.run(delayed.id)
    bench.queue.work.delay(delayed.id, 5, "Full.")
    bench.clock.advance(5)
    bench.queue.offer_delayed()
    bench.queue.set_priority(other.id, 1)
    bench.queue.set_priority(delayed.id, 2)
    assert bench.scheduler.queued_ids == [delayed.id, other.id]


@pytest.mark.parametrize("meanwhile", ["nothing", "cancelled", "removed"])
def test_a_job_whose_claim_could_not_be_written_is_a_job_like_any_other(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    (job,) = add(bench.queue, "a.pdf")
    assert bench.next() == OpenJob(job.id)

    def full(job_id: int) -> Job | None:
        if meanwhile != "nothing":
            bench.queue.cancel(job_id, "Cancelled.")
        if meanwhile == "removed":
            bench.queue.remove([job_id])
        raise OutputUnwritable("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(bench.store, "claim", full)
        with pytest.raises(OutputUnwritable):
            bench.queue.work.claim(job.id)
    if meanwhile != "nothing":
        assert bench.next() is None
        return
    bench.queue.transition(job.id, JobState.HELD, "Held.")
    assert bench.next() is None
    bench.queue.transition(job.id, JobState.QUEUED, "Released.")
    bench.run(job.id)


def test_a_delayed_job_that_is_cancelled_stays_cancelled(bench: Bench) -> None:
    (job,) = add(bench.queue, "a.pdf")
    bench.run(job.id)
    bench.queue.work.delay(job.id, 30, "Not ready yet?")
    bench.queue.cancel(job.id, "Cancelled.")
    bench.clock.advance(31)
    bench.queue.offer_delayed()
    assert bench.next() is None


def test_changing_the_priority_of_a_delayed_job_does_not_end_its_delay(bench: Bench) -> None:
    (job,) = add(bench.queue, "a.pdf")
    bench.run(job.id)
    bench.queue.work.delay(job.id, 30, "Not ready yet?")
    bench.queue.set_priority(job.id, 1)
    assert bench.next() is None
    bench.clock.advance(31)
    bench.queue.offer_delayed()
    assert bench.next() == OpenJob(job.id)


def test_a_delay_that_ends_while_the_job_is_being_taken_up_again_does_no_harm(bench: Bench) -> None:
    (job,) = add(bench.queue, "a.pdf")
    bench.run(job.id)
    bench.queue.work.delay(job.id, 30, "Not ready yet?")
    bench.queue.cancel(job.id, "Cancelled.")
    bench.queue.retry(job.id, "Retried.")
    assert bench.next(A) == OpenJob(job.id)
    bench.clock.advance(31)
    bench.queue.offer_delayed()
    assert bench.next(B) is None
    assert bench.queue.work.claim(job.id) is not None
    bench.opened(job.id)
    assert bench.next(A) == PageBatch(job.id, 1, 1)


# --- ends and new beginnings ---


def test_a_failed_job_says_why(bench: Bench) -> None:
    (job,) = add(bench.queue, "a.pdf")
    bench.run(job.id)
    bench.clock.advance(3)
    failed = bench.queue.fail(job.id, "The file has no PDF in it.")
    assert (failed.state, failed.reason) == (JobState.FAILED, "The file has no PDF in it.")
    assert failed.seconds == 3
    assert bench.state(job.id) is JobState.FAILED
    assert bench.next() is None


def test_listeners_hear_of_every_end_once(bench: Bench) -> None:
    heard: list[tuple[int, JobState]] = []
    bench.queue.listen(lambda job: heard.append((job.id, job.state)))
    one, two = add(bench.queue, "a.pdf", "b.pdf")
    bench.run(one.id)
    finished = bench.queue.fail(one.id, "No.")
    bench.queue._dispatch.mirror(finished)
    bench.queue.transition(two.id, JobState.HELD, "Held.")
    bench.queue.cancel(two.id, "Cancelled.")
    assert heard == [(one.id, JobState.FAILED), (two.id, JobState.CANCELLED)]


def test_listeners_hear_of_an_end_that_a_retry_has_overtaken(bench: Bench) -> None:
    heard: list[tuple[int, JobState]] = []
    bench.queue.listen(lambda job: heard.append((job.id, job.state)))
    (job,) = add(bench.queue, "a.pdf")
    bench.run(job.id)
    finished = bench.store.finish(job.id, JobState.DONE, "published")
    bench.queue.retry(job.id, "Retried.")
    bench.queue._dispatch.mirror(finished)
    assert heard == [(job.id, JobState.DONE)]
    assert bench.state(job.id) is JobState.QUEUED


def test_a_retry_keeps_finished_pages_and_tries_failed_ones_anew(bench: Bench) -> None:
    (job,) = add(bench.queue, "a.pdf")
    bench.run(job.id)
    bench.store.record(job.id, Checkpoint(1, 2), results([1, 2])).result()
    bench.store.record(job.id, None, [result(3, PageState.FAILED)]).result()
    bench.queue.cancel(job.id, "Cancelled.")
    again = bench.queue.retry(job.id, "Retried.")
    assert (again.state, again.reason, again.started, again.finished) == (JobState.QUEUED, None, None, None)
    assert (again.pages_done, again.pages_failed) == (2, 0)
    assert [r.page for r in bench.store.pages(job.id)] == [1, 2]
    assert bench.next() == OpenJob(job.id)


def test_only_a_finished_job_can_be_retried(bench: Bench) -> None:
    (job,) = add(bench.queue, "a.pdf")
    with pytest.raises(IllegalTransition, match="A queued job cannot be retried"):
        bench.queue.retry(job.id, "Retried.")
    bench.run(job.id)
    with pytest.raises(IllegalTransition, match="A running job cannot be retried"):
        bench.queue.retry(job.id, "Retried.")
    with pytest.raises(NoSuchJob):
        bench.queue.retry(99, "Retried.")


def test_only_finished_jobs_are_taken_off_the_list_and_can_be_put_back(tmp_path: Path, bench: Bench) -> None:
    done, waiting = add(bench.queue, "a.pdf", "b.pdf")
    bench.queue.cancel(done.id, "Cancelled.")
    assert bench.queue.remove([done.id, waiting.id, 99]) == [done.id]
    assert [job.id for job in bench.tracker.jobs()] == [waiting.id]
    assert [job.id for job in bench.store.load()] == [waiting.id]
    bench.queue.restore([done.id, 99])
    assert bench.state(done.id) is JobState.CANCELLED
    assert [job.id for job in bench.store.load()] == [done.id, waiting.id]


def test_a_reason_is_harmless_on_a_screen_and_in_the_log(bench: Bench, engine_log: pytest.LogCaptureFixture) -> None:
    one, two = add(bench.queue, "a.pdf", "b.pdf")
    bench.clock.advance(5)
    bench.run(one.id)
    failed, cancelled = bench.queue.fail(one.id, "bad\x1b[31m"), bench.queue.cancel(two.id, "gone\x1b[31m")
    assert (failed.reason, cancelled.reason) == ("bad\\x1b[31m", "gone\\x1b[31m")
    assert cancelled.finished is not None
    assert cancelled.finished.timestamp() == bench.store.now()
    assert f"job {one.id} failed: bad\\x1b[31m" in engine_log.messages
    for job, cause in ((one, "bad"), (two, "gone")):
        assert bench.queue.view.history(job.id)[-1][2] == f"{cause}\\x1b[31m"


@pytest.mark.parametrize(("asks_model", "kept"), [(False, [1, 2]), (True, [1])])
def test_a_retry_asks_a_model_again_that_did_not_answer(bench: Bench, asks_model: bool, kept: list[int]) -> None:
    options = ConvertOptions.model_validate({"converter": "vlm" if asks_model else "local"})
    assert options.asks_model is asks_model
    job = finished(bench, options=options)
    assert bench.queue.retry(job.id, "Retried.").pages_done == len(kept)
    assert [page.page for page in bench.store.pages(job.id)] == kept
    assert bench.queue.view.history(job.id)[-1][2] == "Retried."


def test_a_retry_of_what_is_done_begins_anew(bench: Bench) -> None:
    (job,) = add(bench.queue, "a.pdf")
    bench.run(job.id)
    bench.store.record(job.id, Checkpoint(1, 1), results([1])).result()
    bench.queue.work.finish(job.id, JobState.DONE, None, lambda _: None)
    bench.store.record(job.id, Checkpoint(1, 1), results([1])).result()  # by a process that was slow to hear of it
    bench.queue.retry(job.id, "Retried.")
    assert bench.store.pages(job.id) == []
    assert bench.store.checkpoints(job.id) == []


def test_a_published_job_is_told_of_once_its_source_is_settled(bench: Bench) -> None:
    heard: list[str] = []
    bench.queue.listen(lambda job: heard.append(f"told: {job.state}"))
    (job,) = add(bench.queue, "a.pdf")
    bench.run(job.id)
    done = bench.queue.work.finish(
        job.id, JobState.PARTIAL, "Warned.", lambda job: heard.append(f"settled: {job.state}")
    )
    assert heard == ["settled: partial", "told: partial"]
    assert done.reason == "Warned."

    def stuck(_: Job) -> None:
        raise OutputUnwritable("It cannot be moved.")

    (other,) = add(bench.queue, "b.pdf")
    bench.run(other.id)
    with pytest.raises(OutputUnwritable):
        bench.queue.work.finish(other.id, JobState.DONE, None, stuck)
    assert heard[2:] == ["told: done"]
    assert bench.state(other.id) is JobState.DONE


# --- order ---


def moved(bench: Bench, job: Job, where: Move) -> list[int]:
    bench.queue.move(job.id, where)
    return bench.scheduler.queued_ids


def test_a_job_moves_up_down_to_the_top_and_to_the_bottom_durably(tmp_path: Path, bench: Bench) -> None:
    jobs = add(bench.queue, "a.pdf", "b.pdf", "c.pdf", "d.pdf")
    a, b, c, d = (job.id for job in jobs)
    assert moved(bench, jobs[2], "up") == [a, c, b, d]
    assert moved(bench, jobs[0], "down") == [c, a, b, d]
    assert moved(bench, jobs[3], "top") == [d, c, a, b]
    assert moved(bench, jobs[2], "bottom") == [d, a, b, c]
    bench.store.close()
    later = bench_in(tmp_path, bench.clock)
    later.queue.load()
    assert later.scheduler.queued_ids == [d, a, b, c]
    later.store.close()


def test_a_job_that_is_there_already_does_not_move(bench: Bench) -> None:
    first, last = add(bench.queue, "a.pdf", "b.pdf")
    assert bench.queue.move(first.id, "up") is None
    assert bench.queue.move(first.id, "top") is None
    assert bench.queue.move(last.id, "down") is None
    assert bench.queue.move(last.id, "bottom") is None
    with pytest.raises(NoSuchJob, match=r"^There is no job 99\.$"):
        bench.queue.move(99, "top")


def test_a_job_moves_among_those_of_its_priority(bench: Bench) -> None:
    low, high, other = add(bench.queue, "a.pdf", "b.pdf", "c.pdf")
    bench.queue.set_priority(high.id, 5)
    assert bench.scheduler.queued_ids == [high.id, low.id, other.id]
    assert moved(bench, low, "up") == [high.id, low.id, other.id]
    assert moved(bench, other, "top") == [high.id, other.id, low.id]
    assert moved(bench, high, "bottom") == [high.id, other.id, low.id]


def test_only_waiting_jobs_move(bench: Bench) -> None:
    running, held, waiting = add(bench.queue, "a.pdf", "b.pdf", "c.pdf")
    bench.run(running.id)
    bench.queue.transition(held.id, JobState.HELD, "Held.")
    for job in (running, held):
        for where in ("up", "down", "top", "bottom"):
            assert moved(bench, job, where) == [waiting.id]
            assert bench.store.job(job.id).position == job.position


def test_a_new_job_comes_after_those_moved_to_the_bottom(bench: Bench) -> None:
    jobs = add(bench.queue, "a.pdf", "b.pdf", "c.pdf")
    for job in jobs:
        bench.queue.move(job.id, "bottom")
    (new,) = add(bench.queue, "d.pdf")
    assert bench.scheduler.queued_ids == [*(job.id for job in jobs), new.id]


def test_a_new_job_can_be_moved_past_one_that_was_moved_to_the_bottom(bench: Bench) -> None:
    a, b, c = add(bench.queue, "a.pdf", "b.pdf", "c.pdf")
    bench.queue.move(a.id, "bottom")
    (new,) = add(bench.queue, "d.pdf")
    assert bench.scheduler.queued_ids == [b.id, c.id, a.id, new.id]
    assert moved(bench, new, "up") == [b.id, c.id, new.id, a.id]


def test_a_released_job_can_be_moved_past_one_that_was_moved_to_the_bottom_meanwhile(bench: Bench) -> None:
    a, b, c = add(bench.queue, "a.pdf", "b.pdf", "c.pdf")
    bench.queue.transition(c.id, JobState.HELD, "Held.")
    assert moved(bench, a, "bottom") == [b.id, a.id]
    bench.queue.transition(c.id, JobState.QUEUED, "Released.")
    first, second = bench.scheduler.queued_ids[1:]
    assert {first, second} == {a.id, c.id}
    assert moved(bench, bench.store.job(second), "up") == [b.id, second, first]
    assert moved(bench, bench.store.job(second), "down") == [b.id, first, second]


def test_a_job_of_another_priority_can_be_moved_past_one_with_its_place(bench: Bench) -> None:
    a, b, c = add(bench.queue, "a.pdf", "b.pdf", "c.pdf")
    bench.queue.set_priority(c.id, 1)
    assert moved(bench, a, "bottom") == [c.id, b.id, a.id]
    bench.queue.set_priority(c.id, 0)
    first, second = bench.scheduler.queued_ids[1:]
    assert moved(bench, bench.store.job(second), "up") == [b.id, second, first]


def test_a_retried_job_goes_to_the_end_of_the_queue_or_where_it_was(bench: Bench) -> None:
    a, b, c = add(bench.queue, "a.pdf", "b.pdf", "c.pdf")
    bench.queue.cancel(a.id, "Cancelled.")
    bench.queue.retry(a.id, "Retried.")
    assert bench.scheduler.queued_ids == [b.id, c.id, a.id]
    bench.queue.cancel(b.id, "Cancelled.")
    bench.queue.retry(b.id, "Retried.", keeps_place=True)
    assert bench.scheduler.queued_ids == [b.id, c.id, a.id]


# --- waiting and pausing ---


def test_a_waiting_worker_is_woken_by_a_new_job(bench: Bench) -> None:
    found: list[Work | None] = []
    worker = threading.Thread(target=lambda: found.append(bench.queue.work.next_work(A, lambda: True, 20.0)))
    worker.start()
    (job,) = add(bench.queue, "a.pdf")
    worker.join(10)
    assert found == [OpenJob(job.id)]


def test_a_waiting_worker_that_is_no_longer_wanted_goes(bench: Bench) -> None:
    wanted, asked = threading.Event(), threading.Event()
    wanted.set()

    def is_wanted() -> bool:
        asked.set()
        return wanted.is_set()

    found: list[Work | None] = []
    worker = threading.Thread(target=lambda: found.append(bench.queue.work.next_work(A, is_wanted, 60.0)))
    worker.start()
    wait_until(asked.is_set, "the worker to wait")
    wanted.clear()
    bench.queue.work.worker_stopping(A)
    worker.join(10)
    assert found == [None]


def test_a_pause_may_end_and_its_message_stay(bench: Bench) -> None:
    add(bench.queue, "a.pdf")
    bench.queue.pause("blocked", "The disk is full.")
    bench.queue.resume("blocked", keeps_banner=True)
    assert isinstance(bench.next(), OpenJob)
    assert [(b.key, b.message) for b in bench.tracker.snapshot().banners] == [("blocked", "The disk is full.")]
    bench.queue.set_banner("blocked", None)
    bench.queue.set_banner("other", "Look.")
    assert [(b.key, b.message) for b in bench.tracker.snapshot().banners] == [("other", "Look.")]


@pytest.mark.parametrize("how", ["resumed", "released", "retried", "opened"])
def test_a_waiting_worker_is_woken_by_whatever_makes_work(bench: Bench, how: str) -> None:
    (job,) = add(bench.queue, "a.pdf")
    if how == "resumed":
        bench.queue.pause("paused", "Paused.")
    elif how == "released":
        bench.queue.transition(job.id, JobState.HELD, "Held.")
    elif how == "retried":
        bench.queue.cancel(job.id, "Cancelled.")
    else:
        assert bench.next(B) == OpenJob(job.id)
        assert bench.queue.work.claim(job.id) is not None
    asked = threading.Event()

    def is_wanted() -> bool:
        asked.set()
        return True

    found: list[Work | None] = []
    worker = threading.Thread(target=lambda: found.append(bench.queue.work.next_work(A, is_wanted, 60.0)), daemon=True)
    worker.start()
    wait_until(asked.is_set, "the worker to wait")
    match how:
        case "resumed":
            bench.queue.resume("paused")
        case "released":
            bench.queue.transition(job.id, JobState.QUEUED, "Released.")
        case "retried":
            bench.queue.retry(job.id, "Retried.")
        case "opened":
            bench.opened(job.id)
    worker.join(20)
    assert found == [PageBatch(job.id, 1, 1) if how == "opened" else OpenJob(job.id)]


def test_a_worker_that_is_not_wanted_gets_nothing(bench: Bench) -> None:
    add(bench.queue, "a.pdf")
    assert bench.queue.work.next_work(A, lambda: False, 60.0) is None


def test_there_is_never_less_than_a_worker_to_share_among(bench: Bench) -> None:
    bench.queue.work.set_worker_count(0)
    assert bench.scheduler.worker_count == 1
    bench.queue.work.set_worker_count(7)
    assert bench.scheduler.worker_count == 7


def test_what_a_departed_worker_opened_is_anyones(bench: Bench) -> None:
    one, two = add(bench.queue, "a.pdf", "b.pdf")
    bench.run(one.id, pages=9, worker=A)
    bench.run(two.id, pages=90, worker=B)
    bench.queue.work.worker_left(B)
    bench.queue.set_priority(two.id, -1)
    assert (work := bench.next(A)) is not None
    assert work.job_id == one.id
    assert bench.scheduler.is_running(two.id)


def test_parts_of_a_batch_that_are_put_back_are_given_out_again(bench: Bench) -> None:
    (job,) = add(bench.queue, "a.pdf")
    bench.run(job.id, pages=6)
    batch = bench.next()
    assert isinstance(batch, PageBatch)
    bench.queue.work.batch_over(batch, None, [PageBatch(job.id, 2, batch.last)])
    again = bench.next()
    assert isinstance(again, PageBatch)
    assert again.first == 2


def test_pauses_add_up(bench: Bench) -> None:
    add(bench.queue, "a.pdf")
    bench.queue.pause("paused", "Paused.")
    bench.queue.pause("blocked", "The disk is full.")
    assert bench.next() is None
    assert bench.tracker.is_paused
    assert [b.message for b in bench.tracker.snapshot().banners] == ["Paused.", "The disk is full."]
    bench.queue.resume("paused")
    assert bench.next() is None
    assert not bench.queue.is_paused_by("paused")
    assert bench.queue.is_paused_by("blocked")
    bench.queue.pause("blocked", "The disk is still full.")
    assert [b.message for b in bench.tracker.snapshot().banners] == ["The disk is still full."]
    bench.queue.resume("blocked")
    bench.queue.resume("never")
    assert not bench.tracker.snapshot().is_paused
    assert isinstance(bench.next(), OpenJob)
    assert bench.tracker.snapshot().banners == ()


# --- standing as before ---


def test_a_job_stands_again_as_it_stood_before_it_was_cancelled(bench: Bench) -> None:
    first, job, last, held = add(bench.queue, "a.pdf", "b.pdf", "c.pdf", "d.pdf")
    bench.queue.transition(held.id, JobState.HELD, "Held.", reason="Not now.")
    standings = [bench.store.job(each.id).standing for each in (job, held)]
    for each in (job, held):
        bench.queue.cancel(each.id, "Cancelled.")
    bench.queue.set_priority(last.id, 3)
    for standing in standings:
        bench.queue.reinstate(standing, "Taken back.")
    assert [bench.store.job(each.id).standing for each in (job, held)] == standings
    assert bench.state(job.id) is JobState.QUEUED
    assert bench.state(held.id) is JobState.HELD
    assert bench.scheduler.queued_ids == [last.id, first.id, job.id]
    assert bench.store.job(job.id).finished is None


def test_priority_place_and_hold_are_taken_back_of_a_job_that_waits(bench: Bench) -> None:
    first, job = add(bench.queue, "a.pdf", "b.pdf")
    standing = bench.store.job(job.id).standing
    bench.queue.move(job.id, "top")
    bench.queue.set_priority(job.id, 9)
    bench.queue.transition(job.id, JobState.HELD, "Held.")
    bench.queue.reinstate(standing, "Taken back.")
    assert bench.store.job(job.id).standing == standing
    assert bench.scheduler.queued_ids == [first.id, job.id]


def test_a_job_that_has_come_to_an_end_of_its_own_does_not_wait_as_before(bench: Bench) -> None:
    (job,) = add(bench.queue, "a.pdf")
    standing = bench.store.job(job.id).standing
    bench.run(job.id)
    bench.queue.fail(job.id, "Damaged.")
    with pytest.raises(IllegalTransition):
        bench.queue.reinstate(standing, "Taken back.")


@pytest.mark.parametrize("is_published", [True, False])
def test_a_retry_is_taken_back_with_all_that_the_end_had_told_and_nobody_hears_of_it_twice(
    bench: Bench, is_published: bool
) -> None:
    (job,) = add(bench.queue, "a.pdf")
    bench.run(job.id, pages=3)
    bench.store.record(job.id, Checkpoint(1, 2), results([1, 2])).result()
    bench.store.record(job.id, None, [result(3, PageState.FAILED)]).result()
    if is_published:
        bench.queue.work.finish(job.id, JobState.PARTIAL, "One page failed.", lambda _: None)
    else:
        bench.queue.fail(job.id, "Damaged.")
    heard: list[int] = []
    bench.queue.listen(lambda job: heard.append(job.id))
    ended, pages = bench.queue.end_of(job.id)
    bench.queue.retry(job.id, "Retried.")
    bench.run(job.id, pages=3)
    bench.queue.end_as_before(ended, pages, "Taken back.")
    now = bench.store.job(job.id)
    assert replace(now, revision=0) == replace(ended, revision=0)
    assert bench.state(job.id) is ended.state
    assert bench.store.pages(job.id) == pages
    assert bench.next() is None
    assert not heard
    with pytest.raises(IllegalTransition):
        bench.queue.end_as_before(ended, pages, "Taken back.")
