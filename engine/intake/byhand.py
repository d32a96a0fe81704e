"""Puts on the queue what is asked for by hand: a file once more, or one that has just been sent."""

import errno
import os
import stat
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

from engine.base.beneath import lstat_beneath
from engine.base.disk import fsync_path
from engine.base.errors import HotfolioError, SourceUnreadable, unwritable
from engine.base.safetext import display_name
from engine.job.job import Job, Source, Submission
from engine.queue.jobqueue import JobQueue

_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
"""What a file system says that has no hard links, or none for this file."""


def source_of(file: Path, roots: Iterable[Path]) -> Source:
    """The source a file named by hand is, below the hot folder of `roots` it is in; raises `SourceUnreadable`."""
    roots = list(roots)
    file = file.absolute()
    try:
        # A link named by hand is followed, one found in the hot folder is not.
        if file.is_symlink() or _is_behind_link(file, roots):
            file = file.resolve()
        status = file.lstat()
        if stat.S_ISREG(status.st_mode):
            with file.open("rb"):
                pass
    except OSError as error:
        raise SourceUnreadable(f"{display_name(file)}: {error.strerror}.") from None
    if not stat.S_ISREG(status.st_mode):
        raise SourceUnreadable(f"{display_name(file)}: not a regular file.")
    return Source.of(file, next((root for root in roots if file.is_relative_to(root)), file.parent), status)


def _is_behind_link(file: Path, roots: Iterable[Path]) -> bool:
    """Whether a file below a hot folder is reached by a link in it, and so is not the hot folder's."""
    for root in roots:
        if file.is_relative_to(root):
            try:
                lstat_beneath(os.fsencode(root), os.fsencode(file.relative_to(root)))
            except OSError:
                return True
    return False


def take_in(queue: JobQueue, root: Path, part: Path, names: Iterable[str], submission: Submission) -> Job:
    """Give `part`, a whole file in `root`, the first of `names` that is free there, and queue it; durable.

    `submission` is of the file under its present name.
    The job is written before the file has its name, so the hot folder finds it queued already, with its options.
    Raises `HotfolioError` if no name is free, `OutputUnwritable` if nothing can be written; `part` then stays.
    """
    for name in names:
        place = root / name
        if os.path.lexists(place):
            continue
        source = replace(submission.source, path=os.fsencode(name))
        try:
            job = queue.add_before(replace(submission, source=source), partial(_rename_new, part, place))
        except FileExistsError:
            continue
        except OSError as error:
            shown = display_name(root)
            raise unwritable(error, shown) or HotfolioError(f"Cannot write to {shown}: {error.strerror}.") from error
        if job is None:
            continue  # known from a file that is gone, and told apart from it by nothing
        fsync_path(root)
        return job
    raise HotfolioError("There are too many files of this name; send it under another one.")


def _rename_new(old: Path, new: Path) -> None:
    """Rename without replacing anything; raises `FileExistsError`."""
    try:
        os.link(old, new, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # The hot folder leaves empty files alone.
        os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        old.rename(new)
    else:
        old.unlink()
