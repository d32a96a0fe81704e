"""What is decided when a job's pages are all finished, and what becomes of its result."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.base.errors import CannotGoOn, ChildDied, ChildKilled, OutputUnwritable, PageTimeout
from engine.job.job import Job, JobState, MergeJob, PageBatch
from engine.job.warningkind import WarningKind
from engine.publish.publisher import MANIFEST
from engine.sandbox.protocol import MERGE_LIST, Merged, Opened, PagesDone
from engine.work import endings
from tests.engine.work.stages import Stages, ended

MERGED = Merged(busy_s=0.1)


@pytest.fixture
def stages(tmp_path: Path) -> Iterator[Stages]:
    stages = Stages(tmp_path)
    yield stages
    stages.queue.close()


@pytest.fixture
def job(stages: Stages) -> Job:
    """Of three pages, opened."""
    return stages.open(stages.submit(), Opened(pages=3, busy_s=0.1))


def test_a_job_is_done_when_it_is_published(stages: Stages, job: Job) -> None:
    stages.convert()
    done = stages.merge(job, MERGED)
    assert ended(done) == (JobState.DONE, None)
    assert (stages.folder / "out" / "a" / "a.md").read_text() == "# A\n"
    assert json.loads((stages.folder / "out" / "a" / MANIFEST).read_text())["state"] == "done"
    assert not stages.folder_of(job).exists()
    assert stages.queue.view.pages(job.id) == []


def test_a_link_where_the_list_of_pages_is_to_be_is_not_followed(stages: Stages, job: Job, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("as it was")
    stages.convert()
    (stages.folder_of(job) / MERGE_LIST).symlink_to(elsewhere)
    assert ended(stages.merge(job, MERGED)) == (JobState.DONE, None)
    assert elsewhere.read_text() == "as it was"


def test_warnings_are_counted_by_their_kind(stages: Stages) -> None:
    opened = Opened(pages=1, busy_s=0.1, warnings=("It is a form.", "It burns."), kinds=(WarningKind.FORM,))
    job = stages.open(stages.submit(), opened)
    stages.convert()
    stages.merge(job, Merged(busy_s=0.1, warnings=("Hidden.",), kinds=(WarningKind.HIDDEN,)))
    manifest = json.loads((stages.folder / "out" / "a" / MANIFEST).read_text())
    assert manifest["warnings"] == ["It is a form.", "It burns.", "Hidden."]
    assert manifest["warning_kinds"] == {"hidden": 1, "form": 1, "other": 1}
    counted = stages.queue.view.facts().warnings
    assert {kind: count for kind, count in counted.items() if count} == manifest["warning_kinds"]


def test_a_job_with_failed_pages_is_partial_and_says_which(stages: Stages, job: Job) -> None:
    stages.convert(2)
    partial = stages.merge(job, MERGED)
    assert ended(partial) == (JobState.PARTIAL, "1 of 3 pages failed. Page 2: It burns.")
    assert json.loads((stages.folder / "out" / "a" / MANIFEST).read_text())["state"] == "partial"


def test_a_job_without_a_page_fails_and_nothing_is_merged(stages: Stages, job: Job) -> None:
    stages.convert(1, 2, 3)
    failed = stages.merge(job)
    assert ended(failed) == (JobState.FAILED, "None of its pages could be converted. Page 1: It burns.")
    assert not (stages.folder / "out" / "a").exists()
    assert stages.folder_of(job).exists()  # a retry needs the pages it keeps


def test_a_page_that_is_missing_is_converted_before_anything_is_merged(stages: Stages, job: Job) -> None:
    stages.convert()
    run = stages.conversions.merger._runs.get(job.id)
    assert run is not None
    del run.results[2]
    assert stages.merge(job).state is JobState.RUNNING
    assert stages.is_offered(job)


def test_a_merge_that_takes_too_long_is_tried_once_more_behind_those_that_wait(stages: Stages, job: Job) -> None:
    other = stages.submit("b.pdf")
    stages.convert()
    (stages.folder_of(job) / "out").mkdir()
    late = PageTimeout("The document took longer than 300 s.")
    assert stages.merge(job, late).state is JobState.RUNNING
    stages.open(other, Opened(pages=1, busy_s=0.1))
    stages.queue.cancel(other.id, "Cancelled.")
    stages.open(job, Opened(pages=3, busy_s=0.1))
    assert stages.next() == MergeJob(job.id)
    failed = stages.merge(job, late)
    assert ended(failed) == (
        JobState.FAILED,
        "The pages could not be put together. The document took longer than 300 s.",
    )


def test_the_result_of_a_file_that_was_replaced_meanwhile_is_published_as_such(stages: Stages, job: Job) -> None:
    stages.convert()
    job.source.file.write_bytes(b"%PDF-1.7 newer")
    assert stages.merge(job, MERGED).state is JobState.DONE
    assert json.loads((stages.folder / "out" / "a" / MANIFEST).read_text())["superseded"] is True
    assert job.source.file.read_bytes() == b"%PDF-1.7 newer"


def test_a_result_of_the_newest_version_does_not_call_itself_superseded(stages: Stages, job: Job) -> None:
    stages.convert()
    stages.merge(job, MERGED)
    assert "superseded" not in json.loads((stages.folder / "out" / "a" / MANIFEST).read_text())


def test_the_result_of_an_older_version_does_not_replace_that_of_a_newer_one(
    stages: Stages, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages.convert()
    monkeypatch.setattr(stages.queue.view, "is_overtaken", lambda older: older.id == job.id)
    job.source.file.write_bytes(b"%PDF-1.7 newer")
    given_up = stages.merge(job, MERGED)
    assert ended(given_up) == (JobState.CANCELLED, "The file was replaced; the newer one is converted already.")
    assert not (stages.folder / "out" / "a").exists()
    assert not stages.folder_of(job).exists()


def test_the_result_of_an_older_version_that_is_back_in_its_place_is_published(
    stages: Stages, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages.convert()
    monkeypatch.setattr(stages.queue.view, "is_overtaken", lambda older: older.id == job.id)
    assert stages.merge(job, MERGED).state is JobState.DONE


def test_the_result_of_a_file_that_is_gone_is_published(stages: Stages, job: Job) -> None:
    stages.convert()
    job.source.file.unlink()
    assert stages.merge(job, MERGED).state is JobState.DONE


def test_a_job_cancelled_while_it_is_published_stays_cancelled(
    stages: Stages, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages.convert()
    chosen = stages.queue.work.place_chosen

    def cancelled(job_id: int, place: Path) -> Job:
        placed = chosen(job_id, place)
        stages.queue.cancel(job_id, "Cancelled.")
        return placed

    monkeypatch.setattr(stages.queue.work, "place_chosen", cancelled)
    assert stages.merge(job, MERGED).state is JobState.CANCELLED
    assert not (stages.folder / "out" / "a").exists()


def test_a_process_that_dies_of_the_merge_twice_fails_the_job(stages: Stages, job: Job) -> None:
    stages.convert()
    assert stages.merge(job, ChildDied("It crashed.")).state is JobState.RUNNING
    stages.open(job, Opened(pages=3, busy_s=0.1))
    stages.convert()
    failed = stages.merge(job, PagesDone(busy_s=1))
    assert failed.state is JobState.FAILED
    assert "could not be put together" in (failed.reason or "")


def test_a_process_that_was_killed_for_another_reason_does_not_count(stages: Stages, job: Job) -> None:
    for _ in range(3):
        stages.convert()
        assert stages.merge(job, ChildKilled("It was killed.")).state is JobState.RUNNING
        stages.open(job, Opened(pages=3, busy_s=0.1))


def test_what_is_in_a_jobs_way_puts_it_off_three_times_and_then_fails_it(stages: Stages, job: Job) -> None:
    for _ in range(endings._POSTPONEMENTS):
        stages.convert()
        later = stages.merge(job, CannotGoOn("Something is in the way."))
        assert ended(later) == (JobState.QUEUED, "Something is in the way. It is tried again in a minute.")
        assert not stages.is_offered(job)
        stages.clock.advance(endings._POSTPONE_S)
        stages.queue.offer_delayed()
        stages.open(job, Opened(pages=3, busy_s=0.1))
    stages.convert()
    failed = stages.merge(job, CannotGoOn("Something is in the way."))
    assert ended(failed) == (JobState.FAILED, "Something is in the way.")


def test_a_disk_that_is_full_is_no_jobs_fault(stages: Stages, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    stages.convert()
    with pytest.raises(OutputUnwritable):
        stages.merge(job, OutputUnwritable("The disk is full."))
    assert stages.job(job).state is JobState.RUNNING
    assert stages.is_offered(job)


def test_an_earlier_engines_publication_is_completed_and_not_repeated(
    stages: Stages, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages.convert()
    with monkeypatch.context() as patch:  # it dies between publishing and recording
        patch.setattr(stages.queue.work, "finish", _die)
        with pytest.raises(KeyboardInterrupt):
            stages.merge(job, MERGED)
    assert stages.job(job).state is JobState.RUNNING
    stages.queue.work.reopen(stages.job(job))
    assert ended(stages.open(job)) == (JobState.DONE, None)
    assert not isinstance(stages.next(), PageBatch)


def test_what_another_attempt_has_published_is_no_end_of_this_one(stages: Stages, job: Job) -> None:
    stages.convert()
    stages.merge(job, MERGED)
    stages.queue.retry(job.id, "Again.")
    stages.queue.work.place_chosen(job.id, stages.folder / "out" / "a")
    assert stages.open(job, Opened(pages=3, busy_s=0.1)).state is JobState.RUNNING


def _die(*_: object) -> None:
    raise KeyboardInterrupt


def test_the_source_is_settled_before_others_hear_of_the_end(
    stages: Stages, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[bool] = []
    stages.queue.listen(lambda _: heard.append(stages.folder_of(job).exists()))
    stages.convert()
    stages.merge(job, MERGED)
    assert heard == [False]
