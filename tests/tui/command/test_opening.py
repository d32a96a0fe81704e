"""The engine that a dashboard has started itself."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.job.snapshot import Totals
from engine.remote.client import RemoteEngine
from engine.settings.loading import LoadedSettings
from engine.settings.settings import Settings
from tests.waiting import wait_until
from tui.command import opening as dashboard
from tui.command.opening import _finish_running, _Owner


@pytest.fixture
def owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[_Owner]:
    monkeypatch.setattr(dashboard, "_REVIVE_S", 0.0)
    settings = Settings(input=tmp_path / "input", output=tmp_path / "output", num_workers=1, backend="in-memory")
    owner = _Owner(LoadedSettings(settings, {}), RemoteEngine(settings.state_folder, mine=settings))
    owner.start()
    owner.wait_ready()
    yield owner
    owner.stop(lambda: True)
    owner._remote.detach()


def test_one_that_was_killed_is_started_again(owner: _Owner) -> None:
    first = owner._remote.greeting.pid
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: owner._remote.greeting.pid != first, "another engine")
    assert owner.is_owner


def test_one_that_was_stopped_stays_stopped(owner: _Owner) -> None:
    first = owner._remote.greeting.pid
    looks: list[bool] = []
    revive = owner._remote.on_lost
    owner._remote.on_lost = lambda: looks.append(owner.is_owner) or revive()  # type: ignore[func-returns-value]
    owner._remote.request_stop()
    wait_until(lambda: looks[-3:] == [False] * 3, "the engine to be gone, and missed")
    assert owner._engine is not None
    assert owner._engine.pid == first


def test_running_jobs_are_not_waited_for_when_their_engine_is_gone(
    owner: _Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = owner._remote
    monkeypatch.setattr(remote, "drain", lambda: os.kill(remote.greeting.pid, signal.SIGKILL))
    monkeypatch.setattr(Totals, "active", 1)
    _finish_running(remote, threading.Event())
    wait_until(lambda: not owner.is_owner, "its end")
