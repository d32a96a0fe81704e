"""Running jobs are found by what has changed as by a look at all of them, and as fast however many there are."""

import sys
from collections import deque
from collections.abc import Callable
from types import FrameType

from hypothesis import given
from hypothesis import strategies as st

from engine.job.job import PageBatch
from engine.job.limits import UNLIMITED, Origin, RunningLimits
from engine.queue.runningjobs import RunningJobs
from engine.queue.scheduled import Running
from engine.queue.scheduler import Scheduler

WORKERS, PRIORITIES = (1, 2, 3), (-1, 0, 1)
ANY_JOB = st.integers(1, 6)
REMOTE = Origin(is_remote=True)


@st.composite
def running(draw: st.DrawFn) -> Running:
    made = Running(draw(st.sampled_from(PRIORITIES)), Origin(is_remote=draw(st.booleans())), None)
    made.opener = draw(st.sampled_from([None, *WORKERS]))
    made.aged = draw(st.integers(0, 2)) == 0
    made.is_open = draw(st.integers(0, 4)) > 0
    made.is_merging = draw(st.integers(0, 9)) == 0
    made.remaining = deque(range(1, 1 + pages) for pages in draw(st.lists(st.integers(1, 5), max_size=2)))
    made.retries = deque(
        PageBatch(1, page, page, text_only=True) for page in draw(st.lists(st.integers(1, 5), max_size=1))
    )
    return made


class Plain:
    """The same, by a look at all."""

    def __init__(self) -> None:
        self.jobs: dict[int, tuple[Running, bool]] = {}

    def ready(self, priority: int | None, *, is_room: bool) -> list[tuple[int, Running]]:
        return [
            (job_id, job)
            for job_id, (job, is_busy) in self.jobs.items()
            if not job.aged
            and priority in (None, job.priority)
            and (job.has_batch(is_room) or (job.is_converted and not is_busy))
        ]

    def aged(self, *, is_room: bool) -> list[int]:
        found = ((job_id, job, is_busy) for job_id, (job, is_busy) in self.jobs.items() if job.aged)
        return [j for j, job, is_busy in found if job.has_batch(is_room) or (job.is_converted and not is_busy)]

    def own(self, worker: int, priority: int, *, is_room: bool) -> int | None:
        found = [job_id for job_id, job in self.ready(priority, is_room=is_room) if job.opener == worker]
        return found[-1] if found else None

    def nobodys(self, priority: int, *, is_room: bool) -> int | None:
        return next((job_id for job_id, job in self.ready(priority, is_room=is_room) if job.opener is None), None)

    def to_merge(self, priority: int) -> int | None:
        found = (job_id for job_id, job in self.ready(priority, is_room=True) if job.is_converted)
        return next(found, None)


@given(st.lists(st.tuples(ANY_JOB, st.none() | running(), st.booleans()), max_size=30), st.booleans())
def test_they_are_found_as_by_a_look_at_all(changes: list[tuple[int, Running | None, bool]], is_room: bool) -> None:
    jobs, plain = RunningJobs(), Plain()
    for job_id, job, is_busy in changes:
        if job is None:
            jobs.remove(job_id)
            plain.jobs.pop(job_id, None)
            continue
        if job_id not in jobs:
            jobs.add(job_id, job)
        elif (known := jobs[job_id]) is not job:  # it has changed
            for name in ("priority", "opener", "aged", "is_open", "is_merging", "remaining", "retries"):
                setattr(known, name, getattr(job, name))
        plain.jobs[job_id] = jobs[job_id], is_busy
        jobs.index(job_id, is_busy=is_busy)
    priorities = [job.priority for _, job in plain.ready(None, is_room=is_room)]
    assert jobs.top(is_room=is_room) == max(priorities, default=None)
    assert jobs.has_aged is any(job.aged for job, _ in plain.jobs.values())
    assert jobs.aged(is_room=is_room) == plain.aged(is_room=is_room)
    assert jobs.waiting_for_room == sum(
        job.origin.is_remote and (not job.is_open or bool(job.remaining)) for job, _ in plain.jobs.values()
    )
    for worker in WORKERS:
        assert sorted(jobs.opened_by(worker)) == sorted(j for j, (job, _) in plain.jobs.items() if job.opener == worker)
        for priority in PRIORITIES:
            own = plain.own(worker, priority, is_room=is_room)
            assert jobs.own(worker, priority, is_room=is_room) == own
    for priority in PRIORITIES:
        assert jobs.nobodys(priority, is_room=is_room) == plain.nobodys(priority, is_room=is_room)
        assert jobs.to_merge(priority) == plain.to_merge(priority)
        with_pages = [entry for entry in plain.ready(priority, is_room=is_room) if not entry[1].is_converted]
        if with_pages:
            longest = max(with_pages, key=lambda entry: entry[1].pages_left)[0]
            assert jobs.longest(priority, is_room=is_room) == longest


def ready(*, pages: int, origin: Origin = UNLIMITED, aged: bool = False) -> Running:
    """An open job with so many pages to do."""
    made = Running(0, origin, None, aged=aged)
    made.is_open, made.remaining = True, deque([range(1, 1 + pages)])
    return made


def test_aged_ones_are_in_the_order_in_which_they_came() -> None:
    jobs = RunningJobs()
    for job_id, pages in ((9, 1), (4, 7), (6, 3)):
        jobs.add(job_id, ready(pages=pages, aged=True))
        jobs.index(job_id, is_busy=False)
    assert jobs.aged(is_room=False) == [9, 4, 6]


def test_what_can_only_go_elsewhere_is_found_while_there_is_room_alone() -> None:
    jobs = RunningJobs()
    for job_id, made in enumerate((ready(pages=1), ready(pages=9, origin=REMOTE), ready(pages=5, origin=REMOTE))):
        jobs.add(job_id, made)
        jobs.index(job_id, is_busy=False)
    assert (jobs.longest(0, is_room=False), jobs.longest(0, is_room=True)) == (0, 1)
    jobs.remove(0)
    jobs.remove(1)
    assert (jobs.top(is_room=False), jobs.top(is_room=True), jobs.longest(0, is_room=True)) == (None, 0, 2)


# --- what a choice costs ---


def calls(what: Callable[[], object]) -> int:
    """How many functions are called by the way."""
    found = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal found
        found += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        what()
    finally:
        sys.setprofile(before)
    return found


def calls_of_a_choice(workers: int, limits: RunningLimits) -> int:
    """With so many workers, each at a document of its own, and as many documents waiting."""
    scheduler = Scheduler(limits=limits)
    scheduler.worker_count = workers
    for job_id in range(2 * workers):
        scheduler.enqueue(job_id, 0, float(job_id), 0.0, Origin(f"client {job_id % 4}"))
    for worker in range(workers):
        work = scheduler.next(worker, 0.0)
        assert work is not None
        scheduler.opened(work.job_id, [range(1, 200)])
    batches = [scheduler.next(worker, 0.0) for worker in range(workers)]
    first = batches[0]
    assert isinstance(first, PageBatch)

    def go_on() -> None:
        scheduler.batch_finished(first, 1.5)
        assert isinstance(scheduler.next(0, 0.0), PageBatch)

    return calls(go_on)


def test_a_choice_with_a_thousand_workers_looks_at_no_more_than_one_with_ten() -> None:
    for limits in (RunningLimits(), RunningLimits(per_client=500)):
        assert calls_of_a_choice(1000, limits) < 1.5 * calls_of_a_choice(10, limits) + 20
