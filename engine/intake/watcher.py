"""Watcher: hears of changes below a folder, and turns them into hints where to look.

A watch may die of many things (a name that is no UTF-8, want of inotify watches); it is built again after a while.
"""

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path

import watchfiles

log = logging.getLogger(__name__)

_REBUILD_S = 1.0
"""How long a broken watch is left alone before it is built again; twice as long each time it breaks."""
_READY_S = 5.0
_JOIN_S = 5.0


class Watcher:
    """Belongs to its folder's thread; its own thread only leaves hints. `_lock` guards these, for memory access."""

    def __init__(self, root: Path, on_hint: Callable[[], None]) -> None:
        """`on_hint` is called on the watcher's thread and must only set something."""
        self._root = root
        self._on_hint = on_hint
        self._lock = threading.Lock()
        self._hints: set[bytes] = set()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._rebuild_s = _REBUILD_S
        self._next_rebuild = 0.0

    def is_alive(self) -> bool:
        """Whether changes are heard of."""
        return self._thread is not None and self._thread.is_alive()

    def keep_alive(self, now: float, longest_s: float) -> bool:
        """Watch, if nobody does and it is time to; True if it has begun anew, and what was missed is to be looked for.

        `now` is monotonic, in seconds; `longest_s` is the longest that a watch that keeps breaking is left alone.
        """
        if now < self._next_rebuild or self.is_alive():
            return False
        # A watch that cannot live, for want of inotify watches, must not mean a scan every second.
        self._next_rebuild = now + self._rebuild_s
        self._rebuild_s = min(2 * self._rebuild_s, longest_s)
        self._stop = threading.Event()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._watch, args=(self._stop, ready), name="watcher", daemon=True)
        self._thread.start()
        ready.wait(_READY_S)
        return True

    def let_go(self) -> None:
        """End the watch that there is; `keep_alive` begins another one."""
        self._stop.set()

    def join(self) -> None:
        """Wait until a watch that was let go of has ended."""
        if self._thread is not None:
            self._thread.join(_JOIN_S)

    def take_hints(self) -> set[bytes]:
        """The paths that something has happened to since the last call."""
        with self._lock:
            hints, self._hints = self._hints, set()
        return hints

    def _watch(self, stop: threading.Event, ready: threading.Event) -> None:
        """Turn events into hints until the watch ends, for whatever reason."""
        try:
            for changes in watchfiles.watch(
                self._root,
                watch_filter=None,
                debounce=200,
                step=50,
                stop_event=stop,
                rust_timeout=500,
                yield_on_timeout=True,
                raise_interrupt=False,
                ignore_permission_denied=True,
            ):
                ready.set()
                self._rebuild_s = _REBUILD_S
                if changes:
                    with self._lock:
                        self._hints.update(os.fsencode(path) for _, path in changes)
                    self._on_hint()
        except Exception as error:  # noqa: BLE001 - a watcher may die of anything; the scan goes on
            log.warning("The watcher of the input folder ended and will be built again: %s", error)
        finally:
            ready.set()
