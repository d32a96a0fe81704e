"""RunningJobs: the running jobs, found by what a choice asks of them. Pure, like the scheduler whose part this is.

What a job is found by is worked out when it has changed, and not when somebody chooses: so a choice costs the same with
a thousand jobs at work as with two. Whoever changes a job says so by `index`.
"""

from bisect import bisect_left, insort
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple

from engine.queue.scheduled import Running


class _Entry(NamedTuple):
    """Sorts jobs of a list: fewer pages left are further behind, then comes who has run for longest."""

    minus_pages: int
    serial: int
    job_id: int


@dataclass(slots=True)
class _Level:
    """The jobs of one priority for which there is something to do."""

    to_merge: list[_Entry] = field(default_factory=list)
    here: list[_Entry] = field(default_factory=list)
    """With a batch for whoever asks."""
    elsewhere: list[_Entry] = field(default_factory=list)
    """With pages that can only go elsewhere, while there is room."""

    def has_work(self, *, is_room: bool) -> bool:
        return bool(self.to_merge or self.here or (is_room and self.elsewhere))


class _Place(NamedTuple):
    """Where a job was put when it was looked at last."""

    opener: int | None
    is_aged: bool
    waits_for_room: bool
    """Whether it is remote, and there are pages of it that nobody has been given."""
    level: int
    among: list[_Entry] | None
    entry: _Entry


class RunningJobs:
    """By their ids, in the order in which they came. Not thread-safe."""

    def __init__(self) -> None:
        self._jobs: dict[int, tuple[int, Running]] = {}
        self._serials = count()
        self._places: dict[int, _Place] = {}
        self._levels: dict[int, _Level] = {}
        self._opened: dict[int, dict[int, None]] = {}
        self._aged: set[int] = set()
        self.waiting_for_room = 0
        """How many remote jobs run of which a page is yet to go elsewhere."""

    # --- which there are ---

    def get(self, job_id: int) -> Running | None:
        """A running job; None if it does not run."""
        found = self._jobs.get(job_id)
        return found[1] if found is not None else None

    def __contains__(self, job_id: int) -> bool:
        return job_id in self._jobs

    def __getitem__(self, job_id: int) -> Running:
        return self._jobs[job_id][1]

    def add(self, job_id: int, running: Running) -> None:
        """A job that did not run does. It is found once it is indexed."""
        self._jobs[job_id] = next(self._serials), running

    def remove(self, job_id: int) -> None:
        """A job runs no more, if it did."""
        if self._jobs.pop(job_id, None) is not None:
            self._unplace(job_id)

    def index(self, job_id: int, *, is_busy: bool) -> None:
        """Look at a job anew. While somebody `is_busy` with it, it is not merged."""
        self._unplace(job_id)
        if job_id not in self._jobs:
            return
        serial, running = self._jobs[job_id]
        entry = _Entry(-running.pages_left, serial, job_id)
        among = self._list_for(running, is_busy=is_busy)
        if among is not None:
            insort(among, entry)
        waits = running.origin.is_remote and (not running.is_open or bool(running.remaining))
        self.waiting_for_room += waits
        if running.opener is not None:
            self._opened.setdefault(running.opener, {})[job_id] = None
        if running.aged:
            self._aged.add(job_id)
        self._places[job_id] = _Place(running.opener, running.aged, waits, running.priority, among, entry)

    def _list_for(self, running: Running, *, is_busy: bool) -> list[_Entry] | None:
        if running.aged or not (running.has_batch(1) or (running.is_converted and not is_busy)):
            return None
        level = self._levels.setdefault(running.priority, _Level())
        if running.is_converted:
            return level.to_merge
        return level.here if running.has_batch(0) else level.elsewhere

    def _unplace(self, job_id: int) -> None:
        place = self._places.pop(job_id, None)
        if place is None:
            return
        if place.among is not None:
            del place.among[bisect_left(place.among, place.entry)]
            level = self._levels[place.level]
            if not level.has_work(is_room=True):
                del self._levels[place.level]
        self.waiting_for_room -= place.waits_for_room
        if place.opener is not None:
            opened = self._opened[place.opener]
            del opened[job_id]
            if not opened:
                del self._opened[place.opener]
        if place.is_aged:
            self._aged.discard(job_id)

    # --- what a choice asks ---

    def top(self, *, is_room: bool) -> int | None:
        """The highest priority of which there is something to do but for aged jobs; None if there is nothing.

        `is_room` says whether one more page may go elsewhere.
        """
        return max((p for p, level in self._levels.items() if level.has_work(is_room=is_room)), default=None)

    def own(self, worker: int, priority: int, *, is_room: bool) -> int | None:
        """Of those of this priority that a worker has opened, the last one for which there is something to do."""
        level = self._levels.get(priority)
        if level is None:
            return None
        places = [self._places[job_id] for job_id in self.opened_by(worker)]
        able = [p.entry for p in places if p.level == priority and p.among is not None]
        if not is_room:
            able = [entry for entry in able if self._places[entry.job_id].among is not level.elsewhere]
        return max(able, key=lambda entry: entry.serial).job_id if able else None

    def to_merge(self, priority: int) -> int | None:
        """The first of this priority that is to be merged."""
        level = self._levels.get(priority)
        return level.to_merge[0].job_id if level is not None and level.to_merge else None

    def longest(self, priority: int, *, is_room: bool) -> int:
        """Of those of this priority with a batch to give, the one with most pages left; there must be one."""
        level = self._levels[priority]
        return min(among[0] for among in (level.here, level.elsewhere if is_room else []) if among).job_id

    def opened_by(self, worker: int) -> list[int]:
        """The jobs that this worker has opened."""
        return [*self._opened.get(worker, ())]

    @property
    def aged(self) -> list[int]:
        """The aged ones in their order, whatever there is to do for them; seldom more than one."""
        return sorted(self._aged, key=lambda job_id: self._jobs[job_id][0])
