"""Each verb does both, in order: what it changes is written first, and shown afterwards."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.base.errors import IllegalTransition, OutputUnwritable
from engine.job.job import Checkpoint, Job, JobState, MergeJob, OpenJob, PageBatch, PageState, Step, Submission
from engine.job.options import ConvertOptions
from engine.job.snapshot import JobSnapshot, PageMark, WorkerSnapshot, WorkerState
from engine.queue.jobqueue import SUSPECT_LIMIT, JobQueue
from engine.queue.progress import ProgressTracker
from engine.queue.scheduler import Scheduler
from engine.queue.store import JobStore
from engine.sandbox.ends import ProcessEnd
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


# --- standing back ---


def test_a_job_that_stands_back_is_behind_all_who_wait_and_suspected_of_nothing(queue: JobQueue) -> None:
    job = running(queue)
    (other,) = add(queue, "b.pdf")
    queue.work.suspect(job.id, SUSPECT_LIMIT)
    queue.work.stand_back(job.id)
    after = shown(queue, job)
    assert (after.state, after.attempts) == (JobState.RUNNING, 0)
    assert after.position > other.position
    assert next_work(queue) == OpenJob(other.id)
    (later,) = add(queue, "c.pdf")
    assert later.position > after.position


def test_what_is_opened_anew_as_the_last_is_behind_all_who_wait(queue: JobQueue) -> None:
    job = running(queue)
    (other,) = add(queue, "b.pdf")
    queue.work.reopen_last(job)
    after = shown(queue, job)
    assert after.position > other.position
    assert next_work(queue) == OpenJob(other.id)
    assert queue.work.next_work(A + 1, lambda: True, 0.0) == OpenJob(job.id)


def test_what_is_withdrawn_is_what_no_worker_has(queue: JobQueue) -> None:
    job = running(queue)
    assert queue.work.withdraw(job.id) == [PageBatch(job.id, 1, 4)]
    assert queue.work.withdraw(job.id) == []


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
    assert queue.view.facts().pages[PageState.OK] == 2
    assert queue.view.checkpoints(job.id) == [Checkpoint(1, 2), Checkpoint(3, 3)]


def test_a_page_that_is_lost_is_recorded_counted_and_shown(queue: JobQueue) -> None:
    job = running(queue)
    queue.work.lose_pages(job.id, [result(2, PageState.FAILED, error="It burns.")]).result()
    assert queue.view.page(job.id, 2) == result(2, PageState.FAILED, error="It burns.")
    assert queue.view.checkpoints(job.id) == []
    assert queue.view.facts().pages[PageState.FAILED] == 1
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


def test_how_long_a_batch_took_tells_how_long_the_next_may_be(queue: JobQueue) -> None:
    running(queue, pages=100)
    batch = next_work(queue)
    assert isinstance(batch, PageBatch)
    queue.work.batch_over(batch, 0.02 * len(batch))
    again = next_work(queue)
    assert isinstance(again, PageBatch)
    assert len(again) > len(batch)


def test_a_job_that_is_put_back_is_not_begun_and_says_why(queue: JobQueue) -> None:
    job = running(queue)
    assert queue.view.stored(job.id).started is not None
    queue.work.delay(job.id, 5, "The disk is full.")
    assert (shown(queue, job).state, shown(queue, job).reason) == (JobState.QUEUED, "The disk is full.")
    assert shown(queue, job).started is None
    assert queue.view.history(job.id)[-1][1:] == (JobState.QUEUED, "The disk is full.")


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


def on_list(queue: JobQueue, job: Job) -> JobSnapshot:
    """The job, as it is shown."""
    snapshot = queue.view.job(job.id)
    assert snapshot is not None
    return snapshot


def test_what_a_worker_and_its_process_are_at_is_shown(queue: JobQueue) -> None:
    job = running(queue)
    queue.work.worker_changed(WorkerSnapshot(A, WorkerState.BUSY, job.id, Step.MERGING))
    queue.work.worker_process(A, 4711, 1 << 20)
    (worker,) = queue.view.snapshot().workers
    assert (worker.number, worker.state, worker.job_id, worker.step) == (A, WorkerState.BUSY, job.id, Step.MERGING)
    assert (worker.pid, worker.rss_bytes) == (4711, 1 << 20)
    queue.work.worker_stopping(A)
    assert queue.view.snapshot().workers[0].state is WorkerState.STOPPING
    queue.work.worker_staying(A)
    assert queue.view.snapshot().workers[0].state is WorkerState.BUSY
    queue.work.worker_left(A)
    assert queue.view.snapshot().workers == ()


def test_why_processes_have_ended_is_counted(queue: JobQueue) -> None:
    queue.work.process_ended(ProcessEnd.CRASH)
    queue.work.process_ended(ProcessEnd.IDLE)
    queue.work.process_ended(ProcessEnd.CRASH)
    ends = queue.view.facts().process_ends
    assert (ends[ProcessEnd.CRASH], ends[ProcessEnd.IDLE], ends[ProcessEnd.KILLED]) == (2, 1, 0)


def test_the_step_a_job_is_at_is_shown(queue: JobQueue) -> None:
    job = running(queue)
    queue.work.step(job.id, Step.PUBLISHING)
    assert on_list(queue, job).step is Step.PUBLISHING


def test_a_page_is_shown_from_its_beginning_to_its_end(queue: JobQueue) -> None:
    job = running(queue)
    queue.work.worker_changed(WorkerSnapshot(A, WorkerState.BUSY, job.id))
    queue.work.page_started(A, job.id, 2)
    queue.work.page_started(A, job.id, 3)
    page_map = queue.view.page_map(job.id)
    assert page_map is not None
    assert (page_map.mark(2), page_map.mark(3)) == (PageMark.RUNNING, PageMark.RUNNING)
    assert queue.view.snapshot().workers[0].page == 2
    queue.work.page_done(A, job.id, result(2, PageState.OCR))
    queue.work.page_given_up(A, job.id, 3)
    page_map = queue.view.page_map(job.id)
    assert page_map is not None
    assert (page_map.mark(2), page_map.mark(3)) == (PageMark.OCR, PageMark.WAITING)
    assert (on_list(queue, job).pages_done, queue.view.snapshot().workers[0].pages) == (1, 1)
    assert queue.view.snapshot().workers[0].page is None


def test_of_the_pages_that_were_said_to_be_done_those_that_are_known_to_be_are_shown(queue: JobQueue) -> None:
    job = running(queue)
    for done in results([1, 2, 3]):
        queue.work.page_done(A, job.id, done)
    queue.work.pages_known(job.id, iter(results([1])))
    assert on_list(queue, job).pages_done == 1


def test_a_job_that_the_engine_may_die_of_is_noted_as_that(tmp_path: Path, queue: JobQueue, clock: Clock) -> None:
    job = running(queue)
    queue.work.suspect(job.id, SUSPECT_LIMIT)
    queue.close()
    later = JobQueue(JobStore(tmp_path, clock), Scheduler(), ProgressTracker(clock), clock)
    later.load()
    assert on_list(later, job).job.state is JobState.HELD
    later.close()


# --- the end ---


def test_a_place_is_the_sources_that_has_claimed_it_first(queue: JobQueue) -> None:
    one, two = source("a.pdf"), source("b.pdf")
    assert queue.work.claim_output(one, ["a", "a~2"]) == "a"
    assert queue.work.claim_output(two, ["a", "a~2"]) == "a~2"
    assert queue.work.claim_output(one, ["a"]) == "a"
    assert queue.work.claim_output(two, ["a"]) is None


def test_an_end_is_told_when_it_is_written_and_its_source_settled(queue: JobQueue) -> None:
    job = running(queue)
    said: list[str] = []
    queue.listen(lambda ended: said.append(f"{ended.state} told"))

    def settle(ended: Job) -> None:
        said.append(f"{queue.view.stored(ended.id).state} written, {queue.view.job(ended.id).job.state} shown")  # type: ignore[union-attr]

    queue.work.finish(job.id, JobState.DONE, None, settle)
    assert said == ["done written, running shown", "done told"]
    assert shown(queue, job).state is JobState.DONE
    assert queue.view.history(job.id)[-1][1:] == (JobState.DONE, "published")


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
    told = (Submission(source("a.pdf"), OPTIONS), JobState.PARTIAL, Path("/out/a"), "ab", 3)
    assert queue.add_published(*told)
    assert not queue.add_published(*told)
    (job,) = queue.view.jobs()
    found = shown(queue, job)
    assert (found.state, found.output, found.sha256, found.pages) == (JobState.PARTIAL, b"/out/a", "ab", 3)
    assert found.pages_done == 3
    assert [(state, cause) for _, state, cause in queue.view.history(job.id)][1:] == [
        (JobState.RUNNING, "found in the output"),
        (JobState.PARTIAL, "found in the output"),
    ]
    assert next_work(queue) is None


def test_what_was_not_published_is_not_known_as_that(queue: JobQueue) -> None:
    assert not queue.add_published(Submission(source("a.pdf"), OPTIONS), JobState.FAILED, Path("/out/a"), "ab", 3)
    assert queue.view.jobs() == []


def test_a_job_that_is_run_again_starts_from_nothing_as_it_is_asked_for_now(queue: JobQueue) -> None:
    job = running(queue)
    queue.work.staged(job.id, "ab")
    queue.work.counted(job.id, 4)
    queue.work.record_pages(job.id, Checkpoint(1, 2), results([1, 2])).result()
    queue.cancel(job.id, "Cancelled.")
    discarded: list[int] = []
    options = ConvertOptions.model_validate({"formats": ["txt"]})
    wish = Submission(job.source, options, priority=3, client="b", profile="fast")
    again, is_new = queue.run_again(job.id, wish, discarded.append)
    assert is_new
    assert discarded == [job.id]
    assert again == shown(queue, job)
    assert (again.state, again.priority, again.client, again.pages_done) == (JobState.QUEUED, 3, "b", 0)
    assert (again.options, again.profile, again.sha256, again.pages) == (options, "fast", None, None)
    assert queue.view.history(job.id)[-1][1:] == (JobState.QUEUED, "asked for again")
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
