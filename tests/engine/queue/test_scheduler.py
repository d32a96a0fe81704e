"""Which work a free worker gets: urgent first, own document first, everybody on the last big one, nothing lost."""

import statistics
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from engine.job.job import PageBatch
from engine.queue.lanes import UNLIMITED, Origin, RunningLimits
from engine.queue.scheduler import MergeJob, OpenJob, Scheduler, Work

A, B, C = 1, 2, 3
"""Workers."""


@pytest.fixture
def scheduler() -> Scheduler:
    scheduler = Scheduler(batch_seconds=1.5, aging_s=900)
    scheduler.worker_count = 2
    return scheduler


def enqueue(scheduler: Scheduler, *job_ids: int, priority: int = 0, now: float = 0.0) -> None:
    for job_id in job_ids:
        scheduler.enqueue(job_id, priority, float(job_id), now)


def start(scheduler: Scheduler, worker: int, job_id: int, pages: int, *, priority: int = 0, now: float = 0.0) -> None:
    """Have a worker open a job of so many pages."""
    enqueue(scheduler, job_id, priority=priority, now=now)
    assert scheduler.next(worker, now) == OpenJob(job_id)
    scheduler.opened(job_id, [range(1, pages + 1)])


def batch(scheduler: Scheduler, worker: int, now: float = 0.0) -> PageBatch:
    work = scheduler.next(worker, now)
    assert isinstance(work, PageBatch)
    return work


def work_off(scheduler: Scheduler, worker: int, seconds_per_page: float = 0.3, now: float = 0.0) -> list[Work]:
    """Let one worker do everything there is to do for it."""
    done = []
    while (work := scheduler.next(worker, now)) is not None:
        done.append(work)
        if isinstance(work, PageBatch):
            scheduler.batch_finished(work, seconds_per_page * len(work))
        elif isinstance(work, MergeJob):
            scheduler.drop(work.job_id)
    return done


def pages_of(done: Iterable[Work], job_id: int) -> list[int]:
    return [page for work in done if isinstance(work, PageBatch) and work.job_id == job_id for page in work.pages]


# --- the three steps ---


def test_nothing_to_do_is_nothing_to_do(scheduler: Scheduler) -> None:
    assert scheduler.next(A, 0.0) is None


def test_a_job_is_opened_converted_page_by_page_and_merged_once(scheduler: Scheduler) -> None:
    start(scheduler, A, 1, pages=40)
    done = work_off(scheduler, A)
    assert pages_of(done, 1) == list(range(1, 41))
    assert [work for work in done if not isinstance(work, PageBatch)] == [MergeJob(1)]
    assert done[-1] == MergeJob(1)


def test_a_worker_goes_on_with_the_job_it_opened_before_it_opens_another(scheduler: Scheduler) -> None:
    start(scheduler, A, 1, pages=100)
    enqueue(scheduler, 2)
    assert batch(scheduler, A).job_id == 1


def test_a_worker_opens_the_next_job_before_it_helps_another(scheduler: Scheduler) -> None:
    start(scheduler, A, 1, pages=100)
    enqueue(scheduler, 2, 3)
    assert scheduler.next(B, 0.0) == OpenJob(2)
    assert scheduler.next(C, 0.0) == OpenJob(3)


def test_a_worker_with_nothing_to_open_helps_the_job_with_most_pages_left(scheduler: Scheduler) -> None:
    start(scheduler, A, 1, pages=30)
    start(scheduler, B, 2, pages=90)
    assert batch(scheduler, C).job_id == 2


def test_every_worker_helps_the_last_big_document(scheduler: Scheduler) -> None:
    scheduler.worker_count = 8
    start(scheduler, 1, 1, pages=100)
    batches = [batch(scheduler, worker) for worker in range(1, 9)]
    pages = [page for b in batches for page in b.pages]
    assert {b.job_id for b in batches} == {1}
    assert len(pages) == len(set(pages))


def test_nobody_is_given_pages_of_a_job_that_is_not_open_yet(scheduler: Scheduler) -> None:
    enqueue(scheduler, 1)
    assert scheduler.next(A, 0.0) == OpenJob(1)
    assert scheduler.next(B, 0.0) is None


def test_a_job_is_merged_only_when_its_last_batch_is_back(scheduler: Scheduler) -> None:
    start(scheduler, A, 1, pages=2)
    first, second = batch(scheduler, A), batch(scheduler, B)
    assert scheduler.next(C, 0.0) is None
    scheduler.batch_finished(first, 1.0)
    assert scheduler.next(A, 0.0) is None
    scheduler.batch_finished(second, 1.0)
    assert scheduler.next(B, 0.0) == MergeJob(1)
    assert scheduler.next(A, 0.0) is None


def test_a_finished_job_is_merged_before_another_is_opened(scheduler: Scheduler) -> None:
    start(scheduler, A, 1, pages=1)
    only = batch(scheduler, A)
    enqueue(scheduler, 2)
    scheduler.batch_finished(only, 1.0)
    assert scheduler.next(B, 0.0) == MergeJob(1)


def test_a_job_of_which_all_pages_were_finished_earlier_is_merged_at_once(scheduler: Scheduler) -> None:
    enqueue(scheduler, 1)
    assert scheduler.next(A, 0.0) == OpenJob(1)
    scheduler.opened(1, [range(5, 5)])
    assert scheduler.next(A, 0.0) == MergeJob(1)


def test_only_the_pages_that_remain_are_handed_out(scheduler: Scheduler) -> None:
    enqueue(scheduler, 1)
    assert scheduler.next(A, 0.0) == OpenJob(1)
    scheduler.opened(1, [range(2, 4), range(7, 8), range(9, 12)])
    done = work_off(scheduler, A)
    assert pages_of(done, 1) == [2, 3, 7, 9, 10, 11]
    assert done[-1] == MergeJob(1)


def test_what_a_departed_worker_opened_is_anyones(scheduler: Scheduler) -> None:
    start(scheduler, A, 1, pages=30)
    scheduler.worker_left(A)
    done = work_off(scheduler, B)
    assert pages_of(done, 1) == list(range(1, 31))
    assert done[-1] == MergeJob(1)


def test_what_a_departed_worker_opened_goes_on_before_others_are_begun(scheduler: Scheduler) -> None:
    start(scheduler, A, 1, pages=100)
    lost = batch(scheduler, A)
    scheduler.put_back(lost)
    scheduler.batch_finished(lost, None)
    enqueue(scheduler, 2, 3)
    scheduler.worker_left(A)
    assert batch(scheduler, B).job_id == 1
    assert scheduler.next(C, 0.0) == OpenJob(2)  # one worker is enough
    assert batch(scheduler, B).job_id == 1


def test_a_pause_hands_out_nothing_and_loses_nothing(scheduler: Scheduler) -> None:
    start(scheduler, A, 1, pages=10)
    enqueue(scheduler, 2)
    scheduler.is_paused = True
    assert [scheduler.next(worker, 0.0) for worker in (A, B)] == [None, None]
    scheduler.is_paused = False
    assert batch(scheduler, A).job_id == 1
    assert scheduler.next(B, 0.0) == OpenJob(2)


def test_a_scheduler_that_drains_opens_nothing_and_finishes_what_runs(scheduler: Scheduler) -> None:
    start(scheduler, A, 1, pages=10)
    enqueue(scheduler, 2)
    enqueue(scheduler, 3, priority=5)
    scheduler.is_draining = True
    done = work_off(scheduler, B, now=5000)
    assert pages_of(done, 1) == list(range(1, 11))
    assert done[-1] == MergeJob(1)
    assert scheduler.queued_ids == [3, 2]


def test_a_job_reclaimed_by_the_worker_that_was_to_open_it_is_its_own(scheduler: Scheduler) -> None:
    enqueue(scheduler, 1)
    assert scheduler.next(A, 0.0) == OpenJob(1)
    scheduler.drop(1)
    enqueue(scheduler, 1)
    scheduler.reclaim(1, 0)
    assert scheduler.queued_ids == []
    assert scheduler.next(B, 0.0) is None
    scheduler.opened(1, [range(1, 100)])
    start(scheduler, B, 2, pages=1000)
    assert batch(scheduler, A).job_id == 1


def test_a_worker_helps_the_job_with_most_pages_left_whichever_came_first(scheduler: Scheduler) -> None:
    start(scheduler, A, 1, pages=90)
    start(scheduler, B, 2, pages=30)
    assert batch(scheduler, C).job_id == 1


def test_a_job_is_merged_once_even_if_its_worker_asks_for_more_before_it_has_ended(scheduler: Scheduler) -> None:
    start(scheduler, A, 1, pages=1)
    scheduler.batch_finished(batch(scheduler, A), 1.0)
    assert scheduler.next(A, 0.0) == MergeJob(1)
    assert scheduler.next(A, 0.0) is None


def test_those_that_stay_go_on_with_their_own_when_a_worker_leaves(scheduler: Scheduler) -> None:
    start(scheduler, A, 1, pages=900)
    start(scheduler, B, 2, pages=30)
    scheduler.worker_left(A)
    assert batch(scheduler, B).job_id == 2


def test_a_job_reclaimed_when_its_worker_is_already_elsewhere_is_anyones(scheduler: Scheduler) -> None:
    enqueue(scheduler, 1)
    assert scheduler.next(A, 0.0) == OpenJob(1)
    scheduler.drop(1)
    assert scheduler.next(A, 0.0) is None
    scheduler.reclaim(1, 0)
    scheduler.opened(1, [range(1, 5)])
    assert pages_of(work_off(scheduler, B), 1) == [1, 2, 3, 4]


# --- order and priority ---


def test_jobs_are_opened_by_priority_then_position_then_age(scheduler: Scheduler) -> None:
    for job_id, priority, position in [(1, 0, 5.0), (2, 0, 4.0), (3, 7, 9.0), (4, -1, 0.0), (5, 0, 4.0)]:
        scheduler.enqueue(job_id, priority, position, 0.0)
    assert scheduler.queued_ids == [3, 2, 5, 1, 4]
    assert scheduler.queue_depth == 5
    opened = [scheduler.next(worker, 0.0) for worker in range(1, 6)]
    assert opened == [OpenJob(job_id) for job_id in (3, 2, 5, 1, 4)]
    assert scheduler.queue_depth == 0


def test_an_urgent_job_starts_at_the_next_batch_boundary_not_after_the_document(scheduler: Scheduler) -> None:
    start(scheduler, A, 1, pages=350)
    under_way = [batch(scheduler, A), batch(scheduler, B)]
    enqueue(scheduler, 2, priority=10)
    scheduler.batch_finished(under_way[1], 1.5)
    assert scheduler.next(B, 0.0) == OpenJob(2)
    scheduler.opened(2, [range(1, 2)])
    scheduler.batch_finished(under_way[0], 1.5)
    urgent = batch(scheduler, A)
    assert urgent.job_id == 2
    scheduler.batch_finished(urgent, 0.3)
    assert scheduler.next(B, 0.0) == MergeJob(2)
    scheduler.drop(2)
    assert batch(scheduler, A).job_id == 1


def test_a_worker_leaves_its_own_document_for_a_more_urgent_running_one(scheduler: Scheduler) -> None:
    start(scheduler, A, 1, pages=100)
    start(scheduler, B, 2, pages=100, priority=1)
    assert batch(scheduler, A).job_id == 2


def test_raising_a_running_job_matters_at_the_next_boundary(scheduler: Scheduler) -> None:
    start(scheduler, A, 1, pages=100)
    start(scheduler, B, 2, pages=100)
    scheduler.arrange_running(1, 5, 0.0)
    assert batch(scheduler, B).job_id == 1
    scheduler.arrange_running(1, 0, 0.0)
    assert batch(scheduler, B).job_id == 2
    scheduler.arrange_running(99, 5, 0.0)  # not running: nothing to change
    assert not scheduler.is_running(99)


def test_enqueueing_again_moves_a_job_instead_of_doubling_it(scheduler: Scheduler) -> None:
    enqueue(scheduler, 1, 2, 3)
    scheduler.enqueue(3, 0, 0.5, 1.0)
    scheduler.enqueue(1, -2, 1.0, 1.0)
    assert scheduler.queued_ids == [3, 2, 1]


def test_neighbours_are_of_the_same_priority(scheduler: Scheduler) -> None:
    enqueue(scheduler, 1, 2, 3)
    enqueue(scheduler, 4, priority=1)
    assert scheduler.neighbour(2, -1) == 1
    assert scheduler.neighbour(2, 1) == 3
    assert scheduler.neighbour(1, 2) == 3
    assert scheduler.neighbour(1, -1) is None
    assert scheduler.neighbour(3, 1) is None
    assert scheduler.neighbour(4, 1) is None
    assert scheduler.neighbour(99, 1) is None


# --- dropping and putting back ---


def test_a_dropped_job_is_handed_out_no_more(scheduler: Scheduler) -> None:
    enqueue(scheduler, 1)
    start(scheduler, A, 2, pages=20, priority=1)
    scheduler.drop(1)
    scheduler.drop(2)
    scheduler.drop(99)
    assert scheduler.queued_ids == []
    assert not scheduler.is_running(2)
    assert scheduler.next(A, 0.0) is None


def test_a_batch_of_a_dropped_job_that_comes_back_changes_nothing(scheduler: Scheduler) -> None:
    start(scheduler, A, 1, pages=20)
    late = batch(scheduler, A)
    scheduler.drop(1)
    scheduler.put_back(late)
    scheduler.opened(1, [range(1, 21)])
    scheduler.batch_finished(late, 1.0)
    assert scheduler.next(A, 0.0) is None


def test_pages_put_back_are_handed_out_again(scheduler: Scheduler) -> None:
    start(scheduler, A, 1, pages=6)
    first = batch(scheduler, A)
    assert len(first) > 1
    scheduler.put_back(PageBatch(1, first.first + 1, first.last))
    scheduler.batch_finished(first, None)
    done = work_off(scheduler, A)
    assert sorted(pages_of(done, 1)) == list(range(first.first + 1, 7))
    assert done[-1] == MergeJob(1)


def test_what_changes_after_a_look_is_seen_by_the_next(scheduler: Scheduler) -> None:
    """Each change by itself, with no worker's hand in it, between two choices that find nothing to do."""
    enqueue(scheduler, 1)
    assert scheduler.next(A, 0.0) == OpenJob(1)
    assert scheduler.next(A, 0.0) is None  # which lets go of it
    scheduler.opened(1, [range(1, 2), range(2, 3)])
    first, second = batch(scheduler, A), batch(scheduler, B)
    scheduler.batch_finished(first, None)
    assert scheduler.next(C, 0.0) is None
    scheduler.put_back(first)
    assert batch(scheduler, C) == first
    scheduler.put_back(first)
    scheduler.batch_finished(first, None)
    assert scheduler.next(C, 0.0) == first
    scheduler.put_back(PageBatch(1, 9, 9))
    scheduler.put_back(PageBatch(1, 8, 8))
    assert scheduler.next(C, 0.0) == PageBatch(1, 8, 8)
    assert scheduler.withdraw(1) == [PageBatch(1, 9, 9)]
    assert scheduler.next(A, 0.0) is None
    scheduler.batch_finished(second, 0.1)


def test_a_text_only_page_stays_a_batch_of_its_own(scheduler: Scheduler) -> None:
    scheduler.worker_count = 1
    start(scheduler, A, 1, pages=6)
    first = batch(scheduler, A)
    scheduler.put_back(PageBatch(1, 2, 2, text_only=True))
    scheduler.put_back(PageBatch(1, 3, first.last))
    scheduler.batch_finished(first, None)
    done = work_off(scheduler, A)
    assert PageBatch(1, 2, 2, text_only=True) in done
    assert sorted(pages_of(done, 1)) == [*range(2, 7)]
    assert done[-1] == MergeJob(1)


def test_a_job_released_while_a_batch_of_it_is_under_way_is_finished_with_no_page_done_twice_at_once(
    scheduler: Scheduler,
) -> None:
    start(scheduler, A, 1, pages=20)
    under_way = batch(scheduler, A)
    scheduler.drop(1)  # held
    enqueue(scheduler, 1)  # and released
    work = scheduler.next(B, 0.0)
    if work is not None:
        assert work == OpenJob(1)
        scheduler.opened(1, [range(1, 21)])
        again = batch(scheduler, B)
        assert not set(again.pages) & set(under_way.pages)
        scheduler.batch_finished(again, 1.0)
    scheduler.batch_finished(under_way, 1.0)
    if work is None:
        assert scheduler.next(B, 0.0) == OpenJob(1)
        scheduler.opened(1, [range(under_way.last + 1, 21)])
    assert work_off(scheduler, B)[-1] == MergeJob(1)


# --- sizes of batches ---


def test_the_first_batch_of_a_job_is_small(scheduler: Scheduler) -> None:
    start(scheduler, A, 1, pages=500)
    assert len(batch(scheduler, A)) <= 6


@pytest.mark.parametrize(("seconds_per_page", "pages"), [(0.3, 5), (0.05, 30), (4.0, 1), (0.0, 200), (0.0001, 200)])
def test_a_batch_is_as_long_as_asked_for_once_pages_are_measured(
    scheduler: Scheduler, seconds_per_page: float, pages: int
) -> None:
    start(scheduler, A, 1, pages=100_000)
    for _ in range(40):
        measured = batch(scheduler, A)
        scheduler.batch_finished(measured, seconds_per_page * len(measured))
    assert len(batch(scheduler, A)) == pages


def test_what_one_job_measured_is_where_the_next_begins(scheduler: Scheduler) -> None:
    start(scheduler, A, 1, pages=1000)
    for _ in range(40):
        measured = batch(scheduler, A)
        scheduler.batch_finished(measured, 1.5 * len(measured))
    start(scheduler, B, 2, pages=1000)
    assert len(batch(scheduler, B)) == 1


def test_failed_and_text_only_batches_are_no_measure(scheduler: Scheduler) -> None:
    start(scheduler, A, 1, pages=1000)
    for _ in range(40):
        measured = batch(scheduler, A)
        scheduler.batch_finished(measured, 0.3 * len(measured))
    usual = batch(scheduler, A)
    scheduler.batch_finished(usual, None)
    scheduler.put_back(PageBatch(1, 1, 1, text_only=True))
    scheduler.batch_finished(PageBatch(1, 1, 1, text_only=True), 60.0)
    # One finished above was never handed out; take one to even it out.
    assert len(batch(scheduler, A)) == len(usual) == 5


def test_batches_get_smaller_towards_the_end_so_that_workers_finish_together(scheduler: Scheduler) -> None:
    scheduler.worker_count = 4
    start(scheduler, 1, 1, pages=60)
    sizes = []
    while isinstance(work := scheduler.next(1, 0.0), PageBatch):
        sizes.append(len(work))
        scheduler.batch_finished(work, 0.05 * len(work))
    assert sum(sizes) == 60
    assert sizes[-4:] == [1, 1, 1, 1]
    assert max(sizes) <= 60 / (2 * 4) + 1


def test_batches_stay_whole_while_a_job_waits_for_each_worker(scheduler: Scheduler) -> None:
    start(scheduler, A, 1, pages=12)
    enqueue(scheduler, 2, 3)
    first = batch(scheduler, A)
    scheduler.batch_finished(first, 0.1 * len(first))
    assert len(batch(scheduler, A)) == 12 - len(first)


def test_one_slow_batch_makes_the_next_a_little_smaller(scheduler: Scheduler) -> None:
    start(scheduler, A, 1, pages=100_000)
    for _ in range(40):
        measured = batch(scheduler, A)
        scheduler.batch_finished(measured, 0.1 * len(measured))
    usual = batch(scheduler, A)
    assert len(usual) == 15
    scheduler.batch_finished(usual, 0.3 * len(usual))
    assert len(batch(scheduler, A)) == 9


# --- aging ---


def test_a_low_priority_that_has_waited_too_long_gets_one_worker(scheduler: Scheduler) -> None:
    start(scheduler, A, 1, pages=1000, priority=5)
    enqueue(scheduler, 2, 3)
    assert batch(scheduler, B, now=899).job_id == 1
    assert scheduler.next(B, 900.0) == OpenJob(2)
    scheduler.opened(2, [range(1, 100)])
    assert batch(scheduler, B, now=901).job_id == 2
    # One at a time: the other worker stays with what is urgent.
    assert batch(scheduler, A, now=901).job_id == 1
    assert batch(scheduler, C, now=901).job_id == 1


def test_equals_wait_for_each_other_however_long(scheduler: Scheduler) -> None:
    start(scheduler, A, 1, pages=1000)
    enqueue(scheduler, 2, 3)
    assert batch(scheduler, A, now=5000).job_id == 1
    assert scheduler.next(B, 5000.0) == OpenJob(2)


def test_changing_its_place_does_not_make_a_job_young_again(scheduler: Scheduler) -> None:
    start(scheduler, A, 1, pages=1000, priority=5)
    scheduler.enqueue(2, 0, 2.0, 0.0)
    scheduler.enqueue(2, 1, 2.5, 800.0)
    assert scheduler.next(B, 900.0) == OpenJob(2)


def test_aging_takes_the_one_that_has_waited_too_long_not_only_the_lowest(scheduler: Scheduler) -> None:
    start(scheduler, A, 1, pages=1000, priority=10)
    enqueue(scheduler, 2, priority=5, now=0)
    enqueue(scheduler, 3, priority=0, now=800)
    assert scheduler.next(B, 1000.0) == OpenJob(2)


def test_an_aged_job_gets_every_worker_once_nothing_else_is_left(scheduler: Scheduler) -> None:
    start(scheduler, A, 1, pages=1, priority=5)
    urgent = batch(scheduler, A)
    enqueue(scheduler, 3, priority=5)
    enqueue(scheduler, 2)
    scheduler.drop(3)
    scheduler.enqueue(3, 5, 3.0, 890.0)
    assert scheduler.next(B, 900.0) == OpenJob(2)
    scheduler.opened(2, [range(1, 350)])
    scheduler.batch_finished(urgent, 0.3)
    scheduler.drop(1)
    scheduler.drop(3)
    assert batch(scheduler, B, now=901).job_id == 2
    assert batch(scheduler, A, now=901).job_id == 2


def test_a_single_worker_gives_a_job_that_has_waited_too_long_every_other_batch() -> None:
    scheduler = Scheduler(aging_s=900)
    start(scheduler, A, 1, pages=1000, priority=5)
    enqueue(scheduler, 2)
    assert scheduler.next(A, 900.0) == OpenJob(2)
    scheduler.opened(2, [range(1, 1000)])
    assert [batch(scheduler, A, now=901).job_id for _ in range(6)] in ([1, 2] * 3, [2, 1] * 3)


def test_when_the_worker_of_an_aged_job_leaves_the_next_gets_its_turn(scheduler: Scheduler) -> None:
    start(scheduler, A, 1, pages=1000, priority=5)
    enqueue(scheduler, 2, 3)
    assert scheduler.next(B, 900.0) == OpenJob(2)
    scheduler.opened(2, [range(1, 100)])
    scheduler.worker_left(B)
    assert scheduler.next(C, 900.0) == OpenJob(3)


# --- limits ---

ANN, BOB = Origin("ann", b"/in"), Origin("bob", b"/in")
FOUND = Origin("", b"/in")
"""Of a file that nobody has sent."""
REMOTE = Origin(is_remote=True)


def limited(*, client: int | None = None, folder: int | None = None, aging_s: float = 900) -> Scheduler:
    scheduler = Scheduler(batch_seconds=1.5, aging_s=aging_s, limits=RunningLimits(client, folder))
    scheduler.worker_count = 4
    return scheduler


def arrive(scheduler: Scheduler, origin: Origin, *job_ids: int, priority: int = 0, now: float = 0.0) -> None:
    for job_id in job_ids:
        scheduler.enqueue(job_id, priority, float(job_id), now, origin)


def opened(scheduler: Scheduler, *workers: int, now: float = 0.0, pages: int = 100) -> list[int]:
    """Have workers open what they are given, which must be jobs."""
    job_ids = []
    for worker in workers:
        work = scheduler.next(worker, now)
        assert isinstance(work, OpenJob)
        scheduler.opened(work.job_id, [range(1, pages + 1)])
        job_ids.append(work.job_id)
    return job_ids


def test_a_client_at_its_limit_waits_and_those_behind_it_do_not() -> None:
    scheduler = limited(client=2)
    arrive(scheduler, ANN, *range(1, 50))
    arrive(scheduler, BOB, 50, 51)
    assert opened(scheduler, 1, 2, 3, 4) == [1, 2, 50, 51]
    assert scheduler.queued_ids == [*range(3, 50)]


def test_a_folder_at_its_limit_waits_and_those_behind_it_do_not() -> None:
    scheduler = limited(folder=1)
    arrive(scheduler, Origin("ann", b"/one"), 1, 2)
    arrive(scheduler, Origin("bob", b"/one"), 3)
    arrive(scheduler, Origin("ann", b"/two"), 4, 5)
    assert opened(scheduler, 1, 2) == [1, 4]
    assert isinstance(scheduler.next(3, 0.0), PageBatch)


def test_a_job_waits_for_both_limits() -> None:
    scheduler = limited(client=1, folder=2)
    arrive(scheduler, Origin("ann", b"/one"), 1)
    arrive(scheduler, Origin("ann", b"/two"), 2)
    arrive(scheduler, Origin("bob", b"/one"), 3)
    arrive(scheduler, Origin("eve", b"/one"), 4)
    arrive(scheduler, Origin("eve", b"/two"), 5)
    assert opened(scheduler, 1, 2, 3) == [1, 3, 5]
    scheduler.drop(1)
    assert scheduler.next(1, 0.0) == OpenJob(2)


def test_what_nobody_has_sent_is_limited_by_its_folder_alone() -> None:
    scheduler = limited(client=1)
    arrive(scheduler, FOUND, 1, 2, 3)
    assert opened(scheduler, 1, 2, 3) == [1, 2, 3]
    scheduler = limited(client=1, folder=2)
    arrive(scheduler, FOUND, 1, 2, 3)
    assert opened(scheduler, 1, 2) == [1, 2]
    assert isinstance(scheduler.next(3, 0.0), PageBatch)


def test_workers_that_may_open_nothing_help_the_running_job() -> None:
    scheduler = limited(client=1)
    arrive(scheduler, ANN, 1, 2, 3)
    assert opened(scheduler, 1) == [1]
    assert {batch(scheduler, worker).job_id for worker in (1, 2, 3, 4)} == {1}


def test_a_job_counts_from_when_it_is_being_opened_until_it_has_ended() -> None:
    scheduler = limited(client=1)
    arrive(scheduler, ANN, 1, 2)
    assert scheduler.next(1, 0.0) == OpenJob(1)
    assert scheduler.next(2, 0.0) is None
    scheduler.opened(1, [range(1, 2)])
    only = batch(scheduler, 1)
    assert scheduler.next(2, 0.0) is None
    scheduler.batch_finished(only, 0.3)
    assert scheduler.next(1, 0.0) == MergeJob(1)
    assert scheduler.next(2, 0.0) is None
    scheduler.drop(1)
    assert scheduler.next(1, 0.0) == OpenJob(2)


def test_a_job_that_was_held_keeps_its_place_while_a_worker_is_still_at_it() -> None:
    scheduler = limited(client=1)
    arrive(scheduler, ANN, 1, 2)
    assert opened(scheduler, 1) == [1]
    under_way = batch(scheduler, 1)
    scheduler.drop(1)
    assert scheduler.next(2, 0.0) is None
    scheduler.batch_finished(under_way, 0.3)
    assert scheduler.next(2, 0.0) == OpenJob(2)


def test_a_worker_that_leaves_takes_nobodys_place_with_it() -> None:
    scheduler = limited(client=1)
    arrive(scheduler, ANN, 1, 2)
    assert opened(scheduler, 1) == [1]
    batch(scheduler, 1)
    scheduler.drop(1)
    scheduler.worker_left(1)
    assert scheduler.next(2, 0.0) == OpenJob(2)


def test_a_job_reclaimed_by_its_worker_counts_and_has_counted_all_the_while() -> None:
    scheduler = limited(client=1)
    arrive(scheduler, ANN, 1, 2)
    assert scheduler.next(1, 0.0) == OpenJob(1)
    scheduler.drop(1)
    assert scheduler.next(2, 0.0) is None
    scheduler.reclaim(1, 0, ANN)
    scheduler.opened(1, [range(1, 100)])
    assert batch(scheduler, 2).job_id == 1


def test_a_job_that_has_begun_is_opened_again_before_others_of_its_client() -> None:
    scheduler = limited(client=1)
    arrive(scheduler, ANN, 5, 6)
    assert scheduler.next(1, 0.0) == OpenJob(5)
    scheduler.drop(5)
    scheduler.enqueue(5, 0, 5.0, 0.0, ANN, is_begun=True)
    arrive(scheduler, ANN, 1, priority=3)
    assert scheduler.next(1, 0.0) == OpenJob(5)
    assert scheduler.next(2, 0.0) is None
    scheduler.drop(5)
    assert scheduler.next(1, 0.0) == OpenJob(1)


def test_a_limited_urgent_job_does_not_keep_less_urgent_ones_waiting() -> None:
    scheduler = limited(client=1)
    arrive(scheduler, ANN, 1, 2, priority=9)
    arrive(scheduler, BOB, 3)
    assert scheduler.next(1, 0.0) == OpenJob(1)
    assert scheduler.next(2, 0.0) == OpenJob(3)


def test_the_urgent_job_of_a_client_runs_first() -> None:
    scheduler = limited(client=1)
    arrive(scheduler, ANN, 1, 2)
    arrive(scheduler, ANN, 3, priority=1)
    assert opened(scheduler, 1) == [3]
    scheduler.drop(3)
    assert opened(scheduler, 1) == [1]


def test_aging_opens_what_the_limits_allow_and_nothing_else() -> None:
    scheduler = limited(client=1)
    arrive(scheduler, ANN, 1, priority=5)
    assert opened(scheduler, 1) == [1]
    arrive(scheduler, ANN, 2)
    arrive(scheduler, BOB, 3, now=50.0)
    assert batch(scheduler, 2, now=949).job_id == 1
    assert scheduler.next(2, 950.0) == OpenJob(3)
    assert batch(scheduler, 3, now=951).job_id == 1


def test_between_two_limits_nobody_waits_for_ever() -> None:
    scheduler = limited(client=1, folder=1, aging_s=100)
    arrive(scheduler, Origin("ann", b"/a"), 1)
    arrive(scheduler, Origin("bob", b"/b"), 2)
    assert opened(scheduler, 1, 2) == [1, 2]
    arrive(scheduler, Origin("ann", b"/b"), 3)
    running = {1: 1, 2: 2}
    for turn in range(4, 40):
        # Ann always has something else to do when the folder is busy, and so has the folder when Ann is.
        worker = 1 + turn % 2
        arrive(
            scheduler, Origin("ann", b"/%d" % turn) if worker == 1 else Origin(str(turn), b"/b"), turn, now=turn * 10
        )
        if worker in running:
            scheduler.drop(running.pop(worker))
        work = scheduler.next(worker, turn * 10)
        if isinstance(work, OpenJob):
            running[worker] = work.job_id
        if work == OpenJob(3):
            assert turn * 10 >= 100
            return
    raise AssertionError("job 3 was never opened")


def test_the_next_in_order_is_opened_when_the_first_of_its_clients_cannot_be() -> None:
    scheduler = limited(client=2)
    arrive(scheduler, ANN, 1, 4)
    assert opened(scheduler, 1) == [1]
    batch(scheduler, 1)
    scheduler.drop(1)  # held and released, with a worker still at it
    arrive(scheduler, ANN, 1)
    arrive(scheduler, BOB, 3)
    assert opened(scheduler, 2, 3) == [3, 4]


def test_batches_get_smaller_when_the_jobs_that_wait_may_not_be_opened() -> None:
    scheduler = limited(client=1)
    arrive(scheduler, ANN, *range(1, 100))
    assert opened(scheduler, 1, pages=12) == [1]
    first = batch(scheduler, 1)
    scheduler.batch_finished(first, 0.1 * len(first))
    assert len(batch(scheduler, 1)) <= 2


def test_a_limited_scheduler_with_nothing_waiting_goes_on_with_what_runs() -> None:
    scheduler = limited(client=1)
    arrive(scheduler, ANN, 1)
    assert opened(scheduler, 1) == [1]
    assert batch(scheduler, 2).job_id == 1


def test_a_job_that_had_begun_and_waits_anew_takes_nobodys_place() -> None:
    scheduler = limited(client=1)
    scheduler.enqueue(5, 0, 5.0, 0.0, ANN, is_begun=True)
    scheduler.enqueue(5, 0, 5.0, 0.0, ANN)
    arrive(scheduler, ANN, 1, priority=3)
    assert scheduler.next(1, 0.0) == OpenJob(1)


@pytest.mark.parametrize(("now", "is_kept"), [(149.0, False), (150.0, True)])
def test_places_are_kept_for_the_one_that_waits_longest_once_that_is_too_long(now: float, is_kept: bool) -> None:
    scheduler = limited(client=1, folder=1, aging_s=100)
    arrive(scheduler, Origin("ann", b"/a"), 1)
    arrive(scheduler, Origin("bob", b"/b"), 2)
    assert opened(scheduler, 1, 2) == [1, 2]
    arrive(scheduler, Origin("ann", b"/b"), 3, now=50.0)
    scheduler.drop(1)
    arrive(scheduler, Origin("ann", b"/c"), 4, now=140.0)
    work = scheduler.next(1, now)
    assert work is not None
    assert work.job_id == (2 if is_kept else 4)


def test_places_are_kept_for_one_that_waits_in_anothers_place_since_before_it_came_itself() -> None:
    scheduler = limited(client=1, folder=1, aging_s=100)
    arrive(scheduler, Origin("ann", b"/a"), 1)
    assert opened(scheduler, 1) == [1]
    arrive(scheduler, Origin("cid", b"/c"), 3, now=50.0)
    arrive(scheduler, Origin("ann", b"/b"), 2, now=0.0)
    arrive(scheduler, Origin("bob", b"/b"), 4, priority=1, now=60.0)
    assert scheduler.next(2, 110.0) == OpenJob(3)  # and not the one that would take the place of what waits longest


def test_a_job_waits_from_when_it_came_until_it_is_taken(scheduler: Scheduler) -> None:
    assert scheduler.waiting_since(1) is None
    scheduler.enqueue(1, 0, 1.0, 10.0)
    scheduler.enqueue(1, 5, 1.0, 20.0)
    assert scheduler.waiting_since(1) == 10.0
    assert scheduler.next(A, 30.0) == OpenJob(1)
    assert scheduler.waiting_since(1) is None


def test_new_limits_hold_for_jobs_that_wait_already() -> None:
    scheduler = limited()
    arrive(scheduler, ANN, 1, 2, 3)
    arrive(scheduler, BOB, 4)
    assert opened(scheduler, 1) == [1]
    scheduler.configure(1.5, 900, RunningLimits(per_client=1), 20)
    assert scheduler.queued_ids == [2, 3, 4]
    assert opened(scheduler, 2) == [4]
    assert isinstance(scheduler.next(3, 0.0), PageBatch)
    scheduler.configure(1.5, 900, RunningLimits(), 20)
    assert opened(scheduler, 3, 4) == [2, 3]


def test_new_settings_hold_from_the_next_choice_on(scheduler: Scheduler) -> None:
    start(scheduler, A, 1, pages=100_000, priority=5)
    for _ in range(40):
        measured = batch(scheduler, A)
        scheduler.batch_finished(measured, 0.1 * len(measured))
    scheduler.configure(3.0, 50, RunningLimits(), 7)
    assert len(batch(scheduler, A)) == 30
    enqueue(scheduler, 2)
    assert batch(scheduler, B, now=49).job_id == 1
    assert scheduler.next(B, 50.0) == OpenJob(2)
    scheduler.opened(2, [])
    scheduler.drop(1)
    scheduler.drop(2)
    arrive(scheduler, REMOTE, 3)
    assert opened(scheduler, A) == [3]
    assert [len(batch(scheduler, worker)) for worker in (A, B)] == [4, 3]


def seconds_to_choose(scheduler: Scheduler, waiting: int) -> float:
    """The median time of a choice with so many jobs at the head whose client is at its limit."""
    arrive(scheduler, ANN, *range(1, waiting + 1))
    arrive(scheduler, BOB, *range(waiting + 1, 2 * waiting + 1))
    assert opened(scheduler, 1) == [1]
    times = []
    for _ in range(50):
        start = time.thread_time()
        work = scheduler.next(2, 0.0)
        times.append(time.thread_time() - start)
        assert isinstance(work, OpenJob)
        assert work.job_id > waiting
        scheduler.drop(work.job_id)
    return statistics.median(times)


def test_fifty_thousand_jobs_of_a_client_at_its_limit_do_not_slow_a_choice() -> None:
    # To look at each of them would take some 5 ms more.
    assert seconds_to_choose(limited(client=1), 50_000) < 5 * seconds_to_choose(limited(client=1), 50) + 0.001


# --- remote jobs: their pages are converted elsewhere ---


def remote(pages: int, workers: int) -> Scheduler:
    scheduler = Scheduler(remote_pages=pages)
    scheduler.worker_count = workers
    return scheduler


def test_the_workers_share_a_remote_job_so_that_as_many_pages_as_may_be_are_elsewhere() -> None:
    scheduler = remote(pages=20, workers=4)
    arrive(scheduler, REMOTE, 1)
    opened(scheduler, 1, pages=100)
    assert [len(batch(scheduler, worker)) for worker in (1, 2, 3, 4)] == [5, 5, 5, 5]


def test_no_more_pages_are_elsewhere_than_may_be_over_all_jobs() -> None:
    scheduler = remote(pages=5, workers=4)
    arrive(scheduler, REMOTE, 1, 2)
    opened(scheduler, 1, 2, pages=10)
    first, second, third = (batch(scheduler, worker) for worker in (1, 2, 3))
    assert [len(first), len(second), len(third)] == [2, 2, 1]
    assert scheduler.next(4, 0.0) is None
    scheduler.batch_finished(first, 3.0)
    assert len(batch(scheduler, 4)) == 2
    assert scheduler.next(1, 0.0) is None


def test_with_fewer_pages_elsewhere_than_workers_only_so_many_have_one() -> None:
    scheduler = remote(pages=2, workers=4)
    arrive(scheduler, REMOTE, 1)
    opened(scheduler, 1, pages=10)
    assert [len(batch(scheduler, worker)) for worker in (1, 2)] == [1, 1]
    assert [scheduler.next(worker, 0.0) for worker in (3, 4)] == [None, None]


def test_a_worker_for_whom_there_is_no_room_elsewhere_takes_other_work() -> None:
    scheduler = remote(pages=1, workers=2)
    arrive(scheduler, REMOTE, 1, 2, priority=5)
    arrive(scheduler, UNLIMITED, 3)
    opened(scheduler, A, pages=10)
    assert len(batch(scheduler, A)) == 1
    assert opened(scheduler, B) == [3]
    assert batch(scheduler, B).job_id == 3


def test_no_remote_job_is_opened_while_none_of_its_pages_could_go_anywhere() -> None:
    scheduler = remote(pages=1, workers=2)
    arrive(scheduler, REMOTE, 1, 2)
    opened(scheduler, A, pages=10)
    only = batch(scheduler, A)
    assert scheduler.next(B, 0.0) is None
    scheduler.batch_finished(only, 1.0)
    assert scheduler.next(B, 0.0) == OpenJob(2)


def test_no_more_remote_jobs_with_pages_left_are_open_than_there_are_workers() -> None:
    scheduler = remote(pages=100, workers=2)
    arrive(scheduler, REMOTE, *range(1, 9))
    opened(scheduler, A, B, pages=500)
    assert batch(scheduler, 3).job_id in (1, 2)
    assert scheduler.queued_ids == [*range(3, 9)]


def test_a_page_read_without_the_model_needs_no_room_elsewhere() -> None:
    scheduler = remote(pages=1, workers=2)
    arrive(scheduler, REMOTE, 1)
    opened(scheduler, A, pages=10)
    assert batch(scheduler, A) == PageBatch(1, 1, 1)
    alone = PageBatch(1, 9, 9, text_only=True)
    scheduler.put_back(alone)
    assert scheduler.next(B, 0.0) == alone


def test_pages_elsewhere_of_a_job_that_was_dropped_still_count() -> None:
    scheduler = remote(pages=4, workers=1)
    arrive(scheduler, REMOTE, 1, 2)
    opened(scheduler, A, pages=10)
    lost = batch(scheduler, A)
    scheduler.drop(1)
    assert scheduler.next(B, 0.0) is None
    scheduler.batch_finished(lost, None)
    assert scheduler.next(B, 0.0) == OpenJob(2)


def test_what_a_remote_page_takes_says_nothing_about_others() -> None:
    scheduler = remote(pages=2, workers=1)
    arrive(scheduler, REMOTE, 1)
    opened(scheduler, A, pages=2)
    slow = batch(scheduler, A)
    scheduler.batch_finished(slow, 500.0)
    assert scheduler.next(A, 0.0) == MergeJob(1)
    scheduler.drop(1)
    arrive(scheduler, UNLIMITED, 2)
    opened(scheduler, A, pages=100)
    assert len(batch(scheduler, A)) > 1


def test_a_single_worker_has_all_the_pages_elsewhere_that_may_be() -> None:
    scheduler = Scheduler(remote_pages=20)
    arrive(scheduler, REMOTE, 1)
    opened(scheduler, A, pages=100)
    assert len(batch(scheduler, A)) == 20


@pytest.mark.parametrize(("pages", "size"), [(3, 3), (5000, 200)])
def test_a_remote_batch_is_no_longer_than_the_document_nor_than_any_batch(pages: int, size: int) -> None:
    scheduler = remote(pages=1000, workers=1)
    arrive(scheduler, REMOTE, 1)
    opened(scheduler, A, pages=pages)
    assert len(batch(scheduler, A)) == size


def test_limits_or_not_no_remote_job_is_opened_while_none_of_its_pages_could_go_anywhere() -> None:
    scheduler = Scheduler(remote_pages=1, limits=RunningLimits(per_client=9))
    scheduler.worker_count = 2
    arrive(scheduler, REMOTE, 1, 2)
    opened(scheduler, A, pages=10)
    assert len(batch(scheduler, A)) == 1
    assert scheduler.next(B, 0.0) is None


def test_documents_converted_here_do_not_keep_a_remote_one_waiting() -> None:
    scheduler = remote(pages=10, workers=2)
    start(scheduler, A, 1, pages=100)
    start(scheduler, B, 2, pages=100)
    arrive(scheduler, REMOTE, 3)
    assert scheduler.next(C, 0.0) == OpenJob(3)


def test_remote_jobs_count_while_they_are_being_opened_and_no_more_once_all_their_pages_are_elsewhere() -> None:
    scheduler = remote(pages=100, workers=2)
    arrive(scheduler, REMOTE, 1, 2, 3)
    assert [scheduler.next(worker, 0.0) for worker in (A, B)] == [OpenJob(1), OpenJob(2)]
    assert scheduler.next(C, 0.0) is None
    scheduler.opened(1, [range(1, 5)])
    assert batch(scheduler, A) == PageBatch(1, 1, 4)
    assert scheduler.next(C, 0.0) == OpenJob(3)


# --- whatever happens, in whatever order ---


@dataclass
class _Document:
    pages: int
    priority: int
    level: int
    """The priority it is chosen by, which is a lower one once it has stood back."""
    origin: Origin
    since: float
    done: set[int] = field(default_factory=set)
    merges: int = 0
    state: str = "queued"
    """`queued`, `opening`, `open`, `back`, `merging`, `reopening`, `ended`, or `held`."""
    place: float = 0.0
    """Where it stands back."""
    behind: set[int] = field(default_factory=set)
    """Those who waited when it stood back, and have waited since."""


@dataclass
class _Hand:
    """What a worker is at."""

    work: Work
    is_stale: bool = False
    """The job was dropped since."""


class EveryPageOnce(RuleBasedStateMachine):
    """Workers come and go, jobs are held, released, cancelled and moved, batches fail: no page is lost or doubled.

    No limit is passed, and nobody idles while there is something to open or to convert.
    """

    limits = RunningLimits()
    remote_pages: int | None = None
    """How many pages of remote jobs may be handed out; None if there are no such jobs."""

    def __init__(self) -> None:
        super().__init__()
        remote_pages = self.remote_pages or 20
        self.scheduler = Scheduler(batch_seconds=1.0, aging_s=100, limits=self.limits, remote_pages=remote_pages)
        self.scheduler.worker_count = 3
        self.now = 0.0
        self.documents: dict[int, _Document] = {}
        self.hands: dict[int, _Hand | None] = {1: None, 2: None, 3: None}
        self.next_worker = 4
        self.stood_back = 0
        self.lingering: dict[int, int] = {}
        """Which job a worker has learnt to be for nothing, and has not asked for work since."""

    # Which job or worker a number means.

    def _some(self, state: str, number: int) -> int | None:
        ids = [job_id for job_id, document in self.documents.items() if document.state == state]
        return ids[number % len(ids)] if ids else None

    def _worker(self, number: int) -> int:
        return sorted(self.hands)[number % len(self.hands)]

    def _at_work(self) -> set[int]:
        states = ("opening", "open", "merging", "reopening")
        running = {job_id for job_id, document in self.documents.items() if document.state in states}
        return running | {hand.work.job_id for hand in self.hands.values() if hand is not None}

    def _is_limited(self, job_id: int, at_work: set[int]) -> bool:
        origin = self.documents[job_id].origin
        others = [self.documents[other].origin for other in at_work]
        of_client = sum(other.client == origin.client for other in others) if origin.client else 0
        of_folder = sum(other.folder == origin.folder for other in others)
        return of_client >= (self.limits.per_client or 99) or of_folder >= (self.limits.per_folder or 99)

    @rule(
        pages=st.integers(1, 40),
        priority=st.integers(-1, 2),
        client=st.sampled_from(["", "ann", "bob"]),
        folder=st.sampled_from([b"/one", b"/two"]),
        is_remote=st.booleans(),
    )
    @precondition(lambda self: len(self.documents) < 8)
    def arrive(self, pages: int, priority: int, client: str, folder: bytes, is_remote: bool) -> None:
        job_id = len(self.documents) + 1
        origin = Origin(client, folder, is_remote and self.remote_pages is not None)
        self.documents[job_id] = _Document(pages, priority, priority, origin, self.now)
        self.scheduler.enqueue(job_id, priority, float(job_id), self.now, origin)

    @rule(number=st.integers(0, 9), seconds=st.floats(0, 5))
    def turn(self, number: int, seconds: float) -> None:
        """A worker finishes what it is at, and takes on something new."""
        worker = self._worker(number)
        hand = self.hands[worker]
        if hand is not None:
            self._succeed(worker, hand, seconds)
        self._take(worker)

    @rule()
    def everybody_takes(self) -> None:
        for worker, hand in list(self.hands.items()):
            if hand is None:
                self._take(worker)

    def _take(self, worker: int) -> bool:
        work = self.scheduler.next(worker, self.now)
        self.lingering.pop(worker, None)
        if work is None:
            self._check_that_nothing_can_be_opened()
            return False
        assert not self.scheduler.is_paused
        document = self.documents[work.job_id]
        others = [hand for hand in self.hands.values() if hand is not None and hand.work.job_id == work.job_id]
        match work:
            case OpenJob():
                assert document.state in ("queued", "reopening")
                document.state = "opening"
            case MergeJob():
                assert document.state == "open"  # with its last page given out it does not stand back
                assert document.done == set(range(1, document.pages + 1))
                assert not [hand for hand in others if not hand.is_stale]
                document.state = "merging"
            case PageBatch():
                if document.state == "back":
                    self._check_that_others_had_their_turn(document)
                    document.state = "open"
                assert document.state == "open"
                assert len(work) > 0
                pages = set(work.pages)
                assert pages <= set(range(1, document.pages + 1))
                assert not pages & document.done
                for hand in others:
                    assert isinstance(hand.work, PageBatch)
                    assert not pages & set(hand.work.pages)
        if document.state != "back":
            self._forget_turn(work.job_id)
        self.hands[worker] = _Hand(work)
        return True

    def _check_that_others_had_their_turn(self, document: _Document) -> None:
        at_work = self._at_work()
        for job_id in document.behind:
            other = self.documents[job_id]
            if other.state in ("queued", "reopening") and not self._is_aged():
                has_no_room = other.origin.is_remote and not self._takes_remote()
                assert job_id in self._busy() or self._is_limited(job_id, at_work) or has_no_room

    def _is_aged(self) -> bool:
        waiting = [d for d in self.documents.values() if d.state in ("queued", "reopening", "back")]
        return any(self.now - d.since >= 100 for d in waiting)

    def _busy(self) -> set[int]:
        return {hand.work.job_id for hand in self.hands.values() if hand is not None} | {*self.lingering.values()}

    def _check_that_nothing_can_be_opened(self) -> None:
        at_work = self._at_work() | set(self.lingering.values())
        for job_id, document in self.documents.items():
            if self.scheduler.is_paused or document.state not in ("queued", "reopening", "back"):
                continue
            # For one that has waited too long, others may have to wait.
            is_kept_for = any(
                d.state in ("queued", "back") and self.now - d.since >= 100 for d in self.documents.values()
            )
            busy = self._busy() if document.state != "back" else set()
            has_no_room = document.origin.is_remote and not self._takes_remote()
            assert job_id in busy or is_kept_for or self._is_limited(job_id, at_work) or has_no_room
            assert job_id in busy or document.state != "reopening"
        for job_id, document in self.documents.items():
            if document.state == "open" and not self.scheduler.is_paused:
                assert not self._pages_left(job_id) or (document.origin.is_remote and not self._remote_room())

    def _batches(self) -> list[PageBatch]:
        return [hand.work for hand in self.hands.values() if hand is not None and isinstance(hand.work, PageBatch)]

    def _pages_left(self, job_id: int) -> set[int]:
        """The pages that nobody has been given yet."""
        document = self.documents[job_id]
        given = {page for batch in self._batches() if batch.job_id == job_id for page in batch.pages}
        return set(range(1, document.pages + 1)) - document.done - given

    def _remote_room(self) -> int:
        there = [b for b in self._batches() if self.documents[b.job_id].origin.is_remote and not b.text_only]
        return (self.remote_pages or 0) - sum(map(len, there))

    def _takes_remote(self) -> bool:
        with_pages = [
            job_id
            for job_id, document in self.documents.items()
            if document.origin.is_remote
            and (document.state == "opening" or (document.state == "open" and self._pages_left(job_id)))
        ]
        return len(with_pages) < self.scheduler.worker_count and self._remote_room() > 0

    @invariant()
    def no_more_pages_are_elsewhere_than_may_be(self) -> None:
        assert self._remote_room() >= 0

    @invariant()
    def no_limit_is_passed(self) -> None:
        origins = [self.documents[job_id].origin for job_id in self._at_work()]
        for client in ("ann", "bob"):
            assert sum(origin.client == client for origin in origins) <= (self.limits.per_client or 99)
        for folder in (b"/one", b"/two"):
            assert sum(origin.folder == folder for origin in origins) <= (self.limits.per_folder or 99)

    @rule(number=st.integers(0, 9), seconds=st.floats(0, 5))
    def succeed(self, number: int, seconds: float) -> None:
        worker = self._worker(number)
        hand = self.hands[worker]
        if hand is not None:
            self._succeed(worker, hand, seconds)

    def _succeed(self, worker: int, hand: _Hand, seconds: float = 0.5) -> None:
        self.hands[worker] = None
        document = self.documents[hand.work.job_id]
        match hand.work:
            case OpenJob(job_id):
                if not hand.is_stale:
                    document.state = "open"
                    missing = [page for page in range(1, document.pages + 1) if page not in document.done]
                    self.scheduler.opened(job_id, [range(page, page + 1) for page in missing])
            case MergeJob(job_id):
                if not hand.is_stale:
                    document.state = "ended"
                    document.merges += 1
                    self.scheduler.drop(job_id)
            case PageBatch():
                document.done |= set(hand.work.pages)
                self.scheduler.batch_finished(hand.work, seconds)

    @rule(number=st.integers(0, 9), at=st.integers(0, 60), text_only=st.booleans())
    def die_on_a_page(self, number: int, at: int, text_only: bool) -> None:
        worker = self._worker(number)
        hand = self.hands[worker]
        if hand is None or not isinstance(hand.work, PageBatch):
            return
        self.hands[worker] = None
        batch = hand.work
        page = batch.first + at % len(batch)
        self.documents[batch.job_id].done |= set(range(batch.first, page))
        if not hand.is_stale:
            if page < batch.last:
                self.scheduler.put_back(PageBatch(batch.job_id, page + 1, batch.last, batch.text_only))
            self.scheduler.put_back(PageBatch(batch.job_id, page, page, text_only or batch.text_only))
        self.scheduler.batch_finished(batch, None)

    @rule(number=st.integers(0, 9))
    def stand_back(self, number: int) -> None:
        job_id = self._some("open", number)
        if job_id is None:
            return
        waiting = {i for i, d in self.documents.items() if d.state in ("queued", "reopening", "back")}
        self.stood_back += 1
        document = self.documents[job_id]
        document.place = 1000.0 + self.stood_back
        self.scheduler.stand_back(job_id, document.place, self.now)
        if waiting and self._pages_left(job_id):
            document.state, document.behind, document.since = "back", waiting, self.now
            document.level = min(document.level, *(self.documents[i].level for i in waiting))

    @rule(number=st.integers(0, 9), then=st.sampled_from(["cancelled", "held", "released"]))
    def drop(self, number: int, then: str) -> None:
        states = ("queued", "opening", "open", "back", "merging", "reopening")
        ids = [job_id for job_id, document in self.documents.items() if document.state in states]
        if not ids:
            return
        job_id = ids[number % len(ids)]
        # A worker that opens or merges learns that it is for nothing before anybody may open the job again.
        for worker, hand in self.hands.items():
            if hand is not None and hand.work.job_id == job_id:
                if isinstance(hand.work, PageBatch):
                    hand.is_stale = True
                else:
                    self.hands[worker] = None
                    self.lingering[worker] = job_id
        self.documents[job_id].state = "ended" if then == "cancelled" else "held"
        self._forget_turn(job_id)
        self.scheduler.drop(job_id)
        if then == "released":
            self._release(job_id)

    @rule(number=st.integers(0, 9))
    def release(self, number: int) -> None:
        job_id = self._some("held", number)
        if job_id is not None:
            self._release(job_id)

    def _release(self, job_id: int) -> None:
        document = self.documents[job_id]
        document.state, document.level = "queued", document.priority
        document.since = self.now
        self.scheduler.enqueue(job_id, document.priority, float(job_id), self.now, document.origin)

    @rule(number=st.integers(0, 9))
    def open_in_vain(self, number: int) -> None:
        """A disk is full: the job is offered again."""
        worker = self._worker(number)
        hand = self.hands[worker]
        if hand is not None and isinstance(hand.work, OpenJob):
            self.hands[worker] = None
            job_id = hand.work.job_id
            self.lingering[worker] = job_id
            document = self.documents[job_id]
            self.scheduler.drop(job_id)
            if not hand.is_stale:
                document.state = "reopening"
                self.scheduler.enqueue(
                    job_id, document.priority, float(job_id), self.now, document.origin, is_begun=True
                )

    @rule(number=st.integers(0, 9), priority=st.integers(-2, 3), position=st.floats(-50, 50))
    def move(self, number: int, priority: int, position: float) -> None:
        job_id = self._some("queued", number)
        if job_id is not None:
            self.documents[job_id].priority = self.documents[job_id].level = priority
            self._forget_turn(job_id)
            self.scheduler.enqueue(job_id, priority, position, self.now, self.documents[job_id].origin)

    @rule(number=st.integers(0, 9), priority=st.integers(-2, 3))
    def raise_running(self, number: int, priority: int) -> None:
        job_id = self._some("back" if number % 2 else "open", number)
        if job_id is not None:
            document = self.documents[job_id]
            if priority != document.priority:
                document.priority = document.level = priority
                document.behind = set()
            self.scheduler.arrange_running(job_id, priority, document.place)

    def _forget_turn(self, job_id: int) -> None:
        """A job waits no more as it did when others stood back behind it."""
        for document in self.documents.values():
            document.behind.discard(job_id)

    @rule(number=st.integers(0, 9))
    def replace_worker(self, number: int) -> None:
        worker = self._worker(number)
        if self.hands[worker] is None:
            del self.hands[worker]
            self.lingering.pop(worker, None)
            self.scheduler.worker_left(worker)
            self.hands[self.next_worker] = None
            self.next_worker += 1

    @rule(seconds=st.sampled_from([1.0, 99.0, 500.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def pause_or_resume(self) -> None:
        self.scheduler.is_paused = not self.scheduler.is_paused

    @invariant()
    def queue_is_sorted_and_complete(self) -> None:
        waiting = ("queued", "reopening", "back")
        queued = {job_id for job_id, document in self.documents.items() if document.state in waiting}
        assert set(self.scheduler.queued_ids) == queued
        assert self.scheduler.queue_depth == len(queued)
        priorities = [self.documents[job_id].level for job_id in self.scheduler.queued_ids]
        assert priorities == sorted(priorities, reverse=True)

    def teardown(self) -> None:
        """Let the workers work everything off; each job that was not cancelled must end, merged once."""
        self.scheduler.is_paused = False
        for job_id, document in self.documents.items():
            if document.state == "held":
                self._release(job_id)
        cancelled = {job_id for job_id, document in self.documents.items() if document.state == "ended"}
        busy = True
        while busy:
            busy = False
            for worker, hand in list(self.hands.items()):
                if hand is not None:
                    self._succeed(worker, hand)
                    busy = True
                busy |= self._take(worker)
        for job_id, document in self.documents.items():
            assert document.state == "ended"
            if job_id not in cancelled:
                assert document.merges == 1
                assert document.done == set(range(1, document.pages + 1))


class WithClientLimit(EveryPageOnce):
    limits = RunningLimits(per_client=1)


class WithFolderLimit(EveryPageOnce):
    limits = RunningLimits(per_folder=2)


class WithBothLimits(EveryPageOnce):
    limits = RunningLimits(per_client=1, per_folder=2)


class WithRemoteJobs(EveryPageOnce):
    limits = RunningLimits(per_folder=2)
    remote_pages = 4


for machine in (EveryPageOnce, WithClientLimit, WithFolderLimit, WithBothLimits, WithRemoteJobs):
    machine.TestCase.settings = settings(
        max_examples=50, stateful_step_count=60, deadline=None, report_multiple_bugs=False
    )
test_whatever_happens_every_page_is_converted_once = EveryPageOnce.TestCase
test_whatever_happens_no_client_passes_its_limit = WithClientLimit.TestCase
test_whatever_happens_no_folder_passes_its_limit = WithFolderLimit.TestCase
test_whatever_happens_neither_limit_is_passed = WithBothLimits.TestCase
test_whatever_happens_no_more_pages_are_elsewhere_than_may_be = WithRemoteJobs.TestCase
