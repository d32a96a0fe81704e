"""What a worker did, cell by cell, from looks at the engine."""

from dataclasses import replace

from engine.job.job import Step
from engine.job.snapshot import WorkerSnapshot, WorkerState
from tui.dashboard.workers.activity import CELL_S, KEPT, Activity, Doing

IDLE = WorkerSnapshot(1)
OPENING = WorkerSnapshot(1, WorkerState.BUSY, 7, Step.STAGING, rss_bytes=100)
ON_PAGE = WorkerSnapshot(1, WorkerState.BUSY, 7, Step.PAGE_PROCESSING, page=3, rss_bytes=200)
BY_OCR = replace(ON_PAGE, pages=1, via="ocr", page=4)


def test_a_page_is_the_cells_that_it_took_in_the_way_it_was_read() -> None:
    activity = Activity()
    for number, worker in enumerate([IDLE, OPENING, ON_PAGE, ON_PAGE, ON_PAGE, BY_OCR, BY_OCR]):
        activity.take([worker], number * CELL_S)
    assert list(activity.of(1).cells) == [Doing.NOTHING, Doing.STEP, *[Doing.OCR] * 4, Doing.PAGE]
    assert list(activity.of(1).memory)[-1] == 200
    assert activity.pages == {Doing.OCR: 1}


def test_several_looks_in_one_cell_are_one_cell() -> None:
    activity = Activity()
    for tenths in range(20):
        activity.take([replace(ON_PAGE, pages=tenths, via="tags")], tenths / 10)
    assert list(activity.of(1).cells) == [Doing.NOTHING, Doing.TAGS]
    assert activity.pages == {Doing.TAGS: 19}


def test_between_two_looks_that_are_far_apart_a_worker_is_at_its_page() -> None:
    activity = Activity()
    activity.take([ON_PAGE], 0)
    activity.take([BY_OCR], 5 * CELL_S)
    assert list(activity.of(1).cells) == [Doing.NOTHING, *[Doing.OCR] * 6]
    activity.take([BY_OCR], 10_000 * CELL_S)
    assert len(activity.of(1).cells) == KEPT


def test_nothing_moves_while_nobody_works() -> None:
    activity = Activity()
    activity.take([ON_PAGE], 0)
    activity.take([replace(IDLE, pages=1, via="layout")], CELL_S)  # the last page was finished meanwhile
    cells = list(activity.of(1).cells)
    assert cells == [Doing.NOTHING, Doing.LAYOUT]
    activity.take([replace(IDLE, pages=1, via="layout")], 100 * CELL_S)
    assert list(activity.of(1).cells) == cells
    activity.take([replace(ON_PAGE, pages=1, via="layout")], 200 * CELL_S)
    assert list(activity.of(1).cells) == [*cells, Doing.NOTHING, Doing.PAGE]


def test_a_worker_that_has_gone_is_forgotten() -> None:
    activity = Activity()
    activity.take([ON_PAGE, replace(ON_PAGE, number=2)], 0)
    activity.take([ON_PAGE], CELL_S)
    assert not activity.of(2).cells
