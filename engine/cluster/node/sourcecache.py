"""SourceCache: the documents a node has, by their SHA-256, as many as there is room for."""

import contextlib
import hashlib
import os
import shutil
from collections import Counter, OrderedDict
from pathlib import Path

_BLOCK = 1 << 20
_PART = ".part"
_LEAST_FREE = 64 << 20
"""So much of the disk is left to others."""


class CannotKeep(Exception):
    """A document cannot be kept here: there is no room, or what came is not it. `str()` is a sentence."""


class SourceCache:
    """Not thread-safe: its owner has a lock. Documents that are pinned are in use, and stay."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        """Take over what an earlier process has left in the folder, which is the cache's alone."""
        self._folder = folder
        self._limit = limit_bytes
        self._sizes: OrderedDict[str, int] = OrderedDict()
        self._verified: set[str] = set()
        self._pins: Counter[str] = Counter()
        self._coming: dict[str, tuple[int, int]] = {}
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for file in sorted(folder.iterdir(), key=lambda file: file.lstat().st_mtime):
            if len(file.name) == 64 and file.is_file() and not file.is_symlink():
                self._sizes[file.name] = file.stat().st_size
            else:
                _remove(file)
        self._make_room(0)

    @property
    def size(self) -> int:
        """Bytes of all documents, those that are still coming too."""
        return sum(self._sizes.values()) + sum(length for length, _ in self._coming.values())

    @property
    def free_bytes(self) -> int:
        """What is free on its disk."""
        return shutil.disk_usage(self._folder).free

    def find(self, sha256: str) -> Path | None:
        """A document that is here whole. Its content is looked at once in a process."""
        if sha256 not in self._sizes:
            return None
        file = self._folder / sha256
        if sha256 not in self._verified:
            if _sha256_of(file) != sha256:
                self._forget(sha256)
                return None
            self._verified.add(sha256)
        self._sizes.move_to_end(sha256)
        with contextlib.suppress(OSError):
            os.utime(file)
        return file

    def expect(self, sha256: str, length: int) -> int:
        """Begin to take a document in, or go on; returns from which byte on it is missing. Raises `CannotKeep`."""
        if sha256 not in self._coming:
            if length > self._limit:
                raise CannotKeep(f"The document is {length >> 20} MB, and the cache takes {self._limit >> 20}.")
            self._make_room(length)
            if self.size + length > self._limit:
                raise CannotKeep("The cache is full of documents that are in use.")
            if self.free_bytes < length + _LEAST_FREE:
                raise CannotKeep("The disk of the cache is full.")
            self._part(sha256).unlink(missing_ok=True)
            self._coming[sha256] = length, 0
        return self._coming[sha256][1]

    def add(self, sha256: str, offset: int, data: bytes) -> bool:
        """Take the next bytes in, if they are those; returns whether the document is whole. Raises `CannotKeep`."""
        if sha256 not in self._coming:
            return sha256 in self._sizes
        length, done = self._coming[sha256]
        if offset != done:
            return False
        try:
            if offset + len(data) > length:
                raise CannotKeep("More of the document has come than there is.")
            with self._part(sha256).open("ab", buffering=0) as stream:
                if stream.write(data) != len(data):
                    raise CannotKeep("The disk of the cache is full.")
            if done + len(data) < length:
                self._coming[sha256] = length, done + len(data)
                return False
            if _sha256_of(self._part(sha256)) != sha256:
                raise CannotKeep("What has come is not the document.")
            self._part(sha256).rename(self._folder / sha256)
        except OSError as error:
            self.give_up(sha256)
            raise CannotKeep(f"The document cannot be kept: {error.strerror}.") from error
        except CannotKeep:
            self.give_up(sha256)
            raise
        del self._coming[sha256]
        self._sizes[sha256] = length
        self._verified.add(sha256)
        return True

    def give_up(self, sha256: str) -> None:
        """A document does not come after all."""
        if self._coming.pop(sha256, None) is not None:
            _remove(self._part(sha256))

    def pin(self, sha256: str) -> None:
        """Keep a document for as long as it is in use."""
        self._pins[sha256] += 1

    def unpin(self, sha256: str) -> None:
        """A use is over."""
        self._pins[sha256] -= 1
        if self._pins[sha256] <= 0:
            del self._pins[sha256]
        self._make_room(0)

    def _make_room(self, length: int) -> None:
        for sha256 in [sha256 for sha256 in self._sizes if sha256 not in self._pins]:
            if self.size + length <= self._limit and self.free_bytes >= length + _LEAST_FREE:
                return
            self._forget(sha256)

    def _forget(self, sha256: str) -> None:
        _remove(self._folder / sha256)
        self._sizes.pop(sha256, None)
        self._verified.discard(sha256)

    def _part(self, sha256: str) -> Path:
        return self._folder / f"{sha256}{_PART}"


def _sha256_of(file: Path) -> str:
    digest = hashlib.sha256()
    try:
        with file.open("rb", buffering=0) as stream:
            while block := stream.read(_BLOCK):
                digest.update(block)
    except OSError:
        return ""
    return digest.hexdigest()


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
