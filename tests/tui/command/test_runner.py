"""What a run in the foreground says; most of it shows in `tests/e2e/test_command_line.py`."""

import json
from pathlib import Path

import pytest

from engine.base.errors import StateLost
from engine.facade.engine import Engine
from engine.job.options import Attachments
from engine.sandbox import plainconversion
from engine.sandbox.protocol import MergeTask
from engine.settings.loading import LoadedSettings
from engine.settings.settings import Settings
from engine.work.pool import LOST
from tests import pdfs
from tests.waiting import wait_until
from tui.command.runner import Runner


def test_a_state_folder_that_is_lost_right_after_a_look_is_not_told_as_a_banner_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(input=tmp_path / "input", output=tmp_path / "output", backend="in-memory", num_workers=1)
    settings.input.mkdir()
    check = Engine.check

    def check_and_lose(engine: Engine) -> None:
        check(engine)
        settings.state_folder.rename(tmp_path / "away")
        wait_until(lambda: LOST in {banner.key for banner in engine.overview().banners}, "the engine to notice")

    monkeypatch.setattr(Engine, "check", check_and_lose)
    with pytest.raises(StateLost):  # which whoever has begun the run tells
        Runner(LoadedSettings(settings, {}), once=False, json_lines=True).run()
    assert "was moved" not in capsys.readouterr().err


def test_files_that_are_named_are_done_when_what_is_attached_to_them_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    merge = plainconversion._merge

    def merge_and_attach(task: MergeTask, folder: Path) -> tuple[str, ...]:
        attached = {"name": "b.pdf", "type": "application/pdf", "size": 1, "file": "0000"}
        if task.options.attachments is Attachments.CONVERT:
            (folder / "attached.json").write_text(json.dumps([attached]))
            (folder / "attached").mkdir()
            (folder / "attached" / "0000").write_bytes(pdfs.text_pages(1))
        return merge(task, folder)

    monkeypatch.setattr(plainconversion, "_merge", merge_and_attach)
    (tmp_path / "a.pdf").write_bytes(pdfs.text_pages(1))
    options = {"output": tmp_path / "output", "backend": "in-memory", "num_workers": 1, "attachments": "convert"}
    runner = Runner(
        LoadedSettings(Settings.model_validate(options), {}), once=True, json_lines=True, files=[tmp_path / "a.pdf"]
    )
    assert runner.run() == 0
    *jobs, summary = map(json.loads, capsys.readouterr().out.splitlines())
    assert [Path(job["output"]).relative_to(tmp_path / "output") for job in jobs] == [
        Path("a"), Path("a/attachments/b"),
    ]  # fmt: skip
    assert (summary["done"], runner.is_work_left) == (2, False)
