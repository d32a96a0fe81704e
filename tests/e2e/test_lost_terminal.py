"""A connection breaks, a terminal is closed, the machine shuts down: work stops in order and goes on where it was."""

import json
import os
import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import pdfs
from tests.e2e.dashboard import Dashboard
from tests.e2e.patience import hurry, patient
from tests.e2e.processes import is_alive
from tests.e2e.service import hotfolio
from tests.e2e.test_killed_engine import recorded_seconds
from tests.waiting import wait_until

DOCUMENTS, PAGES = 5, 16
EXIT_S = 40.0
STUCK_S = 4.0
"""So long after the pty is full, at 20 frames a second, whatever else takes in frames is full too."""
LEAVES_ALTERNATE_SCREEN, SHOWS_CURSOR = b"\x1b[?1049l", b"\x1b[?25h"
ENTERS_ALTERNATE_SCREEN, HIDES_CURSOR = b"\x1b[?1049h", b"\x1b[?25l"

LOSSES: dict[str, Callable[[Dashboard], None]] = {
    "SIGTERM": lambda dashboard: dashboard.signal(signal.SIGTERM),
    "SIGHUP": lambda dashboard: dashboard.signal(signal.SIGHUP),
    "hang-up": lambda dashboard: dashboard.hang_up(),
}


@pytest.fixture
def busy(tmp_path: Path) -> Dashboard:
    """Four workers at work, a fifth document waiting, and some pages finished."""
    (tmp_path / "input").mkdir()
    for number in range(DOCUMENTS):
        (tmp_path / "input" / f"document-{number}.pdf").write_bytes(
            pdfs.text_pages(PAGES, title=f"{number}", is_tagged=True)
        )
    dashboard = Dashboard(tmp_path, env=patient(tmp_path))
    try:
        dashboard.wait_until(lambda: len(recorded_seconds(tmp_path)) >= 4, "finished pages", timeout=60)
        dashboard.wait_for("4/4", "▶ running")
    except AssertionError:
        dashboard.close()
        raise
    return dashboard


@pytest.mark.parametrize("loss", LOSSES)
def test_a_lost_terminal_stops_in_order_and_the_next_run_goes_on(busy: Dashboard, loss: str) -> None:
    folder = busy.folder
    log = folder / "output" / ".hotfolio" / "hotfolio.log"
    with busy:
        processes = busy.descendants()
        assert len([process for process in processes if is_alive(process)]) >= 4
        assert busy.modes() != busy.attributes
        LOSSES[loss](busy)
        if loss != "hang-up":
            # The screen is left at once, before the batches that run are through; nothing is taken in from then on.
            busy.wait_until(lambda: LEAVES_ALTERNATE_SCREEN in busy.received, "the screen to be left")
            busy.wait_until(lambda: busy.modes() == busy.attributes, "the modes of the terminal to be as before")
            wait_until(lambda: "Stopping: " in log.read_text(), "the engine to be told")
            (folder / "input" / "late.pdf").write_bytes(pdfs.text_pages(1, is_tagged=True))
            os.utime(folder / "input" / "late.pdf", (0, 0))
        assert busy.wait_exit(EXIT_S) == 0
        wait_until(lambda: not any(map(is_alive, processes)), "its processes to end with it", timeout=EXIT_S)
        if loss != "hang-up":
            sent = busy.received
            assert sent.rindex(LEAVES_ALTERNATE_SCREEN) > sent.rindex(ENTERS_ALTERNATE_SCREEN)
            assert sent.rindex(SHOWS_CURSOR) > sent.rindex(HIDES_CURSOR)
            assert b"Stopping: " in sent[sent.rindex(LEAVES_ALTERNATE_SCREEN) :]
            assert b"Traceback" not in sent

    assert "Cut off" not in log.read_text()
    states = job_states(folder)
    assert len(states) == DOCUMENTS, "something was taken in after the terminal was lost"
    assert "failed" not in states.values()
    assert not [file for file in (folder / "output").rglob("*.part") if ".hotfolio" in file.parts]
    kept = recorded_seconds(folder)
    assert len(kept) >= 4

    hurry(folder)
    done = hotfolio(folder, "run", "--once", "-w", "2", "--json", env=patient(folder))
    assert done.returncode == 0, done.stdout + done.stderr
    for path, page in kept:
        manifest = json.loads((folder / "output" / Path(os.fsdecode(path)).stem / "manifest.json").read_text())
        assert len(manifest["pages"]) == PAGES
        assert manifest["pages"][page - 1]["seconds"] == round(kept[path, page], 4), "a finished page was done again"
    assert set(job_states(folder).values()) == {"done"}


def test_a_terminal_that_is_lost_twice_stops_at_once(busy: Dashboard) -> None:
    with busy:
        busy.signal(signal.SIGTERM)
        busy.wait_until(lambda: b"Stopping: " in busy.received, "the screen to be left")
        busy.signal(signal.SIGHUP)
        assert busy.wait_exit(EXIT_S) == 0
    assert len(job_states(busy.folder)) == DOCUMENTS


@pytest.mark.parametrize("loss", ["SIGTERM", "hang-up"])
def test_a_terminal_that_reads_no_more_does_not_keep_the_program(busy: Dashboard, loss: str) -> None:
    """As a connection that is broken, but not closed: every frame more is one that cannot be sent."""
    with busy:
        processes = busy.descendants()
        busy.stall()
        unread, since = -1, time.monotonic()

        def is_stuck() -> bool:
            nonlocal unread, since
            busy.press("2", "1")
            if busy.unread != unread:
                unread, since = busy.unread, time.monotonic()
            return time.monotonic() - since > STUCK_S

        wait_until(is_stuck, "the terminal to be full", timeout=40)
        assert busy.process.poll() is None
        LOSSES[loss](busy)
        busy.wait_exit(EXIT_S)
        wait_until(lambda: not any(map(is_alive, processes)), "its processes to end with it", timeout=EXIT_S)
    assert "failed" not in job_states(busy.folder).values()


def job_states(folder: Path) -> dict[bytes, str]:
    """Each file's state in the queue, read from outside."""
    with sqlite3.connect(f"file:{folder / 'output' / '.hotfolio' / 'jobs.sqlite3'}?mode=ro", uri=True) as db:
        return dict(db.execute("SELECT path, state FROM jobs").fetchall())
