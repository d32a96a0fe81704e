"""Retention: results that were kept long enough go, and their jobs with them."""

import contextlib
import logging
import shutil
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from engine.base.safetext import display_name
from engine.job.job import Job
from engine.publish.withdrawal import withdraw
from engine.queue.jobqueue import JobQueue
from engine.settings.settings import Settings

log = logging.getLogger(__name__)

_MOST_AT_ONCE = 200
"""Jobs in one look, so that nothing waits long for it."""


class Retention:
    """Thread-safe: all that it changes is in the queue and on the disk."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        queue: JobQueue,
        discard: Callable[[int], None],
        now: Callable[[], float] = time.time,
    ) -> None:
        """`discard` deletes what is kept of a job outside the queue; `now` is in seconds since 1970."""
        self._settings = settings
        self._queue = queue
        self._discard = discard
        self._now = now

    def look(self) -> list[int]:
        """Take off the list what has been kept long enough, and delete its result; returns which jobs."""
        settings = self._settings()
        uploads = settings.uploads_folder.absolute()
        if not settings.keep_results and not settings.keep_api_results:
            return []
        due = [job for job in self._queue.view.jobs() if self._is_due(job, settings, uploads)]
        return self.remove(due[:_MOST_AT_ONCE])

    def remove(self, jobs: Iterable[Job]) -> list[int]:
        """Take finished jobs off the list, and delete their results; returns which jobs."""
        uploads = self._settings().uploads_folder.absolute()
        removed = []
        for job in jobs:
            if not job.state.is_finished or not self._withdraw(job):
                continue
            if self._queue.remove([job.id]):
                removed.append(job.id)
                self._discard(job.id)
                self._forget_upload(job, uploads)
        return removed

    def _is_due(self, job: Job, settings: Settings, uploads: Path) -> bool:
        if job.finished is None or not job.state.is_finished:
            return False
        is_sent = _request_folder(job, uploads) is not None
        kept_s = settings.keep_api_results if is_sent else settings.keep_results
        if not kept_s or (not is_sent and not job.state.is_published):
            return False
        return self._now() - job.finished.timestamp() >= kept_s

    def _withdraw(self, job: Job) -> bool:
        """Delete a job's result; False if it cannot be, and the job is to stay."""
        try:
            if withdraw(job):
                self._queue.result_expired()
        except OSError as error:
            log.warning("The result of job %d cannot be deleted: %s", job.id, display_name(str(error)))
            return False
        return True

    def _forget_upload(self, job: Job, uploads: Path) -> None:
        """Delete what was sent, and all memory of it: nobody can send it from the same place again."""
        folder = _request_folder(job, uploads)
        if folder is None:
            return
        self._queue.forget_sent(job)
        with contextlib.suppress(OSError):
            job.source.file.unlink(missing_ok=True)
            job.source.file.parent.rmdir()
        left = [entry for entry in folder.iterdir() if entry.is_dir()] if folder.is_dir() else []
        if not left:  # else another document of the request is still there
            shutil.rmtree(folder, ignore_errors=True)


def _request_folder(job: Job, uploads: Path) -> Path | None:
    """The folder of the request that a document was sent with; None of one that was found."""
    root = job.source.file.parent
    return root.parent if root.parent.parent == uploads else None
