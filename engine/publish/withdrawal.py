"""Takes a published result out of the output folder again, and nothing else that lies there."""

import contextlib
import os
from pathlib import Path, PurePosixPath

from engine.base.disk import fsync_path
from engine.job.job import Job
from engine.publish.publisher import MANIFEST, read_manifest


def withdraw(job: Job) -> bool:
    """Delete the result of a job; False if there is none, or another's has taken its place.

    The manifest goes last: what is interrupted is found again. Raises `OSError`.
    """
    if job.output is None or not job.state.is_published:
        return False
    place = Path(os.fsdecode(job.output))
    manifest = read_manifest(place)
    if manifest is None or manifest.get("conversion_id") != job.conversion_id:
        return False
    inside = place.resolve()
    listed = manifest.get("files")
    names = [name for name in listed if isinstance(name, str)] if isinstance(listed, list) else []
    folders: set[Path] = set()
    for name in names:
        parts = PurePosixPath(name).parts
        file = place.joinpath(*parts)
        if not parts or parts[0] == "/" or ".." in parts or file.parent.resolve() != inside.joinpath(*parts[:-1]):
            continue  # a folder has become a link, or was none of a result's
        file.unlink(missing_ok=True)
        folders |= {place.joinpath(*parts[:depth]) for depth in range(1, len(parts))}
    for folder in sorted(folders, key=lambda folder: -len(folder.parts)):
        with contextlib.suppress(OSError):  # what else lies in it stays
            folder.rmdir()
    (place / MANIFEST).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        place.rmdir()
    with contextlib.suppress(OSError):
        fsync_path(place.parent)
    return True
