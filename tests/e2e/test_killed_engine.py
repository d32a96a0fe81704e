"""Pull the plug at any moment: nothing is lost, nothing is done twice, nothing half-written is seen."""

import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import pdfs
from tests.e2e.patience import hurry, patient
from tests.e2e.processes import assert_nothing_left
from tests.e2e.service import ServiceProcess

KILLS = int(os.environ.get("KILLS", "5"))
"""How often the engine is killed; 25 in a thorough run."""
DOCUMENTS = 6
PAGES = 14


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "input").mkdir()
    add_documents(tmp_path)
    return tmp_path


def add_documents(folder: Path) -> None:
    """Drop `DOCUMENTS` more into the input."""
    before = len(list((folder / "input").iterdir()))
    for number in range(before, before + DOCUMENTS):
        file = folder / "input" / f"document-{number}.pdf"
        file.write_bytes(pdfs.text_pages(PAGES, title=f"Document {number}", is_tagged=True))


def start(folder: Path) -> ServiceProcess:
    return ServiceProcess(folder, "run", "--once", "-w", "2", "-f", "md,png", "--json", env=patient(folder, 0.2))


def has_ended(engine: ServiceProcess) -> bool:
    """Whether the engine is done, after a moment in which it has the processor to itself."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        engine.wait_exit(0.05)
    return engine.process.returncode is not None


def recorded_seconds(folder: Path) -> dict[tuple[bytes, int], float]:
    """What the queue knows to be finished: the seconds each page of each unfinished document took."""
    database = folder / "output" / ".hotfolio" / "jobs.sqlite3"
    if not database.exists():
        return {}
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as db:
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'pages'").fetchone():
            return {}  # it is just being made
        rows = db.execute("SELECT path, page, seconds FROM pages JOIN jobs ON jobs.id = job_id").fetchall()
    return {(path, page): seconds for path, page, seconds in rows}


def published(folder: Path) -> Iterator[Path]:
    output = folder / "output"
    return (f for f in output.iterdir() if not f.name.startswith(".")) if output.exists() else iter(())


def assert_complete(result: Path) -> None:
    manifest = json.loads((result / "manifest.json").read_text())
    assert manifest["state"] == "done"
    assert [page["page"] for page in manifest["pages"]] == list(range(1, PAGES + 1))
    assert len(list((result / "pages").glob("*.png"))) == PAGES
    markdown = (result / f"{result.name}.md").read_text()
    for page in range(1, PAGES + 1):
        assert markdown.count(f"marker-{page}.") == 1


@pytest.mark.parametrize("whole_group", [False, True], ids=["the parent alone", "the process group"])
def test_a_killed_engine_loses_nothing_and_repeats_nothing(folder: Path, whole_group: bool) -> None:
    moments = random.Random(20 + whole_group)
    finished_before: dict[tuple[bytes, int], float] = {}
    kills = 0
    while kills < KILLS:
        with start(folder) as engine:
            deadline = time.monotonic() + moments.uniform(0.1, 3.5)
            while time.monotonic() < deadline and not has_ended(engine):
                for result in published(folder):
                    assert_complete(result)
            if engine.process.poll() is not None:  # done before its moment came: no kill
                add_documents(folder)
                continue
            if whole_group:
                os.killpg(engine.pid, signal.SIGKILL)
            else:
                engine.process.kill()
            kills += 1
            assert_nothing_left(folder)
            finished_before |= recorded_seconds(folder)

    hurry(folder)
    with start(folder) as engine:
        assert engine.wait_exit(240) == 0, engine.out + engine.err
    results = {result.name: result for result in published(folder)}
    assert set(results) == {source.stem for source in (folder / "input").iterdir()}
    for result in results.values():
        assert_complete(result)
    for (path, page), seconds in finished_before.items():
        manifest = json.loads((results[Path(os.fsdecode(path)).stem] / "manifest.json").read_text())
        assert manifest["pages"][page - 1]["seconds"] == round(seconds, 4), "a finished page was converted again"
