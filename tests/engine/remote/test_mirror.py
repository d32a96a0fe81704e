"""What is shown of another process's engine."""

from dataclasses import replace

from engine.job.job import JobState
from engine.job.snapshot import Snapshot, Totals, WorkerSnapshot, WorkerState
from engine.remote.mirror import Mirror
from engine.remote.wire import Update

TOTALS = Totals(dict.fromkeys(JobState, 0), 2, 2, 0, 0.0, (), None)
UPDATE = Update("life", 0, Snapshot(1, (), (), (), TOTALS, (), False), {}, 0, 0, False, False, 0, "")


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
