"""What front ends see: every change once, true counts, and never a number below nothing."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from engine.job.job import Job, JobState, PageState, Step
from engine.job.snapshot import HISTORY_BINS, PageMark, Snapshot, WorkerSnapshot, WorkerState
from engine.queue.progress import ProgressTracker
from tests.clock import Clock
from tests.engine.making import OPTIONS, job, result, results


@pytest.fixture
def tracker(clock: Clock) -> ProgressTracker:
    tracker = ProgressTracker(clock)
    tracker.worker_changed(WorkerSnapshot(1))
    tracker.worker_changed(WorkerSnapshot(2))
    return tracker


def running(job_id: int = 1, pages: int | None = 4, revision: int = 1) -> Job:
    return job(job_id, JobState.RUNNING, pages=pages, revision=revision)


def convert(tracker: ProgressTracker, page: int, state: PageState = PageState.OK, *, worker: int = 1) -> None:
    tracker.page_started(worker, 1, page)
    tracker.page_done(worker, 1, result(page, state))


def changed(snapshot: Snapshot) -> list[int]:
    return [entry.job.id for entry in snapshot.changed]


# --- versions ---


def test_a_snapshot_has_all_jobs_and_the_next_one_only_what_changed(tracker: ProgressTracker) -> None:
    for job_id in (1, 2, 3):
        tracker.set_job(job(job_id))
    first = tracker.snapshot()
    assert changed(first) == [1, 2, 3]
    assert changed(tracker.snapshot(first.version)) == []
    tracker.set_job(job(2, JobState.HELD, revision=1))
    second = tracker.snapshot(first.version)
    assert changed(second) == [2]
    assert second.version > first.version
    assert changed(tracker.snapshot()) == [1, 3, 2]


def test_a_change_is_reported_to_everyone_who_has_not_seen_it(tracker: ProgressTracker) -> None:
    tracker.set_job(job(1))
    slow = tracker.snapshot().version
    tracker.set_job(job(2))
    fast = tracker.snapshot(slow).version
    tracker.set_job(job(3))
    assert changed(tracker.snapshot(fast)) == [3]
    assert changed(tracker.snapshot(slow)) == [2, 3]


def test_a_job_that_changed_often_is_reported_once(tracker: ProgressTracker) -> None:
    tracker.set_job(running())
    for page in (1, 2, 3):
        convert(tracker, page)
    assert changed(tracker.snapshot()) == [1]


def test_a_removed_job_is_reported_as_removed_since_then(tracker: ProgressTracker) -> None:
    for job_id in (1, 2):
        tracker.set_job(job(job_id, JobState.DONE))
    before = tracker.snapshot().version
    tracker.remove_job(1)
    tracker.remove_job(99)
    after = tracker.snapshot(before)
    assert (changed(after), after.removed) == ([], (1,))
    assert tracker.snapshot(after.version).removed == ()
    assert tracker.job(1) is None
    assert [j.id for j in tracker.jobs()] == [2]


def test_a_job_put_back_on_the_list_is_not_reported_as_removed_too(tracker: ProgressTracker) -> None:
    tracker.set_job(job(1, JobState.DONE))
    before = tracker.snapshot().version
    tracker.remove_job(1)
    tracker.set_job(job(1, JobState.DONE))
    for since in (0, before):
        snapshot = tracker.snapshot(since)
        assert (changed(snapshot), snapshot.removed) == ([1], ())


def test_an_older_revision_does_not_overwrite_a_newer_one(tracker: ProgressTracker) -> None:
    assert tracker.set_job(job(1, JobState.HELD, revision=5))
    version = tracker.snapshot().version
    assert not tracker.set_job(job(1, JobState.QUEUED, revision=4))
    assert not tracker.set_job(job(1, JobState.QUEUED, revision=5))
    snapshot = tracker.job(1)
    assert snapshot is not None
    assert snapshot.job.state is JobState.HELD
    assert tracker.snapshot().version == version


# --- a running job ---


def test_a_running_job_counts_its_pages_by_how_they_came_out(tracker: ProgressTracker) -> None:
    tracker.set_job(running(pages=6))
    for page, state in enumerate((PageState.OK, PageState.OCR, PageState.TEXT_ONLY, PageState.FAILED), start=1):
        convert(tracker, page, state)
    tracker.page_failed(1, result(5, PageState.FAILED))
    snapshot = tracker.job(1)
    assert snapshot is not None
    assert (snapshot.pages_done, snapshot.pages_failed) == (5, 2)
    assert (snapshot.pages_ocr, snapshot.pages_text_only) == (1, 1)
    assert tracker.snapshot().totals.pages_done == 4


def test_the_page_map_shows_every_page_and_who_is_on_it(tracker: ProgressTracker) -> None:
    tracker.set_job(running(pages=6))
    for page, state in enumerate((PageState.OK, PageState.OCR, PageState.TEXT_ONLY, PageState.FAILED), start=1):
        convert(tracker, page, state)
    tracker.page_started(2, 1, 5)
    page_map = tracker.page_map(1)
    assert page_map is not None
    assert [PageMark(mark) for mark in page_map.marks] == [
        PageMark.OK,
        PageMark.OCR,
        PageMark.TEXT_ONLY,
        PageMark.FAILED,
        PageMark.RUNNING,
        PageMark.WAITING,
    ]
    assert page_map.workers == {5: 2}
    tracker.page_given_up(2, 1, 5)
    page_map = tracker.page_map(1)
    assert page_map is not None
    assert page_map.marks[4] == PageMark.WAITING
    assert page_map.workers == {}


def test_the_page_map_of_a_selection_is_of_its_pages_alone(tracker: ProgressTracker, clock: Clock) -> None:
    options = OPTIONS.model_copy(update={"pages": "2,5-7,20-"})
    tracker.set_job(job(state=JobState.RUNNING, pages=4, options=options, revision=1))
    tracker.pages_restored(1, [result(2, PageState.OCR)])
    clock.advance(2)
    convert(tracker, 5)
    convert(tracker, 3)  # not selected
    tracker.page_started(2, 1, 7)
    page_map = tracker.page_map(1)
    assert page_map is not None
    assert list(page_map.pages) == [2, 5, 6, 7]
    assert page_map.marks == bytes([PageMark.OCR, PageMark.OK, PageMark.WAITING, PageMark.RUNNING])
    assert (page_map.mark(7), page_map.mark(3)) == (PageMark.RUNNING, None)


def test_pages_of_an_earlier_run_are_done_from_the_start(tracker: ProgressTracker) -> None:
    tracker.set_job(running(pages=5))
    tracker.pages_restored(1, [*results([1, 2]), result(3, PageState.FAILED), result(4, PageState.OCR)])
    snapshot = tracker.job(1)
    assert snapshot is not None
    assert (snapshot.pages_done, snapshot.pages_failed, snapshot.pages_ocr) == (4, 1, 1)
    assert snapshot.rate is None
    page_map = tracker.page_map(1)
    assert page_map is not None
    assert page_map.marks == bytes([PageMark.OK, PageMark.OK, PageMark.FAILED, PageMark.OCR, PageMark.WAITING])


def test_a_page_number_from_nowhere_harms_nothing(tracker: ProgressTracker) -> None:
    tracker.set_job(running(pages=2))
    for page in (0, -1, 3, 10**6):
        convert(tracker, page)
        tracker.page_given_up(1, 1, page)
        tracker.pages_restored(1, [result(page)])
    page_map = tracker.page_map(1)
    assert page_map is not None
    assert page_map.marks == bytes(2)


def test_rate_and_time_left_follow_the_pages(tracker: ProgressTracker, clock: Clock) -> None:
    tracker.set_job(running(pages=10))
    snapshot = tracker.job(1)
    assert snapshot is not None
    assert (snapshot.rate, snapshot.eta_s) == (None, None)
    for page in range(1, 5):
        clock.advance(2)
        convert(tracker, page)
    snapshot = tracker.job(1)
    assert snapshot is not None
    assert snapshot.rate == pytest.approx(0.5)
    assert snapshot.eta_s == pytest.approx(12)


def test_pages_done_earlier_do_not_flatter_the_rate(tracker: ProgressTracker, clock: Clock) -> None:
    tracker.set_job(running(pages=100))
    tracker.pages_restored(1, results(range(1, 91)))
    clock.advance(10)
    convert(tracker, 91)
    snapshot = tracker.job(1)
    assert snapshot is not None
    assert snapshot.rate == pytest.approx(0.1)
    assert snapshot.eta_s == pytest.approx(90)


def test_a_page_done_in_no_time_makes_no_infinite_rate(tracker: ProgressTracker) -> None:
    tracker.set_job(running(pages=1))
    convert(tracker, 1)
    snapshot = tracker.job(1)
    assert snapshot is not None
    assert snapshot.rate is not None
    assert snapshot.rate <= 1000
    assert snapshot.eta_s == 0


def test_the_step_is_told_while_the_job_runs(tracker: ProgressTracker) -> None:
    tracker.set_job(job(1))
    tracker.step(1, Step.MERGING)
    snapshot = tracker.job(1)
    assert snapshot is not None
    assert snapshot.step is None
    tracker.set_job(running(revision=1))
    snapshot = tracker.job(1)
    assert snapshot is not None
    assert snapshot.step is Step.STAGING
    tracker.step(1, Step.PUBLISHING)
    tracker.set_job(running(revision=2))
    snapshot = tracker.job(1)
    assert snapshot is not None
    assert snapshot.step is Step.PUBLISHING
    tracker.set_job(job(1, JobState.DONE, revision=3))
    snapshot = tracker.job(1)
    assert snapshot is not None
    assert snapshot.step is None


def test_a_job_that_ended_takes_no_more_progress(tracker: ProgressTracker) -> None:
    tracker.set_job(running(pages=4))
    convert(tracker, 1)
    tracker.page_started(1, 1, 2)
    tracker.set_job(job(1, JobState.CANCELLED, pages=4, pages_done=1, revision=2))
    tracker.page_done(1, 1, result(2))
    tracker.page_failed(1, result(3, PageState.FAILED))
    tracker.page_given_up(1, 1, 4)
    tracker.pages_restored(1, results([1, 2, 3]))
    snapshot = tracker.job(1)
    assert snapshot is not None
    assert (snapshot.pages_done, snapshot.pages_failed, snapshot.workers) == (1, 0, ())
    assert tracker.page_map(1) is None


def test_the_workers_on_a_job_are_listed(tracker: ProgressTracker) -> None:
    tracker.set_job(running())
    for worker in (2, 1):
        tracker.worker_changed(WorkerSnapshot(worker, WorkerState.BUSY, job_id=1))
        tracker.page_started(worker, 1, worker)
    snapshot = tracker.job(1)
    assert snapshot is not None
    assert snapshot.workers == (1, 2)
    tracker.worker_changed(WorkerSnapshot(1))
    snapshot = tracker.job(1)
    assert snapshot is not None
    assert snapshot.workers == (2,)


def test_a_worker_that_leaves_in_the_middle_is_no_longer_on_the_job(tracker: ProgressTracker) -> None:
    tracker.set_job(running())
    tracker.worker_changed(WorkerSnapshot(1, WorkerState.BUSY, job_id=1))
    tracker.page_started(1, 1, 1)
    tracker.worker_left(1)
    snapshot = tracker.job(1)
    assert snapshot is not None
    assert snapshot.workers == ()


# --- workers ---


def test_a_worker_shows_its_page_the_time_on_it_and_its_process(tracker: ProgressTracker, clock: Clock) -> None:
    tracker.set_job(running())
    tracker.worker_changed(WorkerSnapshot(1, WorkerState.BUSY, job_id=1, step=Step.PAGE_PROCESSING))
    tracker.worker_process(1, 4711, 200 << 20)
    tracker.page_started(1, 1, 3)
    clock.advance(2.5)
    worker = tracker.snapshot().workers[0]
    assert (worker.number, worker.state, worker.job_id, worker.page) == (1, WorkerState.BUSY, 1, 3)
    assert (worker.seconds_on_page, worker.pid, worker.rss_bytes) == (2.5, 4711, 200 << 20)
    tracker.page_done(1, 1, result(3))
    worker = tracker.snapshot().workers[0]
    assert (worker.page, worker.seconds_on_page, worker.pages) == (None, None, 1)


def test_a_worker_on_several_pages_shows_the_one_begun_first_and_how_many(
    tracker: ProgressTracker, clock: Clock
) -> None:
    tracker.set_job(running())
    for page in (2, 1, 3):
        tracker.page_started(1, 1, page)
        clock.advance(1)
    worker = tracker.snapshot().workers[0]
    assert (worker.page, worker.seconds_on_page, worker.pages_at_once) == (2, 3, 3)
    tracker.page_done(1, 1, result(2))
    tracker.page_given_up(1, 1, 1)
    worker = tracker.snapshot().workers[0]
    assert (worker.page, worker.seconds_on_page, worker.pages_at_once, worker.pages) == (3, 1, 1, 1)
    page_map = tracker.page_map(1)
    assert page_map is not None
    assert page_map.workers == {3: 1}


def test_a_worker_keeps_its_count_of_pages_when_it_turns_to_other_work(tracker: ProgressTracker) -> None:
    tracker.set_job(running())
    convert(tracker, 1)
    tracker.worker_changed(WorkerSnapshot(1, WorkerState.BUSY, job_id=2))
    assert tracker.snapshot().workers[0].pages == 1


def test_a_worker_is_on_no_page_once_the_page_is_given_up(tracker: ProgressTracker, clock: Clock) -> None:
    tracker.set_job(running())
    tracker.page_started(1, 1, 1)
    tracker.page_given_up(1, 1, 1)
    clock.advance(5)
    worker = tracker.snapshot().workers[0]
    assert (worker.page, worker.seconds_on_page) == (None, None)


def test_a_worker_that_left_is_gone(tracker: ProgressTracker) -> None:
    tracker.worker_left(1)
    tracker.worker_process(1, 4711, 1)
    snapshot = tracker.snapshot()
    assert [worker.number for worker in snapshot.workers] == [2]
    assert snapshot.totals.workers == 1


# --- totals ---


def test_jobs_are_counted_by_state(tracker: ProgressTracker) -> None:
    for job_id, state in enumerate((JobState.QUEUED, JobState.QUEUED, JobState.RUNNING, JobState.FAILED), start=1):
        tracker.set_job(job(job_id, state))
    totals = tracker.snapshot().totals
    assert (totals.queue_depth, totals.active, totals.by_state[JobState.FAILED]) == (2, 1, 1)
    assert tracker.unfinished == 3
    tracker.set_job(job(1, JobState.HELD, revision=1))
    tracker.remove_job(4)
    totals = tracker.snapshot().totals
    assert (totals.queue_depth, totals.by_state[JobState.HELD], totals.by_state[JobState.FAILED]) == (1, 1, 0)


def test_a_snapshots_counts_do_not_change_afterwards(tracker: ProgressTracker) -> None:
    tracker.set_job(job(1))
    before = tracker.snapshot()
    tracker.set_job(job(2))
    assert before.totals.queue_depth == 1


def test_busy_workers_are_counted(tracker: ProgressTracker) -> None:
    assert tracker.snapshot().totals.workers_busy == 0
    tracker.worker_changed(WorkerSnapshot(1, WorkerState.BUSY, job_id=1))
    totals = tracker.snapshot().totals
    assert (totals.workers, totals.workers_busy) == (2, 1)


def test_pages_per_second_covers_the_last_half_minute(tracker: ProgressTracker, clock: Clock) -> None:
    tracker.set_job(running(pages=1000))
    assert tracker.snapshot().totals.pages_per_second == 0
    for page in range(1, 121):
        clock.advance(0.5)
        convert(tracker, page)
    assert tracker.snapshot().totals.pages_per_second == pytest.approx(2, rel=0.1)
    clock.advance(40)
    assert tracker.snapshot().totals.pages_per_second == 0


def test_the_history_has_a_bin_for_every_five_seconds_and_a_limit(tracker: ProgressTracker, clock: Clock) -> None:
    tracker.set_job(running(pages=10_000))
    convert(tracker, 1)
    assert tracker.snapshot().totals.history == ()
    clock.advance(5)
    for page in range(2, 12):
        convert(tracker, page)
    clock.advance(10)
    assert tracker.snapshot().totals.history == (0.2, 2.0, 0.0)
    for page in range(12, 200):
        convert(tracker, page)
        clock.advance(5)
    history = tracker.snapshot().totals.history
    assert history == (0.2,) * HISTORY_BINS
    clock.advance(3600)
    assert tracker.snapshot().totals.history == (0.0,) * HISTORY_BINS


def test_the_time_until_the_queue_is_empty_is_told_once_it_can_be(tracker: ProgressTracker, clock: Clock) -> None:
    assert tracker.snapshot().totals.eta_s is None
    tracker.set_job(running(pages=20))
    tracker.set_job(job(2))
    assert tracker.snapshot().totals.eta_s is None
    for page in range(1, 11):
        clock.advance(1)
        convert(tracker, page)
    totals = tracker.snapshot().totals
    assert totals.eta_s == pytest.approx((10 + 20) / totals.pages_per_second)
    tracker.set_job(job(1, JobState.DONE, pages=20, pages_done=20, revision=2))
    tracker.set_job(job(2, JobState.CANCELLED, revision=1))
    assert tracker.snapshot().totals.eta_s is None


def test_banners_stay_until_they_are_over(tracker: ProgressTracker) -> None:
    tracker.set_banner("disk", "The disk is full.")
    tracker.set_banner("input", "The input folder is gone.")
    tracker.set_banner("disk", "The disk is still full.")
    assert [(b.key, b.message) for b in tracker.snapshot().banners] == [
        ("disk", "The disk is still full."),
        ("input", "The input folder is gone."),
    ]
    tracker.set_banner("disk", None)
    tracker.set_banner("never", None)
    assert [b.key for b in tracker.snapshot().banners] == ["input"]


# --- whatever happens, in whatever order ---


class TrueToTheJobs(RuleBasedStateMachine):
    """A front end that only ever applies what has changed holds what the tracker holds, and no number is below 0."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.tracker = ProgressTracker(self.clock)
        for worker in (1, 2):
            self.tracker.worker_changed(WorkerSnapshot(worker))
        self.revision = 0
        self.version = 0
        self.shown: dict[int, object] = {}

    @rule(
        job_id=st.integers(1, 4),
        state=st.sampled_from(JobState),
        pages=st.none() | st.integers(1, 6),
        done=st.integers(0, 6),
        is_late=st.booleans(),
    )
    def change(self, job_id: int, state: JobState, pages: int | None, done: int, is_late: bool) -> None:
        self.revision += 1
        revision = self.revision - 5 * is_late
        self.tracker.set_job(job(job_id, state, pages=pages, pages_done=done, revision=revision))

    @rule(job_id=st.integers(1, 4))
    def remove(self, job_id: int) -> None:
        self.tracker.remove_job(job_id)

    @rule(job_id=st.integers(1, 4), worker=st.integers(1, 2), page=st.integers(0, 8), state=st.sampled_from(PageState))
    def convert(self, job_id: int, worker: int, page: int, state: PageState) -> None:
        self.tracker.worker_changed(WorkerSnapshot(worker, WorkerState.BUSY, job_id=job_id))
        self.tracker.page_started(worker, job_id, page)
        self.tracker.page_done(worker, job_id, result(page, state))

    @rule(job_id=st.integers(1, 4), worker=st.integers(1, 2), page=st.integers(0, 8), fails=st.booleans())
    def give_up(self, job_id: int, worker: int, page: int, fails: bool) -> None:
        self.tracker.page_started(worker, job_id, page)
        self.tracker.page_given_up(worker, job_id, page)
        if fails:
            self.tracker.page_failed(job_id, result(page, PageState.FAILED))

    @rule(job_id=st.integers(1, 4), pages=st.sets(st.integers(1, 6)))
    def restore(self, job_id: int, pages: set[int]) -> None:
        self.tracker.pages_restored(job_id, results(pages))

    @rule(seconds=st.sampled_from([0.01, 1.0, 7.0, 400.0]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule()
    def look(self) -> None:
        self._look()

    def _look(self) -> None:
        snapshot = self.tracker.snapshot(self.version)
        for job_id in snapshot.removed:
            self.shown.pop(job_id, None)
        self.shown.update({entry.job.id: entry for entry in snapshot.changed})
        assert not {entry.job.id for entry in snapshot.changed} & set(snapshot.removed)
        self.version = snapshot.version

    @invariant()
    def nothing_is_below_nothing(self) -> None:
        snapshot = self.tracker.snapshot()
        totals = snapshot.totals
        assert min(totals.by_state.values()) >= 0
        assert sum(totals.by_state.values()) == len(self.tracker.jobs())
        assert totals.pages_per_second >= 0
        assert totals.eta_s is None or totals.eta_s >= 0
        assert self.tracker._running_pages_left >= 0
        for entry in snapshot.changed:
            assert min(entry.pages_done, entry.pages_failed, entry.pages_ocr, entry.pages_text_only) >= 0
            assert entry.eta_s is None or entry.eta_s >= 0

    def teardown(self) -> None:
        self._look()
        assert self.shown == {entry.job.id: entry for entry in self.tracker.snapshot().changed}
        left = sum(
            max((entry.job.pages or 0) - entry.pages_done, 0) * (entry.job.state is JobState.RUNNING)
            for entry in self.tracker.snapshot().changed
        )
        assert self.tracker._running_pages_left == left


TrueToTheJobs.TestCase.settings = settings(
    max_examples=100, stateful_step_count=40, deadline=None, report_multiple_bugs=False
)
test_whatever_happens_a_front_end_sees_the_truth = TrueToTheJobs.TestCase
