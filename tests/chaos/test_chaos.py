"""`make chaos` sees what it is there to see; and a short run of it holds."""

import json
import os
import random
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos import checks
from tests.chaos.__main__ import main
from tests.chaos.campaign import Campaign
from tests.chaos.counts import Broken
from tests.chaos.ledger import Ledger
from tests.chaos.results import Results
from tests.chaos.versions import Version, Versions
from tests.chaos.world import ARCHIVE, DELETE, KEEP, World

SCHEMA = """
CREATE TABLE jobs (id INTEGER, conversion_id TEXT, root BLOB, path BLOB, size INTEGER, mtime_ns INTEGER, inode INTEGER,
    state TEXT, reason TEXT);
CREATE TABLE pages (job_id INTEGER, page INTEGER, state TEXT, seconds REAL);
CREATE TABLE transitions (job_id INTEGER, state TEXT);
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path) as made:
        made.state.mkdir(parents=True)
        yield made


@pytest.fixture
def versions() -> Versions:
    return Versions(random.Random(1))


def publish(world: World, version: Version, name: str = "a", seconds: float = 1.0) -> Path:
    folder = world.output / name
    folder.mkdir(parents=True)
    pages = range(1, (version.pages or 0) + 1)
    (folder / f"{name}.md").write_text("".join(f"marker-{page}.\n" for page in pages))
    manifest = {
        "state": "done",
        "conversion_id": "one",
        "run": "first",
        "source": {"sha256": version.sha256},
        "pages": [{"page": page, "state": "ok", "seconds": seconds} for page in pages],
        "files": [f"{name}.md"],
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def queue(world: World, file: Path, state: str, *ends: str, reason: str | None = None) -> sqlite3.Connection:
    """A queue with one job of this file, which has ended so before."""
    database = world.state / "jobs.sqlite3"
    database.unlink(missing_ok=True)
    db = sqlite3.connect(database, isolation_level=None)
    db.executescript(SCHEMA)
    root = os.fsencode(file.parent)
    status = file.stat()
    identity = (status.st_size, status.st_mtime_ns, status.st_ino)
    row = (1, "one", root, os.fsencode(file.name), *identity, state, reason)
    db.execute("INSERT INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    db.executemany("INSERT INTO transitions VALUES (1, ?)", [(end,) for end in ends])
    return db


def drop(world: World, version: Version, policy: str = KEEP) -> Path:
    file = world.hot(policy) / "a.pdf"
    file.write_bytes(version.data)
    return file


# --- results ---


@pytest.mark.parametrize("harm", ["a file is missing", "a page is missing", "a page is not in the text"])
def test_a_result_that_is_not_whole_is_seen(world: World, versions: Versions, harm: str) -> None:
    folder = publish(world, versions.whole())
    Results(world.output, versions).look()
    manifest = json.loads((folder / "manifest.json").read_text())
    match harm:
        case "a file is missing":
            manifest["files"].append("b.txt")
        case "a page is missing":
            del manifest["pages"][0]
        case _:
            (folder / "a.md").write_text("")
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(Broken, match="half-visible"):
        Results(world.output, versions).look()


def test_a_result_that_changes_or_goes_later_is_seen(world: World, versions: Versions) -> None:
    folder = publish(world, versions.whole())
    results = Results(world.output, versions)
    results.look(thoroughly=True)
    text = (folder / "a.md").read_text()
    (folder / "a.md").write_text(text + "more")
    with pytest.raises(Broken, match="changed since"):
        results.look(thoroughly=True)
    (folder / "a.md").write_text(text)
    (folder / "manifest.json").unlink()
    with pytest.raises(Broken, match="not there any more"):
        results.look()


# --- files ---


@pytest.mark.parametrize("policy", [KEEP, ARCHIVE, DELETE])
def test_a_file_that_is_gone_is_lost_unless_it_is_where_its_folder_sends_it(
    world: World, versions: Versions, policy: str
) -> None:
    version = versions.whole()
    file = drop(world, version, policy)
    expected = {file: version.sha256}
    checks.check_files(world, expected, set())
    world.archive.mkdir()
    file.unlink()
    with pytest.raises(Broken, match="lost"):
        checks.check_files(world, expected, set())
    if policy == DELETE:
        checks.check_files(world, expected, {version.sha256})
        return
    with pytest.raises(Broken, match="lost"):
        checks.check_files(world, expected, {version.sha256})
    if policy == ARCHIVE:
        (world.archive / "a.pdf").write_bytes(version.data)
        checks.check_files(world, expected, {version.sha256})


def test_a_file_with_other_content_is_lost(world: World, versions: Versions) -> None:
    file = drop(world, versions.whole())
    with pytest.raises(Broken, match="not the file"):
        checks.check_files(world, {file: versions.whole().sha256}, set())


@pytest.mark.parametrize("state", ["queued", "running", "held", "cancelled"])
def test_a_file_that_was_not_converted_at_rest_is_lost(world: World, versions: Versions, state: str) -> None:
    file = drop(world, versions.whole())
    ledger = Ledger(world.state)
    queue(world, file, state, reason="The file was replaced").close()
    ledger.read()
    with pytest.raises(Broken, match="lost"):
        checks.check_ends(world, ledger, versions, set())
    if state == "cancelled":
        checks.check_ends(world, ledger, versions, {1})
    with pytest.raises(Broken, match="lost"):
        checks.check_converted(world, ledger, versions, set())


def test_a_file_without_a_job_is_lost(world: World, versions: Versions) -> None:
    drop(world, versions.whole())
    with pytest.raises(Broken, match="has 0 jobs"):
        checks.check_ends(world, Ledger(world.state), versions, set())


def test_a_job_without_its_result_is_lost(world: World, versions: Versions) -> None:
    version = versions.whole()
    ledger = Ledger(world.state)
    queue(world, drop(world, version), "done", "done").close()
    ledger.read()
    checks.check_converted(world, ledger, versions, {version.sha256})
    with pytest.raises(Broken, match="never there"):
        checks.check_converted(world, ledger, versions, set())


# --- pages ---


def test_a_page_that_is_finished_twice_is_seen(world: World, versions: Versions) -> None:
    version = versions.whole()
    ledger = Ledger(world.state)
    (world.state / "jobs" / "1").mkdir(parents=True)
    (world.state / "jobs" / "1" / "run").write_text("first")
    with queue(world, drop(world, version), "running") as db:
        db.execute("INSERT INTO pages VALUES (1, 1, 'ok', 1.00004)")
        ledger.read()
        db.execute("UPDATE jobs SET state = 'done'")
        db.execute("DELETE FROM pages")
        db.execute("INSERT INTO transitions VALUES (1, 'done')")
        ledger.read()
    manifest = json.loads((publish(world, version, seconds=1.0) / "manifest.json").read_text())
    ledger.check_published([manifest])
    with pytest.raises(Broken, match="redone"):
        ledger.check_published([manifest | {"run": "second"}])
    manifest["pages"][0]["seconds"] = 1.1
    with pytest.raises(Broken, match="redone"):
        ledger.check_published([manifest])


def test_a_finished_page_that_is_forgotten_is_seen(world: World, versions: Versions) -> None:
    ledger = Ledger(world.state)
    (world.state / "jobs" / "1").mkdir(parents=True)
    (world.state / "jobs" / "1" / "run").write_text("first")
    with queue(world, drop(world, versions.whole()), "running") as db:
        db.execute("INSERT INTO pages VALUES (1, 1, 'ok', 1.0)")
        ledger.read()
        db.execute("DELETE FROM pages")
        with pytest.raises(Broken, match="redone"):
            ledger.read()


# --- what is left, and what is outside ---


@pytest.mark.parametrize(
    "name", ["disk/output/.a.part", "disk/output/.hotfolio/jobs/7", "to-delete/.hotfolio-0123", "tmp/link"]
)
def test_what_is_left_behind_is_seen(world: World, name: str) -> None:
    ledger = Ledger(world.state)
    checks.check_nothing_left(world, ledger)
    (world.folder / name).mkdir(parents=True)
    with pytest.raises(Broken, match="orphans"):
        checks.check_nothing_left(world, ledger)


@pytest.mark.parametrize("harm", ["changed", "touched", "removed", "added"])
def test_what_happens_to_the_canary_is_seen(world: World, harm: str) -> None:
    checks.check_canary(world)
    file = world.canary / "deep" / "deeper" / "canary-1.pdf"
    match harm:
        case "changed":
            status = file.stat()
            file.write_bytes(file.read_bytes().swapcase())
            os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
        case "touched":
            os.utime(file, ns=(1, 1))
        case "removed":
            file.unlink()
        case _:
            (world.canary / "more").touch()
    with pytest.raises(Broken, match="touched outside"):
        checks.check_canary(world)


# --- the whole ---


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose path leaves room for that of a socket: 100 bytes are all there is."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def test_a_short_run_holds(short: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seed", "4", "--rounds", "1", "--folder", str(short)]) == 0
    said = capsys.readouterr().out
    assert "lost 0, redone 0, half-visible 0, orphans 0" in said
    assert "rounds 1," in said
    assert list(short.iterdir()) == []


def test_what_does_not_hold_is_told_with_the_seed_and_what_it_was_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(self: object) -> None:
        raise Broken("lost", "a.pdf")

    monkeypatch.setattr(Campaign, "rest", lose)
    monkeypatch.setattr(Campaign, "round", lambda self: setattr(self, "rounds", 1))
    assert main(["--seed", "3", "--rounds", "1", "--folder", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert "seed 3, round 1: " in said
    assert "lost 1" in said
    (kept,) = tmp_path.iterdir()
    assert (kept / "canary" / "notes.txt").exists()
