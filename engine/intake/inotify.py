"""The kernel's notices of changes in single folders (Linux), literally: what they mean is the watcher's business.

Folders are watched by handle, not by path: so what is watched is what was opened, and no link is followed to it.
"""

import ctypes
import errno
import os
import struct
from functools import cache
from typing import NamedTuple

MODIFY = 0x00000002
ATTRIB = 0x00000004
CLOSE_WRITE = 0x00000008
MOVED_FROM = 0x00000040
MOVED_TO = 0x00000080
CREATE = 0x00000100
DELETE = 0x00000200
OVERFLOW = 0x00004000
"""Notices were lost."""
IGNORED = 0x00008000
"""The watch is no more: its folder is gone, or it was removed."""
IS_FOLDER = 0x40000000
_ONLY_FOLDERS = 0x01000000
_EXCEPT_UNLINKED = 0x04000000

_HEAD = struct.Struct("iIII")
_READ = 1 << 16


class Notice(NamedTuple):
    """Something has happened in a folder that is watched."""

    watch: int
    mask: int
    name: bytes
    """Of what it has happened to; empty for the folder itself."""


class Inotify:
    """One instance. `add` and `remove` may be called from any thread, `read` and `close` from one."""

    def __init__(self) -> None:
        """Raises `OSError` where there are too many instances, or no inotify."""
        self._descriptor = _checked(_libc().inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))

    def fileno(self) -> int:
        """To wait on until there is something to read."""
        return self._descriptor

    def add(self, folder: int, mask: int) -> int:
        """Watch an open folder; the number of its watch, the one it has already if it is watched. Raises `OSError`."""
        path = b"/proc/self/fd/%d" % folder
        return _checked(
            _libc().inotify_add_watch(self._descriptor, path, ctypes.c_uint32(mask | _ONLY_FOLDERS | _EXCEPT_UNLINKED))
        )

    def remove(self, watch: int) -> None:
        """Watch a folder no more; nothing happens if it is not watched."""
        _libc().inotify_rm_watch(self._descriptor, watch)

    def read(self) -> list[Notice]:
        """Whatever has happened since the last call."""
        notices: list[Notice] = []
        while True:
            try:
                data = os.read(self._descriptor, _READ)
            except BlockingIOError:
                return notices
            at = 0
            while at < len(data):
                watch, mask, _cookie, length = _HEAD.unpack_from(data, at)
                at += _HEAD.size
                notices.append(Notice(watch, mask, data[at : at + length].rstrip(b"\0")))
                at += length

    def close(self) -> None:
        """End every watch."""
        os.close(self._descriptor)


def is_limit(error: OSError) -> bool:
    """Whether no more folders can be watched (`fs.inotify.max_user_watches`)."""
    return error.errno == errno.ENOSPC


def _checked(result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
