"""What the scheduler keeps of workers and of jobs, waiting and running. Pure, like the scheduler whose part this is."""

from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

from engine.job.job import PageBatch, Work
from engine.job.limits import Origin
from engine.queue.lanes import QueueKey


class Hand(NamedTuple):
    """What a worker is on."""

    work: Work
    origin: Origin

    @property
    def remote_pages(self) -> int:
        """How many pages it has elsewhere."""
        is_there = self.origin.is_remote and isinstance(self.work, PageBatch) and not self.work.text_only
        return len(self.work) if is_there and isinstance(self.work, PageBatch) else 0


@dataclass(slots=True)
class Running:
    """A job that a worker has taken."""

    priority: int
    """By which its work is chosen."""
    origin: Origin
    opener: int | None
    aged: bool = False
    is_open: bool = False
    is_merging: bool = False
    seconds_per_page: float | None = None
    remaining: deque[range] = field(default_factory=deque)
    retries: deque[PageBatch] = field(default_factory=deque)
    lowered_from: int | None = None
    """The priority that it was given, if it has stood back and is chosen by a lower one since."""

    @property
    def pages_left(self) -> int:
        """How many pages no worker has been given."""
        return sum(map(len, self.remaining)) + sum(map(len, self.retries))

    def has_batch(self, remote_room: int) -> bool:
        """Whether there are pages for a worker, given how many more may be elsewhere."""
        pages = self.remaining if remote_room or not self.origin.is_remote else ()
        return self.is_open and not self.is_merging and bool(pages or self.retries)

    @property
    def is_converted(self) -> bool:
        """Whether no page is left to give out, so that it is merged once the last batch is back."""
        return self.is_open and not self.is_merging and not self.remaining and not self.retries

    def set_priority(self, priority: int) -> bool:
        """Choose its work by this priority, unless it is the one that it was lowered from; whether that changes it."""
        if priority == (self.priority if self.lowered_from is None else self.lowered_from):
            return False
        self.priority, self.lowered_from = priority, None
        return True

    def lower(self, priority: int) -> None:
        """Have it stand back: whoever has opened it is at it no more, and its priority is no higher than this one."""
        if priority < self.priority:
            if self.lowered_from is None:
                self.lowered_from = self.priority
            self.priority = priority
        self.opener, self.aged = None, False


@dataclass(slots=True)
class Queued:
    """A job that waits."""

    key: QueueKey
    origin: Origin
    since: float
    is_begun: bool = False
    back: Running | None = None
    """What it goes on with, if it is open and stands back."""
