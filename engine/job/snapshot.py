"""What front ends are shown: frozen data, each as of one moment."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Self

from engine.job.job import Job, JobState, PageResult, PageState, Step
from engine.job.machines import NodeSnapshot
from engine.job.pageranges import PageNumbers

HISTORY_BINS = 60
"""Pages per second is kept for five minutes, in bins of five seconds."""


class WorkerState(StrEnum):
    """What a worker is doing."""

    IDLE = "idle"
    BUSY = "busy"
    STOPPING = "stopping"
    """It ends after this batch."""


class PageMark(IntEnum):
    """A page's state as one byte of a page map."""

    WAITING = 0
    RUNNING = 1
    OK = 2
    OCR = 3
    TEXT_ONLY = 4
    FAILED = 5


MARKS = {
    PageState.OK: PageMark.OK,
    PageState.OCR: PageMark.OCR,
    PageState.TEXT_ONLY: PageMark.TEXT_ONLY,
    PageState.FAILED: PageMark.FAILED,
}
"""How a finished page is marked."""


@dataclass(frozen=True, slots=True)
class JobSnapshot:
    """A job, and how far it is."""

    job: Job
    step: Step | None = None
    """None unless the job is running."""
    pages_done: int = 0
    """Failed pages included."""
    pages_failed: int = 0
    pages_ocr: int = 0
    pages_text_only: int = 0
    rate: float | None = None
    """Pages per second since the job was last taken up; None until a page is finished."""
    eta_s: float | None = None
    """Seconds until the last page, at this rate."""
    workers: tuple[int, ...] = ()
    """The workers converting its pages, in order."""

    @classmethod
    def of(cls, job: Job) -> Self:
        """A job with what its row tells of its pages."""
        return cls(
            job,
            step=Step.STAGING if job.state is JobState.RUNNING else None,
            pages_done=job.pages_done,
            pages_failed=job.pages_failed,
            pages_ocr=job.pages_ocr,
            pages_text_only=job.pages_text_only,
        )


@dataclass(frozen=True, slots=True)
class WorkerSnapshot:
    """A worker and its process."""

    number: int
    """From 1."""
    state: WorkerState = WorkerState.IDLE
    job_id: int | None = None
    step: Step | None = None
    page: int | None = None
    """Of several at once, the one that was begun first."""
    seconds_on_page: float | None = None
    pages_at_once: int = 0
    """How many it is on."""
    pid: int | None = None
    rss_bytes: int = 0
    pages: int = 0
    """Converted since the worker started."""
    via: str | None = None
    """Which way the last of them was read, as its result says."""


@dataclass(frozen=True, slots=True)
class Totals:
    """The queue and the pool in numbers."""

    by_state: dict[JobState, int]
    workers: int
    workers_busy: int
    pages_done: int
    """Since the engine started."""
    pages_per_second: float
    """Over the last half minute."""
    history: tuple[float, ...]
    """Pages per second in bins of five seconds, oldest first, at most `HISTORY_BINS`."""
    eta_s: float | None
    """Seconds until the queue is empty; None while that cannot be told."""

    @property
    def queue_depth(self) -> int:
        """Jobs that wait for a worker."""
        return self.by_state[JobState.QUEUED]

    @property
    def active(self) -> int:
        """Jobs that are running."""
        return self.by_state[JobState.RUNNING]


CONNECTION = "connection"
"""The banner of an engine in another process that does not answer."""


@dataclass(frozen=True, slots=True)
class Banner:
    """Something that needs a person, until it is over."""

    key: str
    """What it is about; one banner a key."""
    message: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything a front end shows, as of one moment."""

    version: int
    """Pass it as `since` next time."""
    changed: tuple[JobSnapshot, ...]
    """Jobs that are new or changed since the version asked about."""
    removed: tuple[int, ...]
    """Ids of jobs taken off the list since then."""
    workers: tuple[WorkerSnapshot, ...]
    totals: Totals
    banners: tuple[Banner, ...]
    is_paused: bool
    nodes: tuple[NodeSnapshot, ...] = ()
    """The other machines of a cluster, by name, as of a second ago at most."""


@dataclass(frozen=True, slots=True)
class PageMap:
    """Every page of a job at a glance."""

    marks: bytes
    """A `PageMark` a page."""
    workers: dict[int, int] = field(default_factory=dict)
    """Page number to the worker on it."""
    numbers: PageNumbers | None = None
    """Of the pages that have marks; all from 1 on unless given."""

    @property
    def pages(self) -> PageNumbers:
        """The numbers of the pages, a mark each."""
        return self.numbers or PageNumbers(((1, len(self.marks)),) if self.marks else ())

    def mark(self, page: int) -> PageMark | None:
        """The mark of a page, by its number; None if it has none."""
        place = self.pages.place(page)
        return PageMark(self.marks[place]) if place is not None and place < len(self.marks) else None


@dataclass(frozen=True, slots=True)
class JobDetail:
    """Everything there is to know about one job."""

    snapshot: JobSnapshot
    pages: tuple[PageResult, ...]
    """Finished pages, in order."""
    page_map: PageMap
    history: tuple[tuple[datetime, JobState, str], ...]
    """When it entered which state, and why."""
    warnings: tuple[str, ...] = ()
    log_file: Path = field(default_factory=Path)
    folder: Path | None = None
    """Its private folder while it is unfinished; what is in `out` is not published yet."""


Area = tuple[float, float, float, float]
"""Left, top, right and bottom of a part of a page, as shares of its width and height."""
WHOLE_PAGE: Area = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Picture:
    """A page as pixels."""

    width: int
    height: int
    rgb: bytes
    """Three bytes a pixel, row by row from the top."""


@dataclass(frozen=True, slots=True)
class PageBlock:
    """A block of a page: what the Markdown has made of it, or has left out."""

    kind: str
    """As in JSON: `section-header`, `text`, `table`, `page-footer` …"""
    area: Area
    text: str
    """Of a table, that of its cells, one after the other. Safe to show, as all of it."""
    image: str = ""
    """A picture's file, in the folder of the result."""
