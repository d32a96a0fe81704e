"""Settling: whether nobody writes to a file any more, as far as that can be told. Pure: no files, no clock."""

import os
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as it was when it was looked at."""

    size: int
    mtime_ns: int
    inode: int
    ctime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> Self:
        """What a file's `lstat` says of it."""
        return cls(status.st_size, status.st_mtime_ns, status.st_ino, status.st_ctime_ns)

    def is_same_content(self, other: "Seen") -> bool:
        """Whether the file has not been written to or replaced in between; it may have been renamed."""
        return (self.size, self.mtime_ns, self.inode) == (other.size, other.mtime_ns, other.inode)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a file must be unchanged until it is taken, in seconds."""

    whole_s: float
    """If its end is intact."""
    damaged_s: float
    """If it is not."""


@dataclass(frozen=True, slots=True)
class Rest:
    """For how long a file has been left alone."""

    unchanged_s: float
    arrived_whole: bool
    """Whether the last thing that happened to it was not a write."""

    def is_worth_reading(self, patience: Patience) -> bool:
        """Whether the file could be taken now, depending on what is in it."""
        return self.arrived_whole or self.unchanged_s >= min(patience.whole_s, patience.damaged_s)

    def is_over(self, patience: Patience, *, is_intact: bool) -> bool:
        """Whether the file has settled, given whether its end is intact."""
        if not is_intact:
            return self.unchanged_s >= patience.damaged_s
        return self.arrived_whole or self.unchanged_s >= patience.whole_s


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A file that has not settled yet."""

    seen: Seen
    since: float
    """When it was first seen like this, on the monotonic clock."""


class Settling:
    """The files that have not settled yet, by their path inside the hot folder."""

    def __init__(self, *, trusts_file_times: bool) -> None:
        """Without `trusts_file_times` nothing counts but what was watched: the times are of another machine's clock."""
        self._trusts_file_times = trusts_file_times
        # By path as bytes: a Path for each of 10,000 files takes most of the time of a scan.
        self._candidates: dict[bytes, _Candidate] = {}

    def __len__(self) -> int:
        return len(self._candidates)

    def paths(self) -> list[bytes]:
        """The files that have not settled yet."""
        return list(self._candidates)

    def seen(self, path: bytes) -> Seen | None:
        """The file as it was last seen, if it has not settled yet."""
        candidate = self._candidates.get(path)
        return candidate.seen if candidate is not None else None

    def watch(self, path: bytes, seen: Seen, now: float, wall_s: float) -> Rest:
        """Note how a file looks now; every change begins its wait anew.

        `now` is monotonic, `wall_s` the clock that files are dated by, both in seconds.
        """
        candidate = self._candidates.get(path)
        if candidate is None or candidate.seen != seen:
            candidate = self._candidates[path] = _Candidate(seen, now)
        unchanged_s = now - candidate.since
        if not self._trusts_file_times:
            return Rest(unchanged_s, arrived_whole=False)
        # The file's own clock may know more than we have watched.
        unchanged_s = max(unchanged_s, wall_s - max(seen.mtime_ns, seen.ctime_ns) / 1e9)
        # Writing to a file sets both times; renaming it sets ctime alone. So a later ctime means that the last thing
        # that happened to it was not a write, as when it was written elsewhere and moved in.
        return Rest(unchanged_s, arrived_whole=seen.ctime_ns > seen.mtime_ns)

    def forget(self, path: bytes) -> None:
        """The file is gone, taken, or not to be taken."""
        self._candidates.pop(path, None)

    def keep(self, present: set[bytes]) -> None:
        """Forget every file that is not among those `present`."""
        for path in self._candidates.keys() - present:
            del self._candidates[path]
