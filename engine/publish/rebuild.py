"""Fills an empty queue from what is published, when the one before it was damaged."""

import contextlib
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from engine.base.beneath import lstat_beneath
from engine.job.job import JobState, Source, Submission
from engine.job.options import ConvertOptions
from engine.publish.publisher import origin_of, read_manifest
from engine.queue.jobqueue import JobQueue
from engine.settings.profiles import WatchedFolder


def rebuild(queue: JobQueue, folders: Iterable[WatchedFolder]) -> int:
    """Learn from the manifests in their outputs what of hot folders is already converted; returns how many jobs."""
    return sum(_rebuild(queue, folder.path, folder.output) for folder in folders)


def _rebuild(queue: JobQueue, root: Path, output: Path) -> int:
    found = 0
    for file in output.rglob("manifest.json"):
        manifest = read_manifest(file.parent)
        if manifest is None:
            continue
        with contextlib.suppress(OSError, KeyError, TypeError, ValueError):
            source = root / str(manifest["source"]["path"])
            if manifest["origin"] != origin_of(os.fsencode(root), os.fsencode(source.relative_to(root))):
                continue  # of another hot folder
            status = lstat_beneath(os.fsencode(root), os.fsencode(source.relative_to(root)))
            if status.st_size != manifest["source"]["size"]:
                continue
            if abs(status.st_mtime - datetime.fromisoformat(manifest["source"]["mtime"]).timestamp()) > 1e-3:
                continue
            options = {"formats": manifest["formats"], **manifest["options"]}
            submission = Submission(Source.of(source, root, status), ConvertOptions.model_validate(options))
            queue.add_published(
                submission,
                JobState(manifest["state"]),
                file.parent.absolute(),
                manifest["source"]["sha256"],
                len(manifest["pages"]),
            )
            found += 1
    return found
