"""Which jobs are shown, and in which order."""

import random

import pytest

from engine.job.job import JobState
from tests.tui.fake_engine import FakeEngine
from tui.dashboard.jobfilter import parse_filter
from tui.dashboard.joblist import JobList, Sort, View


@pytest.mark.parametrize("sort", Sort)
def test_moving_single_rows_gives_the_same_order_as_sorting_anew(sort: Sort) -> None:
    rng = random.Random(7)
    engine = FakeEngine()
    engine.fill(300)
    jobs = JobList()
    jobs.show(sort=sort, is_reversed=True)
    version = 0
    for _ in range(30):
        for job_id in rng.sample(range(1, 301), 5):
            if engine.tracker.job(job_id) is not None:
                engine.change(job_id, rng.choice(list(JobState)), priority=rng.randint(-3, 3))
        engine.remove([rng.randint(1, 300)])
        snapshot = engine.snapshot(version)
        version = snapshot.version
        jobs.apply(snapshot.changed, snapshot.removed)
        jobs.settle()
        moved = jobs.ids()
        jobs.show(sort=sort)
        assert jobs.ids() == moved
        assert [jobs.row_of(job_id) for job_id in moved] == list(range(len(moved)))


def test_each_view_shows_its_states() -> None:
    engine = FakeEngine()
    engine.fill(64)
    jobs = JobList()
    jobs.apply(engine.snapshot().changed, ())
    for view in View:
        jobs.show(view=view)
        assert len(jobs) == sum(entry.job.state in view.states for entry in jobs.entries.values())


def test_what_is_filtered_out_comes_back_without_the_filter_and_what_is_removed_does_not() -> None:
    engine = FakeEngine()
    first, second, third = engine.add("scan a.pdf"), engine.add("letter.pdf"), engine.add("scan b.pdf")
    jobs = JobList()
    jobs.apply(engine.snapshot().changed, ())
    jobs.settle()
    jobs.set_filter(parse_filter("scan"))
    assert jobs.ids() == [first, third]
    assert second not in jobs
    assert jobs.row_of(second) is None
    jobs.apply((), [first])
    jobs.set_filter(None)
    assert jobs.ids() == [second, third]
    assert jobs.greatest_id == third


def test_rows_stay_where_they_are_until_they_may_move() -> None:
    engine = FakeEngine()
    ids = [engine.add(f"{n}.pdf") for n in range(3)]
    jobs = JobList()
    jobs.apply(engine.snapshot().changed, ())
    jobs.settle()
    version = engine.snapshot().version
    engine.change(ids[2], priority=5)
    jobs.apply(engine.snapshot(version).changed, ())
    assert jobs.ids() == ids
    assert not jobs.is_settled
    assert jobs.settle()
    assert jobs.ids() == [ids[2], ids[0], ids[1]]
    assert not jobs.settle()


def test_counts_by_state_are_of_what_passes_the_filter_whatever_changes() -> None:
    rng = random.Random(11)
    engine = FakeEngine()
    engine.fill(200)
    jobs = JobList()
    jobs.show(view=View.DONE)
    jobs.set_filter(parse_filter("batch-0 !priority>1"))
    version = 0
    for _ in range(20):
        for job_id in rng.sample(range(1, 201), 9):
            if engine.tracker.job(job_id) is not None:
                engine.change(job_id, rng.choice(list(JobState)), priority=rng.randint(0, 3))
        engine.remove([rng.randint(1, 200)])
        snapshot = engine.snapshot(version)
        version = snapshot.version
        jobs.apply(snapshot.changed, snapshot.removed)
        for view in View:
            passing = [e for e in jobs.entries.values() if jobs.filter is not None and jobs.filter(e)]
            assert jobs.count(view.states) == sum(entry.job.state in view.states for entry in passing)
