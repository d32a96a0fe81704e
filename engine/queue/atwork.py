"""Hands: what each worker is on, and what follows from that of a job. Pure, like the scheduler whose part this is."""

from typing import TypeVar

from engine.job.job import Work
from engine.job.limits import Origin
from engine.queue.scheduled import Hand

K = TypeVar("K", int, Work)


class Hands:
    """What a worker was given counts until it asks for more or says that it is over, also when the job has ended."""

    def __init__(self) -> None:
        self._hands: dict[int, Hand] = {}
        self._holders: dict[Work, dict[int, None]] = {}
        """Who has a piece of work; the first of them has had it longest."""
        self._at: dict[int, dict[int, None]] = {}
        """Who is at a job, by its number."""
        self.remote_pages = 0
        """How many pages they have elsewhere."""

    def take(self, worker: int, hand: Hand) -> None:
        """A worker whose hands are free is given something."""
        self._hands[worker] = hand
        self._holders.setdefault(hand.work, {})[worker] = None
        self._at.setdefault(hand.work.job_id, {})[worker] = None
        self.remote_pages += hand.remote_pages

    def let_go(self, worker: int) -> Hand | None:
        """A worker is done with what it has; returns that, None if it has nothing."""
        hand = self._hands.pop(worker, None)
        if hand is None:
            return None
        _remove(self._holders, hand.work, worker)
        _remove(self._at, hand.work.job_id, worker)
        self.remote_pages -= hand.remote_pages
        return hand

    def holder(self, work: Work) -> int | None:
        """The worker that is on this; None if nobody is."""
        return next(iter(self._holders.get(work, ())), None)

    def is_at(self, job_id: int) -> bool:
        """Whether a worker is at this job."""
        return job_id in self._at

    def origin(self, job_id: int) -> Origin | None:
        """Of a job that a worker is at; None if nobody is."""
        workers = self._at.get(job_id)
        return self._hands[next(reversed(workers))].origin if workers else None


def _remove(workers: dict[K, dict[int, None]], which: K, worker: int) -> None:
    del workers[which][worker]
    if not workers[which]:
        del workers[which]
