"""OneGo: a small document, which the process that opens it converts and merges in the same breath.

What that spares is all that is done for the sake of more: questions and answers, and making durable what only goes on
from there. Whatever comes in between, the document goes on page by page from where it is.
"""

from collections.abc import Callable

from engine.base.errors import ChildGarbage, HotfolioError
from engine.job.job import Job, PageBatch, PageState, Step
from engine.queue.workqueue import WorkQueue
from engine.sandbox.protocol import Answer, Begun, Event, InOneGo, Merged, Opened
from engine.sandbox.stages import Stage
from engine.work.attempt import Attempt
from engine.work.merger import Merger
from engine.work.pages import BatchConverter
from engine.work.runs import Hand, Run, Runs

MOST_PAGES = 6
"""No more than there are in the first batch of a document, so that others wait no longer."""


def is_wanted(job: Job) -> bool:
    """Whether a document may be done in one go if it is small: all of its pages, and none of them elsewhere."""
    return job.options.pages is None and not job.options.asks_model


class OneGo:
    """For one worker's thread, and one document that has just been staged."""

    def __init__(
        self,
        run: Run,
        hand: Hand,
        work: WorkQueue,
        runs: Runs,
        batches: BatchConverter,
        merger: Merger,
        begin: Callable[[Opened], object],
    ) -> None:
        """`begin` is told when the document is open and goes on."""
        self._run = run
        self._hand = hand
        self._work = work
        self._runs = runs
        self._batches = batches
        self._merger = merger
        self._begin = begin
        self._attempt: Attempt | None = None

    @property
    def wish(self) -> InOneGo | None:
        """What the process is asked for."""
        job = self._run.job
        if not is_wanted(job):
            return None
        return InOneGo(pages=MOST_PAGES, source=job.name, sha256=job.sha256 or "")

    @property
    def is_begun(self) -> bool:
        """Whether it has come to that; if not, the document is just open."""
        return self._attempt is not None

    def hear(self, event: Event) -> None:
        """Show what the process says. Raises `ChildGarbage`."""
        if self._attempt is not None:
            self._attempt.hear(event)
        elif isinstance(event, Begun):
            if self.wish is None or event.opened.pages > MOST_PAGES:
                raise ChildGarbage("The conversion process has begun what it was not asked for.")
            batch = PageBatch(self._run.job.id, 1, event.opened.pages)
            self._begin(event.opened)
            self._work.step(batch.job_id, Step.PAGE_PROCESSING)
            self._attempt = self._batches.attempt(self._run, batch, self._hand)

    def end(self, answer: Answer, stage: Stage) -> None:
        """Publish the document, or have it go on page by page; `stage` is what the process has loaded."""
        assert self._attempt is not None
        attempt, run = self._attempt, self._run
        is_good = attempt.is_whole and all(result.state is not PageState.FAILED for result in attempt.finished)
        try:
            if not isinstance(answer, Merged) or not is_good:
                self._batches.keep(attempt, answer, stage)
                self._go_on()
                return
            run.desk.fetch_out()
        except HotfolioError as error:
            self.break_off(error)
            return
        if self._runs.get(run.job.id) is None:  # held or cancelled meanwhile; a retry can use what there is
            self._batches.salvage(attempt)
            return
        with run.lock:
            run.results.update((result.page, result) for result in attempt.finished)
            run.unrecorded = attempt.finished
        self._merger.publish(run, answer)

    def break_off(self, error: HotfolioError) -> None:
        """Have the document go on page by page after a failure. Raises `EngineBlocked`."""
        assert self._attempt is not None
        self._batches.break_off(self._attempt, error)
        self._go_on()
        self._batches.stand_back(self._attempt)

    def _go_on(self) -> None:
        assert self._attempt is not None
        with self._run.lock:
            known = list(self._run.results.values())
        self._work.opened(self._run.job.id, known, (), self._attempt.back)
