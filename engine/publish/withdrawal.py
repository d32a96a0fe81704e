"""Takes a published result out of the output folder again, and nothing else that lies there."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from engine.base.beneath import GONE, Tree
from engine.base.disk import fsync_path
from engine.job.job import Job
from engine.publish.publisher import ATTACHMENTS, MANIFEST, manifest_of


def withdraw(job: Job) -> bool:
    """Delete the result of a job; False if there is none, or another's has taken its place.

    All of it is reached by a handle of the folder that was looked at: a newer result that is put in its place meanwhile
    is none of this. The manifest goes last, so what is interrupted is found again. Raises `OSError`.
    """
    if job.output is None or not job.state.is_published:
        return False
    place = Path(os.fsdecode(job.output))
    try:
        with Tree(place) as tree:
            manifest = _manifest(tree)
            if manifest is None or manifest.get("conversion_id") != job.conversion_id:
                return False
            _delete_all(tree, list(_files(manifest)))
    except OSError as error:
        if error.errno not in GONE:
            raise
        return False
    with contextlib.suppress(OSError):  # where something else is left in one, it stays
        place.rmdir()
        if place.parent.name == ATTACHMENTS:
            place.parent.rmdir()
            place.parent.parent.rmdir()
    with contextlib.suppress(OSError):
        fsync_path(place.parent)
    return True


def _delete_all(tree: Tree, files: list[PurePosixPath]) -> None:
    for file in files:
        _delete(tree, file)
    folders = {folder for file in files for folder in file.parents if folder.name}
    for folder in sorted(folders, key=lambda folder: -len(folder.parts)):
        with contextlib.suppress(OSError):  # what else lies in it stays
            above, last = tree.folder_of(os.fsencode(folder))
            os.rmdir(last, dir_fd=above)
    _delete(tree, PurePosixPath(MANIFEST))


def _manifest(tree: Tree) -> dict[str, Any] | None:
    with os.fdopen(tree.open_file(os.fsencode(MANIFEST)), "rb") as file:
        return manifest_of(file.read())


def _files(manifest: dict[str, Any]) -> Iterator[PurePosixPath]:
    """What it names below its own folder."""
    listed = manifest.get("files")
    for name in listed if isinstance(listed, list) else ():
        path = PurePosixPath(name) if isinstance(name, str) and "\0" not in name else PurePosixPath()
        if path.parts and not path.is_absolute() and ".." not in path.parts:
            yield path


def _delete(tree: Tree, file: PurePosixPath) -> None:
    """Delete a file that a manifest names, unless it is gone or a link leads to it."""
    try:
        folder, last = tree.folder_of(os.fsencode(file))
        os.unlink(last, dir_fd=folder)
    except OSError as error:
        if error.errno not in GONE:
            raise
