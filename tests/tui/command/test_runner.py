"""What a run in the foreground says; most of it shows in `tests/e2e/test_command_line.py`."""

from pathlib import Path

import pytest

from engine.base.errors import StateLost
from engine.facade.engine import Engine
from engine.settings.loading import LoadedSettings
from engine.settings.settings import Settings
from engine.work.pool import LOST
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
