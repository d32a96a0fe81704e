"""A run in the foreground on its socket: bound at once, served when somebody calls or after a while."""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.base.errors import EngineUnreachable
from engine.base.sockets import bind, connect, socket_path
from engine.remote.client import Connection
from engine.server.app import listener
from engine.server.app.late import LateListener
from tests.engine.server.fakes import FakeEngine
from tests.waiting import wait_until


@pytest.fixture
def engine(tmp_path: Path) -> FakeEngine:
    engine = FakeEngine(tmp_path, num_workers=3)
    engine.settings.state_folder.mkdir()
    return engine


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set when the server is loaded."""
    event, serve = threading.Event(), listener.serve
    monkeypatch.setattr(listener, "serve", lambda *a: (event.set(), serve(*a))[1])
    return event


@contextlib.contextmanager
def late(engine: FakeEngine, patience_s: float) -> Iterator[LateListener]:
    late = LateListener(engine, lambda now: None, patience_s=patience_s)
    try:
        yield late
    finally:
        late.stop()


def test_whoever_calls_waits_for_the_server_and_is_answered(engine: FakeEngine, served: threading.Event) -> None:
    with late(engine, 3600):
        assert not served.is_set()
        assert Connection(engine.settings.state_folder).greet().settings.num_workers == 3
        assert served.is_set()


def test_a_run_that_lasts_is_served_before_anybody_calls(engine: FakeEngine, served: threading.Event) -> None:
    with late(engine, 0.0):
        wait_until(served.is_set, "the server")


def test_a_run_that_nobody_calls_loads_no_server(engine: FakeEngine, served: threading.Event) -> None:
    with late(engine, 3600):
        pass
    assert not served.is_set()
    with pytest.raises(EngineUnreachable, match="No engine is running"):
        Connection(engine.settings.state_folder).greet()


def test_the_socket_of_the_engine_that_follows_is_left(engine: FakeEngine) -> None:
    with late(engine, 3600):
        next_one = bind(engine.settings.state_folder)  # its engine could start as soon as this one let go of the lock
    with contextlib.closing(next_one):
        connect(socket_path(engine.settings.state_folder), 5).close()


def test_a_server_that_cannot_be_had_ends_no_run(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, engine_log: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(listener, "serve", lambda *_: 1 / 0)
    with late(engine, 0.0):
        wait_until(lambda: "cannot be reached by others" in engine_log.text, "it to be said")
