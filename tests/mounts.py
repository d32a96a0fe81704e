"""Mounting one folder on another, which takes rights that not every machine gives."""

import contextlib
import ctypes
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

_MS_BIND = 4096
_MNT_DETACH = 2


class Mounts:
    """Those of one test."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._places: list[Path] = []

    def bind(self, folder: Path, place: Path) -> None:
        """Have `folder` be at `place` too; skips the test where that is not permitted."""
        if self._libc.mount(os.fsencode(folder), os.fsencode(place), None, ctypes.c_ulong(_MS_BIND), None) != 0:
            pytest.skip(f"mounting is not permitted: {os.strerror(ctypes.get_errno())}")
        self._places.append(place)

    def undo(self) -> None:
        for place in reversed(self._places):
            self._libc.umount2(os.fsencode(place), _MNT_DETACH)


@contextlib.contextmanager
def mounts() -> Iterator[Mounts]:
    """Undoes them in the end."""
    made = Mounts()
    try:
        yield made
    finally:
        made.undo()
