"""Results appear all at once or not at all; and what then happens to the source."""

import errno
import json
import os
import shutil
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path
from typing import Any

from engine.errors import OutputUnwritable, unwritable
from engine.filesystem import exchange, fsync_path, fsync_tree
from engine.job import Job, JobState, PageResult, Source
from engine.settings import OnSuccess
from engine.store import JobStore

MANIFEST = "manifest.json"
SCHEMA = 1
STAGING_NAME = ".hotfolio-publish"
_MAX_STEM_BYTES = 240
"""Leaves room for `~2` and `.json` within the 255 bytes of a file name."""
_FORBIDDEN = frozenset('<>:"/\\|?*')
"""Characters some file system or share refuses in a name."""


class Publisher:
    """Puts finished folders in their place. Thread-safe: it keeps no state."""

    def __init__(self, store: JobStore, output: Path) -> None:
        self._store = store
        self._output = output

    def choose_place(self, source: Source, made: Path) -> Path:
        """Where the folder `made` from this source will go; from now on the place is this source's.

        Raises `OutputUnwritable`.
        """
        new_names = {entry.name for entry in made.iterdir()} | {MANIFEST}
        try:
            return next(p for p in self._places(source) if new_names.isdisjoint(_foreign_entries(p)))
        except OSError as error:
            raise self._problem(error) from error

    def publish(self, job_id: int, made: Path, place: Path, manifest: dict[str, Any]) -> None:
        """Make the folder `made` appear at `place`, in one step. Raises `OutputUnwritable`.

        What else is in the place, such as the results of a subfolder of the same name, stays in it.
        """
        try:
            files = sorted(str(f.relative_to(made)) for f in made.rglob("*") if f.is_file())
            text = json.dumps({**manifest, "files": files}, indent=2, ensure_ascii=False)
            part = made / f".{MANIFEST}.part"
            part.write_text(text + "\n", encoding="utf-8", errors="replace")
            part.replace(made / MANIFEST)
            fsync_tree(made)
            place.parent.mkdir(parents=True, exist_ok=True)
            self._put(self._on_same_filesystem(job_id, made), place)
        except OSError as error:
            raise self._problem(error) from error

    def _problem(self, error: OSError) -> OutputUnwritable:
        return unwritable(error, str(self._output)) or OutputUnwritable(f"Cannot write to {self._output}: {error}.")

    def _places(self, source: Source) -> Iterator[Path]:
        """Where the source's result may go, best first; each is recorded as this source's before it is given out."""
        folder = Path(*(safe_name(part) for part in source.relative.parent.parts))
        stem = safe_name(source.relative.stem)
        names = chain([stem], (f"{stem}~{n}" for n in count(2)))
        by_fold = {}

        def folded() -> Iterator[str]:
            for name in names:
                place = folder / name
                by_fold[_fold(place)] = place
                yield _fold(place)

        candidates = folded()
        while True:
            yield self._output / by_fold[self._store.claim_output(source, candidates)]

    def _put(self, made: Path, place: Path) -> None:
        for name in _foreign_entries(place):
            (place / name).rename(made / name)
        if not place.exists():
            made.rename(place)
        elif exchange(made, place):
            shutil.rmtree(made)
        else:
            old = made.with_name(f"{made.name}.old")
            shutil.rmtree(old, ignore_errors=True)
            place.rename(old)
            made.rename(place)
            shutil.rmtree(old)
        fsync_path(place.parent)

    def _on_same_filesystem(self, job_id: int, made: Path) -> Path:
        """`made`, or a copy of it on the output's file system, where a rename puts it in place in one step."""
        staging = self._output / STAGING_NAME
        if made.stat().st_dev == self._output.stat().st_dev:
            return made
        staging.mkdir(exist_ok=True)
        copy = staging / str(job_id)
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(made, copy)
        fsync_tree(copy)
        return copy


def build_manifest(
    job: Job,
    state: JobState,
    run: str,
    results: list[PageResult],
    warnings: list[str],
    versions: dict[str, str],
    finished: float,
) -> dict[str, Any]:
    """What `manifest.json` says, except the list of files."""
    source = job.source
    return {
        "schema": SCHEMA,
        "state": str(state),
        "conversion_id": job.conversion_id,
        "run": run,
        "source": {
            "path": job.name,
            "size": source.size,
            "sha256": job.sha256,
            "mtime": iso_time(source.mtime_ns / 1e9),
        },
        "formats": list(job.options.formats),
        "options": job.options.model_dump(mode="json", exclude={"formats"}),
        "versions": versions,
        "pages": [
            {
                "page": r.page,
                "state": str(r.state),
                "seconds": round(r.seconds, 4),
                "via": r.via,
                "error": r.error,
            }
            for r in results
        ],
        "warnings": warnings,
        "started": job.started.isoformat() if job.started else None,
        "finished": iso_time(finished),
    }


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest of a published folder, None if there is none that can be read."""
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.get("schema") == SCHEMA else None


def settle_source(source: Source, policy: OnSuccess, archive: Path) -> None:
    """Keep, archive or delete a source whose result is published, if it is still the file that was converted.

    Raises `OutputUnwritable` if it can be neither moved nor removed.
    """
    file = source.file
    try:
        if policy is OnSuccess.KEEP or not source.matches(file.lstat()):
            return
        if policy is OnSuccess.DELETE:
            file.unlink()
            return
        place = archive / source.relative
        place.parent.mkdir(parents=True, exist_ok=True)
        for candidate in chain([place], (place.with_stem(f"{place.stem}~{n}") for n in count(2))):
            if not candidate.exists():
                _move(file, candidate)
                return
    except FileNotFoundError:
        return
    except OSError as error:
        raise OutputUnwritable(f"{source.relative} is converted, but cannot be moved: {error.strerror}.") from error


def safe_name(name: str) -> str:
    """A file name that every file system takes, made from one that this file system took."""
    name = unicodedata.normalize("NFC", name)
    safe = "".join("_" if c in _FORBIDDEN or unicodedata.category(c) in _UNSAFE else c for c in name)
    safe = safe.encode("utf-8")[:_MAX_STEM_BYTES].decode("utf-8", "ignore").rstrip(". ")
    if safe.startswith("."):
        safe = f"_{safe[1:]}"
    return safe or "document"


_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def iso_time(seconds: float) -> str:
    """Seconds since 1970 as ISO 8601 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _fold(place: Path) -> str:
    return unicodedata.normalize("NFC", str(place).casefold())


def _foreign_entries(place: Path) -> set[str]:
    """What is in a folder of the output and was not put there by a conversion published to it."""
    try:
        present = {entry.name for entry in os.scandir(place)}
    except FileNotFoundError:
        return set()
    manifest = read_manifest(place)
    if manifest is None:
        return present
    files = manifest.get("files")
    ours = {Path(f).parts[0] for f in files if isinstance(f, str) and f} if isinstance(files, list) else set()
    return present - ours - {MANIFEST}


def _move(file: Path, target: Path) -> None:
    """Move to a name that is free; across file systems, a durable copy first."""
    try:
        file.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        part = target.with_name(f".{target.name}.part"[:255])
        shutil.copy2(file, part)
        fsync_path(part)
        part.rename(target)
        fsync_path(target.parent)
        file.unlink()
        return
    fsync_path(target.parent)
