"""What happens to a source once its result is safely published: it stays, or goes to the archive, or is deleted.

What is touched is the very file that was copied, under its name in its own folder, both reached by handles: no link
leads this elsewhere. A name can come to mean another file at any moment, so the file is taken out of its place first
and looked at then; a newer one that was caught so is put back.
"""

import contextlib
import errno
import hashlib
import os
import stat
from pathlib import Path

from engine.base.beneath import GONE, Stamp, Tree
from engine.base.disk import make_folder, rename_new
from engine.base.errors import OutputUnwritable
from engine.base.safetext import display_name
from engine.job.job import Source
from engine.publish.freenames import MAX_NAME_BYTES, numbered
from engine.settings.profiles import OnSuccess

_BLOCK = 1 << 20
_TO_ARCHIVE = b".archive"
"""Added to the name of what waits for a moment to be archived, which is not to be deleted."""


def settle_source(
    source: Source, policy: OnSuccess, archive: Path, sha256: str | None, copied: Stamp | None = None
) -> None:
    """Keep, archive or delete a source whose result is published, if it is still the file that was converted.

    `copied` is what the file was as it was copied, `sha256` that of the copy. Where the first is not known any more, or
    something has happened to the file since, its content decides. Raises `OutputUnwritable` if it can be neither moved
    nor removed.
    """
    if policy is OnSuccess.KEEP:
        return
    try:
        with Tree(source.root) as tree:
            _finish_interrupted(tree, source)
            if policy is OnSuccess.ARCHIVE:
                _remove_part(archive / source.relative, source)
            _take_back(tree, source, archive if policy is OnSuccess.ARCHIVE else None)
            found = _unchanged(tree, source, sha256, copied)
            if found is None:
                return
            folder, name = tree.folder_of(source.path)
            if policy is OnSuccess.DELETE:
                _delete(folder, name, _aside(source), found)
            else:
                _archive(folder, name, archive / source.relative, source, found)
    except OSError as error:
        raise OutputUnwritable(
            f"{display_name(source.path)} is converted, but cannot be moved: {error.strerror}."
        ) from error


def _unchanged(tree: Tree, source: Source, sha256: str | None, copied: Stamp | None) -> Stamp | None:
    """What the source's file is, if it is the one that was converted."""
    try:
        status = tree.lstat(source.path)
        if not source.matches(status):
            return None
        stamp = Stamp.of(status)
        if stamp != copied and (sha256 is None or _digest(tree, source.path) != sha256):
            return None
    except OSError as error:
        if error.errno in GONE:
            return None
        raise
    return stamp


def _delete(folder: int, name: bytes, aside: bytes, found: Stamp) -> None:
    os.rename(name, aside, src_dir_fd=folder, dst_dir_fd=folder)
    _settle_aside(folder, name, aside, is_source=found.is_same_content(_stamp(folder, aside)))


def _settle_aside(folder: int, name: bytes, aside: bytes, *, is_source: bool) -> None:
    """Delete what was taken out of its place, or put it back if it is not the source."""
    if is_source or not _put_back(folder, aside, name):  # else one that is newer still has replaced it
        os.unlink(aside, dir_fd=folder)


def _finish_interrupted(tree: Tree, source: Source) -> None:
    """See to what was taken out of its place to be deleted by an engine that has died then."""
    parent, slash, name = source.path.rpartition(b"/")
    try:
        status = tree.lstat(parent + slash + _aside(source))
        folder, aside = tree.folder_of(parent + slash + _aside(source))
        _settle_aside(folder, name, aside, is_source=source.matches(status))
    except OSError as error:
        if error.errno not in GONE:
            raise


def _take_back(tree: Tree, source: Source, archive: Path | None) -> None:
    """Put back what was taken out of its place to be archived by an engine that has died then.

    Where a newer file has its place by now, it goes into the archive, or is gone where there is none any more.
    """
    parent, slash, name = source.path.rpartition(b"/")
    aside = _aside(source) + _TO_ARCHIVE
    try:
        folder, _ = tree.folder_of(parent + slash + aside)
        if _put_back(folder, aside, name):
            return
        if archive is None:
            os.unlink(aside, dir_fd=folder)
        else:
            _archive(folder, aside, archive / source.relative, source, _stamp(folder, aside))
    except OSError as error:
        if error.errno not in GONE:
            raise


def _aside(source: Source) -> bytes:
    """The name, left alone by hot folders, under which a source waits for a moment to be deleted."""
    what = b"%s\0%d\0%d" % (source.path, source.mtime_ns, source.inode)
    return b".hotfolio-" + hashlib.sha256(what).hexdigest()[:16].encode()


def _archive(folder: int, name: bytes, place: Path, source: Source, found: Stamp) -> None:
    """Move to a name that is free; across file systems, a durable copy first."""
    make_folder(place.parent)
    target = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if _move(folder, name, target, place, source, found):
            os.fsync(target)
        elif _copy(folder, name, target, place, source, found):
            os.fsync(target)
            _delete(folder, name, _aside(source), found)
    finally:
        os.close(target)


def _move(folder: int, name: bytes, target: int, place: Path, source: Source, found: Stamp) -> bool:
    """Move into the folder `target`, unless what has the name is another file; False if that is on another disk."""
    if os.fstat(folder).st_dev != os.fstat(target).st_dev:
        return False
    aside = _aside(source) + _TO_ARCHIVE
    os.rename(name, aside, src_dir_fd=folder, dst_dir_fd=folder)
    if not found.is_same_content(_stamp(folder, aside)) and _put_back(folder, aside, name):
        return True
    try:
        # Where one that is newer still has taken its place, it stays in the archive.
        _rename_to_free_name(folder, aside, target, place)
    except OSError as error:
        _put_back(folder, aside, name)
        if error.errno != errno.EXDEV:  # as between two mounts of one disk
            raise
        return False
    return True


def _rename_to_free_name(folder: int, name: bytes, target: int, place: Path) -> bytes:
    """Rename into the folder `target`, to the first free form of `place`'s name; returns that."""
    for stem in numbered(place.stem, limit=MAX_NAME_BYTES - len(os.fsencode(place.suffix))):
        candidate = os.fsencode(f"{stem}{place.suffix}")
        try:
            rename_new(name, candidate, folder, target)
        except FileExistsError:
            continue
        return candidate
    raise AssertionError("numbers do not end")


def _copy(folder: int, name: bytes, target: int, place: Path, source: Source, found: Stamp) -> bool:
    """Copy into the folder `target`; False if the file has changed before the end."""
    part = _part(source)
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    try:
        copy = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=target)
        try:
            with os.fdopen(copy, "wb") as into:
                while block := os.read(descriptor, _BLOCK):
                    into.write(block)
                into.flush()
                _copy_status(os.fstat(descriptor), into.fileno())
                os.fsync(into.fileno())
            if not found.is_same_content(Stamp.of(os.fstat(descriptor))):
                os.unlink(part, dir_fd=target)
                return False
            _rename_to_free_name(target, part, target, place)
        except OSError:
            _unlink_if_there(part, target)
            raise
    finally:
        os.close(descriptor)
    return True


def _part(source: Source) -> bytes:
    """The name in the archive of a copy that is not whole; the same each time, so that it is found after a restart."""
    return _aside(source) + b".part"


def _remove_part(place: Path, source: Source) -> None:
    place.with_name(os.fsdecode(_part(source))).unlink(missing_ok=True)


def _copy_status(status: os.stat_result, copy: int) -> None:
    os.utime(copy, ns=(status.st_atime_ns, status.st_mtime_ns))
    with contextlib.suppress(PermissionError):  # as on a share that keeps its own
        os.fchmod(copy, stat.S_IMODE(status.st_mode))


def _put_back(folder: int, aside: bytes, name: bytes) -> bool:
    """False if the name is taken."""
    try:
        rename_new(aside, name, folder, folder)
    except FileExistsError:
        return False
    return True


def _unlink_if_there(name: bytes, folder: int) -> None:
    try:
        os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        return


def _stamp(folder: int, name: bytes) -> Stamp:
    return Stamp.of(os.stat(name, dir_fd=folder, follow_symlinks=False))


def _digest(tree: Tree, path: bytes) -> str:
    with os.fdopen(tree.open_file(path), "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
