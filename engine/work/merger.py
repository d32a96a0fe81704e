"""Merger: puts a job together whose pages are all finished."""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.base.errors import (
    CannotGoOn,
    ChildError,
    ChildGarbage,
    DocumentTimeout,
    EngineBlocked,
    OutputUnwritable,
    unwritable,
)
from engine.base.safetext import display_name, display_text
from engine.job.job import Step
from engine.job.warningkind import counted
from engine.queue.jobqueue import JobQueue
from engine.sandbox.protocol import MERGE_LIST, Merged, MergeTask, Refused
from engine.sandbox.stages import Stage
from engine.settings.live import LiveSettings
from engine.settings.statefolder import disk_problem
from engine.work.ceiling import work_on
from engine.work.endings import Endings
from engine.work.publishing import Publishing, failures, is_superseded
from engine.work.runs import Hand, Run, Runs, file_name, refusal

log = logging.getLogger(__name__)


class Merger:
    """Thread-safe: all that it changes is in the `Run`, the queue and on the disk."""

    def __init__(
        self, settings: LiveSettings, queue: JobQueue, runs: Runs, publishing: Publishing, endings: Endings
    ) -> None:
        self._live = settings
        self._queue = queue
        self._runs = runs
        self._publishing = publishing
        self._endings = endings

    def merge(self, job_id: int, hand: Hand) -> None:
        """Put a job together whose pages are all finished, publish it, and see to its source."""
        run = self._runs.get(job_id)
        if run is not None:
            self._end_with(run, lambda: self._merge(run, hand))

    def publish(self, run: Run, merged: Merged) -> None:
        """Publish a job that is put together, and see to its source."""
        self._end_with(run, lambda: self._publish(run, merged))

    def _end_with(self, run: Run, work: Callable[[], None]) -> None:
        try:
            self._do_or_end(run, work)
        except EngineBlocked:
            self._endings.reopen(run.job)
            raise

    def _do_or_end(self, run: Run, work: Callable[[], None]) -> None:
        try:
            work()
        except DocumentTimeout as error:
            self._endings.fail(run.job.id, f"The pages could not be put together. {error}")
        except ChildError as error:
            self._endings.try_again(run.job, error, f"The pages could not be put together. {error}")
        except CannotGoOn as error:
            problem = disk_problem(self._live.current)
            if problem is not None:
                raise OutputUnwritable(problem) from error
            self._endings.postpone(run.job, str(error))

    def _merge(self, run: Run, hand: Hand) -> None:
        job = run.job
        self._queue.work.step(job.id, Step.MERGING)
        for future in run.pending:
            future.result()
        if run.results.keys() != set(job.page_numbers or ()):
            log.error("job %d: some of its pages are not there and will be converted", job.id)
            self._endings.reopen(job)
            return
        failed = failures(run.results[page] for page in sorted(run.results))
        if len(failed) == len(run.results):
            page, reason = next(iter(failed.items()))
            self._endings.fail(job.id, f"None of its pages could be converted. Page {page}: {reason}")
            return
        self._publish(run, self._merged(run, failed, hand))

    def _publish(self, run: Run, merged: Merged) -> None:
        job = run.job
        results = [run.results[page] for page in sorted(run.results)]
        self._queue.work.step(job.id, Step.PUBLISHING)
        if not self._publishing.give_up_if_overtaken(run):
            warnings = [*run.warnings, *map(display_text, merged.warnings)]
            kinds = counted([*run.kinds, *merged.kinds], len(warnings))
            self._publishing.publish(run, results, warnings, kinds, merged.versions, superseded=is_superseded(job))

    def _merged(self, run: Run, failed: dict[int, str], hand: Hand) -> Merged:
        """Have the outputs made of the pages' checkpoints, in the job's folder."""
        job = run.job
        files = [c.file for c in sorted(set(run.checkpoints), key=lambda c: (c.first, c.last))]
        _write_list(run.desk.path / MERGE_LIST, {"checkpoints": files, "failed": failed})
        task = MergeTask(
            desk=run.desk.name,
            name=file_name(job),
            options=job.options,
            password=run.password,
            source=job.name,
            sha256=job.sha256 or "",
        )
        with run.lock:
            run.worked_s = 0.0  # it has as long again, or what is cut off at its ceiling could not be published
        limit_s = self._live.current.document_timeout
        answer = work_on(run, hand.sandbox(Stage.BARE), task, lambda _: None, limit_s)
        if isinstance(answer, Refused):
            raise refusal(answer, self._live.current.state_folder)
        if not isinstance(answer, Merged):
            raise ChildGarbage("The conversion process said it was done when it was not.")
        run.desk.fetch_out()
        return answer


def _write_list(file: Path, content: dict[str, Any]) -> None:
    try:
        file.unlink(missing_ok=True)
        with file.open("x", encoding="utf-8") as stream:  # anew, so that no link is followed
            json.dump(content, stream)
    except OSError as error:
        where = display_name(file.parent)
        raise unwritable(error, where) or OutputUnwritable(f"Cannot write to {where}: {error}.") from error
