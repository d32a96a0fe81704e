"""Each verb does both, in order: what it changes is written first, and shown afterwards."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.base.errors import IllegalTransition, OutputUnwritable
from engine.job.job import Checkpoint, Job, JobState, MergeJob, OpenJob, PageBatch, PageState, Step, Submission
from engine.queue.jobqueue import JobQueue
from engine.queue.progress import ProgressTracker
from engine.queue.scheduler import Scheduler
from engine.queue.store import JobStore
from tests.clock import Clock
from tests.engine.making import OPTIONS, add, result, results, source

A = 1
"""A worker."""


@pytest.fixture
def queue(tmp_path: Path, clock: Clock) -> Iterator[JobQueue]:
    queue = JobQueue(JobStore(tmp_path, clock), Scheduler(), ProgressTracker(clock), clock)
    yield queue
    queue.close()


def shown(queue: JobQueue, job: Job) -> Job:
    """The job in memory, which is as it is written."""
    snapshot = queue.view.job(job.id)
    assert snapshot is not None
    assert snapshot.job == queue.view.stored(job.id)
    return snapshot.job


def next_work(queue: JobQueue) -> OpenJob | PageBatch | MergeJob | None:
    return queue.work.next_work(A, lambda: True, 0.0)


def running(queue: JobQueue, pages: int = 4) -> Job:
    """A job that a worker has opened."""
    (job,) = add(queue, "a.pdf")
    assert next_work(queue) == OpenJob(job.id)
    assert queue.work.claim(job.id) is not None
    queue.work.counted(job.id, pages)
    queue.work.opened(job.id, [], [range(1, pages + 1)])
    return job


# --- opening ---


def test_what_is_learnt_of_a_document_is_written_and_shown(queue: JobQueue) -> None:
    job = running(queue)
    assert queue.work.staged(job.id, "ab") == shown(queue, job)
    assert shown(queue, job).sha256 == "ab"
    assert shown(queue, job).pages is None  # they are counted when it is open
    queue.work.counted(job.id, 7)
    assert shown(queue, job).pages == 7
    queue.work.place_chosen(job.id, Path("/out/a"))
    assert shown(queue, job).output == b"/out/a"


def test_a_source_that_is_copied_anew_has_no_pages(queue: JobQueue) -> None:
    job = running(queue)
    queue.work.record_pages(job.id, Checkpoint(1, 2), results([1, 2])).result()
    queue.work.unstaged(job.id)
    assert shown(queue, job).pages_done == 0
    assert queue.view.pages(job.id) == []
    assert queue.view.checkpoints(job.id) == []


def test_an_open_job_shows_its_finished_pages_and_gives_out_the_others(queue: JobQueue) -> None:
    job = running(queue)
    queue.work.reopen(queue.view.stored(job.id))
    assert next_work(queue) == OpenJob(job.id)
    assert queue.work.claim(job.id) is not None
    queue.work.opened(job.id, results([1, 2]), [range(3, 5)])
    snapshot = queue.view.job(job.id)
    assert snapshot is not None
    assert (snapshot.step, snapshot.pages_done) == (Step.PAGE_PROCESSING, 2)
    batch = next_work(queue)
    assert isinstance(batch, PageBatch)
    assert batch.first == 3


# --- pages ---


def test_finished_pages_are_recorded_and_counted_and_salvaged_ones_counted_not_again(queue: JobQueue) -> None:
    job = running(queue)
    queue.work.record_pages(job.id, Checkpoint(1, 2), results([1, 2])).result()
    queue.work.salvaged(job.id, Checkpoint(3, 3), results([3]))
    assert [r.page for r in queue.view.pages(job.id)] == [1, 2, 3]
    assert queue.view.tally.read().pages[PageState.OK] == 2


def test_a_page_that_is_lost_is_recorded_counted_and_shown(queue: JobQueue) -> None:
    job = running(queue)
    queue.work.lose_page(job.id, result(2, PageState.FAILED, error="It burns.")).result()
    assert queue.view.page(job.id, 2) == result(2, PageState.FAILED, error="It burns.")
    assert queue.view.checkpoints(job.id) == []
    assert queue.view.tally.read().pages[PageState.FAILED] == 1
    snapshot = queue.view.job(job.id)
    assert snapshot is not None
    assert (snapshot.pages_done, snapshot.pages_failed) == (1, 1)


def test_what_is_left_of_a_batch_is_given_out_again(queue: JobQueue) -> None:
    running(queue)
    batch = next_work(queue)
    assert isinstance(batch, PageBatch)
    queue.work.batch_over(batch, back=[replace(batch, first=batch.last)])
    again = next_work(queue)
    assert isinstance(again, PageBatch)
    assert again.first == batch.last


def test_a_batch_of_which_nothing_is_left_is_not_given_out_again(queue: JobQueue) -> None:
    job = running(queue)
    while isinstance(work := next_work(queue), PageBatch):
        queue.work.batch_over(work, 0.1)
    assert work == MergeJob(job.id)


def test_a_worker_that_left_is_on_no_job(queue: JobQueue) -> None:
    job = running(queue)
    assert isinstance(next_work(queue), PageBatch)
    queue.work.worker_left(A)
    queue.cancel(job.id, "Cancelled.")
    queue.retry(job.id, "Again.")
    assert queue.work.next_work(2, lambda: True, 0.0) == OpenJob(job.id)


# --- the end ---


def test_an_end_is_told_when_it_is_written_and_its_source_settled(queue: JobQueue) -> None:
    job = running(queue)
    said: list[str] = []
    queue.listen(lambda ended: said.append(f"{ended.state} told"))

    def settle(ended: Job) -> None:
        said.append(f"{queue.view.stored(ended.id).state} written, {queue.view.job(ended.id).job.state} shown")  # type: ignore[union-attr]

    queue.work.finish(job.id, JobState.DONE, None, settle)
    assert said == ["done written, running shown", "done told"]
    assert shown(queue, job).state is JobState.DONE


def test_an_end_is_told_though_its_source_cannot_be_settled(queue: JobQueue) -> None:
    job = running(queue)

    def settle(_: Job) -> None:
        raise OutputUnwritable("The archive is full.")

    with pytest.raises(OutputUnwritable):
        queue.work.finish(job.id, JobState.PARTIAL, "One page failed.", settle)
    assert (shown(queue, job).state, shown(queue, job).reason) == (JobState.PARTIAL, "One page failed.")


def test_a_job_that_was_cancelled_is_not_finished(queue: JobQueue) -> None:
    job, settled = running(queue), []
    queue.cancel(job.id, "Cancelled.")
    with pytest.raises(IllegalTransition):
        queue.work.finish(job.id, JobState.DONE, None, settled.append)
    assert settled == []
    assert shown(queue, job).state is JobState.CANCELLED


# --- coming in ---


def test_a_job_is_written_before_its_file_has_its_name_and_offered_after(queue: JobQueue) -> None:
    seen: list[tuple[int, object]] = []

    def name_it() -> None:
        seen.append((len(queue.view.known_sources(b"/in")), next_work(queue)))

    job = queue.add_before(Submission(source("a.pdf"), OPTIONS), name_it)
    assert job is not None
    assert seen == [(1, None)]
    assert next_work(queue) == OpenJob(job.id)


def test_a_file_that_gets_no_name_leaves_no_job(queue: JobQueue) -> None:
    def name_it() -> None:
        raise FileExistsError

    with pytest.raises(FileExistsError):
        queue.add_before(Submission(source("a.pdf"), OPTIONS), name_it)
    queue.load()  # as at the next start
    assert queue.view.jobs() == []
    assert next_work(queue) is None


def test_a_source_that_is_known_is_given_no_name(queue: JobQueue) -> None:
    add(queue, "a.pdf")
    named: list[None] = []
    assert queue.add_before(Submission(source("a.pdf"), OPTIONS), lambda: named.append(None)) is None
    assert named == []


def test_what_is_published_already_is_known_as_that(queue: JobQueue) -> None:
    job = queue.add_published(Submission(source("a.pdf"), OPTIONS), JobState.PARTIAL, Path("/out/a"), "ab", 3)
    found = shown(queue, job)
    assert (found.state, found.output, found.sha256, found.pages) == (JobState.PARTIAL, b"/out/a", "ab", 3)
    assert next_work(queue) is None


def test_a_job_that_is_run_again_starts_from_nothing_as_it_is_asked_for_now(queue: JobQueue) -> None:
    job = running(queue)
    queue.work.record_pages(job.id, Checkpoint(1, 2), results([1, 2])).result()
    queue.cancel(job.id, "Cancelled.")
    discarded: list[int] = []
    wish = Submission(job.source, OPTIONS, priority=3, client="b")
    again, is_new = queue.run_again(job.id, wish, discarded.append)
    assert is_new
    assert discarded == [job.id]
    assert again == shown(queue, job)
    assert (again.state, again.priority, again.client, again.pages_done) == (JobState.QUEUED, 3, "b", 0)
    assert queue.run_again(job.id, wish, discarded.append) == (again, False)
    assert discarded == [job.id]


def test_a_job_that_is_queued_again_is_offered_though_its_folder_cannot_be_deleted(queue: JobQueue) -> None:
    job = running(queue)
    queue.cancel(job.id, "Cancelled.")

    def discard(_: int) -> None:
        raise PermissionError

    with pytest.raises(PermissionError):
        queue.run_again(job.id, Submission(job.source, OPTIONS), discard)
    assert shown(queue, job).state is JobState.QUEUED
    queue.work.batch_over(PageBatch(job.id, 1, 1))
    assert next_work(queue) == OpenJob(job.id)
