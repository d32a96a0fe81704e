"""Attempt: one try at a batch of pages: what its process says of them, and what has come of it."""

from collections.abc import Callable
from dataclasses import replace

from engine.base.errors import ChildGarbage
from engine.base.safetext import display_text
from engine.job.job import PageBatch, PageResult
from engine.queue.workqueue import WorkQueue
from engine.sandbox.protocol import Event, PageDone, PageStarted
from engine.work.runs import Run


class Attempt:
    """For one worker's thread."""

    def __init__(self, run: Run, batch: PageBatch, worker: int, work: WorkQueue, begun: Callable[[], None]) -> None:
        """`begun` is called when a page begins."""
        self.run = run
        self.batch = batch
        self.worker = worker
        self.finished: list[PageResult] = []
        self.under_way: set[int] = set()
        self.back: list[PageBatch] = [batch]
        """What is still to be done, once it is over."""
        self.has_hung = False
        """Whether it has ended because a page has hung."""
        self._work = work
        self._begun = begun

    @property
    def is_whole(self) -> bool:
        """Whether every page is finished."""
        return {result.page for result in self.finished} == set(self.batch.pages)

    @property
    def seconds(self) -> float:
        """Of work on the pages that are finished."""
        return sum(result.seconds for result in self.finished)

    def hear(self, event: Event) -> None:
        """Show what the process says of a page. Raises `ChildGarbage` if it was not given the page."""
        job_id = self.batch.job_id
        match event:
            case PageStarted() | PageDone() if event.page not in self.batch.pages:
                raise ChildGarbage(f"The conversion process spoke of page {event.page}, which it was not given.")
            case PageStarted():
                self.under_way.add(event.page)
                self._begun()
                self._work.page_started(self.worker, job_id, event.page)
            case PageDone() if event.page in self.under_way:
                self.under_way.remove(event.page)
                error = None if event.error is None else display_text(event.error)
                result = with_reason(self.run, PageResult(event.page, event.state, event.seconds, event.via, error))
                self.finished.append(result)
                self._work.page_done(self.worker, job_id, result)
            case _:
                pass


def with_reason(run: Run, result: PageResult) -> PageResult:
    """The result, and why the page was not read in the ordinary way."""
    with run.lock:
        reason = run.reasons.get(result.page)
    return result if reason is None or result.error else replace(result, error=reason)
