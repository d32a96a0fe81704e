"""What the commands for a running engine come to."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.base.errors import HotfolioError
from engine.base.sockets import bind
from engine.facade.engine import Engine
from engine.job.job import MAX_PRIORITY, JobState
from engine.remote.client import RemoteEngine
from engine.server.app.listener import serve
from engine.server.dependencies.service import Service
from engine.settings.loading import COMMAND_LINE, LoadedSettings
from engine.settings.settings import Settings
from tests import pdfs
from tests.waiting import wait_until
from tui.command import orders
from tui.text.textfiles import read_on


@dataclass
class Running:
    """An engine that is paused, and how to reach it."""

    engine: Engine
    settings: Settings
    folder: Path

    def submit(self, count: int = 1) -> list[int]:
        files = [self.settings.output / f"{n}.pdf" for n in range(count)]
        for n, file in enumerate(files):
            file.write_bytes(pdfs.text_pages(1, title=str(n)))
        return [job.id for job in self.engine.submit_many(files)]

    def states(self) -> list[JobState]:
        return [entry.job.state for entry in self.engine.select()]


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    settings = Settings(input=tmp_path / "input", output=tmp_path / "output", num_workers=1, formats="json", dpi=100)
    with Engine(settings) as engine:
        engine.pause()
        listener = serve(Service(engine, lambda now: None), bind(settings.state_folder))
        yield Running(engine, settings, settings.state_folder)
        listener.stop()


def test_what_is_added_is_converted_as_the_engine_would_but_for_what_the_command_line_says(running: Running) -> None:
    file = running.settings.output / "a.pdf"
    file.write_bytes(pdfs.text_pages(1))
    other = Settings(output=running.settings.output, ocr="force", dpi=300)
    loaded = LoadedSettings(other, {"output": COMMAND_LINE, "ocr": COMMAND_LINE, "dpi": "hotfolio.toml"})
    assert orders.add(loaded, [file], None, "", again=False, waits=False, as_json=True) == orders.OK
    (entry,) = running.engine.select()
    options = entry.job.options
    assert ([*options.formats], options.ocr, options.dpi) == (["json"], "force", 100)


def test_waiting_for_a_job_that_is_held_is_no_success_but_held_jobs_do_not_matter_to_the_rest(
    running: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    (job_id,) = running.submit()
    running.engine.hold([job_id])
    assert orders.wait(running.folder, [(job_id, job_id)], 20, as_json=False) == orders.FAILED
    assert capsys.readouterr().out == "1 held\n"
    assert orders.wait(running.folder, None, 20, as_json=False) == orders.OK


def test_jobs_are_changed_in_portions_that_a_slow_disk_can_take(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders, "_AT_ONCE", 2)
    ids = running.submit(5)
    portions: list[int] = []
    hold = RemoteEngine.hold
    monkeypatch.setattr(RemoteEngine, "hold", lambda self, ids: portions.append(len(ids)) or hold(self, ids))
    assert orders.change(running.folder, "hold", [(ids[0], ids[-1])], None, as_json=False) == orders.OK
    assert portions == [2, 2, 1]
    assert running.states() == [JobState.HELD] * 5


def test_a_priority_has_bounds(running: Running) -> None:
    (job_id,) = running.submit()
    with pytest.raises(HotfolioError, match="between -1000000 and 1000000"):
        orders.prioritize(running.folder, "9" * 20, [(job_id, job_id)], None, as_json=False)
    orders.prioritize(running.folder, str(MAX_PRIORITY), [(job_id, job_id)], None, as_json=False)
    orders.prioritize(running.folder, "+1", [(job_id, job_id)], None, as_json=False)
    assert running.engine.job(job_id).job.priority == MAX_PRIORITY


def test_the_status_is_that_none_is_running_even_where_there_is_no_queue(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert orders.status(tmp_path / "none", as_json=True) == orders.NO_ENGINE
    assert json.loads(capsys.readouterr().out) == {"running": False, "jobs": {}}


def test_a_log_is_read_on_from_where_it_was(tmp_path: Path) -> None:
    file = tmp_path / "log.txt"
    assert read_on(file, None) == ([], 0)
    file.write_bytes(b"one\ntwo\nthr")
    found, place = read_on(file, 0)
    assert found == ["one", "two"]
    with file.open("ab") as stream:
        stream.write(b"ee\x1b\n")
    assert read_on(file, place) == (["three\\x1b"], 15)
    assert read_on(file, None, 9) == (["three\\x1b"], 15)


def test_waiting_for_everything_waits_for_what_is_still_coming_in(running: Running) -> None:
    (running.settings.input / "late.pdf").write_bytes(pdfs.text_pages(1))
    wait_until(lambda: running.engine.unsettled, "the file to be seen")
    assert orders.wait(running.folder, None, 0.3, as_json=True) == orders.TIME_OVER
