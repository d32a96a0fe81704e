"""The state folder is taken away while an engine works: it ends, says so, and nothing is lost."""

import contextlib
import json
import shutil
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.base.sockets import socket_path
from tests import pdfs
from tests.e2e.dashboard import IN_MEMORY
from tests.e2e.patience import hurry, patient
from tests.e2e.processes import assert_nothing_left
from tests.e2e.service import ServiceProcess, hotfolio
from tests.e2e.test_killed_engine import recorded_seconds
from tests.waiting import wait_until

LOST = 4
END_S = 60.0
"""A generous limit: a look a second, ten for the stop, and a machine that is busy."""
PAGES = 60


def drop(folder: Path, name: str, pages: int) -> None:
    (folder / "input" / name).write_bytes(pdfs.text_pages(pages, title=name, is_tagged=True))


def state_of(folder: Path) -> Path:
    return folder / "output" / ".hotfolio"


def wait_for_pages(folder: Path) -> None:
    """Wait until pages of an unfinished document are safe."""

    def has_pages() -> bool:
        with contextlib.suppress(sqlite3.OperationalError):  # the tables are still to be made
            return bool(recorded_seconds(folder))
        return False

    wait_until(has_pages, "finished pages", timeout=END_S)


def states(folder: Path, *arguments: str) -> dict[str, str]:
    listed = json.loads(hotfolio(folder, "ls", "--json", *arguments).stdout)
    return {entry["filename"]: entry["state"] for entry in listed}


def assert_ended_as_lost(served: ServiceProcess, what: str) -> None:
    assert served.wait_exit(END_S) == LOST, served.err
    assert_nothing_left(served.folder)
    assert served.err.count("was moved, deleted or replaced while hotfolio was working with it") == 1, served.err
    assert what in served.err
    assert "Traceback" not in served.err


@pytest.mark.parametrize("command", ["serve", "run"])
def test_an_engine_whose_state_folder_is_moved_ends_and_gives_back_what_it_had_begun(
    tmp_path: Path, command: str
) -> None:
    (tmp_path / "input").mkdir()
    drop(tmp_path, "long.pdf", PAGES)
    drop(tmp_path, "next.pdf", 2)
    arguments = [command, "-w", "1", *(["--port", "0"] if command == "serve" else [])]
    with ServiceProcess(tmp_path, *arguments, env=patient(tmp_path)) as served:
        wait_for_pages(tmp_path)
        away = tmp_path / "away"
        state_of(tmp_path).rename(away)
        assert_ended_as_lost(served, "lock")
    assert not state_of(tmp_path).exists(), "it has made a part of it anew"
    left = states(tmp_path, "--state-folder", str(away))
    assert set(left.values()) <= {"queued", "done"}, left
    assert left["long.pdf"] == "queued"
    away.rename(state_of(tmp_path))
    hurry(tmp_path)
    assert hotfolio(tmp_path, "run", "--once", env=patient(tmp_path)).returncode == 0
    assert set(states(tmp_path).values()) == {"done"}


def test_an_engine_whose_state_folder_is_deleted_ends_and_the_next_one_converts_what_is_left(tmp_path: Path) -> None:
    (tmp_path / "input").mkdir()
    drop(tmp_path, "long.pdf", PAGES)
    with ServiceProcess(tmp_path, "run", "-w", "1", env=patient(tmp_path)) as served:
        wait_for_pages(tmp_path)
        state_of(tmp_path).rename(tmp_path / "away")  # in one step, as nothing but a rename can be
        shutil.rmtree(tmp_path / "away")
        assert_ended_as_lost(served, "lock")
    hurry(tmp_path)
    assert hotfolio(tmp_path, "run", "--once", env=patient(tmp_path)).returncode == 0
    assert states(tmp_path) == {"long.pdf": "done"}


@pytest.mark.parametrize("find", [socket_path, lambda state: state / "jobs.sqlite3"])
def test_an_engine_ends_also_without_its_socket_or_its_queue(tmp_path: Path, find: Callable[[Path], Path]) -> None:
    with ServiceProcess(tmp_path, "serve", "--port", "0", env=IN_MEMORY) as served:
        served.wait_ready()
        file = find(state_of(tmp_path))
        file.rename(file.with_name("aside"))
        assert_ended_as_lost(served, file.name)


def test_no_second_engine_starts_beside_one_that_has_not_noticed_yet(tmp_path: Path) -> None:
    with ServiceProcess(tmp_path, "serve", "--port", "0", env=IN_MEMORY) as served:
        served.wait_ready()
        served.process.send_signal(signal.SIGSTOP)
        try:
            state_of(tmp_path).rename(tmp_path / "away")
            second = hotfolio(tmp_path, "run", "--once", env=IN_MEMORY)
            assert second.returncode == 2
            assert "Another hotfolio" in second.stderr
        finally:
            served.process.send_signal(signal.SIGCONT)
        assert served.wait_exit(END_S) == LOST
    assert hotfolio(tmp_path, "run", "--once", env=IN_MEMORY).returncode == 0
