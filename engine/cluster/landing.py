"""Landing: what a node sends of a batch comes onto the desk, as the process would have written it itself.

Names come from another machine, and a process on this one may have put links on the desk: so each name is checked, and
nothing is followed on the way.
"""

import contextlib
import os
from pathlib import Path

from engine.base.disk import fsync_path
from engine.base.errors import ChildGarbage
from engine.cluster.exchange import Made
from engine.cluster.pagelines import PageLines
from engine.job.job import Checkpoint
from engine.sandbox.protocol import PAGES, Event, PageDone, PagesDone

_MOST_BYTES = 256 << 20
"""Of the files of a page, on average."""
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


class Landing:
    """For one batch, in one thread. Each call raises `ChildGarbage` for what cannot be, `OSError` if it is no use."""

    def __init__(self, desk: Path, batch: Checkpoint) -> None:
        """Begin the batch's checkpoint file. Raises `OSError`."""
        self._desk = desk
        self._batch = batch
        self._lines = PageLines(batch)
        self._left = _MOST_BYTES * (batch.last - batch.first + 1)
        self._coming: tuple[str, int] | None = None
        """The path and the descriptor of the file that comes in."""
        self._temporary = f"coming-{batch.first}-{batch.last}"  # not where it will be published
        self._written: dict[str, set[str]] = {}
        self._root, self._pages, self._part = os.open(desk, _FOLDER), -1, -1
        try:
            self._pages = _folder(self._root, PAGES)
            self._part = os.open(batch.part, _NEW | os.O_TRUNC, 0o666, dir_fd=self._pages)
        except OSError:
            self.close()
            raise

    def made(self, made: Made, data: bytes) -> None:
        """The next bytes of a file, which is in its place when they are the last."""
        self._count(data)
        if self._coming is None:
            self._coming = made.path, os.open(self._temporary, _NEW | os.O_TRUNC, 0o666, dir_fd=self._root)
        path, file = self._coming
        if path != made.path:
            raise ChildGarbage("A node has begun a file before another was whole.")
        _write(file, data)
        if made.last:
            self._coming = None
            os.close(file)
            where, _, name = made.path.rpartition("/")
            folder = _folder(self._root, where)
            try:
                os.rename(self._temporary, name, src_dir_fd=self._root, dst_dir_fd=folder)
            finally:
                os.close(folder)
            self._written.setdefault(where, set()).add(name)

    def wrote(self, data: bytes) -> None:
        """The next bytes of the checkpoint."""
        self._count(data)
        _write(self._part, self._lines.add(data))

    def said(self, event: Event) -> None:
        """The process has said something: what it speaks of has to be here. All is durable once it says it is done."""
        if isinstance(event, PageDone) and event.page not in self._lines.pages:
            raise ChildGarbage("A node has told of a page that it has not sent.")
        if not isinstance(event, PagesDone):
            return
        if self._coming is not None or self._lines.pages != set(range(self._batch.first, self._batch.last + 1)):
            raise ChildGarbage("A node has told of pages that it has not sent.")
        os.fsync(self._part)
        for where, names in self._written.items():
            for name in names:
                fsync_path(self._desk / where / name)
            fsync_path(self._desk / where)
        os.rename(self._batch.part, self._batch.file, src_dir_fd=self._pages, dst_dir_fd=self._pages)
        os.fsync(self._pages)

    def void(self) -> None:
        """Nothing that has come counts."""
        with contextlib.suppress(OSError):
            os.unlink(self._batch.part, dir_fd=self._pages)

    def close(self) -> None:
        """Take nothing more."""
        if self._coming is not None:
            os.close(self._coming[1])
            self._coming = None
            with contextlib.suppress(OSError):
                os.unlink(self._temporary, dir_fd=self._root)
        for handle in (self._part, self._pages, self._root):
            if handle >= 0:
                os.close(handle)
        self._part = self._pages = self._root = -1

    def _count(self, data: bytes) -> None:
        self._left -= len(data)
        if self._left < 0:
            raise ChildGarbage("A node has sent more than pages come to.")


def _folder(desk: int, where: str) -> int:
    """A folder of the desk, made if it is missing."""
    handle = os.dup(desk)
    for name in where.split("/"):
        try:
            with contextlib.suppress(FileExistsError):
                os.mkdir(name, dir_fd=handle)
            inner = os.open(name, _FOLDER, dir_fd=handle)
        finally:
            os.close(handle)
        handle = inner
    return handle


def _write(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
