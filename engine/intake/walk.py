"""Walks through a hot folder by handles: each folder is opened from the root, without following a link, and read."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from engine.base.beneath import GONE, MAX_PATH, Tree
from engine.intake.ignoring import ancestors


@dataclass(slots=True)
class Walk:
    """What there is below folders of `tree`."""

    tree: Tree
    root_length: int
    """Bytes in the root's own path: with that of what is in it, it must stay a path."""
    is_ignored: Callable[[bytes, bool], bool]
    """Whether a path is left alone, given also whether it is a folder's."""
    cover: Callable[[bytes, int], None]
    """Told of each folder by its path and its handle, before it is read."""
    unread: dict[bytes, str] = field(default_factory=dict)
    """The folders that could not be read, each with why not: nothing is known of what is in them."""
    too_long: list[bytes] = field(default_factory=list)
    """What was left alone because its path is longer than the system takes."""

    def files_below(self, folder: bytes) -> Iterator[tuple[bytes, os.stat_result]]:
        """Everything below a folder that is no folder and not ignored, links as links; a folder at a time."""
        folders = [folder]
        while folders:
            current = folders.pop()
            files: list[tuple[bytes, os.stat_result]] = []
            try:
                for path, status in self._entries(current):
                    if status is None:
                        folders.append(path)
                    else:
                        files.append((path, status))
            except OSError as error:
                self._note_unread(current, error)
            yield from files

    def is_unread(self, path: bytes) -> bool:
        """Whether something is in a folder that could not be read, so that it may be there all the same."""
        return bool(self.unread) and (b"" in self.unread or any(above in self.unread for above in ancestors(path)))

    def _entries(self, folder: bytes) -> Iterator[tuple[bytes, os.stat_result | None]]:
        """What is in one folder, by its path; subfolders without a status."""
        prefix = folder + b"/" if folder else b""
        handle = self.tree.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            # Watch first, then read, so that nothing falls between.
            self.cover(folder, handle)
            with os.scandir(handle) as entries:
                for entry in entries:
                    path = prefix + os.fsencode(entry.name)
                    try:
                        is_folder = entry.is_dir(follow_symlinks=False)
                        if self.is_ignored(path, is_folder):
                            continue
                        status = None if is_folder else entry.stat(follow_symlinks=False)
                    except OSError as error:
                        self._note_unread(folder, error)
                        continue
                    if self.root_length + 1 + len(path) < MAX_PATH:
                        yield path, status
                    else:
                        self.too_long.append(path)
        finally:
            os.close(handle)

    def _note_unread(self, folder: bytes, error: OSError) -> None:
        if error.errno not in GONE:  # else it has gone in between
            self.unread[folder] = error.strerror or str(error)
