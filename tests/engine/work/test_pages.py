"""What becomes of a batch's pages when several are under way at once and their process dies, or does not."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest

from engine.base.errors import ChildDied, HotfolioError, PageTimeout, StateLost
from engine.job.job import Checkpoint, JobState, PageBatch, PageResult, PageState, Submission
from engine.job.options import ConvertOptions
from engine.queue.jobqueue import JobQueue
from engine.queue.progress import ProgressTracker
from engine.queue.scheduler import MergeJob, OpenJob, Scheduler
from engine.queue.store import JobStore
from engine.sandbox.backend import Limits, Readings, Sandbox
from engine.sandbox.desk import LocalDesk
from engine.sandbox.protocol import Event, Lacking, PageDone, PagesDone, PageStarted
from engine.sandbox.stages import Stage
from engine.settings.live import LiveSettings
from engine.settings.passwords import Passwords
from engine.settings.settings import Settings
from engine.work.checkpoint import salvage_all
from engine.work.endings import Endings
from engine.work.jobfolders import JobFolders
from engine.work.pages import BatchConverter
from engine.work.runs import Hand, Run, Runs
from tests.clock import Clock
from tests.engine.making import result, source

CEILING_S = 100
OPTIONS = ConvertOptions(converter="vlm", vlm_timeout=10)


class FakeSandbox:
    def __init__(self, run: Callable[[Any, Callable[[Event], None]], Event], stage: Stage, seconds: float) -> None:
        """Each event takes so many seconds."""
        self.stage = stage
        self._run = run
        self._seconds = seconds
        self._worked_s = 0.0

    def run(self, task: Any, on_event: Callable[[Event], None]) -> Event:
        def hear(event: Event) -> None:
            self._worked_s += self._seconds
            on_event(event)

        return self._run(task, hear)

    def readings(self) -> Readings:
        return Readings(None, 0, 0, 0, None, self._worked_s)


@dataclass
class Bench:
    """A job of ten pages, one worker with all of them in hand, and a process that does as it is told."""

    queue: JobQueue
    run: Run
    batches: BatchConverter
    batch: PageBatch
    needed: list[Stage] = field(default_factory=list)
    seconds_an_event: float = 0.0
    lost: StateLost | None = None
    """What has become of the state folder."""

    def check_hold(self) -> None:
        if self.lost is not None:
            raise self.lost

    def line(self, page: int, state: PageState = PageState.OK) -> bytes:
        return json.dumps(asdict(result(page, state))).encode() + b"\n"

    def convert(
        self,
        batch: PageBatch,
        *events: Event,
        lines: bytes,
        end: HotfolioError | None = None,
        is_renamed: bool = False,
        is_lost: bool = False,
        answer: Event | None = None,
    ) -> None:
        """Have a process say this, having written these lines, and end so, or well."""

        def run(task: Any, on_event: Callable[[Event], None]) -> Event:
            part = self.run.desk.path / "pages" / Checkpoint(task.first, task.last).part
            part.write_bytes(lines)
            for event in events:
                on_event(event)
            if (end is None and answer is None) or is_renamed:
                part.rename(part.with_suffix(""))
            if is_lost:
                part.with_suffix("").unlink()
            if end is not None:
                raise end
            return answer or PagesDone(busy_s=1)

        def process(needs: Stage) -> Sandbox:
            self.needed.append(needs)
            return cast(Sandbox, FakeSandbox(run, needs, self.seconds_an_event))

        self.batches.convert(batch, Hand(1, process))

    def next(self) -> list[PageBatch | MergeJob]:
        """Everything that is still to be done."""
        found: list[PageBatch | MergeJob] = []
        while isinstance(work := self.queue.work.next_work(1, lambda: True, 0), PageBatch | MergeJob):
            found.append(work)
        return found


@pytest.fixture
def bench(tmp_path: Path, clock: Clock) -> Iterator[Bench]:
    store, tracker = JobStore(tmp_path, clock), ProgressTracker(clock)
    queue = JobQueue(store, Scheduler(remote_pages=10), tracker, clock)
    ((job, _),) = queue.add([Submission(source(), OPTIONS)])
    assert queue.work.next_work(1, lambda: True, 0) == OpenJob(job.id)
    assert queue.work.claim(job.id) is not None
    running = queue.work.counted(job.id, 10)
    run = Run(running, LocalDesk("job", tmp_path / "job"))
    (run.desk.path / "pages").mkdir(parents=True)
    (run.desk.path / "out").mkdir()
    runs = Runs(queue.view)
    runs.put(run)
    queue.work.opened(job.id, [], [range(1, 11)])
    work = queue.work.next_work(1, lambda: True, 0)
    assert isinstance(work, PageBatch)
    assert len(work) == 10
    folders = JobFolders(tmp_path, lambda name: LocalDesk(name, tmp_path / name))
    endings = Endings(queue, runs, folders, Passwords(lambda: None), lambda: bench.check_hold())
    settings = LiveSettings(Settings(output=tmp_path, document_timeout=CEILING_S))
    bench = Bench(queue, run, BatchConverter(settings, queue, runs, endings), work)
    yield bench
    store.close()


def started(*pages: int) -> list[Event]:
    return [PageStarted(page=page) for page in pages]


def done(*pages: int) -> list[Event]:
    return [PageDone(page=page, state=PageState.OK, seconds=0.5, via="vlm") for page in pages]


def test_pages_may_be_finished_in_any_order(bench: Bench) -> None:
    order = (3, 1, 10, 2, 4, 9, 5, 8, 7, 6)
    lines = b"".join(bench.line(page) for page in order)
    bench.convert(bench.batch, *started(*range(1, 11)), *done(*order), lines=lines)
    assert sorted(bench.run.results) == [*range(1, 11)]
    assert bench.next() == [MergeJob(bench.run.job.id)]


def test_a_process_that_dies_of_one_of_several_pages_leaves_those_it_had_finished(bench: Bench) -> None:
    lines = bench.line(7) + bench.line(3)
    events = [*started(*range(1, 9)), *done(7, 3)]
    bench.convert(bench.batch, *events, lines=lines, end=ChildDied("It died."))
    assert sorted(bench.run.results) == [3, 7]
    assert bench.run.checkpoints == [Checkpoint(3, 7)]
    assert (bench.run.desk.path / "pages" / "000003-000007.jsonl").exists()
    job_id = bench.run.job.id
    redone = bench.next()
    alone = [PageBatch(job_id, page, page) for page in (1, 2, 4, 5, 6, 8)]
    assert [work for work in redone if work in alone] == list(reversed(alone))
    assert [work for work in redone if work not in alone] == [PageBatch(job_id, 9, 10), MergeJob(job_id)]


def test_none_of_several_pages_is_held_to_be_bad_until_its_process_dies_of_it_alone(bench: Bench) -> None:
    bench.convert(bench.batch, *started(*range(1, 11)), lines=b"", end=PageTimeout("Too long."))
    assert not bench.run.trouble
    assert not bench.run.reasons
    first = bench.queue.work.next_work(1, lambda: True, 0)
    assert isinstance(first, PageBatch)
    assert len(first) == 1
    bench.convert(first, *started(first.first), lines=b"", end=PageTimeout("Too long."))
    assert bench.run.trouble == {first.first: 1}
    assert PageBatch(first.job_id, first.first, first.first, text_only=True) in bench.next()


@pytest.mark.parametrize("begun", [True, False])
def test_no_page_and_no_job_is_to_blame_where_the_state_folder_was_taken_away(bench: Bench, begun: bool) -> None:
    """Processes then fail to write before the engine itself has looked."""
    bench.lost = StateLost("The lock was moved.")
    batch = bench.batch
    for _ in range(4):
        with pytest.raises(StateLost):
            bench.convert(batch, *(started(1) if begun else ()), lines=b"", end=ChildDied("It could not write."))
        work = bench.queue.work.next_work(1, lambda: True, 0)
        assert isinstance(work, PageBatch)
        batch = work
    assert not bench.run.trouble
    assert not bench.run.reasons
    assert bench.queue.view.stored(bench.run.job.id).state is JobState.RUNNING
    assert bench.run.desk.path.exists()


def test_a_document_of_which_no_page_can_be_begun_has_failed_and_leaves_nothing(bench: Bench) -> None:
    batch: object = bench.batch
    for _ in range(3):
        assert isinstance(batch, PageBatch)
        bench.convert(batch, lines=b"", end=ChildDied("It died."))
        batch = bench.queue.work.next_work(1, lambda: True, 0)
    assert batch is None
    job = bench.queue.view.stored(bench.run.job.id)
    assert (job.state, job.reason) == (JobState.FAILED, "No page could be begun. It died.")


@pytest.mark.parametrize(
    ("end", "stands_back"), [(PageTimeout("Too long."), True), (ChildDied("It died."), False), (None, False)]
)
def test_a_job_stands_back_behind_those_who_wait_when_a_page_of_it_has_hung_and_only_then(
    bench: Bench, end: HotfolioError | None, stands_back: bool
) -> None:
    ((other, _),) = bench.queue.add([Submission(source("b.pdf"), OPTIONS)])
    batch = PageBatch(bench.batch.job_id, 1, 2)
    bench.queue.work.batch_over(bench.batch, None, [PageBatch(bench.batch.job_id, 3, 10)])
    lines = bench.line(1) + bench.line(2)
    events = [*started(1), *done(1), *started(2), *([] if end else done(2))]
    bench.convert(batch, *events, lines=lines, end=end)
    work = bench.queue.work.next_work(1, lambda: True, 0)
    assert work is not None
    assert work.job_id == (other.id if stands_back else bench.batch.job_id)
    moved = bench.queue.view.stored(bench.batch.job_id).position > bench.queue.view.stored(other.id).position
    assert moved == stands_back  # so that it is behind it also for the next engine


def test_a_process_that_finishes_a_page_it_has_not_begun_is_not_believed(bench: Bench) -> None:
    lines = b"".join(bench.line(page) for page in range(1, 11))
    bench.convert(bench.batch, *started(1), *done(*range(1, 11)), lines=lines)
    assert not bench.run.results
    assert bench.next()[0] == bench.batch


def test_a_process_that_speaks_of_a_page_it_was_not_given_keeps_what_it_had_finished_before(bench: Bench) -> None:
    batch = PageBatch(bench.batch.job_id, 1, 5)
    bench.convert(batch, *started(1), *done(1), *started(2, 6), *done(2), lines=bench.line(1))
    assert sorted(bench.run.results) == [1]


def test_a_page_that_waits_for_the_model_is_not_suspected_of_being_slow(bench: Bench) -> None:
    bench.batches.suspect_slow(bench.run.job.id)
    assert bench.run.suspicion == 0


def test_a_process_that_dies_after_its_last_page_and_before_saying_so_costs_no_page(bench: Bench) -> None:
    batch = PageBatch(bench.batch.job_id, 1, 2)
    lines = bench.line(1) + bench.line(2)
    died = ChildDied("It was killed.")
    bench.convert(batch, *started(1), *done(1), *started(2), *done(2), lines=lines, end=died, is_renamed=True)
    assert sorted(bench.run.results) == [1, 2]
    assert bench.run.checkpoints == [Checkpoint(1, 2)]


def test_pages_whose_file_is_not_there_are_converted_again(bench: Bench) -> None:
    batch = PageBatch(bench.batch.job_id, 1, 2)
    lines = bench.line(1) + bench.line(2)
    bench.convert(batch, *started(1), *done(1), *started(2), *done(2), lines=lines, is_lost=True)
    assert not bench.run.results
    assert not bench.run.checkpoints
    assert batch in bench.next()


# --- the ceiling of a document ---


def test_a_document_beyond_its_ceiling_keeps_what_is_finished_and_loses_all_else(bench: Bench) -> None:
    bench.seconds_an_event = CEILING_S / 3.5
    (batch, others) = PageBatch(bench.batch.job_id, 1, 4), PageBatch(bench.batch.job_id, 5, 10)
    alone = PageBatch(bench.batch.job_id, 8, 8, text_only=True)
    bench.queue.work.batch_over(bench.batch, None, [replace(others, last=7), alone, replace(others, first=9)])
    lines = bench.line(1) + bench.line(2)
    bench.convert(batch, *started(1), *done(1), *started(2), *done(2), *started(3), lines=lines)
    assert {page for page, result in bench.run.results.items() if result.state is PageState.OK} == {1, 2}
    why = "Converting the document took longer than 100 s (document_timeout)."
    assert {page: r.error for page, r in bench.run.results.items() if r.state is PageState.FAILED} == dict.fromkeys(
        range(3, 11), why
    )
    assert bench.next() == [MergeJob(batch.job_id)]
    written = bench.queue.view.pages(batch.job_id)
    assert sorted((r.page, r.state) for r in written) == sorted((r.page, r.state) for r in bench.run.results.values())


def test_pages_that_another_worker_gives_back_after_that_are_not_begun(bench: Bench) -> None:
    bench.run.worked_s = CEILING_S + 1.0
    bench.convert(bench.batch, *started(1), *done(1), lines=bench.line(1))
    assert {r.state for r in bench.run.results.values()} == {PageState.FAILED}
    assert len(bench.run.results) == 10


# --- checkpoint files ---


def test_lines_in_any_order_are_salvaged_and_what_follows_nonsense_is_not(bench: Bench) -> None:
    pages = bench.run.desk.path / "pages"
    good = bench.line(4) + bench.line(2)
    for rest in (b"nonsense\n", bench.line(2), bench.line(99), bench.line(3)[:-1]):
        (pages / Checkpoint(1, 6).part).write_bytes(good + rest)
        ((checkpoint, results),) = salvage_all(pages, [])
        assert checkpoint == Checkpoint(2, 4)
        assert [r.page for r in results] == [4, 2]
        assert (pages / checkpoint.file).read_bytes() == good
        (pages / checkpoint.file).unlink()


def test_a_salvaged_file_that_is_not_recorded_yet_is_found_again_under_its_name(bench: Bench) -> None:
    pages = bench.run.desk.path / "pages"
    (pages / Checkpoint(2, 4).file).write_bytes(bench.line(4) + bench.line(2))
    ((checkpoint, results),) = salvage_all(pages, [])
    assert (checkpoint, [r.page for r in results]) == (Checkpoint(2, 4), [4, 2])
    assert not list(salvage_all(pages, [checkpoint]))


# --- deadlines ---


def test_a_page_that_is_sent_to_the_model_has_the_time_that_all_attempts_may_take() -> None:
    from engine.sandbox.protocol import PagesTask

    limits = Limits(page_timeout_s=60)
    task = PagesTask(desk="1", name="", options=OPTIONS, first=1, last=2)
    assert limits.page_limit_s(task) > OPTIONS.vlm_patience_s > 4 * 10
    for other in (
        task.model_copy(update={"text_only": True}),
        task.model_copy(update={"options": ConvertOptions()}),
        task.model_copy(update={"options": ConvertOptions(converter="vlm", formats=("png",))}),
    ):
        assert limits.page_limit_s(other) == 60


# --- trying again ---


def test_a_job_tried_again_asks_the_model_for_the_pages_that_are_plain_text(bench: Bench) -> None:
    job_id = bench.run.job.id
    states = (PageState.OK, PageState.TEXT_ONLY, PageState.FAILED)
    found = [PageResult(page, state, 0.5, "vlm") for page, state in enumerate(states, 1)]
    bench.queue.work.record_pages(job_id, Checkpoint(1, 3), found).result()
    bench.queue.cancel(job_id, "Cancelled.")
    bench.queue.retry(job_id, "Again.")
    assert [r.page for r in bench.queue.view.pages(job_id)] == [1]


def test_a_page_that_needs_more_than_is_loaded_goes_to_a_process_that_has_it(bench: Bench) -> None:
    lines = bench.line(1) + bench.line(2)
    events = [*started(1), *done(1), *started(2), *done(2), *started(3)]
    bench.convert(bench.batch, *events, lines=lines, answer=Lacking(stage=Stage.LAYOUT, busy_s=1))
    assert sorted(bench.run.results) == [1, 2]
    while isinstance(rest := bench.queue.work.next_work(1, lambda: True, 0), PageBatch):
        lines = b"".join(map(bench.line, rest.pages))
        bench.convert(rest, *started(*rest.pages), *done(*rest.pages), lines=lines)
    assert {*bench.needed[1:]} == {Stage.LAYOUT}
    assert sorted(bench.run.results) == [*range(1, 11)]
    assert not bench.run.trouble


def test_a_process_that_claims_to_lack_what_it_has_is_not_believed_for_ever(bench: Bench) -> None:
    work: Any = bench.batch
    while work is not None:
        bench.convert(work, lines=b"", answer=Lacking(stage=Stage.BARE, busy_s=1))
        work = bench.queue.work.next_work(1, lambda: True, 0)
    assert "lacks what it has" in (bench.queue.view.stored(bench.batch.job_id).reason or "")
