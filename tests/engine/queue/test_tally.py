"""What is counted, how long who has waited, and that neither costs more than it must."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.base.errors import ChildError, DeskLost, OutputUnwritable
from engine.base.waits import _MOST_STALE, Waits
from engine.job.job import JobState, PageResult, PageState
from engine.job.warningkind import WarningKind
from engine.queue.jobqueue import JobQueue
from engine.queue.progress import ProgressTracker
from engine.queue.scheduler import Scheduler
from engine.queue.store import JobStore
from engine.queue.tally import PAGE_SECONDS, Tally
from engine.sandbox.ends import ProcessEnd
from tests.clock import Clock
from tests.engine.making import add

CHILD_ERRORS = set(ChildError.__subclasses__()) - {DeskLost}
"""`DeskLost` is about what a process has left behind; the process itself goes on."""


# --- the tally ---


def test_every_way_in_which_a_process_can_fail_is_a_cause_of_its_own() -> None:
    causes = {ProcessEnd.of(kind("")) for kind in CHILD_ERRORS}
    assert len(causes) == len(CHILD_ERRORS)
    assert causes == set(ProcessEnd) - {ProcessEnd.RECYCLED, ProcessEnd.IDLE}


def test_a_process_that_is_given_up_for_want_of_room_was_killed() -> None:
    assert ProcessEnd.of(OutputUnwritable("")) is ProcessEnd.KILLED
    assert ProcessEnd.of(KeyboardInterrupt()) is ProcessEnd.KILLED


@pytest.mark.parametrize(
    ("seconds", "bucket"),
    [(0.0, 0), (0.01, 0), (0.0101, 1), (600, len(PAGE_SECONDS) - 1), (601, len(PAGE_SECONDS)), (-3, 0)],
)
def test_a_duration_is_counted_under_the_bound_it_does_not_pass(seconds: float, bucket: int) -> None:
    tally = Tally()
    tally.pages_finished([PageResult(1, PageState.OCR, seconds)])
    spread = tally.read().page_seconds[PageState.OCR]
    assert [number for number, count in enumerate(spread.counts) if count] == [bucket]
    assert spread.total_s == max(seconds, 0)


def test_what_was_read_does_not_change_any_more() -> None:
    tally = Tally()
    before = tally.read()
    tally.job_begun(1)
    tally.job_finished(JobState.DONE, 2)
    tally.job_finished(JobState.DONE, 2, has_warnings=True)
    tally.page_lost()
    tally.process_ended(ProcessEnd.CRASH)
    tally.warned({WarningKind.FORM: 2})
    assert tally.read().warned == 1
    assert tally.read().warnings[WarningKind.FORM] == 2
    assert before == Tally().read()
    assert tally.read() != before


# --- waiting ---


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5)), max_size=200))
def test_the_oldest_is_always_the_one_that_has_waited_longest(steps: list[tuple[int, int]]) -> None:
    waits, model = Waits(), dict[int, float]()
    for id_, since in steps:
        if id_ in model:
            assert waits.end(id_) == model.pop(id_)
        else:
            waits.begin(id_, since)
            model[id_] = since
        assert waits.oldest() == min(((since, id_) for id_, since in model.items()), default=None)


def test_who_comes_and_goes_for_ever_leaves_nothing_behind() -> None:
    waits = Waits()
    waits.begin(0, 0.0)
    for number in range(1, 5 * _MOST_STALE):
        waits.begin(1, float(number))
        waits.end(1)
    assert waits.oldest() == (0.0, 0)
    assert len(waits._oldest) <= _MOST_STALE + 10


def queue_in(folder: Path, clock: Clock) -> JobQueue:
    return JobQueue(JobStore(folder, clock), Scheduler(), ProgressTracker(clock), clock)


def test_a_job_goes_on_waiting_over_a_restart(tmp_path: Path, clock: Clock) -> None:
    queue = queue_in(tmp_path, clock)
    old, retried = (job.id for job in add(queue, "old", "retried"))
    clock.advance(100)
    queue.cancel(retried, "Cancelled.")
    queue.retry(retried, "Retried.")
    clock.advance(20)
    assert queue.view.longest_wait_s() == 120
    queue.close()

    clock.advance(3)
    queue = queue_in(tmp_path, clock)
    queue.load()
    assert queue.view.longest_wait_s() == 123
    queue.cancel(old, "Cancelled.")
    assert queue.view.longest_wait_s() == 23  # since it was retried, not since it was found
    queue.cancel(retried, "Cancelled.")
    assert queue.view.longest_wait_s() is None
    assert queue.view.facts().jobs[JobState.CANCELLED] == 2
    queue.close()
