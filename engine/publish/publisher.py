"""Results appear all at once or not at all."""

import errno
import hashlib
import json
import os
import shutil
import stat
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from engine.base.disk import exchange, fsync_path, fsync_tree, make_folder
from engine.base.errors import CannotGoOn, HotfolioError, concerns_all, unwritable
from engine.base.safetext import display_name
from engine.job.job import Job, JobState, PageResult, Source
from engine.job.warningkind import WarningKind
from engine.publish.freenames import numbered
from engine.publish.pageindex import SIZE_KEY

MANIFEST = "manifest.json"
SCHEMA = 1
KINDS_KEY = "warning_kinds"
"""How many of the warnings are of which kind."""
ATTACHMENTS = "attachments"
"""The folder, below the result of a document, with the results of the files that are attached to it."""
STAGING_NAME = ".hotfolio-publish"
_MAX_STEM_BYTES = 240
"""Leaves room for `~2` and `.json`."""
_FORBIDDEN = frozenset('<>:"/\\|?*')
"""Characters some file system or share refuses in a name."""


class Publisher:
    """Puts finished folders in their place. Thread-safe: it keeps no state."""

    def __init__(
        self,
        claim_output: Callable[[Source, Iterable[str]], str | None],
        output: Path,
        main_output: Path | None = None,
    ) -> None:
        """`output` is where the results go, absolute; `main_output` the engine's, if that is another one.

        `claim_output` makes the first of several places a source's that is nobody else's, for good, and returns it.
        """
        self._claim_output = claim_output
        self._output = output
        self._main = main_output or output

    def choose_place(self, source: Source, made: Path) -> Path:
        """Where the folder `made` from this source will go; from now on the place is this source's.

        Raises `OutputUnwritable`, or `CannotGoOn` if only this place is in the way.
        """
        new_names = {entry.name for entry in made.iterdir()} | {MANIFEST}
        try:
            folder = self._parent_of(source)
            stem = safe_name(source.relative.stem)
            for name in numbered(stem):
                place = self._output / folder / name
                if (
                    not _is_taken(place.parent, name)
                    and not _is_anothers(place, source)
                    and new_names.isdisjoint(_foreign_entries(place))
                    and self._claim_output(source, [self._claim(place)]) is not None
                ):
                    return place
        except OSError as error:
            raise self._problem(error) from error
        raise AssertionError("numbers do not end")

    def publish(self, job_id: int, made: Path, place: Path, manifest: dict[str, Any]) -> None:
        """Make the folder `made` appear at `place`, in one step. Raises `OutputUnwritable` or `CannotGoOn`.

        When this returns, a power cut takes nothing of it away. What else is in the place, such as the results of a
        subfolder of the same name, stays in it.
        """
        try:
            _remove_oddities(made)
            part = made / f".{MANIFEST}.part"
            part.unlink(missing_ok=True)
            files = sorted({str(f.relative_to(made)) for f in made.rglob("*") if f.is_file()} - {MANIFEST})
            text = _as_text({**manifest, "files": files})
            with part.open("xb") as stream:
                stream.write(text.encode(errors="replace"))
            part.replace(made / MANIFEST)
            fsync_tree(made)
            make_folder(place.parent)
            try:
                self._put(made, place)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                self._put(self._copy_nearby(job_id, made), place)
        except OSError as error:
            raise self._problem(error) from error

    def complete(self, job_id: int, made: Path, place: Path) -> None:
        """Finish a publication that was interrupted after its result had appeared, but perhaps not for good yet."""
        self._make_durable(place)
        for left in (made, made.with_name(f"{made.name}.old"), self._output / STAGING_NAME / str(job_id)):
            if left.is_dir():
                _keep_foreign(left, place)

    def _problem(self, error: OSError) -> HotfolioError:
        shown = display_name(error.filename or self._output)
        everybodys = unwritable(error, shown) if concerns_all(error) and self._output == self._main else None
        return everybodys or CannotGoOn(f"Cannot write to {shown}: {error.strerror}.")

    def _claim(self, place: Path) -> str:
        """What stands for a place, however it is reached: one output folder may lie in another."""
        return _fold(Path(os.path.relpath(place, self._main)))

    def _parent_of(self, source: Source) -> Path:
        """The folder that mirrors the source's, with another name where that is taken by something else."""
        folder = Path()
        for part in source.relative.parent.parts:
            name = next(n for n in numbered(safe_name(part)) if not _is_taken(self._output / folder, n))
            folder /= name
        return folder

    def _put(self, made: Path, place: Path) -> None:
        """Rename, keeping what was in the place until the new folder is there for good."""
        old = made.with_name(f"{made.name}.old")  # may be there, if the engine died between the two renames below
        if not place.exists():
            made.rename(place)
        elif not exchange(made, place):
            if old.is_dir():
                _keep_foreign(old, place)
            place.rename(old)
            try:
                made.rename(place)
            except OSError:
                old.rename(place)
                raise
        self._make_durable(place)
        for left in (made, old):
            if left.is_dir():
                _keep_foreign(left, place)

    def _make_durable(self, place: Path) -> None:
        """See that a folder that was renamed to `place` is there after a power cut."""
        for folder in place.parents:
            fsync_path(folder)
            if folder == self._output:
                break

    def _copy_nearby(self, job_id: int, made: Path) -> Path:
        """A copy on the output's mount, from where a rename puts it in place in one step."""
        copy = self._output / STAGING_NAME / str(job_id)
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(made, copy)
        fsync_tree(copy)
        return copy


def _as_text(manifest: dict[str, Any]) -> str:
    """JSON with a line for each field, and for each entry of a list.

    With an indent for everything, `json` (Python 3.11) leaves its encoder in C, and takes ten times as long.
    """
    encode = json.JSONEncoder(ensure_ascii=False).encode
    lines = []
    for name, value in manifest.items():
        if isinstance(value, list) and value:
            entries = ",\n    ".join(map(encode, value))
            lines.append(f"  {encode(name)}: [\n    {entries}\n  ]")
        else:
            lines.append(f"  {encode(name)}: {encode(value)}")
    body = ",\n".join(lines)
    return f"{{\n{body}\n}}\n"


def build_manifest(
    job: Job,
    state: JobState,
    run: str,
    results: list[PageResult],
    warnings: list[str],
    versions: dict[str, str],
    finished: float,
    page_sizes: dict[int, int],
    page_reasons: dict[int, str],
    attachments: Sequence[dict[str, Any]] = (),
    *,
    kinds: Mapping[WarningKind, int] = MappingProxyType({}),
    superseded: bool = False,
) -> dict[str, Any]:
    """What `manifest.json` says, except the list of files.

    `page_sizes` are the bytes of Markdown that each page has come to, none if no Markdown was made;
    `page_reasons` say why a page was read the way it was, `attachments` what is attached to the document,
    `kinds` of which kind how many of the warnings are. `superseded` says that the source has been replaced since.
    """
    source = job.source
    return {
        "schema": SCHEMA,
        "state": str(state),
        **({"superseded": True} if superseded else {}),
        "conversion_id": job.conversion_id,
        "run": run,
        "origin": _origin(source),
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
                **({"why": page_reasons[r.page]} if r.page in page_reasons else {}),
                "error": r.error,
                **({SIZE_KEY: page_sizes.get(r.page, 0)} if page_sizes else {}),
            }
            for r in results
        ],
        **({"attachments": list(attachments)} if attachments else {}),
        "warnings": warnings,
        KINDS_KEY: dict(kinds),
        "started": job.started.isoformat() if job.started else None,
        "finished": iso_time(finished),
    }


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest of a published folder, None if there is none that can be read."""
    try:
        return manifest_of((folder / MANIFEST).read_bytes())
    except OSError:
        return None


def manifest_of(data: bytes) -> dict[str, Any] | None:
    """What a file is that may be a manifest, None if it is none."""
    try:
        found = json.loads(data.decode())
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and found.get("schema") == SCHEMA else None


def origin_of(root: bytes, path: bytes) -> str:
    """What tells a source's path from any other, without showing where it is: `origin` in the manifest."""
    return hashlib.sha256(root + b"\0" + path).hexdigest()[:16]


def safe_name(name: str) -> str:
    """A file name that every file system takes, made from one that this file system took."""
    name = unicodedata.normalize("NFC", name)
    safe = "".join("_" if c in _FORBIDDEN or unicodedata.category(c) in _UNSAFE else c for c in name)
    safe = safe.encode()[:_MAX_STEM_BYTES].decode(errors="ignore").rstrip(". ")
    if safe.startswith("."):
        safe = f"_{safe[1:]}"
    return safe or "document"


_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def iso_time(seconds: float) -> str:
    """Seconds since 1970 as ISO 8601 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _fold(place: Path) -> str:
    folded = unicodedata.normalize("NFC", str(place).casefold())
    return folded.encode(errors="backslashreplace").decode()  # bytes that are no text cannot be in the queue


def _origin(source: Source) -> str:
    return origin_of(source.root, source.path)


def _is_anothers(place: Path, source: Source) -> bool:
    """Whether a place holds the result of another source, by its manifest."""
    origin = (read_manifest(place) or {}).get("origin")
    return origin is not None and origin != _origin(source)


def _remove_oddities(made: Path) -> None:
    """Remove what is neither a file nor a folder: a hostile document may have had it put there."""
    for parent, folders, files in os.walk(made):
        for name in (*folders, *files):
            path = Path(parent, name)
            mode = path.lstat().st_mode
            if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
                path.unlink()


def _is_taken(folder: Path, name: str) -> bool:
    """Whether a name in a folder of the output cannot be a folder of results.

    Something that is no folder may be there, or the folder may itself be a result, with a file of this name.
    """
    place = folder / name
    if os.path.lexists(place) and (place.is_symlink() or not place.is_dir()):
        return True
    return name in _own_entries(folder)


def _own_entries(place: Path) -> set[str]:
    """What a conversion has put directly into a folder of the output, by the folder's manifest."""
    manifest = read_manifest(place) or {}
    files = manifest.get("files")
    if not isinstance(files, list):
        return set()
    return {Path(f).parts[0] for f in files if isinstance(f, str) and Path(f).parts} | {MANIFEST}


def _foreign_entries(place: Path) -> set[str]:
    """What is in a folder of the output and was not put there by a conversion published to it."""
    try:
        return {entry.name for entry in os.scandir(place)} - _own_entries(place)
    except FileNotFoundError:
        return set()


def _keep_foreign(old: Path, place: Path) -> None:
    """Move what is not a conversion's from a replaced folder to the one in its place, and delete the old one."""
    for name in _foreign_entries(old):
        if not os.path.lexists(place / name):
            (old / name).rename(place / name)
    fsync_path(place)
    shutil.rmtree(old)
