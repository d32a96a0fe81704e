"""What a conversion has published, found and opened so that no name and no symlink leads out of its folder."""

import errno
import json
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import Any

from fastapi import HTTPException

from engine.job.job import Job
from engine.publish.publisher import MANIFEST, SCHEMA

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Result:
    """A published folder, and which files in it are the conversion's."""

    output: Path
    """The output folder, absolute; the one part of the way that may itself be a link."""
    folder: tuple[str, ...]
    """The way from there to the result."""
    files: tuple[str, ...]
    """Paths inside the result, sorted; other things may lie in the folder too, such as another file's result."""

    @classmethod
    def of(cls, job: Job, outputs: Iterable[Path]) -> "Result":
        """The result of a job; raises `HTTPException`: 409 if there is none yet, 404 if it is gone."""
        # A running job may have its place already, with what an earlier one has left there.
        if job.output is None or not job.state.is_published:
            raise HTTPException(409, _why_none(job))
        place = Path(os.fsdecode(job.output))
        output = next((output for output in outputs if place.is_relative_to(output)), None)
        if output is None:
            raise HTTPException(404, "The result is not in this engine's output folder.")
        folder = place.relative_to(output).parts
        manifest = _manifest(output, folder)
        if manifest is None:
            raise HTTPException(404, "The result is no longer in the output folder, or its manifest is damaged.")
        if not _is_about(manifest, job):
            raise HTTPException(404, "The result has been replaced by that of a newer version of the same file.")
        listed = manifest.get("files")
        named = {MANIFEST, *(listed if isinstance(listed, list) else ())}
        return cls(output, folder, tuple(sorted(name for name in named if _is_plain(name))))

    def sizes(self) -> list[tuple[str, int]]:
        """The files that are there, each with its bytes."""
        found = []
        for parent, names in groupby(self.files, lambda name: PurePosixPath(name).parent):
            try:
                with _open_folder(self.output, (*self.folder, *parent.parts)) as folder:
                    for name in names:
                        status = _status(folder, PurePosixPath(name).name)
                        if status is not None and stat.S_ISREG(status.st_mode):
                            found.append((name, status.st_size))
            except OSError:  # the folder is gone, or something else is in its place
                continue
        return found

    def open(self, name: str) -> FileIO:
        """A file of the result; raises `HTTPException`: 400 if that is no path inside it, 404 if it is not there."""
        if not _is_plain(name):
            raise HTTPException(400, "That is no path inside a result: use one from the list of its files.")
        if name not in self.files:
            raise HTTPException(404, "The result has no such file.")
        *parents, file = name.split("/")
        try:
            with _open_folder(self.output, (*self.folder, *parents)) as folder:
                return open_regular(file, folder=folder)
        except OSError as error:
            raise HTTPException(404, f"The file cannot be read: {_reason(error)}.") from None


def open_regular(name: str | Path, *, folder: int | None = None) -> FileIO:
    """Open a regular file, and nothing else, without following a link; raises `OSError`.

    With `folder`, a descriptor, the name counts from there.
    """
    descriptor = os.open(name, _FILE, dir_fd=folder)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        return os.fdopen(descriptor, "rb", buffering=0)
    except BaseException:
        os.close(descriptor)
        raise


@contextmanager
def _open_folder(output: Path, parts: Sequence[str]) -> Iterator[int]:
    """Go down one folder at a time, so that a link that is put in the way meanwhile is not followed either."""
    descriptor = os.open(output, _FOLDER)
    try:
        for part in parts:
            inner = os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)


def _status(folder: int, name: str) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return None


def _manifest(output: Path, folder: Sequence[str]) -> dict[str, Any] | None:
    try:
        with _open_folder(output, folder) as descriptor, open_regular(MANIFEST, folder=descriptor) as stream:
            found = json.loads(stream.read())
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and found.get("schema") == SCHEMA else None


def _is_about(manifest: dict[str, Any], job: Job) -> bool:
    """Whether a manifest is this job's; one that was found in the output and not in the queue has a new id."""
    source = manifest.get("source")
    sha256 = source.get("sha256") if isinstance(source, dict) else None
    return manifest.get("conversion_id") == job.conversion_id or (sha256 is not None and sha256 == job.sha256)


def _is_plain(name: object) -> bool:
    """Whether this is a relative path of ordinary names, and one that can be sent."""
    if not isinstance(name, str) or "\0" in name or "\\" in name:
        return False
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return all(part not in ("", ".", "..") for part in name.split("/"))


def _why_none(job: Job) -> str:
    if job.state.is_finished:
        return f"There is no result: the conversion is {job.state}. GET /conversions/{job.id} says why."
    return f"There is no result yet: the conversion is {job.state}. It is published as a whole when it is done."


def _reason(error: OSError) -> str:
    if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.EMLINK):
        return "it is no regular file, or something on the way to it is a link"
    if error.errno == errno.ENOENT:
        return "it is gone"
    return (error.strerror or "the disk reported an error").lower()
