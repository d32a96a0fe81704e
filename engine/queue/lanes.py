"""The waiting jobs in order, and which of them may be opened. Pure, like the scheduler whose part this is.

Jobs that the limits cannot tell apart, of one client, folder, profile and priority, wait in one lane. So a choice
passes over a lane at a time, however many wait in it, and few must be passed over: each of those has running jobs.
"""

import math
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Collection, Iterator
from collections.abc import Set as AbstractSet
from typing import NamedTuple, TypeVar

from engine.job.limits import UNLIMITED, Origin, RunningLimits

T = TypeVar("T", str, bytes)


class QueueKey(NamedTuple):
    """Sorts the queue: higher priority first, then by position, then by id."""

    minus_priority: int
    position: float
    job_id: int


class Taken:
    """Whose places are taken: the origins of all jobs that are at work, as the limits count them."""

    def __init__(self, limits: RunningLimits) -> None:
        self.limits = limits
        self.clients: Counter[str] = Counter()
        self.folders: Counter[bytes] = Counter()
        self.profiles: Counter[str] = Counter()
        self.full_clients: set[str] = set()
        self.full_folders: set[bytes] = set()
        self.full_profiles: set[str] = set()
        self._origins: dict[int, Origin] = {}

    def set(self, job_id: int, origin: Origin | None) -> None:
        """A job of this origin is at work; none of this number is, if there is none."""
        before = self._origins.pop(job_id, None)
        if origin is not None:
            self._origins[job_id] = origin
        if before != origin:
            self._count(before, -1)
            self._count(origin, +1)

    def under(self, limits: RunningLimits) -> "Taken":
        """The same, as other limits count it."""
        taken = Taken(limits)
        for job_id, origin in self._origins.items():
            taken.set(job_id, origin)
        return taken

    def per_client(self) -> float:
        """How many jobs of one client may be at work."""
        return math.inf if self.limits.per_client is None else self.limits.per_client

    def per_folder(self) -> float:
        """How many jobs of one folder may be at work."""
        return math.inf if self.limits.per_folder is None else self.limits.per_folder

    def per_profile(self, profile: str) -> float:
        """How many jobs with this profile may be at work."""
        return self.limits.per_profile.get(profile, math.inf)

    def _count(self, origin: Origin | None, change: int) -> None:
        if origin is None:
            return
        origin = self.limits.counted(origin)
        if origin.client:
            _change(self.clients, self.full_clients, origin.client, change, self.per_client())
        if origin.folder:
            _change(self.folders, self.full_folders, origin.folder, change, self.per_folder())
        if origin.profile:
            _change(self.profiles, self.full_profiles, origin.profile, change, self.per_profile(origin.profile))


class Room:
    """What the limits leave, at one moment, of what is taken."""

    def __init__(self, taken: Taken, kept_for: Origin | None = None, *, takes_remote: bool = True) -> None:
        """For `kept_for`, which is a counted origin, a place of its client, its folder and its profile is kept.

        `takes_remote` says whether there is something to do for one more job whose pages are converted elsewhere.
        """
        self.takes_remote = takes_remote
        self._taken = taken
        self._kept_for = kept_for
        self.full_clients: AbstractSet[str] = taken.full_clients
        self.full_folders: AbstractSet[bytes] = taken.full_folders
        self.full_profiles: AbstractSet[str] = taken.full_profiles
        self.excepted: Origin | None = None
        """An origin for which there is room although its client, folder or profile is full for others."""
        if kept_for is None:
            return
        client, folder, profile, _ = kept_for
        if client and taken.clients[client] + 1 >= taken.per_client():
            self.full_clients = self.full_clients | {client}
        if folder and taken.folders[folder] + 1 >= taken.per_folder():
            self.full_folders = self.full_folders | {folder}
        if profile and taken.profiles[profile] + 1 >= taken.per_profile(profile):
            self.full_profiles = self.full_profiles | {profile}
        if self.left_for(kept_for):
            self.excepted = kept_for

    def left_for(self, origin: Origin) -> float:
        """How many more jobs of this origin may be opened."""
        if origin.is_remote and not self.takes_remote:
            return 0
        taken = self._taken
        left = math.inf
        if origin.client:
            left = taken.per_client() - taken.clients[origin.client] - self._is_kept(origin, "client")
        if origin.folder:
            left = min(left, taken.per_folder() - taken.folders[origin.folder] - self._is_kept(origin, "folder"))
        if origin.profile:
            of_profile = taken.per_profile(origin.profile) - taken.profiles[origin.profile]
            left = min(left, of_profile - self._is_kept(origin, "profile"))
        return max(0, left)

    def _is_kept(self, origin: Origin, what: str) -> bool:
        """Whether a place of this origin's client, folder or profile is kept for another."""
        kept = self._kept_for
        return kept is not None and kept != origin and getattr(kept, what) == getattr(origin, what)


class WaitingJobs:
    """Keys in their order, each with the origin that limits count it by."""

    def __init__(self) -> None:
        self._order: list[QueueKey] = []
        self._origins: dict[int, Origin] = {}
        self._lanes: dict[tuple[int, Origin], list[QueueKey]] = {}
        self._heads: list[tuple[QueueKey, Origin]] = []  # the first of each lane, in order

    def __len__(self) -> int:
        return len(self._order)

    def __iter__(self) -> Iterator[QueueKey]:
        return iter(self._order)

    def add(self, key: QueueKey, origin: Origin) -> None:
        """A job that was not there waits."""
        insort(self._order, key)
        self._origins[key.job_id] = origin
        lane = self._lanes.setdefault((key.minus_priority, origin), [])
        old_head = lane[0] if lane else None
        insort(lane, key)
        self._change_head(old_head, lane[0], origin)

    def remove(self, key: QueueKey) -> None:
        """A job that was there waits no more."""
        _delete(self._order, key)
        origin = self._origins.pop(key.job_id)
        lane = self._lanes[key.minus_priority, origin]
        old_head = lane[0]
        _delete(lane, key)
        self._change_head(old_head, lane[0] if lane else None, origin)
        if not lane:
            del self._lanes[key.minus_priority, origin]

    @property
    def last_level(self) -> int:
        """The `minus_priority` of those of the lowest priority; raises `IndexError` if nobody waits."""
        return self._order[-1].minus_priority

    def neighbour(self, key: QueueKey, step: int) -> QueueKey | None:
        """The key `step` places after this one (before it, if negative), if it is of the same priority."""
        index = bisect_left(self._order, key) + step
        if 0 <= index < len(self._order) and self._order[index].minus_priority == key.minus_priority:
            return self._order[index]
        return None

    def levels_below(self, priority: int) -> Iterator[int]:
        """The `minus_priority` of all jobs of lower priority, each once, highest priority first."""
        index = bisect_left(self._heads, _level_start(1 - priority))
        while index < len(self._heads):
            level = self._heads[index][0].minus_priority
            yield level
            index = bisect_left(self._heads, _level_start(level + 1))

    def first(self, room: Room, busy: Collection[int], level: int | None = None) -> QueueKey | None:
        """The first job for which there is room, and which is not one of `busy`; of one level alone if it is given."""
        best: QueueKey | None = None
        for head, origin in self._open_lanes(room, level):
            if best is not None and best < head:
                break
            lane = self._lanes[head.minus_priority, origin]
            key = next((key for key in lane if key.job_id not in busy), None)
            if key is not None and (best is None or key < best):
                best = key
        return best

    def count(self, room: Room, enough: int) -> int:
        """About how many jobs may be opened; not counted any further than to `enough`."""
        found = 0
        for head, origin in self._open_lanes(room):
            found += int(min(len(self._lanes[head.minus_priority, origin]), room.left_for(origin)))
            if found >= enough:
                break
        return found

    def _open_lanes(self, room: Room, level: int | None = None) -> Iterator[tuple[QueueKey, Origin]]:
        """The lanes for which there is room, by their heads, in order."""
        full_clients, full_folders, full_profiles = room.full_clients, room.full_folders, room.full_profiles
        excepted, takes_remote = room.excepted, room.takes_remote
        start = 0 if level is None else bisect_left(self._heads, _level_start(level))
        for index in range(start, len(self._heads)):
            head, origin = self._heads[index]
            if level is not None and head[0] != level:
                return
            client, folder, profile, is_remote = origin
            if is_remote and not takes_remote:
                continue
            is_full = client in full_clients or folder in full_folders or profile in full_profiles
            if not is_full or origin == excepted:
                yield head, origin

    def _change_head(self, old: QueueKey | None, new: QueueKey | None, origin: Origin) -> None:
        if old != new:
            if old is not None:
                del self._heads[bisect_left(self._heads, (old, origin))]
            if new is not None:
                insort(self._heads, (new, origin))


def _change(counts: Counter[T], full: set[T], which: T, change: int, most: float) -> None:
    counts[which] += change
    if counts[which] >= most:
        full.add(which)
    else:
        full.discard(which)
    if not counts[which]:
        del counts[which]


def _level_start(level: int) -> tuple[QueueKey, Origin]:
    return QueueKey(level, -math.inf, 0), UNLIMITED


def _delete(keys: list[QueueKey], key: QueueKey) -> None:
    del keys[bisect_left(keys, key)]
