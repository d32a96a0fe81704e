"""RunningJobs: the running jobs, found by what a choice asks of them. Pure, like the scheduler whose part this is.

What a job is found by is worked out when it has changed, and not when somebody chooses: so a choice costs the same with
a thousand jobs at work as with two. Whoever changes a job says so by `index`.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator
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
    able: tuple[bool, bool]
    """Whether there is something to do for it: while no page may go elsewhere, and while one may."""
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
        self._opened: dict[int | None, set[int]] = {}
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
        is_merged = running.is_converted and not is_busy
        able = running.has_batch(0) or is_merged, running.has_batch(1) or is_merged
        among = self._list_for(running, able)
        if among is not None:
            insort(among, entry)
        waits = running.origin.is_remote and (not running.is_open or bool(running.remaining))
        self.waiting_for_room += waits
        self._opened.setdefault(running.opener, set()).add(job_id)
        if running.aged:
            self._aged.add(job_id)
        self._places[job_id] = _Place(running.opener, running.aged, waits, able, running.priority, among, entry)

    def _list_for(self, running: Running, able: tuple[bool, bool]) -> list[_Entry] | None:
        if running.aged or not able[True]:
            return None
        level = self._levels.setdefault(running.priority, _Level())
        if running.is_converted:
            return level.to_merge
        return level.here if able[False] else level.elsewhere

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
        self._opened[place.opener].discard(job_id)
        if not self._opened[place.opener]:
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
        return max(self._able(worker, priority, is_room=is_room), default=(0, None))[1]

    def nobodys(self, priority: int, *, is_room: bool) -> int | None:
        """Of those of this priority whose worker has left, the first one for which there is something to do."""
        return min(self._able(None, priority, is_room=is_room), default=(0, None))[1]

    def _able(self, opener: int | None, priority: int, *, is_room: bool) -> Iterator[tuple[int, int]]:
        """Those for which there is something to do, each after its place in the order."""
        for job_id in self._opened.get(opener, ()):
            place = self._places[job_id]
            if place.able[is_room] and place.level == priority and not place.is_aged:
                yield place.entry.serial, job_id

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

    def aged(self, *, is_room: bool) -> list[int]:
        """The aged ones for which there is something to do, in their order; seldom more than one."""
        able = (self._places[job_id].entry for job_id in self._aged if self._places[job_id].able[is_room])
        return [entry.job_id for entry in sorted(able, key=lambda entry: entry.serial)]

    @property
    def has_aged(self) -> bool:
        """Whether one is aged, whatever there is to do for it."""
        return bool(self._aged)
