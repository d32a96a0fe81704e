"""Converts page batches, and decides what becomes of the pages when a process dies of one."""

import logging

from engine.base.errors import (
    ChildDied,
    ChildGarbage,
    ChildKilled,
    ChildOutgrown,
    DocumentTimeout,
    EngineBlocked,
    HotfolioError,
    PageTimeout,
)
from engine.job.job import Checkpoint, PageBatch, PageResult, PageState
from engine.queue.jobqueue import SUSPECT_BEGUN, SUSPECT_SLOW, JobQueue
from engine.sandbox.protocol import PAGES, Answer, Lacking, PagesDone, PagesTask, Refused
from engine.sandbox.stages import Stage
from engine.settings.live import LiveSettings
from engine.work.attempt import Attempt, with_reason
from engine.work.ceiling import work_on
from engine.work.checkpoint import finished_batch, salvage
from engine.work.endings import Endings
from engine.work.runs import Hand, Run, Runs, file_name, refusal

log = logging.getLogger(__name__)

MODEL_BANNER = "vision model"
"""The banner while it reads no page."""
_MAX_FALSE_STARTS = 3
"""Processes that may die before a page is begun until the document is held to be the cause."""


class BatchConverter:
    """Thread-safe: what it changes is in the `Run` and the queue."""

    def __init__(self, settings: LiveSettings, queue: JobQueue, runs: Runs, endings: Endings) -> None:
        self._live = settings
        self._endings = endings
        self._queue = queue
        self._work = queue.work
        self._runs = runs

    def convert(self, batch: PageBatch, hand: Hand) -> None:
        """Convert a batch; whatever happens, its finished pages are kept and the others go back or are failed."""
        run = self._runs.get(batch.job_id)
        if run is None:
            self._work.batch_over(batch)
            return
        attempt = self.attempt(run, batch, hand)
        task = PagesTask(
            desk=run.desk.name,
            name=file_name(run.job),
            options=run.job.options,
            first=batch.first,
            last=batch.last,
            text_only=batch.text_only,
            password=run.password,
        )
        seconds: float | None = None
        try:
            with run.lock:
                needs = run.needs
            sandbox = hand.sandbox(needs)
            answer = work_on(run, sandbox, task, attempt.hear, self._live.current.document_timeout)
            self.keep(attempt, answer, sandbox.stage)
            seconds = attempt.seconds
        except HotfolioError as error:
            self.break_off(attempt, error)
        finally:
            if run.job.options.asks_model and not batch.text_only:
                self._show_model(attempt.finished)
            self._work.batch_over(batch, seconds, attempt.back)
        self.stand_back(attempt)

    def attempt(self, run: Run, batch: PageBatch, hand: Hand) -> Attempt:
        """A try at a batch."""
        return Attempt(run, batch, hand.number, self._work, lambda: self._suspect(run, SUSPECT_BEGUN))

    def keep(self, attempt: Attempt, answer: Answer, stage: Stage) -> None:
        """Have the pages recorded of a batch that is done, if it is; raises what `break_off` is told of, if not.

        `stage` is what the process has loaded.
        """
        run, batch = attempt.run, attempt.batch
        if isinstance(answer, Lacking):
            raise _outgrown(run, stage, answer.stage)
        if isinstance(answer, Refused):
            raise refusal(answer, self._live.current.state_folder)
        if not isinstance(answer, PagesDone) or not attempt.is_whole:
            raise ChildGarbage("The conversion process said it was done when it was not.")
        checkpoint = Checkpoint(batch.first, batch.last)
        run.desk.fetch_pages(checkpoint)
        self._record(run, checkpoint, attempt.finished)
        attempt.back = []

    def break_off(self, attempt: Attempt, error: HotfolioError) -> None:
        """Keep what was finished of a batch, and decide what becomes of the rest. Raises `EngineBlocked`."""
        run, batch = attempt.run, attempt.batch
        self.salvage(attempt)
        if isinstance(error, EngineBlocked):
            raise error
        self._endings.check_hold()
        if self._runs.get(batch.job_id) is None:
            attempt.back = []
        elif isinstance(error, DocumentTimeout):
            left, attempt.back = attempt.back, []
            self._cut_off(run, left, str(error))
        elif not isinstance(error, ChildKilled):
            attempt.back = self._after_death(run, batch, attempt.finished, attempt.under_way, error)
            attempt.has_hung = isinstance(error, PageTimeout)

    def salvage(self, attempt: Attempt) -> None:
        """Keep the pages that are safe of a batch that has not come to its end."""
        for page in attempt.under_way:
            self._work.page_given_up(attempt.worker, attempt.batch.job_id, page)
        attempt.finished = self._salvage(attempt.run, attempt.batch, attempt.finished, attempt.worker)
        attempt.under_way -= {result.page for result in attempt.finished}
        attempt.back = _remainder(attempt.batch, attempt.finished)

    def stand_back(self, attempt: Attempt) -> None:
        """Have others go first, if a page has hung."""
        run, job_id = attempt.run, attempt.batch.job_id
        if attempt.has_hung and self._runs.is_running(job_id):
            with run.lock:
                run.suspicion = 0
            self._work.stand_back(job_id)

    def _show_model(self, finished: list[PageResult]) -> None:
        """Say so while the vision model reads no page."""
        if any(result.via == "vlm" for result in finished):
            self._queue.set_banner(MODEL_BANNER, None)
        elif unread := [result.error for result in finished if result.error]:
            reason = unread[-1].removeprefix("Only plain text. ")
            self._queue.set_banner(MODEL_BANNER, f"Pages are read without the vision model. {reason}")

    def suspect_slow(self, job_id: int) -> None:
        """A page of the job has been under way for seconds; one that waits for another machine's answer may be."""
        run = self._runs.get(job_id)
        if run is not None and not run.job.options.asks_model:
            self._suspect(run, SUSPECT_BEGUN + SUSPECT_SLOW)

    def _suspect(self, run: Run, points: int) -> None:
        with run.lock:
            more = points - run.suspicion
            run.suspicion = max(run.suspicion, points)
        if more > 0:
            self._work.suspect(run.job.id, more)

    def _record(self, run: Run, checkpoint: Checkpoint, finished: list[PageResult]) -> None:
        """Have finished pages recorded; the worker does not wait for the disk."""
        future = self._work.record_pages(run.job.id, checkpoint, finished)
        with run.lock:
            run.results.update((r.page, r) for r in finished)
            run.checkpoints.append(checkpoint)
            run.pending.append(future)
            run.suspicion = 0

    def _salvage(self, run: Run, batch: PageBatch, finished: list[PageResult], worker: int) -> list[PageResult]:
        """Keep the pages a process had finished before it died; returns those that are safe."""
        safe: list[PageResult] = []
        announced = {r.page for r in finished}
        checkpoint = Checkpoint(batch.first, batch.last)
        salvaged = salvage(run.desk.path / PAGES, checkpoint)
        if salvaged is None and announced == set(batch.pages):
            # It died after its last page, and before it could say that it was done.
            salvaged = finished_batch(run.desk.path / PAGES, checkpoint)
        if salvaged is not None:
            safe = [with_reason(run, r) for r in salvaged[1]]
            self._record(run, salvaged[0], safe)
        if announced - {r.page for r in safe}:
            with run.lock:
                known = list(run.results.values())
            self._work.pages_known(run.job.id, known)
        else:
            for result in safe:
                if result.page not in announced:
                    self._work.page_done(worker, run.job.id, result)
        return safe

    def _after_death(
        self,
        run: Run,
        batch: PageBatch,
        finished: list[PageResult],
        under_way: set[int],
        error: HotfolioError,
    ) -> list[PageBatch]:
        """What is still to be done of a batch whose process died, each page that it may have died of by itself."""
        pages = ", ".join(map(str, sorted(under_way)))
        log.warning("job %d page %s: %s", batch.job_id, pages or "?", error)
        if not under_way:
            with run.lock:
                run.trouble[0] += not finished
                hopeless = run.trouble[0] >= _MAX_FALSE_STARTS
            if hopeless:
                self._endings.fail(batch.job_id, f"No page could be begun. {error}")
                return []
            return _remainder(batch, finished)
        lost = [PageResult(page, PageState.FAILED, 0.0) for page in under_way]
        others = _remainder(batch, [*finished, *lost])
        if len(under_way) > 1:
            # Which of them it was shows when each has a process to itself; until then none is held to be bad.
            alone = [PageBatch(batch.job_id, page, page, batch.text_only) for page in sorted(under_way)]
            return [*others, *alone]
        (current,) = under_way
        with run.lock:
            run.trouble[current] += 1
            crashed_once = isinstance(error, ChildDied | ChildGarbage) and run.trouble[current] == 1
            if not crashed_once and not batch.text_only:
                run.reasons[current] = f"Only plain text: the layout step failed. {error}"
        if not crashed_once and batch.text_only:
            self._lose(run, [current], str(error))
            return others
        return [*others, PageBatch(batch.job_id, current, current, batch.text_only or not crashed_once)]

    def _cut_off(self, run: Run, at_hand: list[PageBatch], reason: str) -> None:
        """Give up what is left of a document; what is finished of it will be published."""
        left = [*at_hand, *self._work.withdraw(run.job.id)]
        pages = [page for batch in left for page in batch.pages]
        log.warning("job %d: %s %d pages are given up.", run.job.id, reason, len(pages))
        self._lose(run, pages, reason)

    def _lose(self, run: Run, pages: list[int], reason: str) -> None:
        results = [PageResult(page, PageState.FAILED, 0.0, "none", reason) for page in pages]
        future = self._work.lose_pages(run.job.id, results)
        with run.lock:
            run.results.update((result.page, result) for result in results)
            run.pending.append(future)


def _outgrown(run: Run, has: Stage, needs: Stage) -> ChildGarbage | ChildOutgrown:
    """Have what follows of the job done by a process that has loaded more than this one has."""
    if needs <= has:
        return ChildGarbage("The conversion process said that it lacks what it has.")
    with run.lock:
        run.needs = max(run.needs, needs)
    return ChildOutgrown("A page needs more than the conversion process has loaded.")


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
