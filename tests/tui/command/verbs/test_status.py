"""What is told of an engine as a whole."""

import json
from pathlib import Path

import pytest

from tests.tui.command.conftest import Running
from tui.command.reach import running_engine
from tui.command.verbs.status import _tell_engine, _tell_queue


def test_where_there_is_no_queue_there_are_no_jobs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _tell_queue(tmp_path / "none", "Nobody answers.", as_json=True)
    assert json.loads(capsys.readouterr().out) == {"running": False, "jobs": {}}
    _tell_queue(tmp_path / "none", "Nobody answers.", as_json=False)
    assert capsys.readouterr().out == "Nobody answers.\nno jobs\n"


def test_an_engine_that_is_paused_says_so_and_what_waits(running: Running, capsys: pytest.CaptureFixture[str]) -> None:
    running.submit(2)
    _tell_engine(running_engine(running.folder), as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert (told["running"], told["paused"], told["workers"], told["workers_busy"]) == (True, True, 1, 0)
    assert told["jobs"]["queued"] == 2
    _tell_engine(running_engine(running.folder), as_json=False)
    first, folders, counts, busy, *_ = capsys.readouterr().out.splitlines()
    assert first.endswith(f"process {told['pid']}, paused")
    assert folders == f"{running.settings.input} → {running.settings.output}"
    assert counts == "2 queued"
    assert busy.startswith("0/1 workers busy, ")
