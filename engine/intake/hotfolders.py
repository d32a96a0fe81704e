"""HotFolders: all hot folders of an engine, which may become other ones while it runs."""

import logging
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from engine.base.safetext import display_name
from engine.intake.hotfolder import HotFolder
from engine.queue.jobqueue import JobQueue
from engine.settings.profiles import WatchedFolder

log = logging.getLogger(__name__)


class HotFolders:
    """Thread-safe: `_lock` guards which folders there are. What a folder finds is its own thread's business."""

    def __init__(self, queue: JobQueue, cancel: Callable[[int, str], None]) -> None:
        """`cancel` gives a job up for a reason."""
        self._queue = queue
        self._cancel = cancel
        self._lock = threading.Lock()
        self._folders: dict[Path, HotFolder] = {}
        self._is_stopped = False

    def follow(self, rules: Iterable[WatchedFolder]) -> None:
        """Watch these folders from now on, each by its rule, and no others; waits until the others are let go of.

        Jobs of a folder that is not watched any more stay in the queue.
        """
        wanted = {rule.path: rule for rule in rules}
        ending: list[HotFolder] = []
        starting: list[HotFolder] = []
        with self._lock:
            if self._is_stopped:
                return
            for path, folder in list(self._folders.items()):
                if path not in wanted or folder.rule.poll is not wanted[path].poll:
                    ending.append(self._folders.pop(path))
            for path, rule in wanted.items():
                if path in self._folders:
                    self._folders[path].follow(rule)
                else:
                    self._folders[path] = HotFolder(rule, self._queue, self._cancel)
                    starting.append(self._folders[path])
        for folder in ending:
            folder.stop()
            log.info("No longer watching %s", display_name(folder.rule.path))
        for folder in starting:
            folder.start()
            log.info("Watching %s", display_name(folder.rule.path))

    def stop(self) -> None:
        """Queue nothing more and end."""
        with self._lock:
            self._is_stopped = True
        for folder in self._all():
            folder.stop()

    @property
    def is_scanning(self) -> bool:
        """Whether one of them has not been read in full yet."""
        return not all(folder.first_scan_done.is_set() for folder in self._all())

    @property
    def waiting(self) -> int:
        """How many files have not settled yet."""
        return sum(folder.waiting for folder in self._all())

    @property
    def found(self) -> int:
        """Files seen by the scans under way, or by the last ones."""
        return sum(folder.found for folder in self._all())

    def _all(self) -> list[HotFolder]:
        with self._lock:
            return list(self._folders.values())
