"""Files that were sent to be asked for later, in Mistral's way: kept for a day, or until they are deleted."""

import contextlib
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from fastapi import HTTPException

KEPT_S = 86_400.0
MOST_FILES = 1000


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file as it was sent."""

    id: str
    filename: str
    path: Path
    size: int
    purpose: str
    created: float
    """In seconds since the epoch."""


class KeptFiles:
    """Thread-safe; `_lock` guards which there are. What a process leaves behind goes when the next one starts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._files: dict[str, KeptFile] = {}

    def add(self, path: Path, filename: str, purpose: str) -> KeptFile:
        """Keep a file that is on the disk already. Raises `HTTPException` 503 if there are too many."""
        self._drop_old()
        kept = KeptFile(str(uuid.uuid4()), filename, path, path.stat().st_size, purpose, time.time())
        with self._lock:
            if len(self._files) < MOST_FILES:
                self._files[kept.id] = kept
                return kept
        raise HTTPException(503, f"There are {MOST_FILES:,} files already; delete some.", {"Retry-After": "60"})

    def all(self) -> list[KeptFile]:
        """Those that are kept, the newest first."""
        self._drop_old()
        with self._lock:
            return sorted(self._files.values(), key=lambda kept: -kept.created)

    def find(self, file_id: str) -> KeptFile:
        """A file by its id; raises `HTTPException` 404."""
        with self._lock:
            kept = self._files.get(file_id)
        if kept is None or time.time() - kept.created > KEPT_S:
            raise HTTPException(404, "There is no such file.")
        return kept

    def delete(self, file_id: str) -> KeptFile:
        """Delete a file; raises `HTTPException` 404."""
        kept = self.find(file_id)
        with self._lock:
            self._files.pop(file_id, None)
        _remove(kept)
        return kept

    def _drop_old(self) -> None:
        with self._lock:
            old = [kept for kept in self._files.values() if time.time() - kept.created > KEPT_S]
            for kept in old:
                del self._files[kept.id]
        for kept in old:
            _remove(kept)


def _remove(kept: KeptFile) -> None:
    with contextlib.suppress(OSError):
        kept.path.unlink()
        kept.path.parent.rmdir()
        kept.path.parent.parent.rmdir()
