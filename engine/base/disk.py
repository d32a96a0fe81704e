"""What kind of file system a path is on, and how to make writes last."""

import contextlib
import ctypes
import errno
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

NETWORK_TYPES = frozenset(
    {
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "afs",
        "9p",
        "ceph",
        "glusterfs",
        "lustre",
        "davfs",
        "virtiofs",
        "vboxsf",
    }
)
"""File systems where change events of other machines do not arrive and SQLite's WAL does not work."""

_RENAME_NOREPLACE = 1  # renameat2(2)
_RENAME_EXCHANGE = 2
_AT_FDCWD = -100
_UNSUPPORTED = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM})
"""What `renameat2` says where the system or the file system cannot do what is asked of it."""


def filesystem_type(path: Path) -> str:
    """The type of the file system `path` is on, as the system names it; empty where it does not say."""
    path = nearest_existing(path).resolve()
    best, kind = -1, ""
    for point, its_kind in _mounts():
        mount = Path(point)
        if path.is_relative_to(mount) and len(mount.parts) > best:
            best, kind = len(mount.parts), its_kind
    return kind


def _mounts() -> Iterator[tuple[str, str]]:
    """Where file systems are mounted, and their types."""
    table = Path("/proc/self/mounts")
    if table.exists():  # without psutil, which takes a tenth of what a command takes that asks an engine
        for line in table.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
            _, point, kind, *_ = line.split(" ")
            yield re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), point), kind
        return
    import psutil

    yield from ((partition.mountpoint, partition.fstype) for partition in psutil.disk_partitions(all=True))


def is_network(path: Path) -> bool:
    """Whether `path` is on a network mount, or on a FUSE mount that may be one (sshfs, rclone)."""
    kind = filesystem_type(path).lower()
    return kind in NETWORK_TYPES or (kind.startswith("fuse.") and kind not in {"fuse.portal", "fuse.lxcfs"})


def nearest_existing(path: Path) -> Path:
    """`path`, or its nearest parent that exists."""
    path = path.absolute()
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def fsync_path(path: Path) -> None:
    """Make a file's content, or a folder's entries, survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fsync_tree(folder: Path) -> None:
    """Make everything below `folder`, and `folder` itself, survive a power cut."""
    for parent, _, files in os.walk(folder):
        for file in files:
            fsync_path(Path(parent, file))
        fsync_path(Path(parent))


def make_folder(path: Path, mode: int = 0o777) -> None:
    """Make a folder, and those above it that are missing, so that it survives a power cut; it may be there already.

    `mode` is the folder's own.
    """
    path = path.absolute()
    existing = nearest_existing(path)
    path.mkdir(parents=True, exist_ok=True, mode=mode)
    for parent in path.parents if existing != path else ():
        with contextlib.suppress(PermissionError):  # who may write to a folder need not be allowed to read it
            fsync_path(parent)
        if parent == existing:
            break


def exchange(one: Path, other: Path) -> bool:
    """Swap two paths in one step; False where the system or the file system cannot."""
    return _renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE)


def rename_new(old: bytes, new: bytes, old_folder: int, new_folder: int) -> None:
    """Rename from one open folder to another, and replace nothing there; raises `FileExistsError`."""
    if _renameat2(old_folder, old, new_folder, new, _RENAME_NOREPLACE):
        return
    # Where it cannot be had in one step, a moment is left.
    try:
        os.stat(new, dir_fd=new_folder, follow_symlinks=False)
    except FileNotFoundError:
        os.rename(old, new, src_dir_fd=old_folder, dst_dir_fd=new_folder)
    else:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), new)


def _renameat2(old_folder: int, old: bytes, new_folder: int, new: bytes, flags: int) -> bool:
    """Rename in a way of its own; False where the system or the file system cannot."""
    if sys.platform != "linux":
        return False
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError:
        return False
    if renameat2(old_folder, old, new_folder, new, flags) == 0:
        return True
    code = ctypes.get_errno()
    if code in _UNSUPPORTED:
        return False
    raise OSError(code, os.strerror(code), new)
