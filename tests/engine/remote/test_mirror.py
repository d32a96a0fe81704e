"""What is shown of another process's engine."""

from dataclasses import replace

import pytest

from engine.base.errors import NoSuchJob
from engine.job.job import JobState
from engine.job.snapshot import JobSnapshot, Snapshot, Totals, WorkerSnapshot, WorkerState
from engine.remote.mirror import Mirror
from engine.remote.wire import Update
from tests.engine.making import job

TOTALS = Totals(dict.fromkeys(JobState, 0), 2, 2, 0, 0.0, (), None)
UPDATE = Update("life", 0, Snapshot(1, (), (), (), TOTALS, (), False), {}, 0, 0, False, False, False, 0, "")


def test_a_worker_that_is_ending_does_not_count_so_that_one_less_can_be_asked_for_twice() -> None:
    mirror = Mirror()
    workers = (WorkerSnapshot(1, WorkerState.BUSY), WorkerSnapshot(2, WorkerState.STOPPING))
    mirror.take(replace(UPDATE, snapshot=replace(UPDATE.snapshot, workers=workers)))
    assert mirror.worker_count == 1


def test_it_is_lost_until_the_next_update() -> None:
    mirror = Mirror()
    mirror.lose("Gone.")
    assert mirror.is_lost
    assert [banner.message for banner in mirror.snapshot(0).banners] == ["Gone."]
    mirror.take(UPDATE)
    assert not mirror.is_lost


def entries(**states: JobState) -> tuple[JobSnapshot, ...]:
    """Jobs by their ids, such as `_1`."""
    return tuple(JobSnapshot.of(job(int(name[1:]), state)) for name, state in states.items())


def told(mirror: Mirror, since: int, version: int, *, life: str = "life", **states: JobState) -> list[int]:
    """Take in these changes; the jobs that are said to have finished."""
    snapshot = replace(UPDATE.snapshot, version=version, changed=entries(**states))
    return [job.id for job in mirror.take(replace(UPDATE, life=life, since=since, snapshot=snapshot))]


def test_a_job_that_has_finished_is_told_once() -> None:
    mirror = Mirror()
    assert told(mirror, 0, 1, _1=JobState.RUNNING, _2=JobState.DONE) == []  # nobody knows since when
    assert told(mirror, 1, 2, _1=JobState.PARTIAL) == [1]
    assert told(mirror, 2, 3, _1=JobState.PARTIAL) == []
    assert told(mirror, 3, 4, _3=JobState.FAILED, _4=JobState.QUEUED) == [3]  # queued and finished in between
    assert told(mirror, 4, 5, _4=JobState.CANCELLED) == [4]


def test_a_job_that_finishes_again_is_told_again() -> None:
    mirror = Mirror()
    told(mirror, 0, 1, _1=JobState.FAILED)
    assert told(mirror, 1, 2, _1=JobState.QUEUED) == []
    assert told(mirror, 2, 3, _1=JobState.DONE) == [1]


def test_a_finished_job_that_is_put_back_on_the_list_has_not_finished_now() -> None:
    mirror = Mirror()
    told(mirror, 0, 1, _1=JobState.DONE, _2=JobState.QUEUED)
    removed = replace(UPDATE.snapshot, version=2, removed=(1,))
    mirror.take(replace(UPDATE, since=1, snapshot=removed))
    assert told(mirror, 2, 3, _1=JobState.DONE) == []


def test_what_has_finished_while_the_engine_was_lost_is_told_when_another_one_answers() -> None:
    mirror = Mirror()
    told(mirror, 0, 5, _1=JobState.RUNNING)
    assert told(mirror, 0, 2, life="another", _1=JobState.DONE, _2=JobState.DONE) == [1]


def test_an_answer_that_was_overtaken_changes_nothing() -> None:
    mirror = Mirror()
    told(mirror, 0, 5, _1=JobState.RUNNING)
    assert told(mirror, 0, 4, _1=JobState.DONE) == []
    assert told(mirror, 7, 8, _1=JobState.DONE) == []
    assert told(mirror, 3, 6, life="another", _1=JobState.DONE) == []
    assert mirror.job(1).job.state is JobState.RUNNING


def test_jobs_are_found_by_their_conversion_as_long_as_they_are_on_the_list() -> None:
    mirror = Mirror()
    told(mirror, 0, 1, _1=JobState.DONE)
    conversion_id = mirror.job(1).job.conversion_id
    assert mirror.find(conversion_id).job.id == 1
    mirror.take(replace(UPDATE, since=1, snapshot=replace(UPDATE.snapshot, version=2, removed=(1,))))
    with pytest.raises(NoSuchJob, match=conversion_id):
        mirror.find(conversion_id)


def test_the_overview_has_the_latest_version_and_no_jobs() -> None:
    mirror = Mirror()
    told(mirror, 0, 1, _1=JobState.DONE, _2=JobState.DONE)
    overview = mirror.overview()
    assert (overview.changed, overview.removed) == ((), ())
    assert mirror.snapshot(overview.version).changed == ()
    assert len(mirror.snapshot(0).changed) == 2
