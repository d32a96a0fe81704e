"""What a batch has made on a node's desk, as messages: files first, then the lines that tell of them.

The process that has made them was held to the desk, and whoever reads here is not: so no link is followed.
"""

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from engine.base.errors import ChildGarbage
from engine.cluster.exchange import MADE, Made, Wrote
from engine.cluster.framing import Frame
from engine.cluster.pagelines import PageLines
from engine.job.job import Checkpoint
from engine.sandbox.protocol import PAGES

_BLOCK = 1 << 20
_MOST_FILES = 10_000
"""Of a page, or of the few that are under way at once."""


class Shipping:
    """What of one batch has been sent."""

    def __init__(self, epoch: int, desk: Path, batch: Checkpoint) -> None:
        self._epoch = epoch
        self._desk = desk
        self._batch = batch
        self._checkpoint: int | None = None
        self._files: dict[str, tuple[int, int, int]] = {}
        """Those that were sent, as they were then."""
        self._lines = PageLines(batch)

    def files(self) -> Iterator[Frame]:
        """The files that are new, or have changed. Raises `ChildGarbage`, `OSError`.

        They stay on the desk: the process makes them durable when it is done with the batch.
        """
        left = _MOST_FILES
        for made in MADE:
            for parent, folders, names, handle in os.fwalk(self._desk / made, follow_symlinks=False):
                folders.sort()
                for name in sorted(names):
                    path = os.path.relpath(Path(parent, name), self._desk)
                    found = os.stat(name, dir_fd=handle, follow_symlinks=False)
                    state = found.st_ino, found.st_mtime_ns, found.st_size
                    if self._files.get(path) == state:
                        continue
                    left -= 1
                    if left < 0:
                        raise ChildGarbage("The conversion process has made too many files.")
                    self._files[path] = state
                    yield from self._file(path, name, handle)

    def lines(self) -> Iterator[Frame]:
        """The lines of the checkpoint that have not been sent. Raises `ChildGarbage`, `OSError`."""
        if self._checkpoint is None:
            try:
                self._checkpoint = _open(self._desk / PAGES / self._batch.part)
            except FileNotFoundError:  # the batch was done before this had looked for its first page
                self._checkpoint = _open(self._desk / PAGES / self._batch.file)
        data = bytearray()
        while block := os.read(self._checkpoint, _BLOCK):
            data += block
        whole = self._lines.add(bytes(data))
        for start in range(0, len(whole), _BLOCK):
            part = whole[start : start + _BLOCK]
            yield Frame(Wrote(epoch=self._epoch, size=len(part)), part)

    def close(self) -> None:
        """Look no more, and leave no files to the batch that follows."""
        for made in MADE:
            for _, _, names, handle in os.fwalk(self._desk / made, follow_symlinks=False):
                for name in names:
                    with contextlib.suppress(OSError):
                        os.unlink(name, dir_fd=handle)
        if self._checkpoint is not None:
            os.close(self._checkpoint)
            self._checkpoint = None

    def _file(self, path: str, name: str, folder: int) -> Iterator[Frame]:
        handle = _open(name, folder)
        try:
            block = os.read(handle, _BLOCK)
            while True:
                following = os.read(handle, _BLOCK) if block else b""
                try:
                    made = Made(epoch=self._epoch, path=path, size=len(block), last=not following)
                except ValidationError as error:
                    raise ChildGarbage("The conversion process has made a file of no usable name.") from error
                yield Frame(made, block)
                if not following:
                    return
                block = following
        finally:
            os.close(handle)


def _open(name: str | Path, folder: int | None = None) -> int:
    """A file that is one, and no link; raises `ChildGarbage` for anything else, `OSError` if there is none."""
    handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise ChildGarbage("The conversion process has made what is no file.")
    return handle
