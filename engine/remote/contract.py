"""EngineLike: what every front end needs of an engine, whether it is in this process or behind a socket.

`engine.facade.engine.Engine` is one, `engine.remote.client.RemoteEngine` the other.
Who runs the front end starts and stops it.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from engine.job.job import Job, JobState, Move
from engine.job.options import ConvertOptions
from engine.job.snapshot import JobDetail, JobSnapshot, PageMap, Picture, Snapshot
from engine.settings.settings import Settings


class EngineLike(Protocol):
    """Thread-safe. What is said to come from memory never waits; all else may take milliseconds, so it is for a thread.

    Actions take job ids and return those they changed; an id that is gone, or in a state the action does not fit, is
    passed over. Every call may raise `HotfolioError`, those from memory only where it is said.
    """

    # --- from memory ---

    @property
    def settings(self) -> Settings:
        """In force now."""

    @property
    def origins(self) -> Mapping[str, str]:
        """Where the settings come from that are not defaults."""

    @property
    def discovered(self) -> int:
        """Files the scan of the input folder has come across so far."""

    @property
    def unsettled(self) -> int:
        """Files of the hot folder that are not queued yet, because they may still be coming in."""

    @property
    def is_paused(self) -> bool:
        """Whether `pause` is in force."""

    @property
    def workers(self) -> int:
        """How many workers there are."""

    @property
    def is_scanning(self) -> bool:
        """Whether the input folder has not been read in full yet since the start."""

    def snapshot(self, since: int = 0) -> Snapshot:
        """What is going on, with the jobs changed since a version."""

    def job(self, job_id: int) -> JobSnapshot:
        """One job; raises `NoSuchJob`."""

    def page_map(self, job_id: int) -> PageMap | None:
        """The page map of a running job; None for others."""

    # --- asking ---

    def select(
        self, ids: Sequence[tuple[int, int]] | None = None, states: Sequence[JobState] | None = None
    ) -> list[JobSnapshot]:
        """Jobs on the list, by ranges of ids (first and last) and by state; all of them unless narrowed.

        Raises `NoSuchJob` for a range of one id that is not on the list.
        """

    def detail(self, job_id: int) -> JobDetail:
        """One job in full; reads the disk. Raises `NoSuchJob`."""

    def preview(self, job_id: int, *, page: int | None = None) -> str:
        """The job's Markdown, of the pages finished so far or as published; safe to show. Raises `HotfolioError`.

        With `page` (from 1), that page's alone; `PageNotLocated` if it cannot be told apart in what is published.
        """

    def peek(self, job_id: int, page: int, width: int, height: int) -> Picture:
        """A page (from 1) as a picture of at most so many pixels. Raises `HotfolioError`."""

    # --- acting ---

    def submit_many(
        self,
        files: Sequence[Path],
        *,
        options: ConvertOptions | None = None,
        priority: int | None = None,
        profile: str = "",
        again: bool = False,
    ) -> list[Job]:
        """Queue files in one transaction; returns their jobs, earlier ones where a file has been queued before.

        Options and priority are those of the profile unless they are given. With `again`, finished earlier jobs are run
        once more. Raises `SourceUnreadable`, `SettingsError` if there is no such profile.
        """

    def unlock(self, job_ids: Sequence[int], password: str) -> list[int]:
        """Queue failed jobs again, to be opened with a password."""

    def cancel(self, job_ids: Sequence[int], reason: str = "Cancelled.") -> list[int]:
        """Give jobs up, at once."""

    def hold(self, job_ids: Sequence[int]) -> list[int]:
        """Keep jobs from running."""

    def release(self, job_ids: Sequence[int]) -> list[int]:
        """Let held jobs run again."""

    def retry(self, job_ids: Sequence[int]) -> list[int]:
        """Queue finished jobs again."""

    def change_priority(self, job_ids: Sequence[int], by: int) -> list[int]:
        """Raise or lower priorities."""

    def set_priority(self, job_ids: Sequence[int], priority: int) -> list[int]:
        """Give unfinished jobs a priority."""

    def move(self, job_ids: Sequence[int], where: Move) -> list[int]:
        """Move waiting jobs among those of their priority."""

    def remove(self, job_ids: Sequence[int]) -> list[int]:
        """Take finished jobs off the list."""

    def restore(self, job_ids: Sequence[int]) -> None:
        """Put removed jobs back on the list."""

    def pause(self) -> None:
        """Start no more page batches."""

    def resume(self) -> None:
        """End `pause`."""

    def set_workers(self, count: int) -> None:
        """Have so many workers."""

    def drain(self) -> None:
        """Stop intake and open no further job; the running ones go on to their end."""
