"""Watcher: hears of changes below a folder, and turns them into hints where to look.

A watch may die of many things (want of inotify instances, a name that is no UTF-8 where they must be); it is built
again after a while.
"""

import logging
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

if sys.platform == "linux":
    from engine.intake.folderwatch import FolderWatch as SystemWatch
else:
    from engine.intake.treewatch import TreeWatch as SystemWatch

log = logging.getLogger(__name__)

_REBUILD_S = 1.0
"""How long a broken watch is left alone before it is built again; twice as long each time it breaks."""
_JOIN_S = 5.0


class Watch(Protocol):
    """One life of a watch. `cover` and `stop` may be called from any thread."""

    def cover(self, path: bytes, folder: int) -> None:
        """Hear of what happens in an open folder, at this path below the root, from now on; called again at will."""

    def changes(self) -> Iterator[set[bytes] | None]:
        """Paths below the root that something has happened to, as it happens, until it is stopped; now and then none.

        None if more has happened than can be told. Raises whatever the watch dies of.
        """

    def stop(self) -> None:
        """End it; returns at once."""


def begin_watch(root: Path) -> Watch:
    """Begin to watch in this system's way; raises whatever keeps it from that."""
    return SystemWatch(root)


class Watcher:
    """Belongs to its folder's thread; its own thread only leaves hints. `_lock` guards these, for memory access."""

    def __init__(self, root: Path, on_hint: Callable[[], None], begin: Callable[[Path], Watch]) -> None:
        """`on_hint` is called on the watcher's thread and must only set something. `begin` may raise anything."""
        self._root = root
        self._on_hint = on_hint
        self._begin = begin
        self._lock = threading.Lock()
        self._hints: set[bytes] = set()
        self._has_missed = False
        self._watch: Watch | None = None
        self._thread: threading.Thread | None = None
        self._rebuild_s = _REBUILD_S
        self._next_rebuild = 0.0

    def is_alive(self) -> bool:
        """Whether changes are heard of, or a watch that was let go of has not ended yet."""
        return self._thread is not None and self._thread.is_alive()

    def keep_alive(self, now: float, longest_s: float) -> bool:
        """Watch, if nobody does and it is time to; True if it has begun anew, and what was missed is to be looked for.

        `now` is monotonic, in seconds; `longest_s` is the longest that a watch that keeps breaking is left alone.
        """
        if now < self._next_rebuild or self.is_alive():
            return False
        # A watch that cannot live, for want of inotify instances, must not mean a scan every second.
        self._next_rebuild = now + self._rebuild_s
        self._rebuild_s = min(2 * self._rebuild_s, longest_s)
        try:
            self._watch = self._begin(self._root)
        except Exception as error:  # noqa: BLE001 - a watch may die of anything; the scan goes on
            self._say_ended(error)
            return True
        self._thread = threading.Thread(target=self._listen, args=(self._watch,), name="watcher", daemon=True)
        self._thread.start()
        return True

    def cover(self, path: bytes, folder: int) -> None:
        """Hear of what happens in an open folder at this path from now on; to be called before it is looked at."""
        if self._watch is not None:
            self._watch.cover(path, folder)

    def let_go(self) -> None:
        """End the watch that there is; `keep_alive` begins another one."""
        if self._watch is not None:
            self._watch.stop()

    def join(self) -> None:
        """Wait until a watch that was let go of has ended."""
        if self._thread is not None:
            self._thread.join(_JOIN_S)

    def take_hints(self) -> set[bytes]:
        """The paths below the root that something has happened to since the last call."""
        with self._lock:
            hints, self._hints = self._hints, set()
        return hints

    def has_missed(self) -> bool:
        """Whether more has happened since the last call than there are hints of."""
        with self._lock:
            has_missed, self._has_missed = self._has_missed, False
        return has_missed

    def _listen(self, watch: Watch) -> None:
        """Turn events into hints until the watch ends, for whatever reason."""
        try:
            for changes in watch.changes():
                self._rebuild_s = _REBUILD_S
                if changes is None or changes:
                    with self._lock:
                        self._hints.update(changes or ())
                        self._has_missed |= changes is None
                    self._on_hint()
        except Exception as error:  # noqa: BLE001 - a watch may die of anything; the scan goes on
            self._say_ended(error)

    @staticmethod
    def _say_ended(error: Exception) -> None:
        log.warning("The watcher of the input folder ended and will be built again: %s", error)
