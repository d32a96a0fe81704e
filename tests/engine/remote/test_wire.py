"""What travels is what the contract marks, and it arrives as what it was."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import msgspec
import pytest
from pydantic import ValidationError
from starlette.routing import Router

from engine.base.errors import HotfolioError, NoSuchJob
from engine.base.sockets import bind
from engine.facade.engine import Engine
from engine.job import plugins
from engine.job.job import JobState
from engine.job.options import ConvertOptions
from engine.remote.client import Connection, RemoteEngine, calling
from engine.remote.contract import Elsewhere, ServedEngine, travels
from engine.remote.wire import CALLS, Call, calls_of, decode, encode
from engine.server.app.listener import Door, Listener
from engine.server.dependencies.service import Service
from engine.server.routers.rpc import Rpc
from engine.settings.settings import Settings
from tests.engine.server.fakes import FakeEngine


class Wider(ServedEngine, Protocol):
    """The contract with two more orders; there is nothing else about them but how the engine carries them out."""

    @travels()
    def tally_of(self, states: Sequence[JobState], *, least: int = 1) -> dict[JobState, int]:
        """How many jobs are in these states, where there are so many."""
        raise Elsewhere

    @travels(catches_up=True)
    def rename_all(self, folder: Path) -> None:
        """Have all jobs be of another folder."""
        raise Elsewhere


class WiderEngine(FakeEngine):
    """An engine that carries them out."""

    def tally_of(self, states: Sequence[JobState], *, least: int = 1) -> dict[JobState, int]:
        counts = self.overview().totals.by_state
        return {state: counts[state] for state in states if counts[state] >= least}

    def rename_all(self, folder: Path) -> None:
        if not folder.is_absolute():
            raise HotfolioError("That is a folder of nobody's.")
        for entry in self.select():
            self.has(entry.job.id, client=str(folder))


@calling(Wider)
class WiderRemote(RemoteEngine, Wider):
    """The same from afar."""


@contextlib.contextmanager
def served(engine: FakeEngine, calls: Mapping[str, Call]) -> Iterator[Path]:
    """The state folder on whose socket an engine answers these calls."""
    folder = engine.settings.state_folder
    folder.mkdir(parents=True)
    listener = Listener([Door(bind(folder), Router(Rpc(Service(engine, lambda now: None), calls).routes))])
    listener.start()
    try:
        yield folder
    finally:
        listener.stop()


def test_a_method_marked_on_a_contract_travels_without_another_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = WiderEngine(tmp_path)
    for job_id, state in ((1, JobState.QUEUED), (2, JobState.DONE), (3, JobState.DONE)):
        engine.has(job_id, state)
    monkeypatch.chdir(tmp_path)
    with served(engine, calls_of(Wider)) as folder, WiderRemote(folder) as remote:
        assert remote.tally_of([JobState.DONE, JobState.QUEUED]) == {JobState.DONE: 2, JobState.QUEUED: 1}
        assert remote.tally_of((JobState.DONE, JobState.QUEUED), least=2) == {JobState.DONE: 2}
        remote.rename_all(Path("here"))
        assert remote.job(1).job.client == str(tmp_path / "here")  # seen at once, and a path of the one who asks
        assert remote.set_priority(range(1, 3), 5) == [1, 2]  # as before


def test_what_a_contract_does_not_mark_is_not_called(tmp_path: Path) -> None:
    with served(WiderEngine(tmp_path), CALLS) as folder:
        with pytest.raises(HotfolioError, match="There is no call 'tally_of'"):
            WiderRemote(folder).tally_of([JobState.DONE])
        for name in ("find", "on_finished", "settings", "stop", "_put", "has"):
            with pytest.raises(HotfolioError):
                Connection(folder).ask(name, {})


def test_arguments_that_do_not_fit_are_refused_on_both_ends(tmp_path: Path) -> None:
    with served(FakeEngine(tmp_path), CALLS) as folder:
        with pytest.raises(TypeError, match="unexpected keyword argument 'forever'"):
            RemoteEngine(folder).hold([1], forever=True)  # type: ignore[call-arg]
        for arguments in ({"job_ids": ["one"]}, {"job_ids": [1], "forever": True}, {}, [1]):
            with pytest.raises(HotfolioError, match="hold was asked for in a way that is not known"):
                Connection(folder).ask("hold", arguments)


def test_an_error_comes_back_as_what_it_was(tmp_path: Path) -> None:
    with served(FakeEngine(tmp_path), CALLS) as folder, pytest.raises(NoSuchJob, match="no such conversion"):
        RemoteEngine(folder).detail(4711)


def test_both_engines_have_every_method_that_travels_and_none_is_left_to_the_contract() -> None:
    assert {"hold", "vitals", "ask_for", "submit_many"} <= CALLS.keys()
    for name, call in CALLS.items():
        for kind in (Engine, RemoteEngine):
            assert getattr(kind, name) is not call.method, f"{kind.__name__}.{name} says that it is elsewhere"


def test_the_contract_itself_does_nothing() -> None:
    with pytest.raises(Elsewhere):
        ServedEngine.hold(FakeEngine(), [1])  # type: ignore[arg-type]


def test_arguments_left_out_are_sent_with_their_defaults() -> None:
    call = CALLS["submit_many"]
    sent = call.decode_arguments(call.encode_arguments([Path("/a.pdf")], options=ConvertOptions(ocr="never")))
    assert sent == {
        "files": [Path("/a.pdf")],
        "options": ConvertOptions(ocr="never"),
        "priority": None,
        "profile": "",
        "again": False,
        "client": "",
    }


def test_a_result_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(msgspec.ValidationError):
        CALLS["hold"].decode_result(b'["one"]')


def test_names_that_are_no_text_arrive_as_they_were() -> None:
    names = [Path("/in/caf\udce9.pdf"), Path("/in/\u65e5.pdf")]
    assert decode(encode(names), list[Path]) == names


def test_vitals_arrive_whole() -> None:
    engine = FakeEngine()
    engine.has(1, JobState.RUNNING)
    vitals = engine.vitals()
    assert CALLS["vitals"].decode_result(encode(vitals)) == vitals


def test_settings_arrive_that_name_what_is_installed_where_they_are_in_force_alone() -> None:
    profiles = {"house": {"options": {"reader": "theirs"}}}
    with plugins.on_trust():
        settings = Settings(reader="theirs", formats=("md", "theirs"), profiles=profiles)
    assert decode(encode(settings), Settings) == settings
    with pytest.raises(ValidationError, match="theirs"):
        Settings(reader="theirs")
