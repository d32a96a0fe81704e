"""Small documents, which the process that opens them converts and merges as well."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.base.errors import ChildDied, OutputUnwritable, PageTimeout
from engine.job.job import Checkpoint, Job, JobState, MergeJob, OpenJob, PageBatch, PageState
from engine.job.options import ConverterName
from engine.publish.publisher import MANIFEST, Publisher
from engine.sandbox.protocol import (
    OUT,
    PAGES,
    Begun,
    Event,
    Lacking,
    Merged,
    Opened,
    OpenTask,
    PageDone,
    PagesDone,
    PageStarted,
)
from engine.sandbox.stages import Stage
from engine.work.onego import MOST_PAGES
from engine.work.staging import COPY
from tests.engine.work.stages import Stages, ended

BEGUN = Begun(opened=Opened(pages=2, busy_s=0.1, warnings=("It is a form.",)))
MERGED = Merged(busy_s=0.1)


def started(page: int) -> PageStarted:
    return PageStarted(page=page)


def done(page: int, state: PageState = PageState.OCR) -> PageDone:
    error = "It burns." if state is PageState.FAILED else None
    return PageDone(page=page, state=state, seconds=0.1, via="ocr", error=error)


BOTH = (started(1), done(1), started(2), done(2))


class Going(Stages):
    """With a process that says one thing after the other while it opens a document, and writes what it says."""

    meanwhile: Callable[[], object] = staticmethod(lambda: None)

    def _run(self, task: Any, on_event: Callable[[Event], None]) -> Event:
        if not isinstance(task, OpenTask):
            return super()._run(task, on_event)
        self.tasks.append(task)
        folder = self._desk(task.desk).path
        for name in (PAGES, OUT):
            (folder / name).mkdir(exist_ok=True)
        part = folder / PAGES / Checkpoint(1, 2).part
        while True:
            said = self.answers.pop(0)
            if isinstance(said, Exception):
                raise said
            if isinstance(said, PageDone):
                with part.open("a") as stream:
                    stream.write(said.model_dump_json() + "\n")
            if isinstance(said, PagesDone):
                part.rename(part.with_name(Checkpoint(1, 2).file))
            if isinstance(said, Merged):
                (folder / OUT / "a.md").write_text("# A\n")
                for name in ("page-sizes.json", "page-reasons.json"):
                    (folder / name).write_text("{}")
            if not isinstance(said, Begun | PageStarted | PageDone):
                return said
            on_event(said)
            self.meanwhile()


@pytest.fixture
def stages(tmp_path: Path) -> Iterator[Going]:
    stages = Going(tmp_path)
    yield stages
    stages.queue.close()


def test_a_small_document_is_done_when_it_was_opened(stages: Going) -> None:
    job = stages.open(stages.submit(), BEGUN, *BOTH, MERGED)
    assert ended(job) == (JobState.DONE, "It is a form.")
    assert (job.pages, job.pages_done, job.pages_ocr, job.attempts) == (2, 2, 2, 0)
    manifest = json.loads((stages.folder / "out" / "a" / MANIFEST).read_text())
    assert [(page["page"], page["via"]) for page in manifest["pages"]] == [(1, "ocr"), (2, "ocr")]
    assert manifest["source"]["sha256"] == job.sha256
    (task,) = stages.tasks
    assert (task.in_one_go.pages, task.in_one_go.sha256) == (MOST_PAGES, job.sha256)
    assert (stages.queue.view.facts().pages[PageState.OCR], stages.next()) == (2, None)


@pytest.mark.parametrize("options", [{"pages": "1-2"}, {"converter": ConverterName.VLM}])
def test_nobody_is_asked_to_go_on_with_part_of_a_document_or_with_pages_read_elsewhere(
    stages: Going, options: dict[str, Any]
) -> None:
    stages.open(stages.submit(**options), Opened(pages=2, busy_s=0.1))
    assert stages.tasks[0].in_one_go is None


def test_a_process_that_goes_on_unasked_is_not_believed(stages: Going) -> None:
    job = stages.submit(pages="1-2")
    assert stages.open(job, BEGUN, *BOTH, MERGED).state is JobState.RUNNING
    assert stages.is_offered(job)


def test_pages_are_shown_as_they_are_finished(stages: Going) -> None:
    shown: list[tuple[int | None, int]] = []
    job = stages.submit()

    def look() -> None:
        snapshot = stages.queue.view.job(job.id)
        assert snapshot is not None
        shown.append((snapshot.job.pages, snapshot.pages_done))

    stages.meanwhile = look  # type: ignore[method-assign]
    stages.open(job, BEGUN, *BOTH, MERGED)
    assert shown == [(2, 0), (2, 0), (2, 1), (2, 1), (2, 2)]


def test_a_page_that_kills_the_process_is_tried_again_alone_and_the_ones_before_it_are_kept(stages: Going) -> None:
    job = stages.open(stages.submit(), BEGUN, started(1), done(1), started(2), ChildDied("It died."))
    assert (job.state, job.pages_done) == (JobState.RUNNING, 1)
    assert stages.next() == PageBatch(job.id, 2, 2)


def test_a_page_that_hangs_is_read_as_plain_text(stages: Going) -> None:
    job = stages.open(stages.submit(), BEGUN, started(1), PageTimeout("The page took longer."))
    assert stages.next() == PageBatch(job.id, 2, 2)
    assert stages.next() == PageBatch(job.id, 1, 1, text_only=True)


def test_a_process_that_dies_of_the_merge_leaves_the_pages(stages: Going) -> None:
    job = stages.open(stages.submit(), BEGUN, *BOTH, ChildDied("It died."))
    assert (job.state, job.pages_done) == (JobState.RUNNING, 2)
    assert stages.next() == MergeJob(job.id)
    assert stages.merge(job, MERGED).state is JobState.DONE


def test_a_document_with_a_page_that_has_failed_is_merged_with_what_is_known_of_it(stages: Going) -> None:
    failed = (started(1), done(1), started(2), done(2, PageState.FAILED))
    job = stages.open(stages.submit(), BEGUN, *failed, PagesDone(busy_s=0.1))
    assert (job.state, stages.next()) == (JobState.RUNNING, MergeJob(job.id))
    assert stages.merge(job, MERGED).state is JobState.PARTIAL


@pytest.mark.parametrize("events", [(started(1), done(1)), (*BOTH[:3], done(2, PageState.FAILED))])
def test_a_process_that_merges_what_is_not_all_there_is_not_believed(stages: Going, events: tuple[Event, ...]) -> None:
    job = stages.open(stages.submit(), BEGUN, *events, MERGED)
    assert job.state is JobState.RUNNING
    assert not (stages.folder / "out" / "a").exists()


def test_a_page_that_needs_more_goes_to_a_process_that_has_it(stages: Going) -> None:
    going = (started(1), done(1), started(2), Lacking(stage=Stage.OCR, busy_s=0.1))
    job = stages.open(stages.submit(), BEGUN, *going)
    assert (job.pages_done, stages.next()) == (1, PageBatch(job.id, 2, 2))


def test_a_job_that_is_held_meanwhile_is_not_published_and_keeps_its_pages(stages: Going) -> None:
    job = stages.submit()
    stages.meanwhile = lambda: (  # type: ignore[method-assign]
        stages.queue.transition(job.id, JobState.HELD, "held") if len(stages.answers) == 1 else None
    )
    held = stages.open(job, BEGUN, *BOTH, MERGED)
    assert (held.state, held.pages_done) == (JobState.HELD, 2)
    assert not (stages.folder / "out" / "a").exists()


def test_where_the_result_cannot_be_written_the_pages_are_not_converted_again(
    stages: Going, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OutputUnwritable("The disk is full.")

    job = stages.submit()
    with monkeypatch.context() as patch:
        patch.setattr(Publisher, "publish", full)
        with pytest.raises(OutputUnwritable):
            stages.open(job, BEGUN, *BOTH, MERGED)
    stages.open(job, Opened(pages=2, busy_s=0.1))
    assert stages.next() == MergeJob(job.id)


def test_an_engine_that_dies_before_the_end_is_recorded_is_followed_by_one_that_records_all_of_it(
    stages: Going, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    job = stages.submit()
    with monkeypatch.context() as patch:
        patch.setattr(stages.queue.work, "finish", die)
        with pytest.raises(KeyboardInterrupt):
            stages.open(job, BEGUN, *BOTH, MERGED)
    assert (stages.folder / "out" / "a" / MANIFEST).exists()
    stages.queue.work.reopen(stages.job(job))
    ended = stages.open(job)
    assert (ended.state, ended.pages_done, ended.pages_ocr) == (JobState.DONE, 2, 2)


def test_what_a_power_cut_has_left_of_the_copy_is_not_converted(stages: Going) -> None:
    job = interrupted(stages)
    (stages.folder_of(job) / COPY).write_bytes(b"%PDF")
    stages.open(job, BEGUN, *BOTH, MERGED)
    assert stages.tasks[-1].in_one_go is not None


def test_what_a_killed_engine_has_left_of_the_copy_is_gone_on_with(stages: Going) -> None:
    job = interrupted(stages)
    stages.open(job, Opened(pages=2, busy_s=0.1))
    assert stages.tasks[-1].in_one_go is None


def interrupted(stages: Going) -> Job:
    """A job of a small document whose process has not come to its end."""
    job = stages.submit()
    stages.open(job, ChildDied("It died."))
    assert stages.queue.view.stored(job.id).state is JobState.RUNNING
    return job


def test_it_takes_no_other_worker(stages: Going) -> None:
    job = stages.submit()
    others: list[object] = []
    stages.meanwhile = lambda: others.append(  # type: ignore[method-assign]
        stages.queue.work.next_work(2, lambda: True, 0.0)
    )
    assert stages.open(job, BEGUN, *BOTH, MERGED).state is JobState.DONE
    assert {*others} == {None}
    assert OpenJob(job.id) not in others
