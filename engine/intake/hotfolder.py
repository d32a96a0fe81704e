"""HotFolder: watches the input folder, waits until files have settled, and queues them.

Events are hints, a scan is the truth: an event only says where to look, and every `scan_interval` everything is looked
at whatever the events said, since they get lost in more ways than can be prevented (other machines' changes on a share,
a folder moved in reports only its top, there may be more folders than can be watched).

Both ways look by the same rule: a file is reached from the root by handles, and nothing is that is behind a link.
"""

import contextlib
import logging
import os
import stat
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from engine.base.beneath import GONE, MAX_PATH, Tree
from engine.base.disk import is_network
from engine.base.safetext import display_name
from engine.intake.ignoring import ancestors, is_ignored
from engine.intake.naturalorder import natural_key
from engine.intake.settling import Patience, Rest, Seen, Settling
from engine.intake.walk import Walk
from engine.intake.watcher import Watch, Watcher, begin_watch
from engine.job.job import JobState, Source, Submission, signed_inode
from engine.job.kinds import HEAD, TAIL, has_intact_end, kind_of, left_alone, names_kind
from engine.queue.jobqueue import JobQueue
from engine.queue.versions import REMOVED
from engine.settings.profiles import Polling, WatchedFolder

log = logging.getLogger(__name__)

_TICK_S = 0.25
_SHOWN = 100
"""Bytes of a path that is too long, as the log shows it."""
_RETRY_S = 1.0
"""How long after a moment in which the folder could not be read it is read again."""
_MAX_BATCH = 500
"""Files queued in one transaction, so that the first of ten thousand shows up at once."""
ROOT_GONE = "input: "
"""How the key of the banner begins that says a hot folder is gone."""


class HotFolder:
    """One hot folder. Its state belongs to its own thread; other threads only leave hints and read the counters."""

    def __init__(
        self,
        rule: WatchedFolder,
        queue: JobQueue,
        cancel: Callable[[int, str], None],
        clock: Callable[[], float] = time.monotonic,
        begin: Callable[[Path], Watch] = begin_watch,
    ) -> None:
        """`cancel` gives a job up for a reason; `clock` is monotonic, in seconds; `begin` begins a watch."""
        self._rule = rule
        self._queue = queue
        self._cancel = cancel
        self._clock = clock
        self._root = rule.path
        self._root_bytes = os.fsencode(self._root)
        self._gone = f"{ROOT_GONE}{display_name(self._root)}"
        self._polls = rule.poll is Polling.ALWAYS or (rule.poll is Polling.AUTO and is_network(self._root))
        self._stop = threading.Event()
        self._has_new_rule = threading.Event()
        self._hinted = threading.Event()
        self._settling = Settling(trusts_file_times=not self._polls)
        # Files are known here by their path inside the root, as bytes, as they are to `Settling`.
        self._known: dict[bytes, Seen] = {}
        self._complaints: dict[bytes, str] = {}
        self._complained_of: set[bytes] = set()
        """Since the last scan began."""
        self._watcher = None if self._polls else Watcher(self._root, self._hinted.set, begin)
        self._root_id: tuple[int, int] | None = None
        # A root that has just changed may be the empty mount point of a share that is away: what is missing from it is
        # taken for gone only if it is still missing at the next scan.
        self._is_root_trusted = True
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
        if self._watcher is not None and self._watcher.has_missed():
            self._next_scan = now
        with Tree(self._root_bytes) as tree:
            if tree.identity != self._root_id:
                return  # replaced a moment ago, which the next turn sees to
            if now >= self._next_scan:
                self._next_scan = now + (self._rule.poll_interval if self._polls else self._rule.scan_interval)
                self._scan(tree)
                self.first_scan_done.set()
            else:
                self._follow_hints(tree)
                self._look_again(tree)

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

    def _scan(self, tree: Tree) -> None:
        """Look at everything, and see what is gone."""
        if self._watcher is not None:
            self._watcher.take_hints()
        self.found = 0
        self._complained_of.clear()
        present: set[bytes] = set()
        ready: list[tuple[bytes, Seen]] = []
        walk = self._walk(tree)
        for key, status in walk.files_below(b""):
            if self._stop.is_set():
                return
            present.add(key)
            self.found += 1
            if self._look(tree, key, status):
                ready.append((key, Seen.of(status)))
            if len(ready) >= _MAX_BATCH:
                self._submit(ready)
                ready = []
        self._submit(ready)
        self._complain_of(walk)
        self._settling.keep(present)
        for key in self._complaints.keys() - present - self._complained_of:
            del self._complaints[key]
        if self._is_root_trusted:

            def is_gone(path: bytes) -> bool:
                return path not in present and not walk.is_unread(path)

            for key in [key for key in self._known if is_gone(key)]:
                del self._known[key]
            self._cancel_gone(tree, is_gone)
            self._queue.forget_gone(self._root_bytes, is_gone)
        self._is_root_trusted = True

    def _follow_hints(self, tree: Tree) -> None:
        """Look where events have said that something has happened."""
        hints = self._watcher.take_hints() if self._watcher is not None else ()
        gone = {path for path in sorted(hints, key=natural_key) if not self._look_below(tree, path)}
        if gone:
            self._cancel_gone(tree, lambda path: any(above in gone for above in ancestors(path)))

    def _look_below(self, tree: Tree, key: bytes) -> bool:
        """Look at a file, or at a whole folder, that an event has named; False if neither is there any more."""
        folders, _, name = key.rpartition(b"/")
        if any(self._is_ignored(folder, is_folder=True) for folder in ancestors(folders)):
            return True
        if len(self._root_bytes) + 1 + len(key) >= MAX_PATH:
            return True  # the next scan says so
        try:
            status = tree.lstat(key)
        except OSError:
            self._settling.forget(key)
            self._known.pop(key, None)
            return False
        files: Iterable[tuple[bytes, os.stat_result]]
        walk = self._walk(tree)
        if stat.S_ISDIR(status.st_mode):
            files = () if name and self._is_ignored(key, is_folder=True) else walk.files_below(key)
        else:
            files = () if self._is_ignored(key, is_folder=False) else [(key, status)]
        self._submit([(file, Seen.of(s)) for file, s in files if self._look(tree, file, s)])
        self._complain_of(walk)
        return stat.S_ISDIR(status.st_mode) or stat.S_ISREG(status.st_mode)

    def _look_again(self, tree: Tree) -> None:
        """Look at the files that have not settled."""
        ready = []
        for key in sorted(self._settling.paths()):  # those of one folder together, which is then opened once
            try:
                status = tree.lstat(key)
            except OSError:
                self._settling.forget(key)
                continue
            if self._look(tree, key, status):
                ready.append((key, Seen.of(status)))
        self._submit(ready)

    def _look(self, tree: Tree, key: bytes, status: os.stat_result) -> bool:
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
            is_old = time.time() - max(seen.mtime_ns, seen.ctime_ns) / 1e9 >= self._rule.settle_damaged
            if seen.size == 0 and is_old and self._is_wanted_by_name(key):
                self._complain(key, "is empty")
            return False
        return self._has_settled(tree, key, seen, self._settling.watch(key, seen, self._clock(), time.time()))

    def _has_settled(self, tree: Tree, key: bytes, seen: Seen, rest: Rest) -> bool:
        """Whether nobody is writing the file any more, and it is one that is taken in."""
        patience = Patience(self._rule.settle, self._rule.settle_damaged)
        if not rest.is_worth_reading(patience):
            return False
        try:
            with os.fdopen(tree.open_file(key), "rb") as stream:
                if Seen.of(os.fstat(stream.fileno())) != seen:
                    return False  # changed a moment ago, so it is looked at again
                head = stream.read(HEAD)
                stream.seek(max(0, seen.size - TAIL))
                tail = stream.read(TAIL)
        except OSError as error:
            if error.errno not in GONE:
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
        """Queue files, those that come together in the order of their names."""
        if not ready or self._stop.is_set():
            return
        ready = sorted(ready, key=lambda each: natural_key(each[0]))
        rule = self._rule
        sources = [
            Source(self._root_bytes, key, seen.size, seen.mtime_ns, signed_inode(seen.inode)) for key, seen in ready
        ]
        submissions = [Submission(s, rule.options, rule.priority, profile=rule.profile) for s in sources]
        for job, is_new in self._queue.add(submissions):
            if is_new:
                log.info("job %d: %s", job.id, job.name)
                self._queue.supersede(job)
            elif self._queue.view.returns(job):
                log.info("job %d: %s is back", job.id, job.name)
                self._queue.retry(job.id, "The source is back.")
        for key, seen in ready:
            self._known[key] = seen
            # Last, so that nobody finds the file neither waiting here nor in the queue.
            self._settling.forget(key)

    def _cancel_gone(self, tree: Tree, is_suspect: Callable[[bytes], bool]) -> None:
        """Give up waiting jobs whose sources are no longer there; a running one has its copy."""
        for job in self._queue.view.jobs():
            if (
                job.state in (JobState.QUEUED, JobState.HELD)
                and job.source.root == self._root_bytes
                and is_suspect(job.source.path)
                and _is_gone(tree, job.source.path)
            ):
                self._cancel(job.id, REMOVED)

    def _load_known(self) -> None:
        with contextlib.suppress(FileNotFoundError), Tree(self._root_bytes) as tree:
            view = self._queue.view
            known = view.known_sources(self._root_bytes) - view.returning_sources(self._root_bytes)
            for source in sorted(known, key=lambda source: source.path):
                with contextlib.suppress(OSError):
                    status = tree.lstat(source.path)
                    if source.matches(status):
                        self._known[source.path] = Seen.of(status)

    def _walk(self, tree: Tree) -> Walk:
        return Walk(
            tree,
            len(self._root_bytes),
            lambda path, is_folder: self._is_ignored(path, is_folder=is_folder),
            self._enter,
        )

    def _enter(self, folder: bytes, handle: int) -> None:
        """A folder is about to be read: watch it first, so that nothing falls between."""
        if self._watcher is not None:
            self._watcher.cover(folder, handle)
        if self._is_wanted_by_name(folder):
            self._complain(folder, "is a folder")

    def _is_ignored(self, path: bytes, *, is_folder: bool) -> bool:
        return is_ignored(path, self._rule.ignore, is_folder=is_folder)

    def _is_wanted_by_name(self, key: bytes) -> bool:
        return names_kind(os.fsdecode(key)) in self._rule.options.accept

    def _complain_of(self, walk: Walk) -> None:
        for folder, why in walk.unread.items():
            self._complain(folder, f"cannot be read: {why}")
        for path in walk.too_long:
            self._complain(path[:_SHOWN], "is left alone, with what is in it: its path is too long.")

    def _complain(self, key: bytes, why: str) -> None:
        """Log why something is left alone, once while that holds."""
        self._complained_of.add(key)
        if self._complaints.get(key) != why:
            self._complaints[key] = why
            log.info("Ignored: %s %s", display_name(key), why)


def _is_gone(tree: Tree, path: bytes) -> bool:
    """Whether nothing is at a path, as opposed to what cannot be told."""
    try:
        tree.lstat(path)
    except OSError as error:
        return error.errno in GONE
    return False
