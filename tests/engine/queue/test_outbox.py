"""What is to follow on the end of a job is written down with it, and done at least once."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.base.errors import IllegalTransition, OutputUnwritable, Stopping
from engine.hooks.courier import Courier
from engine.job.job import Job, JobState
from engine.queue.outbox import Kind, Later, Notice, Outbox
from engine.queue.store import JobStore
from tests.clock import Clock
from tests.engine.making import add
from tests.waiting import wait_until


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[JobStore]:
    store = JobStore(tmp_path, clock)
    yield store
    store.close()


@pytest.fixture
def outbox(store: JobStore) -> Outbox:
    outbox = Outbox(store)
    outbox.follow_ends(lambda job: [Kind.COMMAND, Kind.WEBHOOK] if job.state is not JobState.CANCELLED else [])
    return outbox


def ended(store: JobStore, *paths: str, state: JobState = JobState.FAILED) -> list[Job]:
    jobs = add(store, *paths)
    for job in jobs:
        store.claim(job.id)
    return [store.transition(job.id, state, "test", reason="a reason", finished=store.now()) for job in jobs]


class Receiver:
    """What notices are given to."""

    def __init__(self, answer: Callable[[Notice], Later | None] = lambda _: None) -> None:
        self.answer = answer
        self.given: list[int] = []

    def __call__(self, notice: Notice) -> Later | None:
        self.given.append(notice.ending.job_id)
        return self.answer(notice)


@pytest.fixture
def courier(outbox: Outbox, clock: Clock) -> Iterator[Callable[..., Courier]]:
    made: list[Courier] = []

    def make(receiver: Callable[[Notice], Later | None], *, threads: int = 1) -> Courier:
        made.append(Courier(outbox, Kind.COMMAND, receiver, threads=threads, clock=clock))
        return made[-1]

    yield make
    for one in made:
        one.retire()
        assert one.join(20)


# --- what is written down ---


def test_what_follows_is_written_with_the_end_and_comes_back_after_a_restart(
    tmp_path: Path, store: JobStore, outbox: Outbox, clock: Clock
) -> None:
    (job,) = ended(store, "sub/a.pdf")
    (cancelled,) = ended(store, "b.pdf", state=JobState.CANCELLED)
    assert outbox.waiting(cancelled.id) == []
    notices = {entry.kind: outbox.read(entry.id) for entry in outbox.waiting(job.id)}
    assert set(notices) == {Kind.COMMAND, Kind.WEBHOOK}
    store.close()
    again = JobStore(tmp_path, clock)
    later = {entry.kind: Outbox(again).read(entry.id) for entry in Outbox(again).waiting()}
    again.close()
    assert later == notices
    for notice in later.values():
        assert notice is not None
        assert (notice.ending.state, notice.ending.reason) == (JobState.FAILED, "a reason")
        assert (notice.ending.source, notice.ending.name) == (b"/in/sub/a.pdf", b"sub/a.pdf")
        assert (notice.ending.created, notice.ending.finished) == (job.created, job.finished)
    assert len({notice.delivery for notice in later.values() if notice}) == 2


def test_an_end_that_is_not_written_has_nothing_to_follow(store: JobStore, outbox: Outbox) -> None:
    (job,) = add(store, "a.pdf")
    with pytest.raises(IllegalTransition):
        store.transition(job.id, JobState.DONE, "test")
    assert outbox.waiting() == []


def test_each_end_of_a_job_is_told_as_it_was_then(store: JobStore, outbox: Outbox) -> None:
    (job,) = ended(store, "a.pdf")
    store.requeue(job.id, "again")
    store.claim(job.id)
    store.finish(job.id, JobState.DONE, "published", output=b"/out/\xff")
    notices = [outbox.read(entry.id) for entry in outbox.waiting(job.id) if entry.kind is Kind.WEBHOOK]
    told = [(notice.ending.state, notice.ending.output) for notice in notices if notice]
    assert told == [(JobState.FAILED, None), (JobState.DONE, b"/out/\xff")]


def test_what_follows_outlives_the_job_on_the_list(store: JobStore, outbox: Outbox) -> None:
    (job,) = ended(store, "a.pdf")
    store.hide([job.id], hidden=True)
    store.forget_gone(b"/in", lambda _: True)
    assert [entry.kind for entry in outbox.waiting()] == [Kind.COMMAND, Kind.WEBHOOK]


# --- what is done about it ---


def test_notices_are_given_in_order_once_and_are_then_gone(
    store: JobStore, outbox: Outbox, courier: Callable[..., Courier]
) -> None:
    receiver = Receiver()
    jobs = ended(store, *(f"{n}.pdf" for n in range(5)))
    one = courier(receiver)
    for _ in range(2):  # whoever tells twice of what is there changes nothing
        one.take(outbox.waiting())
    wait_until(lambda: not one.is_busy, "all to be given")
    assert receiver.given == [job.id for job in jobs]
    assert {entry.kind for entry in outbox.waiting()} == {Kind.WEBHOOK}


def test_one_that_could_not_be_given_waits_and_keeps_no_other_from_being_given(
    store: JobStore, outbox: Outbox, courier: Callable[..., Courier], clock: Clock
) -> None:
    first, *_ = jobs = ended(store, "a.pdf", "b.pdf", "c.pdf")
    attempts: list[tuple[int, str]] = []

    def answer(notice: Notice) -> Later | None:
        attempts.append((notice.attempts, notice.delivery))
        return Later(60) if notice.ending.job_id == first.id and notice.attempts < 2 else None

    receiver = Receiver(answer)
    one = courier(receiver)
    one.take(outbox.waiting())
    wait_until(lambda: not one.is_busy, "all to be tried")
    assert receiver.given == [job.id for job in jobs]
    for tries in (1, 2):
        assert [(entry.due_s, entry.kind) for entry in outbox.waiting(first.id)] == [(60, "command"), (0, "webhook")]
        clock.advance(59)
        one.wake()
        assert not one.is_busy
        clock.advance(1)
        assert one.is_busy
        one.wake()
        wait_until(lambda: not one.is_busy, "it to be tried again")
        assert receiver.given == [*(job.id for job in jobs), *[first.id] * tries]
    assert [entry.kind for entry in outbox.waiting(first.id)] == [Kind.WEBHOOK]
    of_first = [attempts[0], *attempts[3:]]
    assert [number for number, _ in of_first] == [0, 1, 2]
    assert len({delivery for _, delivery in of_first}) == 1


def test_when_nobody_could_be_told_the_others_are_not_tried_either(
    store: JobStore, outbox: Outbox, courier: Callable[..., Courier], clock: Clock
) -> None:
    first, *others = ended(store, *(f"{n}.pdf" for n in range(50)))
    receiver = Receiver(lambda _: Later(60, for_all=True))
    one = courier(receiver)
    one.take(outbox.waiting())
    wait_until(lambda: not one.is_busy, "the first to be tried")
    assert receiver.given == [first.id]
    receiver.answer = lambda _: None
    clock.advance(60)
    one.wake()
    wait_until(lambda: not one.is_busy, "all to be given")
    assert receiver.given == [first.id, *(job.id for job in others), first.id]


def test_what_is_due_later_is_so_after_a_restart_too(
    tmp_path: Path, store: JobStore, outbox: Outbox, clock: Clock
) -> None:
    ended(store, "a.pdf")
    (command, _) = outbox.waiting()
    outbox.postpone(command.id, 100)
    store.close()
    clock.advance(30)
    again = JobStore(tmp_path, clock)
    assert [entry.due_s for entry in Outbox(again).waiting()] == [70, 0]
    notice = Outbox(again).read(command.id)
    assert notice is not None
    assert notice.attempts == 1
    Outbox(again).postpone(command.id, 1e6)  # or somebody has set the clock back
    assert [entry.due_s for entry in Outbox(again).waiting()] == [86_400, 0]
    again.close()


def test_what_stopping_interrupts_and_what_is_not_begun_is_left(
    store: JobStore, outbox: Outbox, courier: Callable[..., Courier]
) -> None:
    ended(store, "a.pdf", "b.pdf")
    is_begun, is_stopped = threading.Event(), threading.Event()

    def answer(_: Notice) -> Later | None:
        is_begun.set()
        is_stopped.wait(20)
        raise Stopping("The engine is stopping.")

    receiver = Receiver(answer)
    one = courier(receiver)
    one.take(outbox.waiting())
    assert is_begun.wait(20)
    assert one.is_busy
    one.retire()
    assert not one.join(0.01)
    is_stopped.set()
    assert one.join(20)
    assert len(receiver.given) == 1
    assert len([entry for entry in outbox.waiting() if entry.kind is Kind.COMMAND]) == 2


def test_one_that_was_given_is_not_given_again_because_that_cannot_be_written_down(
    store: JobStore,
    outbox: Outbox,
    courier: Callable[..., Courier],
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (job,) = ended(store, "a.pdf")
    receiver = Receiver()
    one = courier(receiver)

    def full(_: int) -> None:
        raise OutputUnwritable("Cannot write the queue: the disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(outbox, "settle", full)
        one.take(outbox.waiting())
        wait_until(lambda: not one.is_busy, "it to be given")
    assert len(outbox.waiting(job.id)) == 2
    clock.advance(60)
    one.wake()
    wait_until(lambda: len(outbox.waiting(job.id)) == 1, "that to be written down")
    assert receiver.given == [job.id]


def test_a_fault_of_our_own_costs_no_notice_and_stops_no_other(
    store: JobStore, outbox: Outbox, courier: Callable[..., Courier], clock: Clock
) -> None:
    first, second = ended(store, "a.pdf", "b.pdf")
    faults = [ZeroDivisionError()]

    def answer(_: Notice) -> Later | None:
        while faults:
            raise faults.pop()
        return None

    receiver = Receiver(answer)
    one = courier(receiver)
    one.take(outbox.waiting())
    wait_until(lambda: not one.is_busy, "both to be tried")
    assert receiver.given == [first.id, second.id]
    clock.advance(60)
    one.wake()
    wait_until(lambda: receiver.given == [first.id, second.id, first.id], "the first to be tried again")


def test_a_damaged_row_is_left_alone(store: JobStore, outbox: Outbox, courier: Callable[..., Courier]) -> None:
    first, second = ended(store, "a.pdf", "b.pdf")
    store.transact(lambda db: db.execute("UPDATE outbox SET facts = x'7b7d' WHERE job_id = ?", (first.id,)) and None)
    receiver = Receiver()
    one = courier(receiver)
    one.take(outbox.waiting())
    wait_until(lambda: not one.is_busy, "the other to be given")
    assert receiver.given == [second.id]


def test_several_are_given_at_once_and_no_more_than_may_be(
    store: JobStore, outbox: Outbox, courier: Callable[..., Courier]
) -> None:
    ended(store, *(f"{n}.pdf" for n in range(6)))
    meeting = threading.Barrier(2)

    def answer(_: Notice) -> Later | None:
        meeting.wait(20)
        return None

    one = courier(Receiver(answer), threads=2)
    one.take(outbox.waiting())
    wait_until(lambda: not one.is_busy, "all to be given in pairs")
    assert {entry.kind for entry in outbox.waiting()} == {Kind.WEBHOOK}
