"""A document whose pages hang leaves its workers to others, and comes back when they have had their turn."""

import heapq
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.job.job import MergeJob, OpenJob, PageBatch, Work
from engine.job.limits import UNLIMITED, Origin, RunningLimits
from engine.queue.scheduler import Scheduler

A, B = 1, 2
"""Workers."""
HOSTILE, LATER = 1, 9
BEHIND = 100.0
"""A position behind all others."""


@pytest.fixture
def scheduler() -> Scheduler:
    scheduler = Scheduler(batch_seconds=1.5, aging_s=900)
    scheduler.worker_count = 2
    return scheduler


def start(scheduler: Scheduler, *, priority: int = 0, pages: int = 10, origin: Origin = UNLIMITED) -> PageBatch:
    """Have A open the hostile document, and begin its first batch."""
    scheduler.enqueue(HOSTILE, priority, HOSTILE, 0, origin)
    assert scheduler.next(A, 0) == OpenJob(HOSTILE)
    scheduler.opened(HOSTILE, [range(1, pages + 1)])
    work = scheduler.next(A, 0)
    assert isinstance(work, PageBatch)
    return work


def hang(scheduler: Scheduler, batch: PageBatch, position: float = BEHIND, now: float = 0.0) -> None:
    """The first page of a batch takes too long: it is to be read as plain text."""
    if len(batch) > 1:
        scheduler.put_back(PageBatch(batch.job_id, batch.first + 1, batch.last))
    scheduler.put_back(PageBatch(batch.job_id, batch.first, batch.first, text_only=True))
    scheduler.batch_finished(batch, None)
    scheduler.stand_back(batch.job_id, position, now)


def rest(scheduler: Scheduler, worker: int = A, now: float = 0.0) -> list[Work]:
    """All that is left to do, by one worker, which opens jobs of no pages."""
    done = []
    while (work := scheduler.next(worker, now)) is not None:
        done.append(work)
        if isinstance(work, OpenJob):
            scheduler.opened(work.job_id, [])
        elif isinstance(work, PageBatch):
            scheduler.batch_finished(work, 0.1 * len(work))
        else:
            scheduler.drop(work.job_id)
    return done


def opened_before_it_went_on(done: list[Work]) -> list[int]:
    begins = next(at for at, work in enumerate(done) if work.job_id == HOSTILE)
    return [work.job_id for work in done[:begins] if isinstance(work, OpenJob)]


def test_it_goes_on_where_it_was_when_those_who_waited_have_been_begun(scheduler: Scheduler) -> None:
    batch = start(scheduler)
    for job_id in (2, 3):
        scheduler.enqueue(job_id, 0, job_id, 0)
    hang(scheduler, batch)
    scheduler.enqueue(LATER, 0, BEHIND + 1, 0)
    assert scheduler.queued_ids == [2, 3, HOSTILE, LATER]
    done = rest(scheduler)
    assert opened_before_it_went_on(done) == [2, 3]
    pages = [page for work in done if isinstance(work, PageBatch) for page in work.pages]
    assert sorted(pages) == [*range(1, 11)]
    assert [work for work in done if work.job_id == HOSTILE][-2:] == [
        PageBatch(HOSTILE, 1, 1, text_only=True),
        MergeJob(HOSTILE),
    ]


def test_it_is_nobodys_own_any_more(scheduler: Scheduler) -> None:
    batch = start(scheduler, pages=100)
    scheduler.enqueue(2, 0, 2, 0)
    hang(scheduler, batch)
    assert scheduler.next(A, 0) == OpenJob(2)
    scheduler.opened(2, [range(1, 100)])
    on = scheduler.next(B, 0)
    assert isinstance(on, PageBatch)
    assert on.job_id == HOSTILE
    scheduler.batch_finished(on, None)
    for worker, job_id in ((A, 2), (B, HOSTILE)):
        work = scheduler.next(worker, 0)
        assert work is not None
        assert work.job_id == job_id


def test_while_nobody_waits_it_goes_on(scheduler: Scheduler) -> None:
    batch = start(scheduler)
    hang(scheduler, batch)
    assert scheduler.queue_depth == 0
    assert {work.job_id for work in rest(scheduler)} == {HOSTILE}


def test_with_its_last_page_lost_there_is_nothing_to_stand_back_with(scheduler: Scheduler) -> None:
    batch = start(scheduler, pages=1)
    scheduler.enqueue(2, 0, 2, 0)
    scheduler.batch_finished(batch, None)
    scheduler.stand_back(HOSTILE, BEHIND, 0)
    assert scheduler.next(A, 0) == MergeJob(HOSTILE)


def test_what_does_not_run_does_not_stand_back(scheduler: Scheduler) -> None:
    scheduler.enqueue(2, 0, 2, 0)
    scheduler.enqueue(3, 0, 3, 0)
    assert scheduler.next(A, 0) == OpenJob(2)
    for job_id in (2, 3, 99):
        scheduler.stand_back(job_id, BEHIND, 0)
    assert scheduler.queued_ids == [3]
    assert scheduler.is_running(2)


def test_an_urgent_one_leaves_its_workers_to_the_least_urgent_too_and_is_urgent_no_more(scheduler: Scheduler) -> None:
    batch = start(scheduler, priority=5, pages=100)
    scheduler.enqueue(2, 3, 2, 0)
    scheduler.enqueue(3, -1, 3, 0)
    hang(scheduler, batch)
    for job_id in (2, 3):
        assert scheduler.next(A, 0) == OpenJob(job_id)
        scheduler.opened(job_id, [])
        assert scheduler.next(A, 0) == MergeJob(job_id)
        scheduler.drop(job_id)
    on = scheduler.next(A, 0)
    assert isinstance(on, PageBatch)
    assert on.job_id == HOSTILE
    scheduler.enqueue(4, 0, 4, 0)
    assert scheduler.next(B, 0) == OpenJob(4)


def test_it_is_urgent_again_when_somebody_says_so(scheduler: Scheduler) -> None:
    batch = start(scheduler, priority=5)
    scheduler.enqueue(2, 0, 2, 0)
    hang(scheduler, batch)
    scheduler.arrange_running(HOSTILE, 5, BEHIND)  # which is no news
    assert scheduler.queued_ids == [2, HOSTILE]
    scheduler.arrange_running(HOSTILE, 6, BEHIND)
    assert scheduler.queued_ids == [HOSTILE, 2]
    scheduler.arrange_running(HOSTILE, -1, BEHIND)
    assert scheduler.queued_ids == [2, HOSTILE]


def test_somebody_may_move_it(scheduler: Scheduler) -> None:
    batch = start(scheduler)
    scheduler.enqueue(2, 0, 2, 0)
    hang(scheduler, batch)
    assert scheduler.neighbour(HOSTILE, -1) == 2
    scheduler.arrange_running(HOSTILE, 0, 1.5)
    assert scheduler.queued_ids == [HOSTILE, 2]


def test_its_place_is_free_for_others_of_its_client() -> None:
    scheduler = Scheduler(limits=RunningLimits(per_client=1))
    ann = Origin(client="ann")
    batch = start(scheduler, origin=ann)
    scheduler.enqueue(2, 0, 2, 0, ann)
    assert scheduler.next(B, 0) is not None  # helps, since there is no room
    hang(scheduler, batch)
    scheduler.worker_left(B)
    assert scheduler.next(A, 0) == OpenJob(2)
    scheduler.opened(2, [range(1, 2)])
    assert scheduler.next(B, 0) == PageBatch(2, 1, 1)
    assert scheduler.next(3, 0) is None  # and it waits for the other one's


def test_a_batch_that_others_have_of_it_meanwhile_comes_back_to_it(scheduler: Scheduler) -> None:
    first = start(scheduler, pages=4)
    second = scheduler.next(B, 0)
    assert isinstance(second, PageBatch)
    scheduler.enqueue(2, 0, 2, 0)
    hang(scheduler, first)
    scheduler.put_back(second)
    scheduler.batch_finished(second, None)
    scheduler.stand_back(HOSTILE, BEHIND + 5, 0)  # which it does already
    done = rest(scheduler)
    assert sorted(page for work in done if isinstance(work, PageBatch) for page in work.pages) == [1, 2, 3, 4]


def test_it_may_go_on_while_another_worker_is_still_at_it(scheduler: Scheduler) -> None:
    first = start(scheduler, pages=40)
    assert isinstance(scheduler.next(B, 0), PageBatch)
    scheduler.enqueue(2, 0, 2, 0)
    hang(scheduler, first)
    assert scheduler.next(A, 0) == OpenJob(2)
    scheduler.opened(2, [])
    assert scheduler.next(A, 0) == MergeJob(2)
    scheduler.drop(2)
    work = scheduler.next(A, 0)
    assert isinstance(work, PageBatch)
    assert work.job_id == HOSTILE


def test_it_goes_on_at_once_also_with_nothing_changed_but_that_it_stands_back(scheduler: Scheduler) -> None:
    start(scheduler, pages=40)
    scheduler.enqueue(2, 0, 2, 0)
    assert scheduler.next(B, 0) == OpenJob(2)
    scheduler.enqueue(3, 0, 3, 0)
    scheduler.worker_count = 4
    assert isinstance(scheduler.next(3, 0), PageBatch | OpenJob)
    scheduler.enqueue(4, 0, 4, 0)
    scheduler.stand_back(HOSTILE, BEHIND, 0)
    handed = [scheduler.next(worker, 0) for worker in range(4, 8)]
    assert OpenJob(4) in handed
    assert any(isinstance(work, PageBatch) and work.job_id == HOSTILE for work in handed)


def test_one_that_is_dropped_is_gone(scheduler: Scheduler) -> None:
    batch = start(scheduler)
    scheduler.enqueue(2, 0, 2, 0)
    hang(scheduler, batch)
    scheduler.drop(HOSTILE)
    assert not scheduler.is_running(HOSTILE)
    assert {work.job_id for work in rest(scheduler)} == {2}


def test_new_limits_leave_it_standing_back(scheduler: Scheduler) -> None:
    batch = start(scheduler)
    scheduler.enqueue(2, 0, 2, 0)
    hang(scheduler, batch)
    scheduler.configure(1.5, 900, RunningLimits(per_client=3), 20)
    assert opened_before_it_went_on(rest(scheduler)) == [2]


def test_a_scheduler_that_drains_finishes_it_and_opens_nothing(scheduler: Scheduler) -> None:
    batch = start(scheduler)
    scheduler.enqueue(2, 0, 2, 0)
    hang(scheduler, batch)
    scheduler.is_draining = True
    done = rest(scheduler, now=5000)
    assert {work.job_id for work in done} == {HOSTILE}
    assert done[-1] == MergeJob(HOSTILE)


def test_a_scheduler_that_drains_finishes_one_whose_pages_are_converted_elsewhere(scheduler: Scheduler) -> None:
    batch = start(scheduler, origin=Origin(is_remote=True))
    scheduler.enqueue(2, 0, 2, 0)
    scheduler.put_back(batch)
    scheduler.batch_finished(batch, None)
    scheduler.stand_back(HOSTILE, BEHIND, 0)
    assert scheduler.next(A, 0) == OpenJob(2)
    scheduler.drop(2)
    scheduler.worker_left(A)
    scheduler.is_draining = True
    pages = [page for work in rest(scheduler) if isinstance(work, PageBatch) for page in work.pages]
    assert sorted(pages) == [*range(1, 11)]


def test_a_scheduler_that_drains_passes_it_over_while_no_page_more_may_go_elsewhere() -> None:
    scheduler = Scheduler(remote_pages=1)
    scheduler.worker_count = 2
    batch = start(scheduler, origin=Origin(is_remote=True))
    scheduler.enqueue(2, 0, 2, 0)
    scheduler.stand_back(HOSTILE, BEHIND, 0)
    scheduler.is_draining = True
    assert scheduler.next(B, 0) is None
    scheduler.batch_finished(batch, None)
    assert isinstance(scheduler.next(B, 0), PageBatch)


def test_what_has_stood_back_too_long_gets_one_worker(scheduler: Scheduler) -> None:
    batch = start(scheduler, pages=100)
    scheduler.enqueue(2, -1, 2, 0)
    hang(scheduler, batch)
    for job_id in range(3, 7):
        scheduler.enqueue(job_id, 0, job_id, 800)
    assert scheduler.next(A, 899) == OpenJob(3)
    work = scheduler.next(B, 901)
    assert work == OpenJob(2)  # which has waited longest
    scheduler.opened(2, [])
    assert scheduler.next(B, 901) == MergeJob(2)
    scheduler.drop(2)
    work = scheduler.next(B, 901)
    assert isinstance(work, PageBatch)
    assert work.job_id == HOSTILE


# --- giving up the rest ---


def test_what_is_withdrawn_is_given_out_no_more_and_the_job_is_merged_when_its_last_batch_is_back(
    scheduler: Scheduler,
) -> None:
    first = start(scheduler, pages=10)
    other = scheduler.next(B, 0)
    assert isinstance(other, PageBatch)
    alone = PageBatch(HOSTILE, 1, 1, text_only=True)
    scheduler.put_back(alone)
    scheduler.enqueue(2, 0, 2, 0)
    assert scheduler.withdraw(HOSTILE) == [PageBatch(HOSTILE, other.last + 1, 10), alone]
    scheduler.batch_finished(first, 1)
    assert scheduler.next(A, 0) == OpenJob(2)
    scheduler.batch_finished(other, 1)
    assert scheduler.next(B, 0) == MergeJob(HOSTILE)


def test_what_stood_back_is_merged_before_others_are_opened_once_its_pages_are_withdrawn(scheduler: Scheduler) -> None:
    first = start(scheduler, pages=40)
    other = scheduler.next(B, 0)
    assert isinstance(other, PageBatch)
    scheduler.enqueue(2, 0, 2, 0)
    scheduler.enqueue(3, 0, 3, 0)
    hang(scheduler, first)
    scheduler.withdraw(HOSTILE)
    assert scheduler.next(A, 0) == OpenJob(2)
    scheduler.batch_finished(other, 1)
    assert scheduler.next(B, 0) == MergeJob(HOSTILE)


def test_what_waits_for_room_elsewhere_is_merged_at_once_when_its_pages_are_withdrawn() -> None:
    scheduler = Scheduler(remote_pages=1)
    scheduler.worker_count = 2
    for job_id, worker in ((1, A), (2, B)):
        scheduler.enqueue(job_id, 0, job_id, 0, Origin(is_remote=True))
        assert scheduler.next(worker, 0) == OpenJob(job_id)
    for job_id in (1, 2):
        scheduler.opened(job_id, [range(1, 4)])
    assert scheduler.next(A, 0) == PageBatch(1, 1, 1)
    assert scheduler.next(B, 0) is None
    assert scheduler.withdraw(2) == [PageBatch(2, 1, 3)]
    assert scheduler.next(B, 0) == MergeJob(2)


def test_of_what_does_not_run_nothing_is_withdrawn(scheduler: Scheduler) -> None:
    scheduler.enqueue(2, 0, 2, 0)
    assert [scheduler.withdraw(job_id) for job_id in (2, 99)] == [[], []]
    assert scheduler.queued_ids == [2]


# --- whatever they do, others are not stopped for long ---

DEADLINE_S = 60.0


@dataclass
class Document:
    pages: int
    is_hostile: bool
    arrives: float
    lost: set[int] = field(default_factory=set)
    done: set[int] = field(default_factory=set)
    is_merged: bool = False


class House:
    """Workers that do what a scheduler gives them, in a time of its own. Every page of a hostile document hangs.

    Opening and merging hostile documents takes no time, so that what is measured are deadlines.
    """

    def __init__(self, workers: int, documents: dict[int, Document]) -> None:
        self.scheduler = Scheduler(batch_seconds=1.5, aging_s=1e9)
        self.scheduler.worker_count = workers
        self.documents = documents
        self.position = 0.0
        self.events: list[tuple[float, int, int, Work | None]] = []  # when, in which order, which worker, with what
        self.idle = set(range(1, workers + 1))
        self.stopped_since: float | None = None
        self.longest_stop_s = 0.0
        for job_id, document in documents.items():
            heapq.heappush(self.events, (document.arrives, 0, job_id, None))

    def run(self) -> None:
        while self.events:
            now, _, who, work = heapq.heappop(self.events)
            if work is None:
                self.position += 1
                self.scheduler.enqueue(who, 0, self.position, now)
            else:
                self.finish(work, now)
                self.idle.add(who)
            self.look(now)
            for worker in sorted(self.idle):
                given = self.scheduler.next(worker, now)
                if given is not None:
                    self.idle.discard(worker)
                    self.begin(worker, given, now)
            self.look(now)

    def begin(self, worker: int, work: Work, now: float) -> None:
        document = self.documents[work.job_id]
        hangs = document.is_hostile and isinstance(work, PageBatch)
        takes = 0.2 * len(work) if isinstance(work, PageBatch) else 0.0 if document.is_hostile else 0.1
        heapq.heappush(self.events, (now + (DEADLINE_S if hangs else takes), 1, worker, work))

    def finish(self, work: Work, now: float) -> None:
        document = self.documents[work.job_id]
        match work:
            case OpenJob(job_id):
                self.scheduler.opened(job_id, [range(1, document.pages + 1)])
            case MergeJob(job_id):
                document.is_merged = True
                self.scheduler.drop(job_id)
            case PageBatch() if not document.is_hostile:
                document.done |= {*work.pages}
                self.scheduler.batch_finished(work, 0.2 * len(work))
            case PageBatch(job_id, first, last, text_only):
                if first < last:
                    self.scheduler.put_back(PageBatch(job_id, first + 1, last, text_only))
                if text_only:
                    document.lost.add(first)
                else:
                    self.scheduler.put_back(PageBatch(job_id, first, first, text_only=True))
                self.scheduler.batch_finished(work, None)
                self.position += 1
                self.scheduler.stand_back(job_id, self.position, now)

    def look(self, now: float) -> None:
        """Note since when nothing is done for an honest document, while one is there that wants it."""
        honest = [d for d in self.documents.values() if not d.is_hostile]
        wanted = any(d.arrives <= now and not d.is_merged for d in honest)
        is_at_it = any(work is not None and not self.documents[work.job_id].is_hostile for *_, work in self.events)
        if not wanted or is_at_it:
            self.stopped_since = None
        elif self.stopped_since is None:
            self.stopped_since = now
        else:
            self.longest_stop_s = max(self.longest_stop_s, now - self.stopped_since)


@given(
    workers=st.integers(1, 4),
    pages=st.lists(st.integers(1, 12), min_size=4, max_size=4),
    honest=st.lists(st.tuples(st.floats(0, 900), st.integers(1, 30)), min_size=1, max_size=12),
    come=st.lists(st.sampled_from([0.0, 10.0, 200.0]), min_size=4, max_size=4),
)
@settings(max_examples=200, deadline=None)
def test_as_many_hostile_documents_as_workers_stop_the_others_no_longer_than_two_deadlines(
    workers: int, pages: list[int], honest: list[tuple[float, int]], come: list[float]
) -> None:
    documents = {n: Document(pages[n], is_hostile=True, arrives=come[n]) for n in range(workers)}
    documents |= {100 + n: Document(count, is_hostile=False, arrives=at) for n, (at, count) in enumerate(honest)}
    house = House(workers, documents)
    house.run()
    assert house.longest_stop_s <= 2 * DEADLINE_S
    for document in documents.values():
        assert document.is_merged
        assert document.done | document.lost == {*range(1, document.pages + 1)}
