"""What is published: each folder is whole whenever it is looked at, and stays as it is until it is published anew."""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos.counts import Broken
from tests.chaos.versions import Versions

MANIFEST = "manifest.json"
_TRIES = 20
Digests = dict[str, str]


@dataclass(slots=True)
class Result:
    """A published folder as it was last seen."""

    identity: tuple[int, int]
    """Inode and modification time of its manifest."""
    manifest: dict[str, Any]
    digests: Digests = field(default_factory=dict)
    """The SHA-256 of each of its files."""


class Results:
    """All that has been published in a run."""

    def __init__(self, output: Path, versions: Versions) -> None:
        self._output = output
        self._versions = versions
        self.seen: dict[Path, Result] = {}
        self.published: set[str] = set()
        """The SHA-256 of each source that was published at any time."""

    def look(self, *, thoroughly: bool = False) -> None:
        """See that what is new is whole, and with `thoroughly` that all else is still what it was."""
        found = dict(self._manifests())
        for folder in self.seen.keys() - found.keys():
            if not (folder / MANIFEST).exists():
                raise Broken("half-visible", f"{folder} was published, and is not there any more")
        for folder, identity in found.items():
            known = self.seen.get(folder)
            if known is None or known.identity != identity:
                self._check_new(folder)
            elif thoroughly and self._digests(folder, known.manifest) != known.digests:
                raise Broken("half-visible", f"files in {folder} have changed since it was published")

    def _check_new(self, folder: Path) -> None:
        """Read a folder that may be published anew while it is read: only what is the same before and after counts."""
        problem = ""
        for _ in range(_TRIES):
            try:
                before = _identity(folder / MANIFEST)
                manifest = json.loads((folder / MANIFEST).read_text())
                problem = self._problem(folder, manifest)
                digests = {} if problem else self._digests(folder, manifest)
                if before == _identity(folder / MANIFEST):
                    if problem:
                        break
                    self.seen[folder] = Result(before, manifest, digests)
                    self.published.add(manifest["source"]["sha256"])
                    return
            except (OSError, ValueError, KeyError) as error:
                problem = repr(error)
        raise Broken("half-visible", f"{folder}: {problem}")

    def _problem(self, folder: Path, manifest: dict[str, Any]) -> str:
        """Why a folder is not whole; empty if it is."""
        missing = [name for name in manifest["files"] if not (folder / name).is_file()]
        if missing:
            return f"its manifest names files that are not there: {missing}"
        version = self._versions.of(manifest["source"]["sha256"])
        if version is None:
            return "it was made of something that was never dropped"
        pages = manifest["pages"]
        if version.pages is None:
            return ""
        if [page["page"] for page in pages] != list(range(1, version.pages + 1)):
            return f"it has other pages than the {version.pages} of its source"
        if (manifest["state"] == "done") != all(page["state"] != "failed" for page in pages):
            return f"its state is {manifest['state']}, which is not what its pages are"
        (text,) = [(folder / name).read_text() for name in manifest["files"] if name.endswith(".md")]
        for page in pages:
            if text.count(f"marker-{page['page']}.") != (page["state"] != "failed"):
                return f"page {page['page']} is not in its text as it should be"
        return ""

    def _digests(self, folder: Path, manifest: dict[str, Any]) -> Digests:
        names = [MANIFEST, *manifest["files"]]
        return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}

    def _manifests(self) -> Iterator[tuple[Path, tuple[int, int]]]:
        for above, folders, files in os.walk(self._output):
            folders[:] = [name for name in folders if not name.startswith(".")]
            if MANIFEST in files:
                try:
                    yield Path(above), _identity(Path(above, MANIFEST))
                except FileNotFoundError:  # the folder is being published anew: the next look sees it
                    if Path(above) in self.seen:
                        yield Path(above), self.seen[Path(above)].identity


def _identity(manifest: Path) -> tuple[int, int]:
    status = manifest.stat()
    return status.st_ino, status.st_mtime_ns
