"""The waiting jobs in order, and which of them may be opened. Pure, like the scheduler whose part this is.

Jobs that the limits cannot tell apart, of one client, folder, profile and priority, wait in one lane. So a choice
passes over a lane at a time, however many wait in it, and few must be passed over: each of those has running jobs.
"""

import math
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from engine.job.limits import UNLIMITED, Origin, RunningLimits


class QueueKey(NamedTuple):
    """Sorts the queue: higher priority first, then by position, then by id."""

    minus_priority: int
    position: float
    job_id: int


class Room:
    """What the limits leave, at one moment, given the origins of all jobs that are at work."""

    def __init__(
        self,
        limits: RunningLimits,
        at_work: Iterable[Origin] = (),
        kept_for: Origin | None = None,
        *,
        takes_remote: bool = True,
    ) -> None:
        """All origins are counted ones. For `kept_for`, a place of its client, its folder and its profile is kept.

        `takes_remote` says whether there is something to do for one more job whose pages are converted elsewhere.
        """
        self.takes_remote = takes_remote
        self._per_client = math.inf if limits.per_client is None else limits.per_client
        self._per_folder = math.inf if limits.per_folder is None else limits.per_folder
        self._per_profile = limits.per_profile
        self._kept_for = kept_for
        taken = [*at_work] if kept_for is None else [*at_work, kept_for]
        self._clients = Counter(origin.client for origin in taken if origin.client)
        self._folders = Counter(origin.folder for origin in taken if origin.folder)
        self._profiles = Counter(origin.profile for origin in taken if origin.profile)
        self.full_clients = frozenset(c for c, count in self._clients.items() if count >= self._per_client)
        self.full_folders = frozenset(f for f, count in self._folders.items() if count >= self._per_folder)
        self.full_profiles = frozenset(p for p, count in self._profiles.items() if count >= self._of_profile(p))
        self.excepted = kept_for if kept_for is not None and self.left_for(kept_for) else None
        """An origin for which there is room although its client, folder or profile is full for others."""

    def left_for(self, origin: Origin) -> float:
        """How many more jobs of this origin may be opened."""
        if origin.is_remote and not self.takes_remote:
            return 0
        kept = origin == self._kept_for
        of_client = self._per_client - self._clients[origin.client] + kept if origin.client else math.inf
        of_folder = self._per_folder - self._folders[origin.folder] + kept if origin.folder else math.inf
        of_profile = self._of_profile(origin.profile) - self._profiles[origin.profile] + kept
        return max(0, min(of_client, of_folder, of_profile if origin.profile else math.inf))

    def _of_profile(self, profile: str) -> float:
        return self._per_profile.get(profile, math.inf)


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


def _level_start(level: int) -> tuple[QueueKey, Origin]:
    return QueueKey(level, -math.inf, 0), UNLIMITED


def _delete(keys: list[QueueKey], key: QueueKey) -> None:
    del keys[bisect_left(keys, key)]
