"""HotFolder: watches the input folder, waits until files have settled, and queues them.

Events are hints, a scan is the truth: an event only says where to look, and every `scan_interval` everything is looked
at whatever the events said, since they get lost in more ways than can be prevented (a name that is no UTF-8 ends the
watcher, a folder moved in reports only its top, an overflow of the kernel's queue is silent).
"""

import contextlib
import fnmatch
import logging
import os
import stat
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from engine.base.disk import is_network
from engine.base.safetext import display_name
from engine.intake.settling import Patience, Rest, Seen, Settling
from engine.intake.watcher import Watcher
from engine.job.job import Job, JobState, Source, Submission, signed_inode
from engine.job.kinds import HEAD, TAIL, has_intact_end, kind_of, left_alone, names_kind
from engine.queue.jobqueue import REMOVED, JobQueue
from engine.settings.profiles import Polling, WatchedFolder

log = logging.getLogger(__name__)

IGNORED_SUFFIXES = (b".part", b".partial", b".filepart", b".crdownload", b".tmp")
IGNORED_PREFIXES = (b".", b"~$")
IGNORED_FOLDERS = frozenset({b"@eaDir", b"__MACOSX"})

_TICK_S = 0.25
_RETRY_S = 1.0
"""How long after a moment in which the folder could not be read it is read again."""
_MAX_BATCH = 500
"""Files queued in one transaction, so that the first of ten thousand shows up at once."""
GONE = "input: "
"""How the key of the banner begins that says a hot folder is gone."""


class HotFolder:
    """One hot folder. Its state belongs to its own thread; other threads only leave hints and read the counters."""

    def __init__(
        self,
        rule: WatchedFolder,
        queue: JobQueue,
        cancel: Callable[[int, str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`cancel` gives a job up for a reason; `clock` is monotonic, in seconds."""
        self._rule = rule
        self._queue = queue
        self._cancel = cancel
        self._clock = clock
        self._root = rule.path
        self._root_bytes = os.fsencode(self._root)
        self._gone = f"{GONE}{display_name(self._root)}"
        self._polls = rule.poll is Polling.ALWAYS or (rule.poll is Polling.AUTO and is_network(self._root))
        self._stop = threading.Event()
        self._has_new_rule = threading.Event()
        self._hinted = threading.Event()
        self._settling = Settling(trusts_file_times=not self._polls)
        # Files are known here by their path inside the root, as bytes, as they are to `Settling`.
        self._known: dict[bytes, Seen] = {}
        self._complaints: set[bytes] = set()
        self._watcher = None if self._polls else Watcher(self._root, self._hinted.set)
        self._root_id: tuple[int, int] | None = None
        # A root that has just changed may be the empty mount point of a share that is away: what is missing from it is
        # taken for gone only if it is still missing at the next scan.
        self._is_root_trusted = True
        self._has_unread_folders = False
        self._next_scan = 0.0
        self.first_scan_done = threading.Event()
        self.found = 0
        """Files seen by the scan under way, or by the last one."""
        self._thread = threading.Thread(target=self._run, name="hotfolder", daemon=True)

    @property
    def waiting(self) -> int:
        """How many files have not settled yet."""
        return len(self._settling)

    @property
    def rule(self) -> WatchedFolder:
        """What holds for the folder."""
        return self._rule

    def follow(self, rule: WatchedFolder) -> None:
        """Have another rule hold for what is found from now on; raises `ValueError` if it is not one for this watch."""
        if (rule.path, rule.poll) != (self._rule.path, self._rule.poll):
            raise ValueError("another folder, or another way of watching it, needs another HotFolder")
        self._rule = rule
        self._has_new_rule.set()
        self._hinted.set()

    def start(self) -> None:
        """Begin to watch; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Queue nothing more and end."""
        self._stop.set()
        self._hinted.set()
        if self._watcher is not None:
            self._watcher.let_go()
        if self._thread.is_alive():
            self._thread.join()
        if self._watcher is not None:
            self._watcher.let_go()  # again: the thread may have begun another watch meanwhile
            self._watcher.join()
        self._queue.set_banner(self._gone, None)

    def _run(self) -> None:
        self._load_known()
        while not self._stop.is_set():
            try:
                self._turn()
            except Exception:
                # Whatever went wrong with one file or one moment, the folder goes on being watched.
                log.exception("The input folder could not be read")
                self._next_scan = self._clock() + _RETRY_S
            self._hinted.wait(_TICK_S if len(self._settling) else min(1.0, self._rule.poll_interval))
            self._hinted.clear()

    def _turn(self) -> None:
        """Look once at whatever it is time to look at."""
        now = self._clock()
        if not self._check_root(now):
            return
        if self._has_new_rule.is_set():  # what was left alone by the old one may be wanted now
            self._has_new_rule.clear()
            self._known.clear()
            self._load_known()
            self._next_scan = now
        # Watch first, then scan, so that nothing falls between.
        if now >= self._next_scan:
            self._next_scan = now + (self._rule.poll_interval if self._polls else self._rule.scan_interval)
            self._scan()
            self.first_scan_done.set()
        else:
            hints = self._watcher.take_hints() if self._watcher is not None else ()
            gone = [path for path in hints if not self._look_below(path)]
            if gone:
                self._cancel_gone()
            self._look_again()

    # --- watching ---

    def _check_root(self, now: float) -> bool:
        """See that the root is there and watched, and is still the folder that is watched."""
        try:
            status = self._root.stat()
        except OSError as error:
            self._root_id = None
            if self._watcher is not None:
                self._watcher.let_go()
            self._queue.set_banner(
                self._gone, f"The input folder is gone: {display_name(self._root)} ({error.strerror})."
            )
            return False
        root_id = (status.st_dev, status.st_ino)
        if root_id != self._root_id:
            if self._watcher is not None:
                self._watcher.let_go()
            self._is_root_trusted = self._root_id is None and not self.first_scan_done.is_set()
            self._root_id = root_id
            self._next_scan = now
            self._queue.set_banner(self._gone, None)
        if self._watcher is not None and self._watcher.keep_alive(now, self._rule.scan_interval):
            self._next_scan = now
        return True

    # --- looking ---

    def _scan(self) -> None:
        """Look at everything, and see what is gone."""
        if self._watcher is not None:
            self._watcher.take_hints()
        self.found = 0
        present: set[bytes] = set()
        ready: list[tuple[bytes, Seen]] = []
        self._has_unread_folders = False
        for key, status in self._files_below(b""):
            if self._stop.is_set():
                return
            present.add(key)
            self.found += 1
            if self._look(key, status):
                ready.append((key, Seen.of(status)))
            if len(ready) >= _MAX_BATCH:
                self._submit(ready)
                ready = []
        self._submit(ready)
        self._settling.keep(present)
        if self._is_root_trusted and not self._has_unread_folders:
            for key in self._known.keys() - present:
                del self._known[key]
            self._cancel_gone(lambda job: job.source.path not in present)
            self._queue.forget_gone(self._root_bytes, present)
        self._is_root_trusted = True

    def _look_below(self, path: bytes) -> bool:
        """Look at a file, or at a whole folder, that an event has named; False if it is gone."""
        root = self._root_bytes.rstrip(b"/")
        if path != root and not path.startswith(root + b"/"):
            return True
        key = path[len(root) + 1 :]
        folders, _, name = key.rpartition(b"/")
        if folders and any(self._is_ignored(folder, is_folder=True) for folder in _ancestors(folders)):
            return True
        try:
            status = os.lstat(path)
        except OSError:
            self._settling.forget(key)
            self._known.pop(key, None)
            return False
        files: Iterable[tuple[bytes, os.stat_result]]
        if stat.S_ISDIR(status.st_mode):
            files = () if name and self._is_ignored(key, is_folder=True) else self._files_below(key)
        else:
            files = () if self._is_ignored(key, is_folder=False) else [(key, status)]
        self._submit([(file, Seen.of(s)) for file, s in files if self._look(file, s)])
        return True

    def _look_again(self) -> None:
        """Look at the files that have not settled."""
        ready = []
        for key in self._settling.paths():
            try:
                status = os.lstat(self._path(key))
            except OSError:
                self._settling.forget(key)
                continue
            if self._look(key, status):
                ready.append((key, Seen.of(status)))
        self._submit(ready)

    def _look(self, key: bytes, status: os.stat_result) -> bool:
        """Whether a file is ready to be queued, now."""
        if not stat.S_ISREG(status.st_mode):
            self._settling.forget(key)
            if self._is_wanted_by_name(key):
                self._complain(key, "is not a regular file")
            return False
        seen = Seen.of(status)
        known = self._known.get(key)
        if (known is not None and known.is_same_content(seen)) or seen.size == 0:
            self._settling.forget(key)
            return False
        return self._has_settled(key, seen, self._settling.watch(key, seen, self._clock(), time.time()))

    def _has_settled(self, key: bytes, seen: Seen, rest: Rest) -> bool:
        """Whether nobody is writing the file any more, and it is one that is taken in."""
        patience = Patience(self._rule.settle, self._rule.settle_damaged)
        if not rest.is_worth_reading(patience):
            return False
        try:
            with Path(os.fsdecode(self._path(key))).open("rb") as stream:
                head = stream.read(HEAD)
                stream.seek(max(0, seen.size - TAIL))
                tail = stream.read(TAIL)
        except OSError as error:
            self._complain(key, f"cannot be read: {error.strerror}")
            return False
        kind = kind_of(os.fsdecode(key), head)
        if kind is None or kind not in self._rule.options.accept:
            if rest.is_over(patience, is_intact=False):
                self._settling.forget(key)
                self._known[key] = seen
                if self._is_wanted_by_name(key):
                    self._complain(key, left_alone(kind, self._rule.options.accept))
            return False
        return rest.is_over(patience, is_intact=has_intact_end(kind, head, tail, seen.size))

    # --- telling the queue ---

    def _submit(self, ready: list[tuple[bytes, Seen]]) -> None:
        if not ready or self._stop.is_set():
            return
        rule = self._rule
        sources = [
            Source(self._root_bytes, key, seen.size, seen.mtime_ns, signed_inode(seen.inode)) for key, seen in ready
        ]
        submissions = [Submission(s, rule.options, rule.priority, profile=rule.profile) for s in sources]
        for job, is_new in self._queue.add(submissions):
            if is_new:
                log.info("job %d: %s", job.id, job.name)
                self._supersede(job)
            elif job.state is JobState.CANCELLED and job.reason == REMOVED:
                log.info("job %d: %s is back", job.id, job.name)
                self._queue.retry(job.id, "The source is back.")
        for key, seen in ready:
            self._known[key] = seen
            # Last, so that nobody finds the file neither waiting here nor in the queue.
            self._settling.forget(key)

    def _supersede(self, newer: Job) -> None:
        """A file was replaced: what is queued or running for its earlier content is no longer wanted."""
        if self._known.get(newer.source.path) is None:
            return
        for job in self._active_jobs(newer.source.path):
            if job.id != newer.id:
                self._cancel(job.id, f"The file was replaced; the newer one is job {newer.id}.")

    def _cancel_gone(self, is_gone: Callable[[Job], bool] = lambda _: True) -> None:
        """Give up waiting jobs whose sources are no longer there; a running one has its copy."""
        for job in self._queue.view.jobs():
            if (
                job.state in (JobState.QUEUED, JobState.HELD)
                and job.source.root == self._root_bytes
                and is_gone(job)
                and not os.path.lexists(self._path(job.source.path))
            ):
                self._cancel(job.id, REMOVED)

    def _active_jobs(self, path: bytes) -> list[Job]:
        return [
            job
            for job in self._queue.view.jobs()
            if not job.state.is_finished and job.source.path == path and job.source.root == self._root_bytes
        ]

    def _load_known(self) -> None:
        for source in self._queue.view.known_sources(self._root_bytes):
            with contextlib.suppress(OSError):
                status = os.lstat(self._path(source.path))
                if source.matches(status):
                    self._known[source.path] = Seen.of(status)

    def _files_below(self, folder: bytes) -> Iterator[tuple[bytes, os.stat_result]]:
        """Everything below a folder that is no folder and not ignored by its name, without following links."""
        if self._is_wanted_by_name(folder):
            self._complain(folder, "is a folder")
        prefix = folder + b"/" if folder else b""
        try:
            with os.scandir(self._path(folder)) as entries:
                found = list(entries)
        except OSError as error:
            self._has_unread_folders = True
            self._complain(folder, f"cannot be read: {error.strerror}")
            return
        for entry in found:
            try:
                is_folder = entry.is_dir(follow_symlinks=False)
                if self._is_ignored(prefix + entry.name, is_folder=is_folder):
                    continue
                if is_folder:
                    yield from self._files_below(prefix + entry.name)
                else:
                    yield prefix + entry.name, entry.stat(follow_symlinks=False)
            except OSError:
                continue  # gone in between

    def _is_ignored(self, key: bytes, *, is_folder: bool) -> bool:
        """Whether what has this path inside the root is left alone, for its name or by the folder's patterns."""
        name = key.rpartition(b"/")[2]
        if name.startswith(IGNORED_PREFIXES):
            return True
        if name in IGNORED_FOLDERS if is_folder else name.lower().endswith(IGNORED_SUFFIXES):
            return True
        patterns = self._rule.ignore
        return bool(patterns) and any(_matches(pattern, os.fsdecode(key), os.fsdecode(name)) for pattern in patterns)

    def _is_wanted_by_name(self, key: bytes) -> bool:
        return names_kind(os.fsdecode(key)) in self._rule.options.accept

    def _path(self, key: bytes) -> bytes:
        return self._root_bytes + b"/" + key

    def _complain(self, key: bytes, why: str) -> None:
        """Log once why a file is left alone."""
        if key not in self._complaints:
            self._complaints.add(key)
            log.info("Ignored: %s %s", display_name(key), why)


def _ancestors(key: bytes) -> Iterator[bytes]:
    """A path inside the root, and the folders above it."""
    while key:
        yield key
        key = key.rpartition(b"/")[0]


def _matches(pattern: str, path: str, name: str) -> bool:
    """Whether a shell pattern means this file or folder: by its path if it has a slash, else by its name."""
    if "/" in pattern:
        return fnmatch.fnmatchcase(path, pattern.strip("/"))
    return fnmatch.fnmatchcase(name, pattern)
