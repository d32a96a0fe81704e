"""Hold: what keeps an engine's state folder for that engine alone, and tells whether it still has it.

A lock is on a file, not on its name: an engine whose state folder is moved or deleted would go on with files that
nobody finds, beside the next engine. So what it holds is compared with what is at the names, once a second.
"""

import contextlib
import errno
import fcntl
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from engine.base.errors import EngineLocked, SettingsError, StateLost
from engine.base.safetext import display_name
from engine.settings.settings import STATE_NAME, Settings

_HELD = frozenset({errno.EWOULDBLOCK, errno.EACCES})
"""What `flock` says when somebody else has the lock; anything else means that there can be none."""
_LOCK = "lock"
_LOCAL_LOCKS = frozenset({"nolock", "local_lock=all", "local_lock=flock"})
"""Options of an NFS mount by which other machines do not see what `flock` locks: nfs(5)."""

FileId = tuple[int, int]
"""Device and inode."""


class Hold:
    """Has the state folder from when it is made until `release`, or until the process ends, however it does."""

    def __init__(self, settings: Settings) -> None:
        """Raises `EngineLocked` if another engine has it, `SettingsError` if a lock would keep nobody away."""
        self._state = settings.state_folder
        self._descriptors: list[int] = []
        self._files: dict[Path, FileId] = {}
        try:
            self._lock()
            if self._state == settings.output / STATE_NAME:
                self._lock_parent()
        except BaseException:
            self.release()
            raise

    def watch(self, file: Path) -> None:
        """Have `check` look whether this file stays the one that is there now, if there is one."""
        if found := _file_id(file):
            self._files[file] = found

    def check(self) -> None:
        """Raise `StateLost` if the folder, or one of the files in it that the engine works with, is another one now."""
        for file, known in self._files.items():
            if _file_id(file) != known:
                raise StateLost(
                    f"{display_name(file)} was moved, deleted or replaced while hotfolio was working with it. "
                    "It has stopped, so that two do not work on the same folders; what it had not finished is in the "
                    "queue that was taken away, or is found again in the hot folder at the next start."
                )

    def release(self) -> None:
        """Let the next engine have it."""
        self._files.clear()
        while self._descriptors:
            os.close(self._descriptors.pop())

    def _lock(self) -> None:
        file = self._state / _LOCK
        shown = display_name(self._state)
        lock = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._descriptors.append(lock)
        if not _flock(lock, shown):
            holder = os.pread(lock, 32, 0).decode(errors="replace").strip()
            raise _locked(holder, shown)
        with contextlib.closing(_Probe(file)) as probe:
            keeps_out = not _flock(probe.descriptor, shown)
        if not keeps_out or is_local_lock(file.resolve(), _mounts()):
            raise SettingsError(
                f"The state folder {shown} is on a file system whose locks do not keep other engines out. "
                "Choose another with --state, or mount it with locks (NFS: without nolock and local_lock)."
            )
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        self.watch(file)

    def _lock_parent(self) -> None:
        """Keep others also from making a new state folder where this one was taken away.

        The folder above is locked itself: that leaves no file, and stays when what is in it goes. Where folders
        cannot be locked (NFS), `check` alone stands between two engines.
        """
        folder = os.open(self._state.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._descriptors.append(folder)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _HELD:
                raise _locked("", display_name(self._state.parent)) from None


class _Probe:
    """The lock's file, opened once more: to the system somebody else."""

    def __init__(self, file: Path) -> None:
        self.descriptor = os.open(file, os.O_RDWR | os.O_CLOEXEC)

    def close(self) -> None:
        os.close(self.descriptor)


def is_local_lock(path: Path, mounts: Iterable[str]) -> bool:
    """Whether a lock on `path` holds on this machine alone, though others may reach it.

    `mounts` are the lines of `/proc/self/mountinfo`; see proc(5).
    """
    best, is_local = -1, False
    for line in mounts:
        before, _, after = line.partition(" - ")
        fields, (kind, *rest) = before.split(), after.split() or [""]
        if len(fields) < 5 or not path.is_relative_to(mount := _unescaped(fields[4])):
            continue
        if len(mount.parts) >= best:  # of two at one place, the later one is above
            options = rest[1].split(",") if len(rest) > 1 else []
            best, is_local = len(mount.parts), kind.startswith("nfs") and not _LOCAL_LOCKS.isdisjoint(options)
    return is_local


def _unescaped(field: str) -> Path:
    return Path(field.encode("latin-1", "backslashreplace").decode("unicode_escape"))


def _mounts() -> list[str]:
    if sys.platform != "linux":
        return []
    try:
        return Path("/proc/self/mountinfo").read_text("utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return []


def _flock(descriptor: int, shown: str) -> bool:
    """Take the lock; False if somebody else has it. Raises `SettingsError` where there are no locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD:
            return False
        raise SettingsError(
            f"The state folder {shown} cannot be locked: {error.strerror}. Choose another with --state, "
            "on a disk of this machine."
        ) from None
    return True


def _locked(holder: str, shown: str) -> EngineLocked:
    return EngineLocked(
        f"Another hotfolio (process {holder or 'unknown'}) is working with {shown}. "
        "`hotfolio` joins it, `hotfolio stop` stops it; or choose another --state folder."
    )


def _file_id(file: Path) -> FileId | None:
    try:
        found = file.lstat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
