"""The folders of a run: hot folders, output, state, a canary beside them; and a disk of their own, if one may mount."""

import contextlib
import ctypes
import os
import shutil
from pathlib import Path
from typing import Self

from tests.chaos import canary

KEEP, ARCHIVE, DELETE = "keep", "archive", "delete"
HOT = {KEEP: "input", ARCHIVE: "to-archive", DELETE: "to-delete"}
"""The hot folders, by what becomes of their sources."""
_DISK_MB = 192
_MIN_FREE_MB = 8
_MNT_DETACH = 2
_SETTINGS = f"""\
input = "{HOT[KEEP]}"
output = "disk/output"
formats = ["md"]
ocr = "never"
num_workers = 3
batch_seconds = 0.4
scan_interval = 3
min_free = "{_MIN_FREE_MB}MiB"

[profiles.texts]
formats = ["md", "txt"]

[[folders]]
path = "{HOT[ARCHIVE]}"
output = "disk/output/archived"
on_success = "archive"
archive = "ARCHIVE"
profile = "texts"

[[folders]]
path = "{HOT[DELETE]}"
output = "disk/output/deleted"
on_success = "delete"
"""


class World:
    """Use as a context, which takes the disk down again; the folder stays."""

    def __init__(self, folder: Path, *, archives_elsewhere: bool = False) -> None:
        """`archives_elsewhere` has the archive be on another disk than the hot folders, if one may mount."""
        self.folder = folder
        self.disk = folder / "disk"
        self.output = self.disk / "output"
        self.state = self.output / ".hotfolio"
        self.away = self.disk / "away"
        """Where the state folder is while it is taken away."""
        self.archive = (self.disk if archives_elsewhere else folder) / "archive"
        self.canary = folder / "canary"
        self.moved = folder / "moved"
        """Where folders are that have become links."""
        self.temporary = folder / "tmp"
        """What the engine is told to be for temporary files."""
        self._ballast = self.disk / "ballast"
        self._libc = ctypes.CDLL(None, use_errno=True)
        self.has_disk = False

    def __enter__(self) -> Self:
        for place in (self.disk, self.moved, self.temporary, *(self.folder / name for name in HOT.values())):
            place.mkdir()
        options = f"size={_DISK_MB}m,mode=700".encode()
        self.has_disk = (
            hasattr(self._libc, "umount2")
            and self._libc.mount(b"chaos", os.fsencode(self.disk), b"tmpfs", ctypes.c_ulong(0), options) == 0
        )
        (self.folder / "hotfolio.toml").write_text(_SETTINGS.replace("ARCHIVE", str(self.archive)))
        self._canary = canary.plant(self.canary)
        return self

    def __exit__(self, *_: object) -> None:
        if self.has_disk:
            self._libc.umount2(os.fsencode(self.disk), _MNT_DETACH)

    def hot(self, policy: str) -> Path:
        """The hot folder whose sources are treated so."""
        return self.folder / HOT[policy]

    def canary_changes(self) -> list[str]:
        """What of the canary is not as it was planted."""
        return canary.differences(self._canary, canary.look(self.canary))

    def fill_disk(self) -> None:
        """Leave no room on the disk of output and state."""
        with self._ballast.open("wb") as ballast:
            while room := shutil.disk_usage(self.disk).free:
                with contextlib.suppress(OSError):  # the engine has taken some of it meanwhile
                    os.posix_fallocate(ballast.fileno(), 0, room)
                    return

    def empty_disk(self) -> None:
        """End `fill_disk`."""
        self._ballast.unlink(missing_ok=True)

    def keep(self) -> None:
        """Have what is on the disk stay, for whoever looks into it."""
        self.empty_disk()
        if self.has_disk:
            shutil.copytree(self.disk, self.folder / "disk-as-it-was", symlinks=True, ignore=_sockets)


def _sockets(folder: str, names: list[str]) -> set[str]:
    return {name for name in names if Path(folder, name).is_socket()}
