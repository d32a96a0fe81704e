"""The commands for a running engine, as a person or a script gives them, and what they say where none is running."""

import json
import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from engine.settings.statefolder import logs_folder
from tests import pdfs
from tests.e2e.service import (
    HOTFOLIO,
    ServiceProcess,
    assert_nothing_left,
    end_all,
    environment,
    hotfolio,
    service,
)
from tests.waiting import wait_until

GOOD, BROKEN, FIRST, SECOND, THIRD = 1, 2, 3, 4, 5
"""Jobs of the shared service: one is done, one has failed, and three wait, since it is paused."""
START_ONE = "Start one with `hotfolio serve --detach`, or open the dashboard with `hotfolio`."


def ask(folder: Path, *words: str | Path, code: int = 0) -> str:
    """What a command prints that says nothing else."""
    done = hotfolio(folder, *words)
    assert (done.returncode, done.stderr) == (code, ""), (words, done)
    return done.stdout


def ask_json(folder: Path, *words: str | Path, code: int = 0) -> Any:
    return json.loads(ask(folder, *words, "--json", code=code))


def refuse(folder: Path, *words: str | Path, code: int = 2) -> str:
    """The one sentence with which a command is refused."""
    done = hotfolio(folder, *words)
    assert (done.returncode, done.stdout) == (code, ""), (words, done)
    assert len(done.stderr.splitlines()) == 1, done.stderr
    return done.stderr.removesuffix("\n")


def ids(folder: Path, *words: str) -> list[int]:
    return [job["job_id"] for job in ask_json(folder, "ls", *words)]


def make_documents(folder: Path) -> Path:
    """Documents outside the hot folder, so that they are queued by commands alone."""
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "good.pdf").write_bytes(pdfs.text_pages(2, is_tagged=True))
    (elsewhere / "broken.pdf").write_bytes(pdfs.damaged())
    os.utime(elsewhere / "broken.pdf", (0, 0))  # a young one might be coming in still, and is tried again
    for number in range(4):
        (elsewhere / f"waiting-{number}.pdf").write_bytes(pdfs.text_pages(1, title=str(number), is_tagged=True))
    return elsewhere


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """A service with the jobs above. Whatever a test changes, it changes back."""
    folder = tmp_path_factory.mktemp("shared")
    elsewhere = make_documents(folder)
    with service(folder, "-w", "2") as process:
        assert (
            ask(folder, "add", "elsewhere/good.pdf", elsewhere / "broken.pdf", "--wait", code=1) == "1 done, 1 failed\n"
        )
        assert ask(folder, "pause") == "Paused: page batches that run are finished, none is begun.\n"
        assert ask(folder, "add", *(elsewhere / f"waiting-{number}.pdf" for number in range(3))).splitlines() == [
            f"#{FIRST} waiting-0.pdf is queued",
            f"#{SECOND} waiting-1.pdf is queued",
            f"#{THIRD} waiting-2.pdf is queued",
        ]
        yield process


@pytest.fixture
def folder(shared: ServiceProcess) -> Path:
    return shared.folder


@pytest.fixture
def extra(folder: Path) -> Iterator[int]:
    """One more job that waits; it is off the list afterwards."""
    (job,) = ask_json(folder, "add", "elsewhere/waiting-3.pdf", "--again", "--priority", "-3", "-f", "txt")
    assert (job["state"], job["priority"], job["formats"]) == ("queued", -3, ["txt"])
    yield job["job_id"]
    hotfolio(folder, "cancel", str(job["job_id"]))
    hotfolio(folder, "clear", str(job["job_id"]))


# --- looking ---


def test_ls_lists_all_jobs_or_those_chosen(folder: Path) -> None:
    head, *rows = ask(folder, "ls").splitlines()
    assert head.split() == ["ID", "PRI", "STATE", "PAGES", "TIME", "NAME"]
    assert [row.split()[0] for row in rows] == ["1", "2", "3", "4", "5"]
    assert rows[0].split()[1:3] == ["done", "2/2"]
    assert "broken.pdf  (" in rows[1]
    assert "damaged beyond repair" in rows[1]
    assert ids(folder, "2-4") == [2, 3, 4]
    assert ids(folder, "5,1-2", "4") == [1, 2, 4, 5]
    assert ids(folder, "--state", "failed") == [BROKEN]
    assert ids(folder, "1-3", "--state", "queued,done") == [GOOD, FIRST]
    assert ids(folder, "--state", "partial") == []
    assert refuse(folder, "ls", "99") == "hotfolio: There is no job 99."
    assert "is not an id or a range" in refuse(folder, "ls", "one")
    assert "A state is one of queued, held," in refuse(folder, "ls", "--state", "odd")


def test_show_tells_all_about_a_job(folder: Path) -> None:
    shown = ask(folder, "show", str(GOOD))
    assert shown.startswith("#1 good.pdf\n  state         done\n")
    assert f"source        {folder}/elsewhere/good.pdf" in shown
    assert "history\n" in shown
    told = ask_json(folder, "show", str(GOOD))
    assert (told["state"], told["pages_done"], told["filename"]) == ("done", 2, "good.pdf")
    assert [page["page"] for page in told["page_results"]] == [1, 2]
    assert [entry["state"] for entry in told["history"]] == ["queued", "running", "done"]
    assert Path(told["output"]).is_dir()
    assert "damaged beyond repair" in ask_json(folder, "show", str(BROKEN))["reason"]
    assert refuse(folder, "show", "99") == "hotfolio: There is no job 99."


def test_log_prints_what_is_in_the_log(folder: Path) -> None:
    log = logs_folder(folder / "output" / ".hotfolio") / f"{GOOD}.log"
    log.parent.mkdir(exist_ok=True)
    log.write_text("first\nlast\n")
    assert ask_json(folder, "log", str(GOOD)) == {"job_id": GOOD, "log": "first\nlast\n"}
    assert ask(folder, "log", str(GOOD), "--follow") == ask(folder, "log", str(GOOD)) == "first\nlast\n"
    assert ask(folder, "log", str(GOOD), "-n", "1") == "last\n"
    assert refuse(folder, "log", "99") == "hotfolio: There is no job 99."


def test_status_tells_what_the_engine_is_doing(shared: ServiceProcess, folder: Path) -> None:
    told = ask_json(folder, "status")
    assert (told["running"], told["pid"], told["paused"]) == (True, shared.pid, True)
    assert (told["jobs"]["done"], told["jobs"]["failed"], told["jobs"]["queued"]) == (1, 1, 3)
    assert (told["workers"], told["outlives_dashboards"]) == (2, True)
    lines = ask(folder, "status").splitlines()
    assert lines[0].endswith(f"process {shared.pid}, paused")
    assert "3 queued, 1 done, 1 failed" in lines


def test_a_reader_that_has_gone_is_no_error(folder: Path) -> None:
    read, write = os.pipe()
    os.close(read)  # as `head -1` does, before anything is written
    try:
        done = subprocess.run(
            [*HOTFOLIO, "ls"], cwd=folder, env=environment(), stdout=write, stderr=subprocess.PIPE, check=False
        )
    finally:
        os.close(write)
    assert done.stderr == b""


def test_a_name_that_is_no_text_is_shown_and_works(folder: Path) -> None:
    name = b"caf\xe9.pdf"
    try:
        (folder / "elsewhere" / os.fsdecode(name)).write_bytes(pdfs.text_pages(1, title="coffee", is_tagged=True))
    except OSError:
        pytest.skip("the file system takes only names that are text")
    (job,) = ask_json(folder, "add", folder / "elsewhere" / os.fsdecode(name))
    assert job["filename"] == "caf\\xe9.pdf"
    job_id = str(job["job_id"])
    try:
        assert ask(folder, "ls", job_id).splitlines()[1].endswith("caf\\xe9.pdf")
        assert ask(folder, "show", job_id).startswith(f"#{job_id} caf\\xe9.pdf\n")
        assert ask_json(folder, "show", job_id)["source"].endswith("/caf\\xe9.pdf")
        missing = refuse(folder, "add", folder / "elsewhere" / os.fsdecode(b"\xe9.pdf"))
        assert "\\xe9.pdf: No such file" in missing
    finally:
        ask(folder, "cancel", job_id)
        ask(folder, "clear", job_id)


# --- changing jobs ---


def test_hold_and_release(folder: Path) -> None:
    assert ask(folder, "hold", f"{FIRST}-{THIRD}") == "3 jobs held.\n"
    assert ids(folder, "--state", "held") == [FIRST, SECOND, THIRD]
    assert refuse(folder, "hold", str(FIRST), code=1) == "Only queued and running jobs can be held."
    assert ask(folder, "release", str(FIRST)) == f"#{FIRST} released.\n"
    assert ask_json(folder, "release", f"1-{THIRD}") == {"changed": [SECOND, THIRD], "unchanged": [1, 2, FIRST]}
    assert ask_json(folder, "hold", "--state", "queued")["changed"] == [FIRST, SECOND, THIRD]
    assert ask(folder, "release", "--state", "held") == "3 jobs released.\n"
    assert refuse(folder, "release", "--state", "held", code=1) == "There is no such job."


def test_cancel_retry_and_clear(folder: Path, extra: int) -> None:
    job_id = str(extra)
    assert ask(folder, "cancel", job_id) == f"#{extra} cancelled.\n"
    assert ask(folder, "retry", "--state", "cancelled") == f"#{extra} queued again.\n"
    assert ask_json(folder, "cancel", job_id) == {"changed": [extra], "unchanged": []}
    assert ask_json(folder, "cancel", job_id, code=1) == {"changed": [], "unchanged": [extra]}
    assert ask_json(folder, "retry", job_id, str(FIRST)) == {"changed": [extra], "unchanged": [FIRST]}
    assert refuse(folder, "clear", job_id, code=1) == "Only finished jobs can be taken off the list."
    ask(folder, "cancel", job_id)
    assert ask_json(folder, "clear", "--state", "cancelled") == {"changed": [extra], "unchanged": []}
    assert refuse(folder, "show", job_id) == f"hotfolio: There is no job {job_id}."


@pytest.mark.parametrize("command", ["cancel", "retry", "hold", "release"])
def test_a_change_wants_to_know_which_jobs(folder: Path, command: str) -> None:
    assert refuse(folder, command) == "hotfolio: Say which jobs: by their ids, or with --state."


def test_priority_is_set_or_changed(folder: Path) -> None:
    def priorities() -> list[int]:
        return [job["priority"] for job in ask_json(folder, "ls", f"{FIRST}-{THIRD}")]

    assert ask(folder, "priority", "5", str(FIRST)) == f"#{FIRST} given priority 5.\n"
    assert ask(folder, "priority", "+1", f"{FIRST}-{SECOND}") == "2 jobs raised by 1.\n"
    assert ask_json(folder, "priority", "-2", str(THIRD))["changed"] == [THIRD]
    assert priorities() == [6, 1, -2]
    assert ask(folder, "priority", "0", "--state", "queued") == "3 jobs given priority 0.\n"
    assert priorities() == [0, 0, 0]
    assert refuse(folder, "priority", "7", str(GOOD), code=1) == "The priority of a finished job means nothing."
    assert "is not a priority such as" in refuse(folder, "priority", "high", str(FIRST))


def test_move_changes_the_order_among_equals(folder: Path) -> None:
    assert ask(folder, "move", "bottom", str(FIRST)) == f"#{FIRST} moved to the bottom.\n"
    assert refuse(folder, "move", "bottom", str(FIRST), code=1) == "Already there."
    assert ask_json(folder, "move", "up", str(FIRST)) == {"changed": [FIRST], "unchanged": []}
    assert ask(folder, "move", "top", str(FIRST)) == f"#{FIRST} moved to the top.\n"
    assert refuse(folder, "move", "up", str(FIRST), code=1) == "Nothing to change places with."
    assert "is not one of up, down, top, bottom" in refuse(folder, "move", "aside", str(FIRST))


# --- the engine as a whole ---


def test_pause_and_resume(folder: Path) -> None:
    ask(folder, "hold", "--state", "queued")
    assert ask(folder, "resume") == "Going on.\n"
    assert not ask_json(folder, "status")["paused"]
    assert ask_json(folder, "resume") == {"paused": False}
    assert ask_json(folder, "pause") == {"paused": True}
    assert ask_json(folder, "status")["paused"]
    ask(folder, "release", "--state", "held")


def test_workers_are_set(folder: Path) -> None:
    assert ask_json(folder, "workers", "3") == {"workers": 3}
    assert ask_json(folder, "status")["workers"] == 3
    assert ask(folder, "workers", "2") == "2 workers.\n"
    assert hotfolio(folder, "workers", "0").returncode == 2


def test_wait_ends_by_how_the_jobs_have_ended(folder: Path) -> None:
    assert ask(folder, "wait", str(GOOD)) == "1 done\n"
    assert ask(folder, "wait", f"{GOOD}-{BROKEN}", code=1) == "1 done, 1 failed\n"
    assert ask_json(folder, "wait", str(BROKEN), code=1)["failed"] == 1
    assert ask(folder, "wait", "--timeout", "0.1", code=124) == "3 queued\n"
    assert ask_json(folder, "wait", str(FIRST), "--timeout", "0", code=124)["queued"] == 1
    assert refuse(folder, "wait", "99") == "hotfolio: There is no job 99."


def test_the_token_opens_the_door(shared: ServiceProcess, folder: Path) -> None:
    token = ask(folder, "token").strip()
    file = folder / "output" / ".hotfolio" / "service" / "token"
    assert file.read_text().strip() == token
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert httpx.get(f"{shared.url}/conversions").status_code == 401
    answer = httpx.get(f"{shared.url}/conversions", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200


# --- other engines, and none ---


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "input").mkdir()
    yield tmp_path
    end_all(tmp_path)


def test_a_run_in_the_foreground_can_be_asked_and_stopped(alone: Path) -> None:
    elsewhere = make_documents(alone)
    with ServiceProcess(alone, "run", "-w", "1") as run:
        wait_until(run.socket.exists, "the run")
        assert ask_json(alone, "status")["pid"] == run.pid
        assert ask(alone, "add", elsewhere / "good.pdf", "--wait") == "1 done\n"
        assert ask(alone, "clear") == "#1 taken off the list.\n"
        assert ids(alone) == []
        assert ask_json(alone, "stop") == {"stopped": run.pid}
        assert run.wait_exit() == 130
        assert "done      good.pdf" in run.out
        assert run.err == ""
        assert not run.socket.exists()
        assert_nothing_left(alone)


def test_without_an_engine_the_queue_is_read_and_all_else_says_how_to_start_one(alone: Path) -> None:
    absent = f"No engine is running on output/.hotfolio. {START_ONE}"
    assert refuse(alone, "ls") == "hotfolio: There is no queue in output/.hotfolio."
    assert ask(alone, "status", code=3) == f"{absent}\nno jobs\n"
    assert ask_json(alone, "status", code=3) == {"running": False, "jobs": {}}

    (alone / "input" / "good.pdf").write_bytes(pdfs.text_pages(1, is_tagged=True))
    assert hotfolio(alone, "run", "--once").returncode == 0
    assert ids(alone, "1") == [1]
    assert ask(alone, "ls", "--state", "done").splitlines()[1].endswith("good.pdf")
    assert ask(alone, "show", "1").startswith("#1 good.pdf\n")
    assert ask_json(alone, "show", "1")["pages_done"] == 1
    assert ask_json(alone, "log", "1")["job_id"] == 1
    assert refuse(alone, "show", "2") == "hotfolio: There is no job 2."
    assert ask(alone, "status", code=3) == f"{absent}\n1 done\n"
    assert ask_json(alone, "status", code=3) == {"running": False, "jobs": {"done": 1}}
    for words in (
        *(["add", "input/good.pdf"], ["cancel", "1"], ["retry", "1"], ["hold", "1"], ["release", "1"], ["clear"]),
        *(["priority", "1", "1"], ["move", "top", "1"], ["pause"], ["resume"], ["workers", "2"], ["wait"], ["stop"]),
    ):
        assert refuse(alone, *words) == f"hotfolio: {absent}"
    assert len(ask(alone, "token").strip()) >= 32
