"""What is decided when a document is opened."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.base.errors import ChildDied, OutputUnwritable, PageTimeout
from engine.job.job import JobState, PageBatch
from engine.sandbox.protocol import Opened, OpenTask, PagesDone, Refused
from tests.engine.work.stages import Stages, ended

OPENED = Opened(pages=3, busy_s=0.1)
LATE = 61.0


@pytest.fixture
def stages(tmp_path: Path) -> Iterator[Stages]:
    stages = Stages(tmp_path, waits_for_late_files=True)
    yield stages
    stages.queue.close()


def test_an_open_document_is_staged_counted_and_given_out(stages: Stages) -> None:
    job = stages.open(stages.submit(content=b"%PDF-1.7 x"), OPENED)
    assert (job.state, job.pages) == (JobState.RUNNING, 3)
    assert job.sha256 == hashlib.sha256(b"%PDF-1.7 x").hexdigest()
    batch = stages.next()
    assert isinstance(batch, PageBatch)
    assert batch.first == 1


def test_only_the_selected_pages_are_given_out(stages: Stages) -> None:
    job = stages.open(stages.submit(pages="2"), OPENED)
    assert job.pages == 1
    assert stages.next() == PageBatch(job.id, 2, 2)


def test_a_selection_of_pages_that_are_not_there_fails_with_how_many_there_are(stages: Stages) -> None:
    job = stages.open(stages.submit(pages="7-9"), OPENED)
    assert ended(job) == (JobState.FAILED, "The document has 3 pages; none of 7-9 is among them.")


def test_a_source_that_is_gone_cancels_its_job(stages: Stages) -> None:
    job = stages.submit()
    job.source.file.unlink()
    assert ended(stages.open(job)) == (JobState.CANCELLED, "The source was removed before it was converted.")


def test_a_source_that_has_changed_cancels_its_job(stages: Stages) -> None:
    job = stages.submit()
    job.source.file.write_bytes(b"%PDF-1.7, and more")
    job = stages.open(job)
    assert job.state is JobState.CANCELLED
    assert "was replaced before it was converted" in (job.reason or "")


@pytest.mark.parametrize("kind", ["damaged", "not_a_pdf"])
def test_a_young_file_that_cannot_be_parsed_waits_until_it_is_a_minute_old(stages: Stages, kind: str) -> None:
    job = stages.submit()
    opened = stages.open(job, Refused(kind=kind, message="It ends too early."))
    assert opened.state is JobState.QUEUED
    assert "Not ready yet?" in (opened.reason or "")
    assert not stages.folder_of(job).exists()  # so that it is copied anew
    assert not stages.is_offered(job)
    stages.clock.advance(LATE)
    stages.queue.offer_delayed()
    assert stages.is_offered(job)


def test_an_old_file_that_cannot_be_parsed_fails(stages: Stages) -> None:
    job = stages.open(stages.submit(age_s=LATE), Refused(kind="damaged", message="It ends too early."))
    assert ended(job) == (JobState.FAILED, "It ends too early.")


def test_a_young_file_fails_at_once_where_nothing_arrives_late(tmp_path: Path) -> None:
    stages = Stages(tmp_path)
    job = stages.open(stages.submit(), Refused(kind="damaged", message="It ends too early."))
    assert ended(job) == (JobState.FAILED, "It ends too early.")
    stages.queue.close()


def test_a_document_that_takes_too_long_to_open_fails_and_is_not_opened_again(stages: Stages) -> None:
    why = "Opening the document took longer than 60 s (open_timeout)."
    job = stages.open(stages.submit(), PageTimeout(why))
    assert ended(job) == (JobState.FAILED, why)
    stages.clock.advance(1e6)
    stages.queue.offer_delayed()
    assert stages.next() is None


def test_a_process_that_dies_of_a_document_twice_fails_it(stages: Stages) -> None:
    job = stages.submit()
    assert stages.open(job, ChildDied("It crashed.")).state is JobState.RUNNING
    again = stages.open(job, ChildDied("It crashed."))
    assert ended(again) == (JobState.FAILED, "The document could not be opened. It crashed.")


def test_a_process_that_answers_something_else_is_not_believed(stages: Stages) -> None:
    job = stages.submit()
    assert stages.open(job, PagesDone(busy_s=1)).pages is None
    again = stages.open(job, PagesDone(busy_s=1))
    assert again.state is JobState.FAILED


def test_what_no_job_is_to_blame_for_blocks_all_and_keeps_the_job(stages: Stages) -> None:
    job = stages.submit()
    with pytest.raises(OutputUnwritable):
        stages.open(job, OutputUnwritable("The disk is full."))
    assert stages.job(job).state is JobState.RUNNING
    assert stages.is_offered(job)


def test_a_job_that_was_cancelled_meanwhile_is_not_offered_again(
    stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = stages.submit()

    def cancelled(task: object, _: object) -> None:
        stages.queue.cancel(job.id, "Cancelled.")
        raise OutputUnwritable("The disk is full.")

    monkeypatch.setattr(stages, "_run", cancelled)
    assert stages.open(job).state is JobState.CANCELLED
    assert not stages.is_offered(job)


def test_the_passwords_of_the_file_are_for_documents_that_ask(tmp_path: Path) -> None:
    passwords = tmp_path / "passwords"
    passwords.write_text("one\ntwo\n")
    passwords.chmod(0o600)
    stages = Stages(tmp_path, passwords_file=passwords)
    stages.open(stages.submit("open.pdf"), OPENED)
    locked = stages.submit("locked.pdf")
    stages.convert()
    stages.queue.work.next_work(1, lambda: True, 0.0)
    stages.tasks.clear()
    stages.answers = [Refused(kind="password", message="Locked."), Opened(pages=1, busy_s=0.1, candidate=1)]
    stages.conversions.opener.open(locked.id, stages.hand)
    first, second = stages.tasks
    assert isinstance(first, OpenTask)
    assert (first.candidates, second.candidates) == ((), ("one", "two"))
    assert stages.conversions.passwords.of(locked.id) == "two"
    stages.queue.close()


def test_a_password_that_was_not_among_those_given_is_garbage(tmp_path: Path) -> None:
    stages = Stages(tmp_path)
    job = stages.submit()
    for _ in range(2):
        stages.open(job, Opened(pages=1, busy_s=0.1, candidate=0))
    assert ended(stages.job(job))[0] is JobState.FAILED
    assert stages.conversions.passwords.of(job.id) is None
    stages.queue.close()


def test_pages_that_are_recorded_and_still_there_are_not_converted_again(stages: Stages) -> None:
    job = stages.submit()
    stages.open(job, OPENED)
    stages.convert()
    (stages.folder_of(job) / "out").mkdir()
    stages.queue.work.reopen(stages.job(job))
    stages.open(job, OPENED)
    assert not isinstance(stages.next(), PageBatch)


def test_recorded_pages_whose_file_is_gone_are_converted_again(stages: Stages) -> None:
    job = stages.submit()
    stages.open(job, OPENED)
    stages.convert()
    (stages.folder_of(job) / "out").mkdir()
    for file in (stages.folder_of(job) / "pages").iterdir():
        file.unlink()
    stages.queue.work.reopen(stages.job(job))
    stages.open(job, OPENED)
    assert isinstance(stages.next(), PageBatch)


def test_a_job_that_has_come_to_nothing_keeps_no_password(stages: Stages) -> None:
    job = stages.submit()
    stages.conversions.passwords.set(job.id, "wrong")
    stages.open(job, Refused(kind="password", message="Wrong."))
    assert stages.job(job).state is JobState.FAILED
    assert stages.conversions.passwords.of(job.id) is None
