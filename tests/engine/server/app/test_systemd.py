"""What systemd says to a service is heard once, by the process it is said to alone, and what it is told arrives."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.server.app import systemd
from engine.server.app.systemd import Systemd, take_over

ALL = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES")
ME = "this process"


@pytest.fixture(autouse=True)
def _no_service_manager(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ALL:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A socket at the descriptor where systemd puts the first one that it passes on; closed by who takes it over."""
    with socket.create_server(("127.0.0.1", 0)) as own:
        descriptor = os.dup(own.fileno())
        os.set_inheritable(descriptor, True)
        monkeypatch.setattr(systemd, "_FIRST_DESCRIPTOR", descriptor)
        yield own
        try:
            os.close(descriptor)
        except OSError:
            return


def test_without_systemd_there_is_nobody_to_tell() -> None:
    found = take_over()
    assert found == Systemd(None, None, ())
    found.notify("READY=1")


@pytest.mark.parametrize(("pid", "watchdog_s"), [("", 1.5), (ME, 1.5), ("1", None), ("x", None)])
def test_only_the_process_that_is_meant_is_watched(
    monkeypatch: pytest.MonkeyPatch, pid: str, watchdog_s: float | None
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "1500000")
    monkeypatch.setenv("WATCHDOG_PID", _number(pid))
    assert take_over().watchdog_s == watchdog_s


@pytest.mark.parametrize("usec", ["", "soon", "-5", "1.5"])
def test_a_watchdog_without_a_time_is_none(monkeypatch: pytest.MonkeyPatch, usec: str) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", usec)
    assert take_over().watchdog_s is None


def test_sockets_that_are_passed_on_are_taken_and_go_to_no_child(
    monkeypatch: pytest.MonkeyPatch, passed: socket.socket
) -> None:
    monkeypatch.setenv("LISTEN_FDS", "1")
    monkeypatch.setenv("LISTEN_PID", _number(ME))
    (taken,) = take_over().listening
    with taken:
        assert taken.getsockname() == passed.getsockname()
        assert not taken.get_inheritable()


@pytest.mark.parametrize(("count", "pid"), [("1", "1"), ("1", ""), ("many", ME), ("", ME), ("0", ME)])
def test_sockets_of_another_process_are_left_alone(
    monkeypatch: pytest.MonkeyPatch, passed: socket.socket, count: str, pid: str
) -> None:
    monkeypatch.setenv("LISTEN_FDS", count)
    monkeypatch.setenv("LISTEN_PID", _number(pid))
    assert take_over().listening == ()


def test_no_child_process_takes_it_for_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ALL:
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("LISTEN_PID", "1")
    take_over()
    assert not set(ALL) & os.environ.keys()


@pytest.mark.parametrize("is_abstract", [False, True])
def test_what_it_is_told_arrives_in_one_piece(tmp_path: Path, is_abstract: bool) -> None:
    name = f"@hotfolio-test-{os.getpid()}" if is_abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + name[1:] if is_abstract else name)
        manager.settimeout(10)
        Systemd(notify_socket=name).notify("READY=1", "STATUS=Fine.")
        assert manager.recv(100) == b"READY=1\nSTATUS=Fine."


def test_a_service_manager_that_is_gone_is_no_trouble(tmp_path: Path) -> None:
    Systemd(notify_socket=str(tmp_path / "gone")).notify("STOPPING=1")


def _number(pid: str) -> str:
    """As systemd writes it. No parameter of a test has this process's number: test processes must agree on names."""
    return str(os.getpid()) if pid == ME else pid
