"""EngineLike: what the dashboard needs of an engine."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from engine.inspector import Picture
from engine.jobqueue import Move
from engine.progress import JobSnapshot, PageMap, Snapshot
from engine.settings import Settings

if TYPE_CHECKING:
    from engine.engine import JobDetail


class EngineLike(Protocol):
    """The façade's methods, as `engine.engine.Engine` has them. Started and stopped by whoever runs the dashboard."""

    @property
    def settings(self) -> Settings:
        """In force since the start."""

    @property
    def discovered(self) -> int:
        """Files the scan of the input folder has come across so far."""

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

    def detail(self, job_id: int) -> "JobDetail":
        """One job in full; reads the disk. Raises `NoSuchJob`."""

    def preview(self, job_id: int, *, page: int | None = None) -> str:
        """The job's Markdown, of the pages finished so far or as published; safe to show. Raises `HotfolioError`.

        With `page` (from 1), that page's alone; `PageNotLocated` if it cannot be told apart in what is published.
        """

    def peek(self, job_id: int, page: int, width: int, height: int) -> Picture:
        """A page (from 1) as a picture of at most so many pixels. Raises `HotfolioError`."""

    def page_map(self, job_id: int) -> PageMap | None:
        """The page map of a running job, from memory; None for others."""

    def unlock(self, job_ids: Iterable[int], password: str) -> list[int]:
        """Queue failed jobs again, to be opened with a password."""

    def cancel(self, job_ids: Iterable[int], reason: str = "Cancelled.") -> list[int]:
        """Give jobs up, at once."""

    def hold(self, job_ids: Iterable[int]) -> list[int]:
        """Keep jobs from running."""

    def release(self, job_ids: Iterable[int]) -> list[int]:
        """Let held jobs run again."""

    def retry(self, job_ids: Iterable[int]) -> list[int]:
        """Queue finished jobs again."""

    def change_priority(self, job_ids: Iterable[int], by: int) -> list[int]:
        """Raise or lower priorities."""

    def move(self, job_ids: Iterable[int], where: Move) -> list[int]:
        """Move waiting jobs among those of their priority."""

    def remove(self, job_ids: Iterable[int]) -> list[int]:
        """Take finished jobs off the list."""

    def restore(self, job_ids: Sequence[int]) -> None:
        """Put removed jobs back on the list."""

    def pause(self) -> None:
        """Start no more page batches."""

    def resume(self) -> None:
        """End `pause`."""

    def set_workers(self, count: int) -> None:
        """Have so many workers."""
