"""HotFolder: watches the input folder, waits until files have settled, and queues them.

Events are hints, a scan is the truth: an event only says where to look, and every `scan_interval` everything is looked
at whatever the events said, since they get lost in more ways than can be prevented (a name that is no UTF-8 ends the
watcher, a folder moved in reports only its top, an overflow of the kernel's queue is silent).
"""

import contextlib
import logging
import os
import stat
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import watchfiles

from engine.display import display_name
from engine.filesystem import is_network
from engine.job import Job, JobState, Source
from engine.jobqueue import JobQueue
from engine.settings import Polling, Settings

log = logging.getLogger(__name__)

IGNORED_SUFFIXES = (".part", ".partial", ".filepart", ".crdownload", ".tmp")
IGNORED_PREFIXES = (".", "~$")
IGNORED_FOLDERS = frozenset({"@eaDir", "__MACOSX"})

_HEAD = 1024
_TAIL = 2048
"""Where `%PDF-` and `%%EOF` are looked for; readers accept both within 1 KiB, and some writers pad the end."""
_TICK_S = 0.25
_REBUILD_S = 1.0
"""How long a broken watcher is left alone before it is built again."""
_MAX_BATCH = 500
"""Files queued in one transaction, so that the first of ten thousand shows up at once."""
GONE = "input"
"""The key of the banner that says the input folder is gone."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """A file as it was when it was looked at."""

    size: int
    mtime_ns: int
    inode: int
    ctime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> "_Seen":
        return cls(status.st_size, status.st_mtime_ns, status.st_ino, status.st_ctime_ns)


@dataclass(slots=True)
class _Candidate:
    """A file that has not settled yet."""

    seen: _Seen
    since: float
    """When it was first seen like this, on the monotonic clock."""


class HotFolder:
    """One input folder. Its state belongs to its own thread; other threads only leave hints and read the counters."""

    def __init__(
        self,
        settings: Settings,
        queue: JobQueue,
        cancel: Callable[[int, str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`cancel` gives a job up for a reason; `clock` is monotonic, in seconds."""
        self._settings = settings
        self._queue = queue
        self._cancel = cancel
        self._clock = clock
        self._root = settings.input.absolute()
        self._root_bytes = os.fsencode(self._root)
        self._polls = settings.poll is Polling.ALWAYS or (settings.poll is Polling.AUTO and is_network(self._root))
        self._stop = threading.Event()
        self._hints_lock = threading.Lock()  # guards _hints
        self._hints: set[Path] = set()
        self._hinted = threading.Event()
        self._watch_stop = threading.Event()
        self._candidates: dict[Path, _Candidate] = {}
        self._known: dict[bytes, _Seen | None] = {}
        self._complaints: set[Path] = set()
        self._watcher: threading.Thread | None = None
        self._root_id: tuple[int, int] | None = None
        self._next_scan = 0.0
        self._next_rebuild = 0.0
        self.first_scan_done = threading.Event()
        self.found = 0
        """Files seen by the scan under way, or by the last one."""
        self._thread = threading.Thread(target=self._run, name="hotfolder", daemon=True)

    @property
    def waiting(self) -> int:
        """How many files have not settled yet."""
        return len(self._candidates)

    def start(self) -> None:
        """Begin to watch; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Queue nothing more and end."""
        self._stop.set()
        self._watch_stop.set()
        self._hinted.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._watcher is not None:
            self._watcher.join()

    def _run(self) -> None:
        self._load_known()
        while not self._stop.is_set():
            try:
                self._turn()
            except Exception:
                # Whatever went wrong with one file or one moment, the folder goes on being watched.
                log.exception("The input folder could not be read")
                self._next_scan = self._clock() + _REBUILD_S
            self._hinted.wait(_TICK_S if self._candidates else min(1.0, self._settings.poll_interval))
            self._hinted.clear()

    def _turn(self) -> None:
        """Look once at whatever it is time to look at."""
        now = self._clock()
        if not self._check_root(now):
            return
        # Watch first, then scan, so that nothing falls between.
        if now >= self._next_scan:
            self._next_scan = now + (self._settings.poll_interval if self._polls else self._settings.scan_interval)
            self._scan()
            self.first_scan_done.set()
        else:
            gone = [path for path in self._take_hints() if not self._look_below(path)]
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
            self._watch_stop.set()
            self._queue.tracker.set_banner(
                GONE, f"The input folder is gone: {display_name(self._root)} ({error.strerror})."
            )
            return False
        root_id = (status.st_dev, status.st_ino)
        if root_id != self._root_id:
            self._watch_stop.set()
            self._root_id = root_id
            self._next_scan = now
            self._queue.tracker.set_banner(GONE, None)
        if not self._polls and now >= self._next_rebuild and (self._watcher is None or not self._watcher.is_alive()):
            self._next_rebuild = now + _REBUILD_S
            self._next_scan = now
            self._start_watcher()
        return True

    def _start_watcher(self) -> None:
        self._watch_stop = threading.Event()
        ready = threading.Event()
        self._watcher = threading.Thread(
            target=self._watch, args=(self._watch_stop, ready), name="watcher", daemon=True
        )
        self._watcher.start()
        ready.wait(5)

    def _watch(self, stop: threading.Event, ready: threading.Event) -> None:
        """Turn the watcher's events into hints until it ends, for whatever reason."""
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
                if changes:
                    with self._hints_lock:
                        self._hints.update(Path(path) for _, path in changes)
                    self._hinted.set()
        except Exception as error:  # noqa: BLE001 - a watcher may die of anything; the scan goes on
            log.warning("The watcher of the input folder ended and will be built again: %s", error)
        finally:
            ready.set()

    def _take_hints(self) -> set[Path]:
        with self._hints_lock:
            hints, self._hints = self._hints, set()
        return hints

    # --- looking ---

    def _scan(self) -> None:
        """Look at everything, and see what is gone."""
        self._take_hints()
        self.found = 0
        present: set[bytes] = set()
        ready: list[tuple[Path, _Seen]] = []
        for path, status in self._files_below(self._root):
            present.add(self._key(path))
            self.found += 1
            if self._look(path, status):
                ready.append((path, _Seen.of(status)))
            if len(ready) >= _MAX_BATCH:
                self._submit(ready)
                ready = []
        self._submit(ready)
        for path in [p for p in self._candidates if self._key(p) not in present]:
            del self._candidates[path]
        self._cancel_gone()
        self._queue.store.forget_gone(self._root_bytes, present)
        self._known = {path: seen for path, seen in self._known.items() if path in present}

    def _look_below(self, path: Path) -> bool:
        """Look at a file, or at a whole folder, that an event has named; False if it is gone."""
        try:
            relative = path.relative_to(self._root)
            status = path.lstat()
        except ValueError:
            return True
        except OSError:
            self._candidates.pop(path, None)
            self._known.pop(self._key(path), None)
            return False
        if any(_is_ignored(part, is_folder=True) for part in relative.parts[:-1]):
            return True
        files: Iterable[tuple[Path, os.stat_result]]
        if stat.S_ISDIR(status.st_mode):
            ignored = bool(relative.parts) and _is_ignored(path.name, is_folder=True)
            files = () if ignored else self._files_below(path)
        else:
            files = () if _is_ignored(path.name, is_folder=False) else [(path, status)]
        self._submit([(file, _Seen.of(s)) for file, s in files if self._look(file, s)])
        return True

    def _look_again(self) -> None:
        """Look at the files that have not settled."""
        ready = []
        for path in list(self._candidates):
            try:
                status = path.lstat()
            except OSError:
                self._candidates.pop(path, None)
                continue
            if self._look(path, status):
                ready.append((path, _Seen.of(status)))
        self._submit(ready)

    def _look(self, path: Path, status: os.stat_result) -> bool:
        """Whether a file is ready to be queued, now."""
        if not stat.S_ISREG(status.st_mode):
            if _looks_like_pdf_name(path.name):
                self._complain(path, "is not a regular file")
            return False
        seen = _Seen.of(status)
        known = self._known.get(self._key(path))
        if known is not None and (known.size, known.mtime_ns, known.inode) == (
            seen.size,
            seen.mtime_ns,
            seen.inode,
        ):
            return False
        if seen.size == 0:
            self._candidates.pop(path, None)
            return False
        now = self._clock()
        candidate = self._candidates.get(path)
        if candidate is None or candidate.seen != seen:
            candidate = self._candidates[path] = _Candidate(seen, now)
        return self._has_settled(path, candidate, now)

    def _has_settled(self, path: Path, candidate: _Candidate, now: float) -> bool:
        """Whether nobody is writing the file any more, as far as that can be told."""
        seen = candidate.seen
        # The file's own clock may know more than we have watched, except across a network.
        unchanged_s = now - candidate.since
        if not self._polls:
            unchanged_s = max(unchanged_s, time.time() - max(seen.mtime_ns, seen.ctime_ns) / 1e9)
        # Writing to a file sets both times; renaming it sets ctime alone. So a later ctime means that the last thing
        # that happened to it was not a write, as when it was written elsewhere and moved in.
        arrived_whole = not self._polls and seen.ctime_ns > seen.mtime_ns
        if not arrived_whole and unchanged_s < min(self._settings.settle, self._settings.settle_damaged):
            return False
        try:
            with path.open("rb") as stream:
                head = stream.read(_HEAD)
                stream.seek(max(0, seen.size - _TAIL))
                tail = stream.read(_TAIL)
        except OSError as error:
            self._complain(path, f"cannot be read: {error.strerror}")
            return False
        if b"%PDF-" not in head:
            if unchanged_s >= self._settings.settle_damaged:
                self._candidates.pop(path, None)
                self._known[self._key(path)] = seen
                if _looks_like_pdf_name(path.name):
                    self._complain(path, "is not a PDF: it does not begin with %PDF")
            return False
        if b"%%EOF" not in tail:
            return unchanged_s >= self._settings.settle_damaged
        return arrived_whole or unchanged_s >= self._settings.settle

    # --- telling the queue ---

    def _submit(self, ready: list[tuple[Path, _Seen]]) -> None:
        if not ready or self._stop.is_set():
            return
        options = self._settings.convert_options
        sources = []
        for path, seen in ready:
            sources.append(
                Source(self._root_bytes, self._key(path), seen.size, seen.mtime_ns, seen.inode & (1 << 63) - 1)
            )
        for job, is_new in self._queue.add([(source, options, 0) for source in sources]):
            if is_new:
                log.info("job %d: %s", job.id, job.name)
                self._supersede(job)
        for path, seen in ready:
            self._known[self._key(path)] = seen
            # Last, so that nobody finds the file neither waiting here nor in the queue.
            self._candidates.pop(path, None)

    def _supersede(self, newer: Job) -> None:
        """A file was replaced: what is queued or running for its earlier content is no longer wanted."""
        if self._known.get(newer.source.path) is None:
            return
        for job in self._active_jobs(newer.source.path):
            if job.id != newer.id:
                self._cancel(job.id, f"The file was replaced; the newer one is job {newer.id}.")

    def _cancel_gone(self) -> None:
        """Give up waiting jobs whose sources are no longer there; a running one has its copy."""
        for job in self._queue.tracker.jobs():
            if (
                job.state in (JobState.QUEUED, JobState.HELD)
                and job.source.root == self._root_bytes
                and not os.path.lexists(job.source.file)
            ):
                self._cancel(job.id, "The source was removed before it was converted.")

    def _active_jobs(self, path: bytes) -> list[Job]:
        return [
            job
            for job in self._queue.tracker.jobs()
            if not job.state.is_finished and job.source.path == path and job.source.root == self._root_bytes
        ]

    def _load_known(self) -> None:
        for source in self._queue.store.known_sources(self._root_bytes):
            with contextlib.suppress(OSError):
                status = source.file.lstat()
                if source.matches(status):
                    self._known[source.path] = _Seen.of(status)

    def _files_below(self, folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
        """Everything below a folder that is no folder and not ignored by its name, without following links."""
        if folder != self._root and _looks_like_pdf_name(folder.name):
            self._complain(folder, "is a folder")
        try:
            with os.scandir(folder) as entries:
                found = list(entries)
        except OSError as error:
            self._complain(folder, f"cannot be read: {error.strerror}")
            return
        for entry in found:
            try:
                is_folder = entry.is_dir(follow_symlinks=False)
                if _is_ignored(entry.name, is_folder=is_folder):
                    continue
                if is_folder:
                    yield from self._files_below(Path(entry.path))
                else:
                    yield Path(entry.path), entry.stat(follow_symlinks=False)
            except OSError:
                continue  # gone in between

    def _key(self, path: Path) -> bytes:
        return os.fsencode(path.relative_to(self._root))

    def _complain(self, path: Path, why: str) -> None:
        """Log once why a file is left alone."""
        if path not in self._complaints:
            self._complaints.add(path)
            log.info("Ignored: %s %s", display_name(path), why)


def _is_ignored(name: str, *, is_folder: bool) -> bool:
    if name.startswith(IGNORED_PREFIXES):
        return True
    return name in IGNORED_FOLDERS if is_folder else name.lower().endswith(IGNORED_SUFFIXES)


def _looks_like_pdf_name(name: str) -> bool:
    return name.lower().endswith(".pdf")
