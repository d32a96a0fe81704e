"""What people do to the files of a hot folder, at the worst moments; and what is expected of each file from then on."""

import contextlib
import hashlib
import os
import random
import time
from collections.abc import Callable
from pathlib import Path

from tests.chaos.counts import Counts
from tests.chaos.versions import Version, Versions
from tests.chaos.world import HOT, World

_FOLDERS = ("", "", "letters", "letters/2026", "forms", "/".join(["deep"] * 40))
_OLD_S = 600
"""How old broken files are, since young ones are waited for."""


class FileFaults:
    """One file is touched at a time, and never the same way as the engine: all that is known is kept in `expected`."""

    def __init__(self, world: World, versions: Versions, dice: random.Random, counts: Counts) -> None:
        self._world = world
        self._versions = versions
        self._dice = dice
        self._counts = counts
        self.expected: dict[Path, str] = {}
        """The SHA-256 of what was put there last and not taken away again: it is there, or dealt with."""
        self._replaced_by_links: list[Path] = []
        self._number = 0
        self.faults: dict[str, tuple[int, Callable[[], object]]] = {
            "dropped": (8, self.drop),
            "dropped broken": (1, self._drop_broken),
            "copied in slowly": (1, self._copy_slowly),
            "rewritten": (5, self._rewrite),
            "replaced": (4, self._replace),
            "renamed": (2, self._rename),
            "renamed over another": (1, self._rename_over),
            "put aside and back": (1, self._put_aside_and_back),
            "removed": (2, self._remove),
            "links": (2, self._link),
            "folders that became links": (1, self._folder_becomes_link),
            "links that became folders": (1, self._link_becomes_folder),
        }
        """By name: how often, compared with the others, and what is done."""

    # --- new files ---

    def drop(self) -> Path:
        """Write a new document in its place."""
        path = self._new_path()
        self.write_again(path)
        return path

    def _drop_broken(self) -> None:
        path = self._new_path()
        self._write(path, self._versions.broken())
        with contextlib.suppress(FileNotFoundError):
            os.utime(path, (time.time() - _OLD_S,) * 2)

    def _copy_slowly(self) -> None:
        path, version = self._new_path(), self._versions.whole()
        part = path.with_name(f"{path.name}.part")
        part.parent.mkdir(parents=True, exist_ok=True)
        half = len(version.data) // 2
        with part.open("wb", buffering=0) as stream:
            stream.write(version.data[:half])
            time.sleep(0.1)
            stream.write(version.data[half:])
        part.rename(path)
        self.expected[path] = version.sha256

    # --- files that are there ---

    def write_again(self, path: Path) -> None:
        """Have another document be at this place, whether one is there or not."""
        self._write(path, self._versions.whole())

    def _rewrite(self) -> None:
        if path := self._some_file():
            self.write_again(path)

    def _replace(self) -> None:
        if path := self._some_file():
            version = self._versions.whole()
            part = path.with_name(f".{path.name}.part")
            part.write_bytes(version.data)
            part.replace(path)
            self.expected[path] = version.sha256

    def _rename(self) -> None:
        if path := self._some_file():
            self._move(path, path.with_name(f"renamed-{self._next()}.pdf"))

    def _rename_over(self) -> None:
        one, other = self._some_file(), self._some_file()
        if one and other and one != other:
            self._move(one, other)

    def _put_aside_and_back(self) -> None:
        """The file that comes back is the one that was there, though another one has been in its place meanwhile."""
        path = self._some_file()
        aside = self._world.moved / f"aside-{self._next()}.pdf"
        if path is None:
            return
        first = self.expected[path]
        with contextlib.suppress(FileNotFoundError):
            path.rename(aside)
            self._write(path, self._versions.whole())
            time.sleep(self._dice.choice((0.0, 0.3, 0.6)))
            aside.replace(path)
            self.expected[path] = first

    def _remove(self) -> None:
        if path := self._some_file():
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
                self.expected.pop(path)

    # --- links ---

    def _link(self) -> None:
        """A link into the canary, to a file or to a folder."""
        target = self._world.canary / self._dice.choice(("", "deep", "canary-1.pdf", "deep/deeper/canary-2.pdf"))
        link = self._new_path().with_suffix(f".link{target.suffix}")
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(target)

    def _folder_becomes_link(self) -> None:
        """A folder is moved out of the hot folder, and a link to the canary is in its place."""
        hot = self._world.hot(self._dice.choice(list(HOT)))
        folder = hot / self._dice.choice(("letters", "forms"))
        if folder.is_symlink() or not folder.is_dir():
            return
        # What is done to a file a moment before it is moved away is not held against the engine.
        folder.rename(self._moved(folder))
        folder.symlink_to(self._world.canary / "deep")
        self._replaced_by_links.append(folder)
        for path in [path for path in self.expected if path.is_relative_to(folder)]:
            del self.expected[path]

    def _link_becomes_folder(self) -> None:
        if self._replaced_by_links:
            self.bring_back(self._dice.randrange(len(self._replaced_by_links)))

    def bring_back(self, number: int = 0) -> None:
        """Have a folder that has become a link be a folder again."""
        folder = self._replaced_by_links.pop(number)
        folder.unlink()
        self._moved(folder).rename(folder)
        for path in folder.rglob("*.pdf"):
            if not path.is_symlink() and (digest := _digest(path)):
                self.expected[path] = digest

    def undo(self) -> None:
        """Take back what keeps files from being seen."""
        while self._replaced_by_links:
            self.bring_back()

    # --- below ---

    def _moved(self, folder: Path) -> Path:
        return self._world.moved / "-".join(folder.relative_to(self._world.folder).parts)

    def _write(self, path: Path, version: Version) -> None:
        """Write in place, as editors do; again, if the file is not the one at its name any more when it is written."""
        while True:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb", buffering=0) as stream:
                stream.write(version.data)
                written = os.fstat(stream.fileno())
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(written, path.lstat()):
                    break
        self.expected[path] = version.sha256

    def _move(self, path: Path, target: Path) -> None:
        with contextlib.suppress(FileNotFoundError):
            path.rename(target)
            self.expected[target] = self.expected.pop(path)

    def _new_path(self) -> Path:
        hot = self._world.hot(self._dice.choice(list(HOT)))
        folder = self._dice.choice(_FOLDERS)
        if (hot / folder.partition("/")[0]).is_symlink():
            folder = ""
        return hot / folder / f"document-{self._next()}.pdf"

    def _some_file(self) -> Path | None:
        """One that is there, by what is known of it."""
        # Looked for, since the engine takes some away; from a sorted list, so that the seed decides.
        there = sorted(path for path in self.expected if path.exists())
        return self._dice.choice(there) if there else None

    def _next(self) -> int:
        self._number += 1
        return self._number


def _digest(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return None
