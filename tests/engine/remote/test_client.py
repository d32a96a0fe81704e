"""What only an engine behind a socket can do: be lost, come back, be another one, be many people's."""

import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.base.errors import AnotherVersion, EngineUnreachable, SettingsError
from engine.base.sockets import bind, connect, service_folder, socket_path
from engine.facade.engine import Engine
from engine.job.job import JobState
from engine.remote import client
from engine.remote.client import Connection, RemoteEngine
from engine.remote.wire import CALLS
from engine.server.app.listener import Door, Listener, serve
from engine.server.dependencies.service import Service
from engine.settings.settings import Settings
from tests import pdfs
from tests.backends import local_backend
from tests.waiting import wait_until


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "input").mkdir()
    return Settings(input=tmp_path / "input", output=tmp_path / "output", num_workers=1, ocr="never", settle=0)


@contextmanager
def served(settings: Settings) -> Iterator[Engine]:
    with Engine(settings, backend=local_backend) as engine:
        listener = serve(Service(engine, lambda now: None), bind(settings.state_folder))
        try:
            yield engine
        finally:
            listener.stop()


def banners(remote: RemoteEngine) -> list[str]:
    return [banner.key for banner in remote.snapshot().banners]


def test_a_lost_engine_leaves_its_last_state_and_a_banner_until_another_one_answers(
    settings: Settings, tmp_path: Path
) -> None:
    for number in range(2):
        (tmp_path / f"{number}.pdf").write_bytes(pdfs.text_pages(1))
    remote = RemoteEngine(settings.state_folder)
    asked = []
    remote.on_lost = lambda: asked.append(True)
    with served(settings) as engine:
        remote.attach()
        first = engine.submit(tmp_path / "0.pdf").id
        wait_until(lambda: remote.snapshot().totals.by_state[JobState.DONE] == 1, "the first document", timeout=60)
    seen = remote.snapshot().version
    wait_until(lambda: "connection" in banners(remote), "the banner")
    assert remote.job(first).job.state is JobState.DONE
    with pytest.raises(EngineUnreachable, match=r"No engine is running on .*\.hotfolio\."):
        remote.retry([first])
    wait_until(lambda: asked, "somebody to be told")
    with served(settings) as engine:
        engine.remove([first])
        second = engine.submit(tmp_path / "1.pdf").id
        wait_until(lambda: "connection" not in banners(remote), "the engine to be found again")
        wait_until(lambda: second in {entry.job.id for entry in remote.snapshot(seen).changed}, "the new job")
        assert first in remote.snapshot(seen).removed
        remote.detach()


def test_several_follow_one_engine_and_see_the_same(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(pdfs.text_pages(1))
    with served(settings), RemoteEngine(settings.state_folder) as one, RemoteEngine(settings.state_folder) as other:
        one.pause()
        job_id = one.submit_many([tmp_path / "a.pdf"])[0].id
        assert one.job(job_id).job.state is JobState.QUEUED
        wait_until(lambda: other.snapshot().totals.queue_depth == 1, "the other one to see it")
        other.hold([job_id])
        wait_until(lambda: one.job(job_id).job.state is JobState.HELD, "the first one to see that")


def test_the_settings_of_the_person_are_their_own(settings: Settings) -> None:
    mine = settings.model_copy(update={"keys": {"job.cancel": "delete"}, "refresh_rate": 2.0, "num_workers": 7})
    with served(settings), RemoteEngine(settings.state_folder, mine=mine) as remote:
        assert remote.settings.keys == {"job.cancel": "delete"}
        assert remote.settings.refresh_rate == 2.0
        assert remote.settings.num_workers == 1


def test_a_relative_state_folder_means_the_same_to_both(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    relative = settings.model_copy(update={"input": Path("input"), "output": Path("output")})
    with served(relative), RemoteEngine(Path("output") / ".hotfolio") as remote:
        assert remote.settings.input == tmp_path / "input"
        assert remote.settings.state_folder == tmp_path / "output" / ".hotfolio"


def test_nobody_but_the_owner_comes_near_the_socket(settings: Settings) -> None:
    settings.state_folder.mkdir(parents=True)
    service_folder(settings.state_folder).mkdir(mode=0o777)
    service_folder(settings.state_folder).chmod(0o777)
    with served(settings):
        path = socket_path(settings.state_folder)
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_path_longer_than_the_kernel_takes_is_no_hindrance(tmp_path: Path) -> None:
    state = tmp_path.joinpath(*["a long name of a folder"] * 8)
    state.mkdir(parents=True)
    assert len(os.fsencode(socket_path(state))) > 108
    listener = bind(state)
    try:
        with connect(socket_path(state), 5) as channel:
            accepted, _ = _accept(listener)
            with accepted:
                channel.sendall(b"x")
                assert accepted.recv(1) == b"x"
    finally:
        listener.close()


def test_the_socket_of_a_dead_engine_is_in_nobody_s_way(tmp_path: Path) -> None:
    bind(tmp_path).close()  # as after a kill: the socket is there, and nobody listens
    with pytest.raises(EngineUnreachable, match="No engine is running"):
        Connection(tmp_path).greet()
    bind(tmp_path).close()


def test_an_engine_that_hangs_is_told_apart_from_one_that_is_gone(tmp_path: Path) -> None:
    listener = bind(tmp_path)
    try:
        with pytest.raises(EngineUnreachable, match="does not answer"):
            Connection(tmp_path).ask("greet", timeout_s=0.2)
    finally:
        listener.close()


def test_garbage_for_an_answer_is_one_sentence(tmp_path: Path) -> None:
    async def app(scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"<html>"})

    listener = Listener([Door(bind(tmp_path), app)])
    listener.start()
    try:
        with pytest.raises(EngineUnreachable, match="another version"):
            Connection(tmp_path).call(CALLS["select"])
        with pytest.raises(EngineUnreachable, match="another version"):
            RemoteEngine(tmp_path).greet()
    finally:
        listener.stop()


def _accept(listener: socket.socket) -> tuple[socket.socket, object]:
    listener.settimeout(5)
    return listener.accept()


def test_an_engine_of_another_version_is_not_joined(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with served(settings):
        monkeypatch.setattr(client, "version", lambda _: "99.0")
        with pytest.raises(AnotherVersion, match=r"is hotfolio \d.*, this is 99\.0; stop it with `kill \d+`"):
            RemoteEngine(settings.state_folder).attach()


def test_a_folder_that_can_have_no_socket_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "service").write_bytes(b"")
    with pytest.raises(SettingsError, match="no socket can be made there: File exists"):
        bind(tmp_path)
