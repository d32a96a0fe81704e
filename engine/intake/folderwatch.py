"""Hears what happens below a folder, folder by folder, by the kernel's notices (Linux)."""

import logging
import select
import threading
from collections.abc import Iterator
from pathlib import Path

from engine.base.safetext import display_name
from engine.intake import inotify
from engine.intake.inotify import Inotify

log = logging.getLogger(__name__)

_COLLECT_S = 0.05
"""For how long what happens is gathered before it is told."""
_POLL_MS = 500
_MASK = (
    inotify.MODIFY
    | inotify.ATTRIB
    | inotify.CLOSE_WRITE
    | inotify.MOVED_FROM
    | inotify.MOVED_TO
    | inotify.CREATE
    | inotify.DELETE
)
_LEAVES = inotify.MOVED_FROM | inotify.DELETE


class FolderWatch:
    """Each folder by itself, by its handle: so no link is followed, and what is left alone costs no watch.

    A watch stays with its folder, wherever that is moved, so the path it stands for is kept here. `_lock` guards which
    there are; it is held for memory access alone. A notice that comes before `cover` has returned may go unheard:
    whoever calls it looks at the folder afterwards.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._inotify = Inotify()
        self._lock = threading.Lock()
        self._paths: dict[int, bytes] = {}
        self._is_full = False
        self._stopped = threading.Event()

    def cover(self, path: bytes, folder: int) -> None:
        """As in `engine.intake.watcher.Watch`; what cannot be watched is left to the scans, and said so once."""
        try:
            watch = self._inotify.add(folder, _MASK)
        except OSError as error:
            if not self._is_full and not self._stopped.is_set():
                self._is_full = True
                why = "raise fs.inotify.max_user_watches" if inotify.is_limit(error) else error.strerror
                log.warning(
                    "%s cannot be watched as a whole (%s); what happens in the rest is seen by the next scan.",
                    display_name(self._root),
                    why,
                )
            return
        with self._lock:
            self._paths[watch] = path

    def changes(self) -> Iterator[set[bytes] | None]:
        """As in `engine.intake.watcher.Watch`."""
        poll = select.poll()
        poll.register(self._inotify, select.POLLIN)
        try:
            while not self._stopped.is_set():
                if poll.poll(_POLL_MS):
                    self._stopped.wait(_COLLECT_S)
                yield self._told(self._inotify.read())
        finally:
            self._inotify.close()

    def stop(self) -> None:
        """As in `engine.intake.watcher.Watch`."""
        self._stopped.set()

    def _told(self, notices: list[inotify.Notice]) -> set[bytes] | None:
        """The paths that notices are about; watches of what has left the tree are removed."""
        changed: set[bytes] = set()
        is_all = True
        for notice in notices:
            if notice.mask & inotify.OVERFLOW:
                is_all = False
                continue
            with self._lock:
                folder = self._paths.get(notice.watch)
                if notice.mask & inotify.IGNORED:
                    self._paths.pop(notice.watch, None)
            if folder is None or not notice.name:
                continue
            path = folder + b"/" + notice.name if folder else notice.name
            if notice.mask & inotify.IS_FOLDER and notice.mask & _LEAVES:
                self._let_go(path)
            changed.add(path)
        return changed if is_all else None

    def _let_go(self, path: bytes) -> None:
        """A folder is here no more, nor what was in it; if it has gone elsewhere in the tree, it is covered anew."""
        below = path + b"/"
        with self._lock:
            gone = [watch for watch, at in self._paths.items() if at == path or at.startswith(below)]
            for watch in gone:
                del self._paths[watch]
        for watch in gone:
            self._inotify.remove(watch)
