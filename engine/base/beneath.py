"""Reaches what lies below a folder by handles, and follows no link on the way: whatever is renamed or linked meanwhile.

A path that was looked at is no promise: by the time it is opened, one of its folders may be a link to somewhere else.
So everything below a hot folder is opened in one step that refuses links (`openat2`, Linux 5.6), or else folder by
folder. Mounts are passed, since only an administrator can put one there.
"""

import ctypes
import errno
import os
import stat
import sys
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Self

GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EXDEV})
"""What is said of a path below a folder at which there is nothing, a link on the way to it counting as nothing."""
MAX_PATH = 4096
"""Bytes in a path, its end included, as the system takes it."""

_SEARCH = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
"""Opens a folder to go on from, for which it need not be readable."""
_OPENAT2 = 437  # of every architecture
_RESOLVE_NO_SYMLINKS = 0x04
_RESOLVE_BENEATH = 0x08
_NOT_HERE = frozenset({errno.ENOSYS, errno.EPERM, errno.EINVAL, errno.EAGAIN, errno.ENAMETOOLONG})
"""What `openat2` says where the kernel lacks it, a container forbids it, or it cannot do it at once."""


class _OpenHow(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a file was at one moment: nothing can be done to it that leaves all of this as it was."""

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> Self:
        """Of what `stat` says."""
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)

    def is_same_content(self, other: "Stamp") -> bool:
        """Whether it is the same file and has not been written to; it may have been renamed."""
        return replace(self, ctime_ns=0) == replace(other, ctime_ns=0)


class Tree:
    """A folder by its handle, and what lies below it. For one thread; to be closed.

    Paths are bytes, relative, without `.` and `..`; an empty one is the folder itself.
    """

    def __init__(self, root: bytes | Path) -> None:
        """Open the folder; links in its own path are followed. Raises `OSError`."""
        self._root = os.open(root, _SEARCH & ~os.O_NOFOLLOW)
        self._parent: tuple[bytes, int] | None = None
        status = os.fstat(self._root)
        self.identity = (status.st_dev, status.st_ino)
        """Device and inode."""

    def open(self, path: bytes, flags: int = os.O_RDONLY) -> int:
        """A descriptor of what is there now, for the caller to close; never waits for the other end of a FIFO.

        Raises `OSError`, of `GONE` where a link is on the way or at the end.
        """
        return _open_below(self._root, path, flags | os.O_NONBLOCK)

    def folder_of(self, path: bytes) -> tuple[int, bytes]:
        """A handle of the folder in which something is, and its name there.

        The handle is good until another path is asked for. It stays with the folder, also if that is moved meanwhile.
        """
        folder, _, name = path.rpartition(b"/")
        if not name:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        if not folder:
            return self._root, name
        if self._parent is None or self._parent[0] != folder:
            self._close_parent()
            self._parent = (folder, _open_below(self._root, folder, _SEARCH))
        return self._parent[1], name

    def lstat(self, path: bytes) -> os.stat_result:
        """What is there now, a link itself if it is one. Raises `OSError`."""
        if not path:
            return os.fstat(self._root)
        folder, name = self.folder_of(path)
        return os.stat(name, dir_fd=folder, follow_symlinks=False)

    def open_file(self, path: bytes) -> int:
        """A descriptor to read a regular file by; raises `OSError`, also if it is none."""
        folder, name = self.folder_of(path)
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(errno.EINVAL, "Not a regular file")
        return descriptor

    def close(self) -> None:
        """Let go of the folder."""
        self._close_parent()
        os.close(self._root)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _close_parent(self) -> None:
        if self._parent is not None:
            parent, self._parent = self._parent[1], None
            os.close(parent)


def lstat_beneath(root: bytes, path: bytes) -> os.stat_result:
    """What is at a path below a folder now; raises `OSError`, of `GONE` where a link is on the way."""
    with Tree(root) as tree:
        return tree.lstat(path)


def open_beneath(root: Path, path: str, flags: int = os.O_RDONLY) -> int:
    """A descriptor of a regular file below a folder, which may have been left there by somebody who is not trusted.

    For the caller to close. Raises `OSError`, of `GONE` where a link is on the way or at the end, also if it is none.
    """
    with Tree(root) as tree:
        descriptor = tree.open(os.fsencode(path), flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "Not a regular file")
    return descriptor


def _open_below(root: int, path: bytes, flags: int) -> int:
    parts = path.split(b"/") if path else []
    if any(part in (b"", b".", b"..") for part in parts):
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), path)
    flags |= os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = _open_at_once(root, path or b".", flags)
    return descriptor if descriptor is not None else _open_by_steps(root, parts or [b"."], flags)


def _open_at_once(root: int, path: bytes, flags: int) -> int | None:
    """The descriptor; None where that cannot be had in one step."""
    if sys.platform != "linux":
        return None
    how = _OpenHow(flags | getattr(os, "O_LARGEFILE", 0), 0, _RESOLVE_BENEATH | _RESOLVE_NO_SYMLINKS)
    size = ctypes.c_size_t(ctypes.sizeof(how))
    found: int = _libc().syscall(
        ctypes.c_long(_OPENAT2), ctypes.c_int(root), ctypes.c_char_p(path), ctypes.byref(how), size
    )
    if found >= 0:
        return found
    code = ctypes.get_errno()
    if code in _NOT_HERE:
        return None
    raise OSError(code, os.strerror(code), path)


def _open_by_steps(root: int, parts: list[bytes], flags: int) -> int:
    here = root
    try:
        for part in parts[:-1]:
            after = os.open(part, _SEARCH, dir_fd=here)
            if here != root:
                os.close(here)
            here = after
        return os.open(parts[-1], flags, dir_fd=here)
    finally:
        if here != root:
            os.close(here)


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
