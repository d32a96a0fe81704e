"""What a job is: frozen data and the legal ways from one state to the next. No I/O."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Literal, Self

from engine.base.errors import IllegalTransition
from engine.base.safetext import display_name
from engine.job.options import ConvertOptions
from engine.job.pageranges import PageNumbers, first_selected

NEEDS_PASSWORD = "The PDF needs a password"
"""How the reason of a job begins that failed for want of one."""


_WARNINGS = re.compile(r"(\d+) warnings\. ")


def warned(warnings: Sequence[str]) -> str | None:
    """The reason of a job done with these warnings: the first, after how many there are; None without any."""
    if len(warnings) > 1:
        return f"{len(warnings)} warnings. {warnings[0]}"
    return warnings[0] if warnings else None


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    HELD = "held"
    RUNNING = "running"
    DONE = "done"
    PARTIAL = "partial"
    """Published, but some pages failed, or none could be read for want of an OCR engine."""
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_finished(self) -> bool:
        """Nothing more will happen to the job by itself."""
        return self in FINISHED

    @property
    def is_published(self) -> bool:
        """There are results in the output folder, of some pages at least."""
        return self in (JobState.DONE, JobState.PARTIAL)


ACTIVE = (JobState.QUEUED, JobState.HELD, JobState.RUNNING)
FINISHED = (JobState.DONE, JobState.PARTIAL, JobState.FAILED, JobState.CANCELLED)

TRANSITIONS: dict[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset({JobState.HELD, JobState.RUNNING, JobState.CANCELLED}),
    JobState.HELD: frozenset({JobState.QUEUED, JobState.CANCELLED}),
    JobState.RUNNING: frozenset({*FINISHED, JobState.QUEUED, JobState.HELD}),
    JobState.DONE: frozenset({JobState.QUEUED}),
    JobState.PARTIAL: frozenset({JobState.QUEUED}),
    JobState.FAILED: frozenset({JobState.QUEUED}),
    JobState.CANCELLED: frozenset({JobState.QUEUED}),
}


def check_transition(old: JobState, new: JobState) -> None:
    """Raise `IllegalTransition` unless a job may go from `old` to `new`."""
    if new not in TRANSITIONS[old]:
        raise IllegalTransition(f"A {old} job cannot become {new}.")


def states_before(new: JobState) -> tuple[JobState, ...]:
    """The states from which a job may become `new`."""
    return tuple(old for old, following in TRANSITIONS.items() if new in following)


Move = Literal["up", "down", "top", "bottom"]
"""Where a waiting job goes among those of its priority."""
MAX_PRIORITY = 1_000_000
"""Of a job, up and down."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a job stood in the queue, so that it can be put back there."""

    job_id: int
    state: JobState
    priority: int
    position: float
    reason: str | None = None


class Step(StrEnum):
    """What is being done for a running job."""

    STAGING = "staging"
    PAGE_PROCESSING = "page_processing"
    MERGING = "merging"
    PUBLISHING = "publishing"


class PageState(StrEnum):
    """How a page came out."""

    OK = "ok"
    OCR = "ocr"
    TEXT_ONLY = "text_only"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Source:
    """An input file as it was when it was queued; what makes it this input and no other.

    Paths are bytes because a file name is bytes: `os.fsdecode` gives what `pathlib` takes.
    """

    root: bytes
    """The folder the relative path starts from, absolute."""
    path: bytes
    """The file's path inside `root`."""
    size: int
    mtime_ns: int
    inode: int

    @classmethod
    def of(cls, file: Path, root: Path, status: os.stat_result) -> Self:
        """The source that `file` inside `root` is, given its `lstat` or `fstat`."""
        relative = file.relative_to(root)
        return cls(
            os.fsencode(root),
            os.fsencode(relative),
            status.st_size,
            status.st_mtime_ns,
            signed_inode(status.st_ino),
        )

    @property
    def file(self) -> Path:
        """The absolute path."""
        return Path(os.fsdecode(self.root), os.fsdecode(self.path))

    @property
    def relative(self) -> Path:
        """The path inside the hot folder."""
        return Path(os.fsdecode(self.path))

    def matches(self, status: os.stat_result) -> bool:
        """Whether a file with this status is still the one that was queued."""
        return (self.size, self.mtime_ns, self.inode) == (
            status.st_size,
            status.st_mtime_ns,
            signed_inode(status.st_ino),
        )


@dataclass(frozen=True, slots=True)
class Submission:
    """What is asked for: that a source be converted."""

    source: Source
    options: ConvertOptions
    priority: int = 0
    client: str = ""
    """Who asks; see `Job.client`."""
    profile: str = ""
    """The profile its options come from; see `Job.profile`."""


def signed_inode(inode: int) -> int:
    """SQLite's integers are signed, inode numbers are not."""
    return inode & (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Job:
    """One document on its way: a row of the store."""

    id: int
    """Short, for people; never used twice."""
    conversion_id: str
    """A UUID, for programs."""
    source: Source
    options: ConvertOptions
    state: JobState
    priority: int
    """Higher runs first; 0 unless set."""
    position: float
    """Order among jobs of one priority; lower runs first."""
    created: datetime
    reason: str | None = None
    """Why the job is in this state, as a sentence, where that is not plain."""
    attempts: int = 0
    """Points of suspicion that this job is what the engine dies of; see `engine.queue.jobqueue`."""
    sha256: str | None = None
    """Of the staged copy; set once the source is staged."""
    pages: int | None = None
    """How many pages there are to convert; set once the document has been opened."""
    pages_done: int = 0
    """Pages that are finished in any way, failed ones included."""
    pages_failed: int = 0
    pages_ocr: int = 0
    pages_text_only: int = 0
    output: bytes | None = None
    """The published folder, absolute."""
    started: datetime | None = None
    finished: datetime | None = None
    revision: int = 0
    """Grows with every change; the higher one of two is the newer."""
    client: str = ""
    """Who has sent it over HTTP, by a short name for people and limits; empty if nobody has."""
    profile: str = ""
    """The profile its options come from; empty if there is none."""

    @property
    def name(self) -> str:
        """The file's path inside its folder, safe to show."""
        return display_name(self.source.path)

    @property
    def standing(self) -> Standing:
        """How it stands now."""
        return Standing(self.id, self.state, self.priority, self.position, self.reason)

    @property
    def page_numbers(self) -> PageNumbers | None:
        """The pages there are to convert, by their numbers in the document; None until it has been opened."""
        # The document has `pages` of those selected, and they come in order: so they are the first ones.
        return None if self.pages is None else first_selected(self.options.pages, self.pages)

    @property
    def is_untouched(self) -> bool:
        """Whether it waits, and nothing has been done for it yet, not even by an earlier engine."""
        return self.state in (JobState.QUEUED, JobState.HELD) and self.started is None and self.pages is None

    @property
    def needs_password(self) -> bool:
        """Whether the job failed for want of a password."""
        return self.state is JobState.FAILED and (self.reason or "").startswith(NEEDS_PASSWORD)

    @property
    def warnings(self) -> int:
        """How many warnings the job was done with, by its reason."""
        if self.state is not JobState.DONE or not self.reason:
            return 0
        counted = _WARNINGS.match(self.reason)
        return int(counted[1]) if counted else 1

    @property
    def seconds(self) -> float | None:
        """Wall time from start to finish, None until both are known."""
        if self.started is None or self.finished is None:
            return None
        return (self.finished - self.started).total_seconds()


@dataclass(frozen=True, slots=True)
class PageBatch:
    """Consecutive pages of one job that one worker converts in one go. Pages count from 1, both ends included."""

    job_id: int
    first: int
    last: int
    text_only: bool = False
    """Skip the layout step: it has already failed on these pages."""

    @property
    def pages(self) -> range:
        """The page numbers."""
        return range(self.first, self.last + 1)

    def __len__(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class OpenJob:
    """Stage and open a queued job."""

    job_id: int


@dataclass(frozen=True, slots=True)
class MergeJob:
    """Put a job together whose pages are all finished, and publish it."""

    job_id: int


Work = OpenJob | PageBatch | MergeJob
"""What a worker is given to do."""


@dataclass(frozen=True, slots=True)
class PageResult:
    """How one page came out."""

    page: int
    state: PageState
    seconds: float
    via: str = "layout"
    """Which way the page was read: `layout`, `ocr`, `text`, or `none` for a failed page."""
    error: str | None = None
    """What went wrong, or what the reader should know about the page."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Finished pages that share a file in the job's `pages` folder. Pages count from 1, both ends included."""

    first: int
    last: int

    @property
    def file(self) -> str:
        """The file's name: JSON lines, one a page."""
        return f"{self.first:06d}-{self.last:06d}.jsonl"

    @property
    def part(self) -> str:
        """Its name while it is written."""
        return f"{self.file}.part"
