"""Takes a private copy of a source: the copy is what gets converted, whatever becomes of the source meanwhile."""

import hashlib
import os
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path

from engine.base.beneath import GONE, Stamp, Tree
from engine.base.disk import fsync_path
from engine.base.errors import (
    CannotGoOn,
    OutputUnwritable,
    SourceChanged,
    SourceGone,
    SourceUnreadable,
    Stopping,
    unwritable,
)
from engine.base.safetext import display_name
from engine.job.job import Job
from engine.queue.versions import REPLACED
from engine.sandbox.protocol import SOURCE

COPY = SOURCE
"""The copy's name in the job's folder; the conversion process opens it by this name."""
RUN = "run"
_BLOCK = 1 << 20


def stage(job: Job, folder: Path, min_free: int, is_stopping: Callable[[], bool]) -> tuple[str, Stamp]:
    """Copy the job's source into `folder`, emptied first; returns its SHA-256 and what the file was.

    It is not durable: whoever finds it later knows it by its SHA-256, and after `make_staged_durable` it is.

    Raises `SourceGone`, `SourceChanged` or `SourceUnreadable`; `CannotGoOn` if the copy would leave less than
    `min_free` bytes free, `OutputUnwritable` or `Stopping` if nothing can be copied at all.
    """
    shutil.rmtree(folder, ignore_errors=True)
    try:
        # Links that have taken the place of the file or of a folder above it are not followed, no FIFO is waited for.
        with Tree(job.source.root) as tree:
            descriptor = tree.open_file(job.source.path)
    except OSError as error:
        if error.errno in GONE:
            raise SourceGone from None
        raise SourceUnreadable(f"{job.name} cannot be read: {error.strerror}.") from error
    with os.fdopen(descriptor, "rb", buffering=0) as source:
        before = os.fstat(descriptor)
        if not job.source.matches(before):
            raise _changed()
        try:
            # Not what is above: a state folder that was taken away is not made anew.
            folder.parent.mkdir(exist_ok=True)
            free = shutil.disk_usage(folder.parent).free
            if before.st_size + min_free > free:
                raise CannotGoOn(
                    f"{job.name} is waiting for room: it is {before.st_size >> 20} MB, {free >> 20} are free."
                )
            sha256 = _copy(job, source.fileno(), folder, is_stopping)
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)  # or the half copy would keep the disk full
            shown = display_name(folder)
            raise unwritable(error, shown) or OutputUnwritable(f"Cannot write to {shown}: {error}.") from error
        if not job.source.matches(os.fstat(descriptor)):
            raise _changed()
    return sha256, Stamp.of(before)


def make_staged_durable(folder: Path) -> None:
    """Make what `stage` has made survive a power cut. Raises `OutputUnwritable`."""
    try:
        for path in (folder / COPY, folder / RUN, folder):
            fsync_path(path)
    except OSError as error:
        shown = display_name(folder)
        raise unwritable(error, shown) or OutputUnwritable(f"Cannot write to {shown}: {error}.") from error


def digest_of(copy: Path) -> str | None:
    """The SHA-256 of a staged copy; None if there is none that can be read."""
    try:
        with copy.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return None


def run_id(folder: Path) -> str:
    """What tells this staging of a job from an earlier one; the manifest carries it."""
    try:
        return (folder / RUN).read_text()
    except OSError:
        return ""


def _copy(job: Job, source: int, folder: Path, is_stopping: Callable[[], bool]) -> str:
    digest = hashlib.sha256()
    folder.mkdir()
    part = folder / f"{COPY}.part"
    with part.open("wb", buffering=0) as copy:
        while block := _read(job, source):
            if is_stopping():
                raise Stopping("The engine is stopping.")
            digest.update(block)
            copy.write(block)
    (folder / RUN).write_text(str(uuid.uuid4()))
    part.rename(folder / COPY)
    return digest.hexdigest()


def _read(job: Job, source: int) -> bytes:
    """The next block; trouble with reading is the source's, not the disk's that is written to."""
    try:
        return os.read(source, _BLOCK)
    except OSError as error:
        raise SourceUnreadable(f"{job.name} cannot be read: {error.strerror}.") from error


def _changed() -> SourceChanged:
    return SourceChanged(f"{REPLACED} before it was converted; the newer one is a job of its own.")
