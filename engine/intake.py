"""Puts on the queue what is asked for by hand: a file once more, or one that has just been sent."""

import errno
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from engine.display import display_name
from engine.errors import HotfolioError, IllegalTransition, unwritable
from engine.filesystem import fsync_path
from engine.job import Job, JobState, Source
from engine.jobqueue import JobQueue
from engine.options import ConvertOptions

_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
"""What a file system says that has no hard links, or none for this file."""


def run_again(
    queue: JobQueue, job: Job, options: ConvertOptions, priority: int, discard: Callable[[int], None]
) -> tuple[Job, bool]:
    """Run a finished job once more from its beginning; returns it, and False if somebody else has had it run already.

    `discard` deletes what is kept of a job outside the store.
    """
    try:
        # Of several that ask at the same time, one gets past this line; and no worker knows of the job before `apply`.
        queue.store.requeue(job.id, "asked for again")
    except IllegalTransition:
        return queue.store.job(job.id), False
    discard(job.id)
    queue.store.forget_pages(job.id)
    job = queue.store.update(job.id, options=options.model_dump_json(), priority=priority, sha256=None, pages=None)
    queue.apply(job)
    return job, True


def take_in(
    queue: JobQueue, root: Path, part: Path, names: Iterable[str], options: ConvertOptions, priority: int
) -> Job:
    """Give `part`, a whole file in `root`, the first of `names` that is free there, and queue it; durable.

    The job is written before the file has its name, so the hot folder finds it queued already, with its options.
    Raises `HotfolioError` if no name is free, `OutputUnwritable` if nothing can be written; `part` then stays.
    """
    status = part.lstat()
    for name in names:
        place = root / name
        if os.path.lexists(place):
            continue
        ((job, is_new),) = queue.store.add([(Source.of(place, root, status), options, priority)])
        if not is_new:
            continue  # known from a file that is gone, and told apart from it by nothing
        try:
            _rename_new(part, place)
        except OSError as error:
            queue.store.transition(job.id, JobState.CANCELLED, "its name could not be taken")
            queue.store.hide([job.id], hidden=True)
            if isinstance(error, FileExistsError):
                continue
            shown = display_name(root)
            raise unwritable(error, shown) or HotfolioError(f"Cannot write to {shown}: {error.strerror}.") from error
        fsync_path(root)
        queue.apply(job)
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
