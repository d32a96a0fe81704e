"""What an engine can be asked, whether it is in this process or behind a socket; and which of that travels.

`engine.facade.engine.Engine` keeps these contracts, and so does `engine.remote.client.RemoteEngine`. Who runs a front
end or a door starts and stops the engine.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from engine.job.job import Job, JobState, Move, Standing
from engine.job.options import ConvertOptions
from engine.job.snapshot import WHOLE_PAGE, Area, JobDetail, JobSnapshot, PageBlock, PageMap, Picture, Snapshot
from engine.job.vitals import Vitals
from engine.settings.settings import Settings

_MARK = "_travels"

Method = TypeVar("Method", bound=Callable[..., object])


class Elsewhere(NotImplementedError):
    """A method of a contract was called itself: it is an engine that does what it says."""


def travels(*, catches_up: bool = False) -> Callable[[Method], Method]:
    """Mark a contract's method as one that can be called from another process; nothing else is needed for that.

    With `catches_up`, what is known from memory is brought up to date before it returns, since it may change that, or
    tell what is newer. Its arguments and its result are of types that `engine.remote.wire` knows. Its body raises
    `Elsewhere`, lest a type checker take it for a method that `RemoteEngine` lacks.
    """

    def mark(method: Method) -> Method:
        setattr(method, _MARK, catches_up)
        return method

    return mark


def travelling(contract: type) -> Mapping[str, tuple[Callable[..., object], bool]]:
    """The methods of a contract that travel, its parents' included, by their names; and which catch up."""
    return {
        name: (member, getattr(member, _MARK))
        for part in reversed(contract.__mro__)
        for name, member in vars(part).items()
        if hasattr(member, _MARK)
    }


class EngineLike(Protocol):
    """What every front end needs of an engine.

    Thread-safe. What is said to come from memory never waits; all else may take milliseconds, so it is for a thread.

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

    def overview(self) -> Snapshot:
        """What is going on as a whole, as of the latest version and without any jobs."""

    def job(self, job_id: int) -> JobSnapshot:
        """One job; raises `NoSuchJob`."""

    def page_map(self, job_id: int) -> PageMap | None:
        """The page map of a running job; None for others."""

    # --- asking ---

    @travels(catches_up=True)
    def select(
        self, ids: Sequence[tuple[int, int]] | None = None, states: Sequence[JobState] | None = None
    ) -> list[JobSnapshot]:
        """Jobs on the list, by ranges of ids (first and last) and by state; all of them unless narrowed.

        Raises `NoSuchJob` for a range of one id that is not on the list.
        """
        raise Elsewhere

    @travels(catches_up=True)
    def detail(self, job_id: int) -> JobDetail:
        """One job in full; reads the disk. Raises `NoSuchJob`."""
        raise Elsewhere

    @travels()
    def preview(self, job_id: int, *, page: int | None = None) -> str:
        """The job's Markdown, of the pages finished so far or as published; safe to show. Raises `HotfolioError`.

        With `page` (from 1), that page's alone; `PageNotLocated` if it cannot be told apart in what is published.
        """
        raise Elsewhere

    @travels()
    def page_lines(self, job_id: int) -> list[tuple[int, int]]:
        """The pages (from 1) of the published Markdown, and the line of `preview` (from 0) that each begins in.

        Empty before it is published. Raises `HotfolioError`; `PageNotLocated` if pages cannot be told apart in it.
        """
        raise Elsewhere

    @travels()
    def blocks(self, job_id: int, page: int) -> tuple[PageBlock, ...]:
        """The blocks of a page (from 1), in the order of the Markdown; what that leaves out is among them.

        Raises `HotfolioError`, also where no JSON is published.
        """
        raise Elsewhere

    @travels()
    def peek(self, job_id: int, page: int, width: int, height: int, *, area: Area = WHOLE_PAGE) -> Picture:
        """A page (from 1), or a part of it, as a picture of at most so many pixels. Raises `HotfolioError`.

        `area` is its left, top, right and bottom, as shares of the page's width and height.
        """
        raise Elsewhere

    @travels()
    def opens(self, job_ids: Sequence[int], password: str) -> list[int]:
        """Those of the jobs whose documents a password opens, each tried in a process of its own; changes nothing."""
        raise Elsewhere

    # --- acting ---

    @travels(catches_up=True)
    def submit_many(
        self,
        files: Sequence[Path],
        *,
        options: ConvertOptions | None = None,
        priority: int | None = None,
        profile: str = "",
        again: bool = False,
        client: str = "",
    ) -> list[Job]:
        """Queue files in one transaction; returns their jobs, earlier ones where a file has been queued before.

        `client` is who asks for them over HTTP, if somebody does. Options and priority are those of the profile unless
        they are given. With `again`, finished earlier jobs are run once more.

        Raises `SourceUnreadable`, `SettingsError` if there is no such profile.
        """
        raise Elsewhere

    @travels(catches_up=True)
    def unlock(self, job_ids: Sequence[int], password: str) -> list[int]:
        """Queue failed jobs again where they stood, to be opened with a password."""
        raise Elsewhere

    @travels(catches_up=True)
    def cancel(self, job_ids: Sequence[int], reason: str = "Cancelled.") -> list[int]:
        """Give jobs up, at once."""
        raise Elsewhere

    @travels(catches_up=True)
    def hold(self, job_ids: Sequence[int]) -> list[int]:
        """Keep jobs from running."""
        raise Elsewhere

    @travels(catches_up=True)
    def release(self, job_ids: Sequence[int]) -> list[int]:
        """Let held jobs run again."""
        raise Elsewhere

    @travels(catches_up=True)
    def retry(self, job_ids: Sequence[int]) -> list[int]:
        """Queue finished jobs again."""
        raise Elsewhere

    @travels(catches_up=True)
    def change_priority(self, job_ids: Sequence[int], by: int) -> list[int]:
        """Raise or lower priorities."""
        raise Elsewhere

    @travels(catches_up=True)
    def set_priority(self, job_ids: Sequence[int], priority: int) -> list[int]:
        """Give unfinished jobs a priority."""
        raise Elsewhere

    @travels(catches_up=True)
    def move(self, job_ids: Sequence[int], where: Move) -> list[int]:
        """Move waiting jobs among those of their priority."""
        raise Elsewhere

    @travels(catches_up=True)
    def remove(self, job_ids: Sequence[int], *, with_results: bool = False) -> list[int]:
        """Take finished jobs off the list, and delete their results if that is asked for."""
        raise Elsewhere

    @travels(catches_up=True)
    def restore(self, job_ids: Sequence[int]) -> None:
        """Put removed jobs back on the list."""
        raise Elsewhere

    @travels(catches_up=True)
    def reinstate(self, standings: Sequence[Standing]) -> list[int]:
        """Have jobs stand as they stood: state, priority and place; takes back what was ordered since.

        A job that has come to another end is passed over.
        """
        raise Elsewhere

    @travels(catches_up=True)
    def pause(self) -> None:
        """Start no more page batches."""
        raise Elsewhere

    @travels(catches_up=True)
    def resume(self) -> None:
        """End `pause`."""
        raise Elsewhere

    @travels(catches_up=True)
    def set_workers(self, count: int) -> None:
        """Have so many workers."""
        raise Elsewhere

    @travels(catches_up=True)
    def drain(self) -> None:
        """Stop intake and open no further job; the running ones go on to their end."""
        raise Elsewhere

    # --- the machines of a cluster ---

    @travels(catches_up=True)
    def drain_node(self, name: str) -> bool:
        """Have another machine of the cluster leave once it is done; False if there is none of the name."""
        raise Elsewhere

    @travels(catches_up=True)
    def hold_node(self, name: str) -> bool:
        """Give another machine nothing more until it is released; False if there is none of the name to hold."""
        raise Elsewhere

    @travels(catches_up=True)
    def release_node(self, name: str) -> bool:
        """Use another machine again that is held; False if there is none of the name."""
        raise Elsewhere

    @travels(catches_up=True)
    def remove_node(self, name: str) -> bool:
        """Have another machine leave at once, and others do what it has; False if there is none of the name."""
        raise Elsewhere


class ServedEngine(EngineLike, Protocol):
    """What a door needs of an engine that it serves, over HTTP or on the engine's own socket."""

    # --- from memory ---

    @property
    def outputs(self) -> tuple[Path, ...]:
        """The folders that results are in, absolute, also those of hot folders that are none any more."""

    @property
    def settings_revision(self) -> int:
        """Grows when the settings change."""

    @property
    def is_stopping(self) -> bool:
        """Whether it comes to its end, so that nobody is to wait for anything any more."""

    def find(self, conversion_id: str) -> JobSnapshot:
        """The job on the list with this UUID; raises `NoSuchJob`."""

    def page_maps(self) -> Mapping[int, PageMap]:
        """The page maps of all running jobs."""

    def on_finished(self, callback: Callable[[Job], None]) -> None:
        """Have `callback` called with every job that finishes from now on, on a thread of the engine's."""

    # --- asking ---

    @travels()
    def vitals(self) -> Vitals:
        """How the engine does, in numbers; looks at its processes and disks."""
        raise Elsewhere

    # --- acting ---

    @travels(catches_up=True)
    def ask_for(
        self,
        file: Path,
        *,
        options: ConvertOptions | None = None,
        priority: int | None = None,
        profile: str = "",
        client: str = "",
    ) -> tuple[Job, bool]:
        """Queue one file, once more if it is converted already; returns its job, and False if it was queued before.

        Raises `SourceUnreadable`, `SettingsError` if there is no such profile.
        """
        raise Elsewhere

    @travels(catches_up=True)
    def take_in(
        self,
        part: Path,
        names: Sequence[str],
        *,
        options: ConvertOptions | None = None,
        priority: int | None = None,
        profile: str = "",
        client: str = "",
    ) -> Job:
        """Give a whole file in the hot folder, ignored so far, the first free one of `names`, and queue it.

        Raises `HotfolioError` if no name is free, `OutputUnwritable` if nothing can be written; `part` then stays.
        """
        raise Elsewhere
