"""Converts page batches, and decides what becomes of the pages when a process dies of one."""

import contextlib
import logging
from dataclasses import replace
from pathlib import Path

from engine.checkpoint import salvage
from engine.display import display_text
from engine.errors import ChildDied, ChildGarbage, ChildKilled, EngineBlocked, HotfolioError, IllegalTransition
from engine.job import Checkpoint, PageBatch, PageResult, PageState
from engine.jobqueue import SUSPECT_BEGUN, SUSPECT_SLOW, JobQueue
from engine.protocol import Event, PageDone, PagesDone, PageStarted, PagesTask, Refused
from engine.run import Hand, Run, Runs, file_name, refusal, wire_path
from engine.scheduler import Scheduler

log = logging.getLogger(__name__)

_MAX_FALSE_STARTS = 3
"""Processes that may die before a page is begun until the document is held to be the cause."""


class BatchConverter:
    """Thread-safe: what it changes is in the `Run`, the queue and the tracker."""

    def __init__(self, queue: JobQueue, runs: Runs, state_folder: Path) -> None:
        self._queue = queue
        self._tracker = queue.tracker
        self._runs = runs
        self._state_folder = state_folder

    def convert(self, batch: PageBatch, hand: Hand) -> None:
        """Convert a batch; whatever happens, its finished pages are kept and the others go back or are failed."""
        run = self._runs.get(batch.job_id)
        if run is None:
            self._queue.with_scheduler(lambda scheduler: scheduler.batch_finished(batch, None))
            return
        finished: list[PageResult] = []
        current: int | None = None

        def on_event(event: Event) -> None:
            nonlocal current
            match event:
                case PageStarted() | PageDone() if event.page not in batch.pages:
                    raise ChildGarbage(f"The conversion process spoke of page {event.page}, which it was not given.")
                case PageStarted():
                    current = event.page
                    self._suspect(run, SUSPECT_BEGUN)
                    self._tracker.page_started(hand.number, batch.job_id, event.page)
                case PageDone() if event.page == current:
                    current = None
                    result = PageResult(
                        event.page,
                        event.state,
                        event.seconds,
                        event.via,
                        None if event.error is None else display_text(event.error),
                    )
                    result = self._with_reason(run, result)
                    finished.append(result)
                    self._tracker.page_done(hand.number, batch.job_id, result)
                case _:
                    pass

        task = PagesTask(
            folder=wire_path(run.folder),
            name=file_name(run.job),
            options=run.job.options,
            first=batch.first,
            last=batch.last,
            text_only=batch.text_only,
            password=run.password,
        )
        seconds: float | None = None
        back: list[PageBatch] = [batch]
        try:
            answer = hand.sandbox().run(task, on_event)
            if isinstance(answer, Refused):
                raise refusal(answer, self._state_folder)
            if not isinstance(answer, PagesDone) or {r.page for r in finished} != set(batch.pages):
                raise ChildGarbage("The conversion process said it was done when it was not.")
            self._record(run, batch.first, batch.last, finished)
            seconds, back = sum(r.seconds for r in finished), []
        except HotfolioError as error:
            if current is not None:
                self._tracker.page_given_up(hand.number, batch.job_id, current)
            finished = self._salvage(run, batch, finished, hand.number)
            if current in {r.page for r in finished}:
                current = None
            if isinstance(error, EngineBlocked):
                back = _remainder(batch, finished)
                raise
            if self._runs.get(batch.job_id) is None:
                back = []
            elif isinstance(error, ChildKilled):
                back = _remainder(batch, finished)
            else:
                back = self._after_death(run, batch, finished, current, error)
        finally:
            self._queue.with_scheduler(lambda scheduler: _hand_back(scheduler, batch, seconds, back))

    def suspect_slow(self, job_id: int) -> None:
        """A page of the job has been under way for seconds."""
        run = self._runs.get(job_id)
        if run is not None:
            self._suspect(run, SUSPECT_BEGUN + SUSPECT_SLOW)

    def _suspect(self, run: Run, points: int) -> None:
        with run.lock:
            more = points - run.suspicion
            run.suspicion = max(run.suspicion, points)
        if more > 0:
            self._queue.store.suspect(run.job.id, more)

    def _with_reason(self, run: Run, result: PageResult) -> PageResult:
        """The result, and why the page was not read in the ordinary way."""
        with run.lock:
            reason = run.reasons.get(result.page)
        return result if reason is None or result.error else replace(result, error=reason)

    def _record(self, run: Run, first: int, last: int, finished: list[PageResult]) -> None:
        """Have finished pages recorded; the worker does not wait for the disk."""
        checkpoint = Checkpoint(first, last)
        future = self._queue.store.record(run.job.id, checkpoint, finished)
        self._tracker.tally.pages_finished(finished)
        with run.lock:
            run.results.update((r.page, r) for r in finished)
            run.checkpoints.append(checkpoint)
            run.pending.append(future)
            run.suspicion = 0

    def _salvage(self, run: Run, batch: PageBatch, finished: list[PageResult], worker: int) -> list[PageResult]:
        """Keep the pages a process had finished before it died; returns those that are safe."""
        safe = salvage(run.folder / "pages", Checkpoint(batch.first, batch.last))
        if safe:
            safe = [self._with_reason(run, r) for r in safe]
            self._record(run, batch.first, safe[-1].page, safe)
        announced = {r.page for r in finished}
        if announced - {r.page for r in safe}:
            with run.lock:
                known = list(run.results.values())
            self._tracker.pages_restored(run.job.id, known)
        else:
            for result in safe:
                if result.page not in announced:
                    self._tracker.page_done(worker, run.job.id, result)
        return safe

    def _after_death(
        self,
        run: Run,
        batch: PageBatch,
        finished: list[PageResult],
        current: int | None,
        error: HotfolioError,
    ) -> list[PageBatch]:
        """What is still to be done of a batch whose process died, the page it died on by itself."""
        log.warning("job %d page %s: %s", batch.job_id, current or "?", error)
        if current is None:
            with run.lock:
                run.trouble[0] += not finished
                hopeless = run.trouble[0] >= _MAX_FALSE_STARTS
            if hopeless:
                message = f"No page could be begun. {error}"
                with contextlib.suppress(IllegalTransition):
                    self._queue.fail(batch.job_id, message)
                return []
            return _remainder(batch, finished)
        with run.lock:
            run.trouble[current] += 1
            crashed_once = isinstance(error, ChildDied | ChildGarbage) and run.trouble[current] == 1
            if not crashed_once and not batch.text_only:
                run.reasons[current] = f"Only plain text: the layout step failed. {error}"
        others = _remainder(batch, [*finished, PageResult(current, PageState.FAILED, 0.0)])
        if not crashed_once and batch.text_only:
            self._fail_page(run, current, str(error))
            return others
        return [*others, PageBatch(batch.job_id, current, current, batch.text_only or not crashed_once)]

    def _fail_page(self, run: Run, page: int, reason: str) -> None:
        result = PageResult(page, PageState.FAILED, 0.0, "none", reason)
        future = self._queue.store.record(run.job.id, None, [result])
        self._tracker.tally.page_lost()
        with run.lock:
            run.results[page] = result
            run.pending.append(future)
        self._tracker.page_failed(run.job.id, result)


def _hand_back(scheduler: Scheduler, batch: PageBatch, seconds: float | None, back: list[PageBatch]) -> None:
    for part in back:
        scheduler.put_back(part)
    scheduler.batch_finished(batch, seconds)


def _remainder(batch: PageBatch, finished: list[PageResult]) -> list[PageBatch]:
    done = {r.page for r in finished}
    left = page_ranges([page for page in batch.pages if page not in done])
    return [PageBatch(batch.job_id, pages[0], pages[-1], batch.text_only) for pages in left]


def page_ranges(pages: list[int]) -> list[range]:
    """Sorted numbers as runs of consecutive ones."""
    runs: list[range] = []
    for page in pages:
        if runs and runs[-1].stop == page:
            runs[-1] = range(runs[-1].start, page + 1)
        else:
            runs.append(range(page, page + 1))
    return runs
