"""Which jobs a command changes."""

import pytest

from engine.base.errors import HotfolioError, NoSuchJob
from engine.job.job import JobState
from engine.remote.client import RemoteEngine
from tests.tui.command.conftest import Running
from tui.command import chosen
from tui.command.reach import FAILED, OK
from tui.text.actions import ACTIONS

HOLD = ACTIONS["hold"]


def hold(running: Running, *words: str, as_json: bool = False) -> int:
    ids = chosen.ranges(list(words))
    return chosen.change(running.load, HOLD.change, HOLD.past, HOLD.unfit, ids, None, as_json=as_json)


def test_jobs_are_changed_in_portions_that_a_slow_disk_can_take(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chosen, "_AT_ONCE", 2)
    ids = running.submit(5)
    portions: list[int] = []
    honest = RemoteEngine.hold
    monkeypatch.setattr(RemoteEngine, "hold", lambda self, ids: portions.append(len(ids)) or honest(self, ids))
    assert hold(running, f"{ids[0]}-{ids[-1]}") == OK
    assert portions == [2, 2, 1]
    assert running.states() == [JobState.HELD] * 5


def test_what_has_changed_and_what_has_not_is_told(running: Running, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = running.submit(2)
    assert hold(running, str(first)) == OK
    assert capsys.readouterr().out == f"#{first} held.\n"
    assert hold(running, f"{first}-{second}", as_json=True) == OK
    assert capsys.readouterr().out == f'{{"changed": [{second}], "unchanged": [{first}]}}\n'
    assert hold(running, str(first)) == FAILED
    assert capsys.readouterr().err == f"{HOLD.unfit}\n"
    with pytest.raises(NoSuchJob, match=str(second + 1)):
        hold(running, str(second + 1))


def test_that_jobs_are_chosen_must_be_said(running: Running) -> None:
    with pytest.raises(HotfolioError, match="Say which jobs"):
        hold(running)


def test_states_are_words_of_the_command_line() -> None:
    assert chosen.states(None) is None
    assert chosen.states(["failed", "held"]) == [JobState.FAILED, JobState.HELD]
    with pytest.raises(HotfolioError, match="A state is one of queued, "):
        chosen.states(["broken"])
