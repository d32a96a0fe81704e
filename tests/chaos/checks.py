"""What must hold when nothing is left to do: nothing is lost, and nothing is left over."""

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.chaos.counts import Broken
from tests.chaos.ledger import FINAL, PUBLISHED, Ledger, Row
from tests.chaos.versions import Versions
from tests.chaos.world import ARCHIVE, HOT, KEEP, World

_TEMPORARY = re.compile(r"\.part$|^\.hotfolio-|^\.probe-|\.old$")


def check_files(world: World, expected: Mapping[Path, str], published: set[str]) -> None:
    """Every file is where it was put, as it was put there, or is published and gone where its folder sends it."""
    archived = {_digest(file) for file in _files(world.archive)}
    for path, sha256 in expected.items():
        try:
            found = _digest(path)
        except FileNotFoundError:
            found = None
        if found == sha256:
            continue
        if found is not None:
            raise Broken("lost", f"{path} is not the file any more that was put there")
        if path.is_relative_to(world.hot(KEEP)):
            raise Broken("lost", f"{path} is gone from a folder whose files stay")
        if sha256 not in published:
            raise Broken("lost", f"{path} is gone, and was never published")
        if path.is_relative_to(world.hot(ARCHIVE)) and sha256 not in archived:
            raise Broken("lost", f"{path} is gone from its folder, and not in the archive")


def check_canary(world: World) -> None:
    """Nothing outside the folders is touched."""
    if changes := world.canary_changes():
        raise Broken("touched outside", f"in the canary: {changes}")


def jobs_of_files(world: World, ledger: Ledger) -> Iterator[tuple[Path, Row]]:
    """Every file of the hot folders, with its job; raises `Broken` if one has none, or more than one."""
    by_file: dict[Path, list[Row]] = {}
    for row in ledger.rows.values():
        by_file.setdefault(row.file, []).append(row)
    for policy in HOT:
        for path in _files(world.hot(policy)):
            if path.suffix != ".pdf" or path.is_symlink():
                continue
            rows = [row for row in by_file.get(path, ()) if row.is_of(path.lstat())]
            if len(rows) != 1:
                raise Broken("lost", f"{path} has {len(rows)} jobs: {rows}")
            yield path, rows[0]


def check_ends(world: World, ledger: Ledger, versions: Versions, cancelled: set[int]) -> None:
    """Every file has ended, once; none was given up but by order or for its faults."""
    for path, row in jobs_of_files(world, ledger):
        version = versions.of(_digest(path))
        if version is None:
            raise Broken("lost", f"{path} is nothing that was put there")
        if row.state not in FINAL:
            raise Broken("lost", f"{path}: job {row.id} is {row.state} though nothing is left to do")
        if row.state == "cancelled" and row.id not in cancelled:
            raise Broken("lost", f"{path} is there, and job {row.id} was given up: {row.reason}")


def check_converted(world: World, ledger: Ledger, versions: Versions, published: set[str]) -> None:
    """After everything that was given up or has failed was tried again, with no faults: all that is whole is done."""
    for path, row in jobs_of_files(world, ledger):
        sha256 = _digest(path)
        version = versions.of(sha256)
        if version is not None and version.pages is not None:
            if row.state != "done":
                raise Broken("lost", f"{path}: job {row.id} is {row.state}: {row.reason}")
            if sha256 not in published:
                raise Broken("lost", f"{path}: job {row.id} is done, and its result was never there")


def check_nothing_left(world: World, ledger: Ledger) -> None:
    """No temporary file, job folder or link to a socket is left.

    What is in the folder of a job that can go on or be tried again is not over: it begins with what an engine that was
    killed had half done.
    """
    jobs = world.state / "jobs"
    left = [path for place in _places(world) for path in place.rglob("*") if _TEMPORARY.search(path.name)]
    left = [path for path in left if jobs not in path.parents]
    left += world.temporary.iterdir()
    for folder in jobs.iterdir() if jobs.is_dir() else ():
        row = ledger.rows.get(int(folder.name)) if folder.name.isdecimal() else None
        is_replaced = row is not None and (row.reason or "").startswith("The file was replaced")
        if row is None or row.state in PUBLISHED or is_replaced:
            left.append(folder)
    if left:
        raise Broken("orphans", f"left behind: {', '.join(map(str, left))}")


def _places(world: World) -> list[Path]:
    return [world.output, world.archive, *(world.hot(policy) for policy in HOT)]


def _files(folder: Path) -> Iterator[Path]:
    """Files below a folder, without following links."""
    for above, _, names in os.walk(folder):
        yield from (Path(above, name) for name in sorted(names))


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
