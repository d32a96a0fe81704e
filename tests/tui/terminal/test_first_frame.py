"""What is on the screen before the dashboard is."""

from pathlib import Path

import pytest

from engine.base.errors import EngineUnreachable
from tui.terminal.first_frame import first_frame


def test_the_first_frame_says_where_results_will_be_and_steers_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with first_frame(Path("/srv/\x1b]0;owned\x07/caf\u00e9")):
        shown = capsys.readouterr().out
    assert "hotfolio" in shown
    assert "/srv/" in shown
    assert "\x1b]0;" not in shown
    assert capsys.readouterr().out == "", "the dashboard leaves the screen itself"


def test_where_no_dashboard_comes_of_it_the_screen_is_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(EngineUnreachable), first_frame(Path("/srv")):
        raise EngineUnreachable("No engine.")
    assert capsys.readouterr().out.endswith("\x1b[?1049l")
