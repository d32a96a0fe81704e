"""JobReader: answers what is asked about jobs, from memory, from the queue and from their folders."""

from collections.abc import Iterable
from pathlib import Path

from engine.base.errors import HotfolioError, NoSuchJob
from engine.base.safetext import display_text
from engine.job.job import JobState
from engine.job.selection import selected
from engine.job.snapshot import Area, JobDetail, JobSnapshot, PageBlock, Picture
from engine.queue.jobqueue import JobQueue
from engine.settings.passwords import Passwords
from engine.work.details import detail_of
from engine.work.jobfolders import JobFolders
from engine.work.looks import Inspector


class JobReader:
    """Thread-safe: changes nothing. Raises as the façade does."""

    def __init__(
        self, state_folder: Path, queue: JobQueue, inspector: Inspector, folders: JobFolders, passwords: Passwords
    ) -> None:
        self._state_folder = state_folder
        self._view = queue.view
        self._inspector = inspector
        self._folders = folders
        self._passwords = passwords

    def job(self, job_id: int) -> JobSnapshot:
        """One job; raises `NoSuchJob`."""
        found = self._view.job(job_id)
        if found is None:
            raise NoSuchJob(f"There is no job {job_id}.")
        return found

    def find(self, conversion_id: str) -> JobSnapshot:
        """The job on the list with this UUID; raises `NoSuchJob`."""
        found = self._view.find(conversion_id)
        if found is None:
            raise NoSuchJob(f"There is no conversion {display_text(conversion_id[:40])}.")
        return found

    def select(self, ids: Iterable[tuple[int, int]] | None, states: Iterable[JobState] | None) -> list[JobSnapshot]:
        """Jobs on the list, by ranges of ids (first and last) and by state; all of them unless narrowed."""
        return selected(self._view.snapshots(), ids, states)

    def detail(self, job_id: int) -> JobDetail:
        """One job in full."""
        return detail_of(
            self.job(job_id),
            self._state_folder,
            self._view.page_map(job_id),
            lambda: self._view.pages(job_id),
            self._view.history(job_id),
        )

    def preview(self, job_id: int, page: int | None) -> str:
        """The job's Markdown, or one page's (from 1)."""
        job, desk = self.job(job_id).job, self._folders.of(job_id)
        if page is None:
            return self._inspector.preview(job, desk)
        recorded = self._view.page(job_id, page)
        try:
            return self._inspector.preview_page(job, desk, page, recorded)
        except HotfolioError:
            current = self._view.stored(job_id)
            if current.state is job.state:
                raise
        # Its checkpoints were deleted while they were read: it is published now.
        return self._inspector.preview_page(current, desk, page, recorded)

    def page_lines(self, job_id: int) -> list[tuple[int, int]]:
        """The pages of the job's published Markdown, and the line of it (from 0) that each begins in."""
        return self._inspector.page_lines(self.job(job_id).job)

    def blocks(self, job_id: int, page: int) -> tuple[PageBlock, ...]:
        """The blocks of a page (from 1), in the order of the Markdown."""
        return self._inspector.blocks(self.job(job_id).job, page)

    def peek(self, job_id: int, page: int, width: int, height: int, area: Area) -> Picture:
        """A part of a page (from 1) as a picture of at most so many pixels."""
        job, desk = self.job(job_id).job, self._folders.of(job_id)
        return self._inspector.peek(job, desk, page, width, height, area, self._passwords.of(job_id))

    def opens(self, job_ids: Iterable[int], password: str) -> list[int]:
        """Those of the jobs whose documents can be opened with a password, each tried in a process of its own.

        Raises `HotfolioError` if there is none, and of one it cannot be found out.
        """
        found, problem = [], None
        for job_id in job_ids:
            snapshot = self._view.job(job_id)
            try:
                if snapshot is not None and self._inspector.opens(snapshot.job, self._folders.of(job_id), password):
                    found.append(job_id)
            except HotfolioError as error:
                problem = error
        if problem is not None and not found:
            raise problem
        return found
