"""What the queue in memory gives out follows what is written, whatever crosses it."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.base.errors import OutputUnwritable
from engine.job.job import Job, JobState, MergeJob, OpenJob, PageBatch, Source, Submission, Work
from engine.job.limits import RunningLimits
from engine.job.options import ConvertOptions
from tests.clock import Clock
from tests.engine.making import OPTIONS, add, source
from tests.engine.queue.queuebench import A, B, Bench, bench_in
from tests.waiting import wait_until

HELD, QUEUED, RUNNING = JobState.HELD, JobState.QUEUED, JobState.RUNNING


@pytest.fixture
def bench(tmp_path: Path, clock: Clock) -> Iterator[Bench]:
    bench = bench_in(tmp_path, clock)
    yield bench
    bench.store.close()


def version(bench: Bench, size: int) -> Job:
    """A version of one source, which replaces none."""
    ((job, _),) = bench.queue.add([Submission(source("a.pdf", size=size), OPTIONS)])
    return job


def refuse(bench: Bench, monkeypatch: pytest.MonkeyPatch, job_id: int, meanwhile: Callable[[], object]) -> None:
    """Have the claim of a job fail to be written, after something else has happened."""

    def full(_: int) -> Job | None:
        meanwhile()
        raise OutputUnwritable("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(bench.store, "claim", full)
        with pytest.raises(OutputUnwritable):
            bench.queue.work.claim(job_id)


# --- one version of a source at a time ---


def test_a_version_that_is_released_goes_before_the_newer_one_which_waits_for_it(bench: Bench) -> None:
    old = version(bench, 1)
    bench.run(old.id)
    new = version(bench, 2)
    bench.queue.transition(old.id, HELD, "Held.")
    assert bench.scheduler.queued_ids == [new.id]
    bench.queue.transition(old.id, QUEUED, "Released.")
    assert bench.scheduler.queued_ids == [old.id]
    bench.queue.set_priority(new.id, 5)
    assert bench.scheduler.queued_ids == [old.id]
    bench.run(old.id)
    assert bench.next(B) == PageBatch(old.id, 1, 1)
    bench.queue.work.batch_over(PageBatch(old.id, 1, 1))
    assert bench.next(B) == MergeJob(old.id)
    bench.queue.work.finish(old.id, JobState.DONE, None, lambda _: None)
    bench.run(new.id)


@pytest.mark.parametrize("end", ["claimed", "refused", "held", "cancelled"])
def test_a_version_that_is_released_waits_for_a_newer_one_that_a_worker_is_about_to_open(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    old = version(bench, 1)
    bench.run(old.id)
    new = version(bench, 2)
    bench.queue.transition(old.id, HELD, "Held.")
    assert bench.next(A) == OpenJob(new.id)
    bench.queue.transition(old.id, QUEUED, "Released.")
    assert bench.next(B) is None
    if end == "refused":
        refuse(bench, monkeypatch, new.id, lambda: None)
    elif end == "held":
        bench.queue.transition(new.id, HELD, "Held.")
        assert bench.next(B) is None
        assert bench.queue.work.claim(new.id) is None
    elif end == "cancelled":
        bench.queue.cancel(new.id, "Cancelled.")
        assert bench.queue.work.claim(new.id) is None
    else:
        assert bench.queue.work.claim(new.id) is not None
        bench.opened(new.id)
        assert bench.next(B) == PageBatch(new.id, 1, 1)
        assert bench.state(old.id) is QUEUED
        return
    assert bench.next(B) == OpenJob(old.id)
    assert bench.next(A) is None


def test_a_version_that_a_worker_is_about_to_open_is_not_given_out_again_when_an_older_one_ends(bench: Bench) -> None:
    old = version(bench, 1)
    bench.run(old.id)
    new = version(bench, 2)
    bench.queue.transition(old.id, HELD, "Held.")
    assert bench.next(A) == OpenJob(new.id)
    bench.queue.cancel(old.id, "Cancelled.")
    assert bench.scheduler.queued_ids == []
    assert bench.queue.work.claim(new.id) is not None
    bench.opened(new.id)
    assert bench.next(A) == PageBatch(new.id, 1, 1)
    assert bench.next(B) is None
    assert bench.state(new.id) is RUNNING


def test_a_version_that_is_delayed_stays_so_when_an_older_one_ends(bench: Bench) -> None:
    old = version(bench, 1)
    bench.run(old.id)
    new = version(bench, 2)
    bench.queue.transition(old.id, HELD, "Held.")
    bench.run(new.id)
    bench.queue.work.delay(new.id, 30, "Full.")
    bench.queue.cancel(old.id, "Cancelled.")
    assert bench.next() is None
    bench.clock.advance(30)
    bench.queue.offer_delayed()
    assert bench.next() == OpenJob(new.id)


def test_a_version_waits_as_long_as_the_one_before_it_is_delayed(bench: Bench) -> None:
    old = version(bench, 1)
    bench.run(old.id)
    new = version(bench, 2)
    bench.queue.work.delay(old.id, 30, "Full.")
    assert bench.next() is None
    bench.clock.advance(30)
    bench.queue.offer_delayed()
    assert bench.scheduler.queued_ids == [old.id]
    bench.queue.cancel(old.id, "Cancelled.")
    assert bench.scheduler.queued_ids == [new.id]


def test_the_next_version_has_waited_since_the_one_before_it_came(bench: Bench) -> None:
    old = version(bench, 1)
    came = bench.clock()
    bench.clock.advance(100)
    new = version(bench, 2)
    bench.clock.advance(100)
    bench.queue.cancel(old.id, "Cancelled.")
    assert bench.scheduler.waiting_since(new.id) == came


def test_a_version_that_was_not_waiting_hands_on_no_time(bench: Bench) -> None:
    old = version(bench, 1)
    bench.run(old.id)
    new = version(bench, 2)
    bench.clock.advance(100)
    bench.queue.fail(old.id, "Damaged.")
    assert bench.scheduler.waiting_since(new.id) == bench.clock()


# --- changes of what waits, is about to be opened, or is to be opened again ---


def test_a_job_goes_on_waiting_whose_priority_is_changed(bench: Bench) -> None:
    (job,) = add(bench.queue, "a.pdf")
    came = bench.clock()
    bench.clock.advance(100)
    bench.queue.set_priority(job.id, 1)
    assert bench.scheduler.waiting_since(job.id) == came


def test_a_job_that_is_put_back_while_it_runs_waits_from_then_on(bench: Bench) -> None:
    (job,) = add(bench.queue, "a.pdf")
    bench.run(job.id)
    bench.clock.advance(100)
    bench.queue.transition(job.id, QUEUED, "test")
    assert not bench.scheduler.is_running(job.id)
    assert bench.scheduler.waiting_since(job.id) == bench.clock()


def test_a_job_that_had_waited_too_long_keeps_its_worker_though_its_priority_is_changed_before_it_is_claimed(
    bench: Bench,
) -> None:
    (low,) = add(bench.queue, "low.pdf", priority=-5)
    bench.clock.advance(2000)
    add(bench.queue, "a.pdf", "b.pdf")
    bench.queue.work.set_worker_count(2)
    assert bench.next(A) == OpenJob(low.id)  # out of turn
    bench.queue.set_priority(low.id, -4)
    assert bench.scheduler.is_running(low.id)
    assert bench.queue.work.claim(low.id) is not None
    bench.opened(low.id, pages=9)
    work = bench.next(A)
    assert isinstance(work, PageBatch)
    assert work.job_id == low.id


def test_a_job_that_stands_back_keeps_its_place_among_those_it_is_raised_to(bench: Bench) -> None:
    hostile, other, third = add(bench.queue, "hostile.pdf", "b.pdf", "c.pdf")
    bench.run(hostile.id)
    bench.queue.work.stand_back(hostile.id)
    bench.queue.set_priority(other.id, 1)
    bench.queue.set_priority(hostile.id, 1)
    assert bench.scheduler.queued_ids == [other.id, hostile.id, third.id]


def test_a_job_held_and_released_before_it_is_claimed_has_its_priority(bench: Bench) -> None:
    (job,) = add(bench.queue, "a.pdf", priority=3)
    (other,) = add(bench.queue, "b.pdf", priority=2)
    assert bench.next(A) == OpenJob(job.id)
    bench.queue.transition(job.id, HELD, "Held.")
    bench.queue.transition(job.id, QUEUED, "Released.")
    assert bench.queue.work.claim(job.id) is not None
    bench.opened(job.id)
    assert bench.next(B) == PageBatch(job.id, 1, 1)
    assert bench.next(A) == OpenJob(other.id)


def test_a_job_taken_off_the_list_while_its_claim_is_being_written_does_not_run(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    (job,) = add(bench.queue, "a.pdf")
    assert bench.next() == OpenJob(job.id)
    claim = bench.store.claim

    def overtaken(job_id: int) -> Job | None:
        claimed = claim(job_id)
        bench.queue.cancel(job_id, "Cancelled.")
        bench.queue.remove([job_id])
        return claimed

    monkeypatch.setattr(bench.store, "claim", overtaken)
    assert bench.queue.work.claim(job.id) is None
    assert bench.next() is None
    assert bench.tracker.job(job.id) is None


def test_a_job_whose_claim_could_not_be_written_and_that_is_held_meanwhile_is_not_offered(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    (job,) = add(bench.queue, "a.pdf")
    assert bench.next() == OpenJob(job.id)
    refuse(bench, monkeypatch, job.id, lambda: bench.queue.transition(job.id, HELD, "Held."))
    assert bench.next() is None


def reopened(bench: Bench, *others: str) -> Job:
    """A running job that could not be opened, before others."""
    job, *_ = add(bench.queue, "a.pdf", *others)
    assert bench.next() == OpenJob(job.id)
    claimed = bench.queue.work.claim(job.id)
    assert claimed is not None
    bench.queue.work.reopen(claimed)
    return job


def test_a_job_that_is_to_be_opened_again_can_be_raised_and_lowered(bench: Bench) -> None:
    job = reopened(bench, "b.pdf")
    bench.queue.set_priority(job.id, -1)
    assert bench.scheduler.queued_ids[-1] == job.id
    bench.queue.set_priority(job.id, 1)
    assert bench.next() == OpenJob(job.id)
    assert bench.queue.work.claim(job.id) is not None


def test_a_job_that_was_opened_again_is_not_offered_when_it_is_raised(bench: Bench) -> None:
    job = reopened(bench)
    assert bench.next() == OpenJob(job.id)
    assert bench.queue.work.claim(job.id) is not None
    bench.opened(job.id)
    bench.queue.set_priority(job.id, 1)
    assert bench.scheduler.queued_ids == []
    assert bench.next(B) == PageBatch(job.id, 1, 1)


def test_a_job_that_is_to_be_opened_again_keeps_no_other_from_a_model(bench: Bench) -> None:
    first = submitted(bench, source("a.pdf"), converter="vlm")
    assert bench.next() == OpenJob(first)
    claimed = bench.queue.work.claim(first)
    assert claimed is not None
    bench.queue.work.reopen(claimed)
    second = submitted(bench, source("b.pdf"), converter="vlm")
    bench.queue.set_priority(second, 1)
    assert bench.next() == OpenJob(second)


def test_a_running_job_that_is_held_while_it_is_reopened_is_offered_only_when_it_is_released(bench: Bench) -> None:
    (job,) = add(bench.queue, "a.pdf")
    assert bench.next() == OpenJob(job.id)
    claimed = bench.queue.work.claim(job.id)
    assert claimed is not None
    bench.queue.transition(job.id, HELD, "Held.")
    bench.queue.work.reopen(claimed)
    assert bench.next() is None
    bench.queue.transition(job.id, QUEUED, "Released.")
    bench.run(job.id)
    assert bench.state(job.id) is RUNNING


def test_a_job_that_was_to_be_opened_again_and_is_retried_counts_as_one_that_has_not_begun(
    tmp_path: Path, clock: Clock
) -> None:
    limited = bench_in(tmp_path, clock, RunningLimits(per_folder=1))
    job = reopened(limited, "b.pdf")
    limited.queue.cancel(job.id, "Cancelled.")
    limited.queue.retry(job.id, "Retried.")
    first = limited.next(A)
    assert isinstance(first, OpenJob)
    assert first.job_id != job.id
    assert limited.next(B) is None
    limited.store.close()


# --- waiting ---


def test_who_waits_for_work_waits_for_as_long_as_was_said(bench: Bench) -> None:
    asked, found = threading.Event(), list[Work | None]()

    def is_wanted() -> bool:
        asked.set()
        return True

    worker = threading.Thread(target=lambda: found.append(bench.queue.work.next_work(A, is_wanted, 1.0)))
    worker.start()
    wait_until(asked.is_set, "the worker to wait")
    (job,) = add(bench.queue, "a.pdf")
    worker.join(20)
    assert found == [OpenJob(job.id)]


def test_who_waits_for_no_time_gets_what_there_is_and_else_nothing(bench: Bench) -> None:
    assert bench.queue.work.next_work(A, lambda: True, 0.0) is None
    (job,) = add(bench.queue, "a.pdf")
    assert bench.queue.work.next_work(A, lambda: True, 0.0) == OpenJob(job.id)


def test_what_has_just_come_or_is_put_back_has_waited_for_no_time(bench: Bench) -> None:
    (job,) = add(bench.queue, "a.pdf")
    assert bench.queue.view.longest_wait_s() == 0
    bench.run(job.id)
    assert bench.queue.view.longest_wait_s() is None
    bench.queue.work.delay(job.id, 30, "Full.")
    assert bench.queue.view.longest_wait_s() == 0


# --- what limits count by ---


def submitted(bench: Bench, origin: Source, **values: object) -> int:
    options = ConvertOptions.model_validate({"converter": values.pop("converter", "local")})
    ((job, _),) = bench.queue.add([Submission(origin, options, **values)])  # type: ignore[arg-type]
    return job.id


def test_jobs_of_a_profile_are_limited_by_its_name(tmp_path: Path, clock: Clock) -> None:
    limited = bench_in(tmp_path, clock, RunningLimits(per_profile={"slow": 1}))
    one, two = (submitted(limited, source(path), profile="slow") for path in ("a.pdf", "b.pdf"))
    other = submitted(limited, source("c.pdf"), profile="quick")
    limited.run(one)
    assert limited.next(B) == OpenJob(other)
    assert limited.state(two) is QUEUED
    limited.store.close()


@pytest.mark.parametrize(("converter", "pages"), [("local", 3), ("vlm", 20)])
def test_what_a_model_reads_is_given_out_by_how_much_may_be_there(bench: Bench, converter: str, pages: int) -> None:
    job_id = submitted(bench, source("a.pdf"), converter=converter)
    bench.run(job_id, pages=6 if converter == "local" else 50)
    batch = bench.next()
    assert isinstance(batch, PageBatch)
    assert len(batch) == pages
