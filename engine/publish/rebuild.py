"""Fills an empty queue from what is published, when the one before it was damaged."""

import contextlib
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field

from engine.base.beneath import lstat_beneath
from engine.job.job import JobState, Source, Submission
from engine.job.options import ConvertOptions
from engine.publish.publisher import origin_of, read_manifest
from engine.queue.jobqueue import JobQueue
from engine.settings.profiles import WatchedFolder


class _Origin(BaseModel):
    path: str
    size: int
    mtime: datetime
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Manifest(BaseModel):
    """What is used of a manifest, which anything may have changed since it was written."""

    origin: str
    source: _Origin
    state: JobState
    formats: list[str]
    options: dict[str, Any]
    pages: list[Any]


def rebuild(queue: JobQueue, folders: Iterable[WatchedFolder]) -> int:
    """Learn from the manifests in their outputs what of hot folders is already converted; returns how many jobs."""
    return sum(_rebuild(queue, folder.path, folder.output) for folder in folders)


def _rebuild(queue: JobQueue, root: Path, output: Path) -> int:
    found = 0
    for file in sorted(output.rglob("manifest.json")):  # a copy "a copy" comes after "a"
        found_there = read_manifest(file.parent)
        if found_there is None:
            continue
        with contextlib.suppress(OSError, ValueError, OverflowError):
            manifest = _Manifest.model_validate(found_there)
            path = os.fsencode((root / manifest.source.path).relative_to(root))
            if manifest.origin != origin_of(os.fsencode(root), path):
                continue  # of another hot folder
            status = lstat_beneath(os.fsencode(root), path)
            if status.st_size != manifest.source.size:
                continue
            if abs(status.st_mtime - manifest.source.mtime.timestamp()) > 1e-3:
                continue
            options = ConvertOptions.model_validate({"formats": manifest.formats, **manifest.options})
            submission = Submission(Source.of(root / manifest.source.path, root, status), options)
            if queue.add_published(
                submission, manifest.state, file.parent.absolute(), manifest.source.sha256, len(manifest.pages)
            ):
                found += 1
    return found
