"""Decides what a free worker does next. Pure: no threads, no I/O, no clock of its own.

The unit of work is a page batch of some 1.5 s. Among the work of the highest priority a worker takes first the next
batch of the job it opened itself (its process has the document open), then one of a job whose worker has left, which
is its own from then on, else it opens the next queued job, else it helps the running job with most pages left. So many
documents run side by side, the last big one gets every worker, and an urgent job waits for one batch, not for one
document.

Limits keep a job from being opened, never a running one from being worked on: a worker that may not open the job at the
head takes the next one that is not limited, or helps.

A job whose page has hung stands back: it leaves its workers to all who wait at that moment, and goes on where it was
when they have been begun. So as many such jobs as there are workers stop their equals for two deadlines at most.

A remote job is one whose pages are converted elsewhere: a process has many of them under way and only waits. Its
batches are sized by how many pages may be there at once, and as long as so many are, workers take other work.
"""

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import replace

from engine.base.waits import Waits
from engine.job.job import MergeJob, OpenJob, PageBatch, Work
from engine.job.limits import UNLIMITED, Origin, RunningLimits
from engine.queue.atwork import Hands
from engine.queue.lanes import QueueKey, Room, Taken, WaitingJobs
from engine.queue.runningjobs import RunningJobs
from engine.queue.scheduled import Hand, Queued, Running

_UNKNOWN_PAGE_S = 0.3
"""What a page is taken to cost before one has been measured: an ordinary page under the layout model."""
_FIRST_BATCH_PAGES = 6
"""A job's first batch has at most so many pages: enough to measure, few enough to see something soon."""
_MOST_PAGES = 200
_SMOOTHING = 0.3
"""Weight of the newest batch in the running average of seconds per page."""


class Scheduler:
    """The queue in memory, and the choice from it. Not thread-safe: its owner has a lock."""

    def __init__(
        self,
        batch_seconds: float = 1.5,
        aging_s: float = 900.0,
        limits: RunningLimits | None = None,
        remote_pages: int = 20,
    ) -> None:
        """At most `remote_pages` pages of remote jobs are handed out at once."""
        self._remote_pages = remote_pages
        self._batch_seconds = batch_seconds
        self._aging_s = aging_s
        self._limits = limits or RunningLimits()
        self._waiting = WaitingJobs()
        self._queued: dict[int, Queued] = {}
        self._waits = Waits()  # of those
        self._begun: dict[int, Origin] = {}  # waiting, but counted as running
        self._running = RunningJobs()
        # What each worker is on, also when its job has since been held, cancelled or finished: nobody else opens a
        # job while somebody is still at it, and until then its place is taken.
        self._hands = Hands()
        self._changed: set[int] = set()  # since what follows for a choice was looked at last, which is:
        self._busy: set[int] = set()
        self._back: set[int] = set()
        self._taken = Taken(self._limits)
        self._was_aged_turn = False
        self._seconds_per_page = _UNKNOWN_PAGE_S
        self.worker_count = 1
        self.is_paused = False
        self.is_draining = False
        """No further job is opened; the running ones go on."""

    # --- what the queue is told ---

    def enqueue(
        self,
        job_id: int,
        priority: int,
        position: float,
        now: float,
        origin: Origin = UNLIMITED,
        *,
        is_begun: bool = False,
    ) -> None:
        """A job waits since `now`; called again, its place changes, and since when it has waited does not.

        One that is begun is running for everybody else, and only to be opened again: it keeps its place among those
        of its origin that run, and no limit keeps it waiting.
        """
        waiting = self._queued.get(job_id)
        if waiting is not None:
            self._waiting.remove(waiting.key)
        else:
            self._waits.begin(job_id, now)
        self._begun.pop(job_id, None)
        if is_begun:
            self._begun[job_id] = origin
        since = waiting.since if waiting else now
        self._add_waiting(Queued(QueueKey(-priority, position, job_id), origin, since, is_begun))

    def configure(self, batch_seconds: float, aging_s: float, limits: RunningLimits, remote_pages: int) -> None:
        """From now on, these hold; for jobs that wait already, too."""
        self._batch_seconds, self._aging_s, self._remote_pages = batch_seconds, aging_s, remote_pages
        if limits != self._limits:
            self._limits = limits
            self._waiting = WaitingJobs()
            for queued in [*self._queued.values()]:
                self._add_waiting(queued)
            self._taken = self._taken.under(limits)

    def drop(self, job_id: int) -> None:
        """The job waits or runs no more."""
        self._changed.add(job_id)
        self._running.remove(job_id)
        self._begun.pop(job_id, None)
        waiting = self._queued.pop(job_id, None)
        if waiting is not None:
            self._waiting.remove(waiting.key)
            self._waits.end(job_id)

    def reclaim(self, job_id: int, priority: int, origin: Origin = UNLIMITED) -> None:
        """A job that was dropped while a worker was about to open it is that worker's after all."""
        if job_id not in self._running:
            self.drop(job_id)
            self._running.add(job_id, Running(priority, origin, self._hands.holder(OpenJob(job_id))))

    def arrange_running(self, job_id: int, priority: int, position: float) -> None:
        """An open job's priority and place are these: changes what the next batch boundary decides.

        Its place is where it waits if it stands back; a new priority is one that it has again.
        """
        running = self._begun_with(job_id)
        is_changed = running is not None and running.set_priority(priority)
        self._changed.add(job_id)
        queued = self._queued.get(job_id)
        if queued is not None and queued.back is not None:
            level = -priority if is_changed else queued.key.minus_priority
            self._waiting.remove(queued.key)
            self._add_waiting(replace(queued, key=QueueKey(level, position, job_id)))

    def stand_back(self, job_id: int, position: float, now: float) -> None:
        """An open job leaves its workers to all who wait now, whatever their priority, and goes on behind them.

        `position` is behind theirs. It waits like one that is to be opened, so its place is free for others of its
        origin; what a worker has of it already goes on. Changes nothing while nobody waits or no page is left.
        """
        running = self._running.get(job_id)
        if running is None or not running.pages_left or not self._waiting:
            return
        self._running.remove(job_id)
        running.lower(min(running.priority, -self._waiting.last_level))
        self._waits.begin(job_id, now)
        key = QueueKey(-running.priority, position, job_id)
        self._add_waiting(Queued(key, running.origin, now, back=running))

    def opened(self, job_id: int, pages: Iterable[range]) -> None:
        """A job is open and these pages (numbers from 1) remain to be converted."""
        self._let_go(self._hands.holder(OpenJob(job_id)))
        running = self._running.get(job_id)
        if running is not None:
            running.is_open = True
            running.remaining = deque(p for p in pages if p)
            self._changed.add(job_id)

    def batch_finished(self, batch: PageBatch, seconds: float | None) -> None:
        """A batch is over, whatever came of it; `seconds` of work if it is a fair measure."""
        hand = self._let_go(self._hands.holder(batch))
        running = self._begun_with(batch.job_id)
        if seconds is None or batch.text_only or (hand is not None and hand.origin.is_remote):
            return
        per_page = seconds / len(batch)
        self._seconds_per_page += _SMOOTHING * (per_page - self._seconds_per_page)
        if running is not None:
            before = running.seconds_per_page
            running.seconds_per_page = per_page if before is None else before + _SMOOTHING * (per_page - before)

    def put_back(self, batch: PageBatch) -> None:
        """These pages of a batch are still to be done; they stay a batch of their own, or part of one."""
        running = self._begun_with(batch.job_id)
        if running is None:
            return
        if batch.text_only:
            running.retries.append(batch)
        else:
            running.remaining.appendleft(batch.pages)
        self._changed.add(batch.job_id)

    def withdraw(self, job_id: int) -> list[PageBatch]:
        """Give out no further page of an open job, which is over when its last batch is back; returns what is left."""
        running = self._begun_with(job_id)
        if running is None:
            return []
        left = [PageBatch(job_id, pages[0], pages[-1]) for pages in running.remaining]
        left += running.retries
        running.remaining.clear()
        running.retries.clear()
        self._changed.add(job_id)
        if self._stands_back(job_id):
            self.drop(job_id)
            self._running.add(job_id, running)
        return left

    def worker_left(self, worker: int) -> None:
        """A worker is gone for good; what it opened is anyone's."""
        self._let_go(worker)
        self._look()
        for job_id in self._running.opened_by(worker):
            self._running[job_id].opener = None
            self._running[job_id].aged = False
            self._changed.add(job_id)

    # --- what the queue is asked ---

    @property
    def queued_ids(self) -> list[int]:
        """The waiting jobs in the order they will be opened."""
        return [key.job_id for key in self._waiting]

    @property
    def queue_depth(self) -> int:
        """How many jobs wait."""
        return len(self._waiting)

    def waiting_since(self, job_id: int) -> float | None:
        """When a waiting job came into the queue; None if it does not wait."""
        waiting = self._queued.get(job_id)
        return waiting.since if waiting is not None else None

    def is_running(self, job_id: int) -> bool:
        """Whether a worker has taken the job and it has not ended."""
        return self._begun_with(job_id) is not None

    def neighbour(self, job_id: int, step: int) -> int | None:
        """The waiting job `step` places after this one (before it, if negative) among its equals."""
        waiting = self._queued.get(job_id)
        if waiting is None:
            return None
        found = self._waiting.neighbour(waiting.key, step)
        return found.job_id if found is not None else None

    def next(self, worker: int, now: float) -> Work | None:
        """What a free worker does now, None if there is nothing for it. What is returned counts as taken.

        That the worker asks means that it is done with whatever it was given before.
        """
        self._let_go(worker)
        if self.is_paused:
            return None
        self._look()
        work = self._choose(worker, now)
        if work is not None:
            self._hands.take(worker, Hand(work, self._running[work.job_id].origin))
            self._changed.add(work.job_id)
        return work

    def _choose(self, worker: int, now: float) -> Work | None:
        running, busy, room, remote_room = self._running, self._busy, self._room(now), self._remote_room()
        is_room = remote_room > 0
        head = self._first_back(remote_room) if self.is_draining else self._waiting.first(room, busy)
        aged = running.aged(is_room=is_room)
        top = running.top(is_room=is_room)
        if head is not None:
            top = -head.minus_priority if top is None else max(top, -head.minus_priority)
        if top is None:
            return self._take(aged[0], room) if aged else None  # never more than one
        # An aged job has one worker; where there is no other, every other batch.
        self._was_aged_turn = not self._was_aged_turn
        if self.worker_count > 1 or self._was_aged_turn:
            for job_id in aged:
                if running[job_id].opener == worker:
                    return self._take(job_id, room)
        is_turn = head is not None and not self.is_draining and not running.has_aged
        if is_turn and (oldest := self._kept_waiting(top, now, busy, room)) is not None:
            return self._open(oldest, worker, room, aged=True)
        own = running.own(worker, top, is_room=is_room)
        chosen = own if own is not None else running.to_merge(top)
        if chosen is not None:
            return self._take(chosen, room)
        if (left := running.nobodys(top, is_room=is_room)) is not None:
            running[left].opener = worker
            return self._take(left, room)
        if head is not None and -head.minus_priority == top:
            return self._open(head.job_id, worker, room, aged=False)
        return self._take(running.longest(top, is_room=is_room), room)

    def _look(self) -> None:
        """See what follows from what has changed since the last time."""
        for job_id in self._changed:
            stands_back = self._stands_back(job_id)
            is_busy = self._hands.is_at(job_id) and not stands_back
            (self._back.add if stands_back else self._back.discard)(job_id)
            (self._busy.add if is_busy else self._busy.discard)(job_id)
            running = self._running.get(job_id)
            at_work = running.origin if running is not None else self._begun.get(job_id)
            self._taken.set(job_id, self._hands.origin(job_id) if at_work is None else at_work)
            self._running.index(job_id, is_busy=is_busy)
        self._changed.clear()

    def _room(self, now: float) -> Room:
        """What the limits leave.

        Somebody whose client has room while its folder has none, and then the other way round, would wait for ever;
        so for the one that has waited longest, once that is too long, a place of each is kept.
        """
        if self._limits.are_none:
            return Room(self._taken, takes_remote=self._takes_remote())
        oldest = self._waits.oldest()
        longest = self._queued[oldest[1]] if oldest is not None else None
        is_kept = longest is not None and not longest.is_begun and now - longest.since >= self._aging_s
        kept_for = self._limits.counted(longest.origin) if longest is not None and is_kept else None
        return Room(self._taken, kept_for, takes_remote=self._takes_remote())

    def _remote_room(self) -> int:
        """How many more pages may be elsewhere."""
        return max(0, self._remote_pages - self._hands.remote_pages)

    def _takes_remote(self) -> bool:
        """Whether one more remote job may be opened: not while none of its pages could go anywhere.

        Nor while those that are running have pages for every worker: each is a copy on the disk.
        """
        return self._running.waiting_for_room < self.worker_count and self._remote_room() > 0

    def _kept_waiting(self, top: int, now: float, busy: set[int], room: Room) -> int | None:
        """The job below the top priority that has waited longest for others, if that is too long."""
        longest, found = self._aging_s, None
        for level in self._waiting.levels_below(top):
            key = self._waiting.first(room, busy, level)
            if key is not None and (waited := now - self._queued[key.job_id].since) >= longest:
                longest, found = waited, key.job_id
        return found

    def _add_waiting(self, queued: Queued) -> None:
        self._queued[queued.key.job_id] = queued
        self._changed.add(queued.key.job_id)
        self._waiting.add(queued.key, UNLIMITED if queued.is_begun else self._limits.counted(queued.origin))

    def _let_go(self, worker: int | None) -> Hand | None:
        hand = self._hands.let_go(worker) if worker is not None else None
        if hand is not None:
            self._changed.add(hand.work.job_id)
        return hand

    def _stands_back(self, job_id: int) -> bool:
        queued = self._queued.get(job_id)
        return queued is not None and queued.back is not None

    def _begun_with(self, job_id: int) -> Running | None:
        """What is known of an open job, whether it runs or stands back."""
        queued = self._queued.get(job_id)
        return self._running.get(job_id) or (queued.back if queued is not None else None)

    def _first_back(self, remote_room: int) -> QueueKey | None:
        """Of those that stand back, the first that can go on."""
        back = (self._queued[job_id] for job_id in self._back)
        return min((q.key for q in back if q.back is not None and q.back.has_batch(remote_room)), default=None)

    def _open(self, job_id: int, worker: int, room: Room, *, aged: bool) -> Work:
        queued = self._queued[job_id]
        self.drop(job_id)
        if queued.back is None:
            self._running.add(job_id, Running(-queued.key.minus_priority, queued.origin, worker, aged=aged))
            return OpenJob(job_id)
        running = queued.back
        running.opener, running.aged = worker, aged
        self._running.add(job_id, running)
        return self._take(job_id, room)

    def _take(self, job_id: int, room: Room) -> Work:
        running = self._running[job_id]
        if running.is_converted:
            running.is_merging = True
            return MergeJob(job_id)
        remote_room = self._remote_room() if running.origin.is_remote else None
        if not running.remaining or remote_room == 0:
            return running.retries.popleft()
        pages = running.remaining[0]
        if remote_room is None:
            size = min(len(pages), self._batch_size(running, room))
        else:
            size = min(len(pages), remote_room, math.ceil(self._remote_pages / self.worker_count), _MOST_PAGES)
        if size == len(pages):
            running.remaining.popleft()
        else:
            running.remaining[0] = pages[size:]
        return PageBatch(job_id, pages[0], pages[size - 1])

    def _batch_size(self, running: Running, room: Room) -> int:
        measured = running.seconds_per_page
        per_page = max(measured or self._seconds_per_page, 1e-4)
        size = max(1, min(round(self._batch_seconds / per_page), _MOST_PAGES))
        if measured is None:
            size = min(size, _FIRST_BATCH_PAGES)
        if self._waiting.count(room, self.worker_count) < self.worker_count:
            # Workers will come to help: smaller batches towards the end let them finish together.
            size = min(size, math.ceil(running.pages_left / (2 * self.worker_count)))
        return max(1, size)
