"""The engine outlives the terminal: services, dashboards that join them, and engines that dashboards start."""

import json
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from engine.base import sockets
from tests import pdfs
from tests.e2e.dashboard import IN_MEMORY, Dashboard
from tests.e2e.patience import hurry, patient
from tests.e2e.processes import assert_nothing_left, end_all, is_alive, processes_in
from tests.e2e.service import ServiceProcess, hotfolio, service
from tests.e2e.terminal import DEADLINE_S
from tests.e2e.test_killed_engine import recorded_seconds
from tests.waiting import wait_until

LONG = 120
"""Pages of a document that is not finished while a test lasts, or only because the test waits for it."""
SHORT = 40
LEASH_S = 40.0
"""An engine whose dashboard is gone has ended by then."""
PORT = 8080
"""Of `hotfolio serve` unless it is told another."""


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    # Not `tmp_path`: with the name of the test in it, a small screen has no room for the whole of the folder's path.
    folder = tmp_path_factory.mktemp("run")
    (folder / "input").mkdir()
    yield folder
    end_all(folder)


def drop(folder: Path, name: str, pages: int) -> None:
    (folder / "input" / name).write_bytes(pdfs.text_pages(pages, title=name, is_tagged=True))


def wait_for_pages(folder: Path, count: int) -> dict[tuple[bytes, int], float]:
    """Wait until so many pages of unfinished documents are safe; returns what they took."""
    found: dict[tuple[bytes, int], float] = {}

    def is_enough() -> bool:
        nonlocal found
        found = recorded_seconds(folder)
        return len(found) >= count

    wait_until(is_enough, f"{count} finished pages", timeout=60)
    return found


def engine_pid(folder: Path) -> int:
    """The process of the engine that answers on the folder's state."""
    status = hotfolio(folder, "status", "--json")
    assert status.returncode == 0, status.stderr
    pid: int = json.loads(status.stdout)["pid"]
    return pid


def assert_no_page_twice(folder: Path, finished_before: dict[tuple[bytes, int], float]) -> None:
    """Compare what the pages took, as it was recorded before, with what the published results say."""
    assert finished_before
    for (path, page), seconds in finished_before.items():
        manifest = json.loads((folder / "output" / Path(os.fsdecode(path)).stem / "manifest.json").read_text())
        assert manifest["state"] == "done"
        assert manifest["pages"][page - 1]["seconds"] == round(seconds, 4), "a finished page was converted again"


# --- dashboards on a service ---


def test_a_dashboard_that_is_hung_up_leaves_the_service_at_work_and_another_one_finds_more(folder: Path) -> None:
    drop(folder, "long.pdf", LONG)
    with service(folder, "-w", "1", env=patient(folder)) as served:
        with Dashboard(folder) as dashboard:
            dashboard.wait_until(lambda: "▶ running" in dashboard.text and dashboard.ids == [1], "the running job")
            before = wait_for_pages(folder, 2)
            dashboard.signal(signal.SIGHUP)
            assert dashboard.wait_exit() == 0
            assert b"Traceback" not in dashboard.received
            assert b"Stopping" not in dashboard.received
        assert served.process.poll() is None
        after = wait_for_pages(folder, len(before) + 2)
        assert before.items() <= after.items()
        with Dashboard(folder) as dashboard:
            dashboard.wait_until(lambda: "▶ running" in dashboard.row(1).rest + dashboard.text, "the same job")
            assert dashboard.ids == [1]
            done = json.loads(hotfolio(folder, "ls", "--json").stdout)[0]["pages_done"]
            assert done >= len(after)
            # Quitting asks nothing, since the engine is not this dashboard's.
            dashboard.press("q")
            assert dashboard.wait_exit() == 0
        assert served.process.poll() is None


def test_what_is_done_in_one_dashboard_shows_in_the_other(folder: Path) -> None:
    with service(folder, "-w", "1", env=IN_MEMORY):
        assert hotfolio(folder, "pause").returncode == 0
        drop(folder, "a.pdf", 1)
        with Dashboard(folder) as one, Dashboard(folder) as other:
            for dashboard in (one, other):
                dashboard.wait_until(lambda d=dashboard: d.ids == [1], "the job")
                dashboard.wait_for("‖ paused")
            one.see("p", "#1 held")
            other.wait_until(lambda: "held" in other.row(1).rest, "the hold in the other one")
            other.see("p", "#1 released")
            one.wait_until(lambda: "held" not in one.row(1).rest, "the release in the first one")
            other.press("P")
            one.wait_gone("‖ paused")
            one.wait_until(lambda: "done" in one.row(1).rest, "the end of the job")


def test_a_dashboard_bears_the_death_of_its_service_and_goes_on_with_the_next(folder: Path) -> None:
    drop(folder, "document.pdf", SHORT)
    with service(folder, "-w", "1", env=patient(folder)) as first, Dashboard(folder) as dashboard:
        dashboard.wait_for("▶ running")
        before = wait_for_pages(folder, 2)
        first.kill()
        dashboard.wait_for("No engine is running on output/.hotfolio. B starts one here.")
        # Each key is answered: it shows what is known, or says why nothing has happened.
        dashboard.see("?", "Next job")
        dashboard.see("esc", " no workers", gone="Next job")
        for key in ("P", "]", "p"):
            dashboard.cause(key, lambda: says_why(dashboard), "the reason at the bottom")
            dashboard.see("F", "‖ frozen")
            dashboard.see("F", "Going on.", gone="‖ frozen")
        dashboard.see("enter", "esc back", gone=" no workers")
        dashboard.see("l", "Log of #1")
        dashboard.press("esc")
        dashboard.wait_gone("Log of #1")
        dashboard.see("esc", " no workers", gone="esc back")
        assert dashboard.process.poll() is None
        assert_nothing_left_but(folder, dashboard)
        hurry(folder)
        with service(folder, "-w", "1", env=patient(folder)):
            dashboard.wait_gone("No engine is running")
            dashboard.wait_until(lambda: "done" in dashboard.row(1).rest, "the end of the job")
            assert b"Traceback" not in dashboard.received
            assert_no_page_twice(folder, before)
            dashboard.press("q")
            assert dashboard.wait_exit() == 0


def says_why(dashboard: Dashboard) -> bool:
    """Whether the message at the bottom, not only the banner, says that there is no engine."""
    return any(line.endswith("No engine is running on output/.hotfolio.") for line in dashboard.lines)


def assert_nothing_left_but(folder: Path, dashboard: Dashboard) -> None:
    wait_until(
        lambda: [process.pid for process in processes_in(folder)] == [dashboard.process.pid],
        "the conversion processes to end with their engine",
    )


# --- engines that dashboards start ---


def test_an_engine_goes_on_in_the_background_and_another_dashboard_joins_it(folder: Path) -> None:
    drop(folder, "document.pdf", SHORT)
    with Dashboard(folder, (80, 24), "-w", "1", env=patient(folder)) as dashboard:
        dashboard.wait_for("▶ running")
        before = wait_for_pages(folder, 2)
        pid = engine_pid(folder)
        dashboard.see("q", "Go on in the background")
        dashboard.press("b")
        assert dashboard.wait_exit() == 0
        assert f"Going on in the background (process {pid})" in " ".join(dashboard.received.decode().split())
        assert b"Traceback" not in dashboard.received
    assert engine_pid(folder) == pid
    hurry(folder)
    with Dashboard(folder) as other:
        other.wait_until(lambda: other.ids == [1], "the job")
        assert engine_pid(folder) == pid
        assert hotfolio(folder, "wait", "1").returncode == 0
        other.wait_until(lambda: "done" in other.row(1).rest, "the end of the job")
        other.press("q")
        assert other.wait_exit() == 0
    assert_no_page_twice(folder, before)
    stopped = hotfolio(folder, "stop")
    assert (stopped.returncode, stopped.stderr) == (0, "")
    assert_nothing_left(folder)
    assert not sockets.socket_path(folder / "output" / ".hotfolio").exists()


def test_the_engine_of_a_dashboard_that_is_killed_stops_in_order_by_itself(folder: Path) -> None:
    drop(folder, "long.pdf", LONG)
    with Dashboard(folder, (80, 24), "-w", "1", env=patient(folder)) as dashboard:
        dashboard.wait_for("▶ running")
        wait_for_pages(folder, 1)
        engine = psutil.Process(engine_pid(folder))
        dashboard.signal(signal.SIGKILL)
        dashboard.wait_exit()
        wait_until(lambda: not is_alive(engine), "the engine to end", timeout=LEASH_S)
        assert_nothing_left(folder)
    assert "Stopped" in (folder / "output" / ".hotfolio" / "hotfolio.log").read_text()
    assert not sockets.socket_path(folder / "output" / ".hotfolio").exists()
    assert not list((folder / "output" / ".hotfolio").rglob("*.part"))
    job = json.loads(hotfolio(folder, "ls", "--json").stdout)[0]
    assert job["state"] == "queued"


def test_a_dashboard_starts_its_engine_again_when_that_has_died(folder: Path) -> None:
    drop(folder, "document.pdf", SHORT)
    with Dashboard(folder, (80, 24), "-w", "1", env=patient(folder)) as dashboard:
        dashboard.wait_for("▶ running")
        before = wait_for_pages(folder, 2)
        pid = engine_pid(folder)
        os.kill(pid, signal.SIGKILL)
        hurry(folder)
        # The banner is not waited for: the new engine may be there before a frame shows it.
        dashboard.wait_until(lambda: "done" in dashboard.row(1).rest, "the end of the job")
        assert engine_pid(folder) != pid
        assert b"Traceback" not in dashboard.received
        assert_no_page_twice(folder, before)
        dashboard.press("q")
        assert dashboard.wait_exit() == 0
    assert_nothing_left(folder)


def test_a_dashboard_leaves_its_engine_stopped_that_somebody_has_stopped(folder: Path) -> None:
    with Dashboard(folder, env=IN_MEMORY) as dashboard:
        assert hotfolio(folder, "stop").returncode == 0
        dashboard.wait_for("No engine is running")
        time_to_start_again = time.monotonic() + 6
        dashboard.wait_until(lambda: time.monotonic() > time_to_start_again, "the time after which it would be started")
        assert hotfolio(folder, "status").returncode == 3
        dashboard.wait_for("B starts one here.")
        drop(folder, "document.pdf", SHORT)
        dashboard.press("B")
        dashboard.wait_gone("No engine is running")
        dashboard.wait_until(lambda: "done" in dashboard.row(1).rest, "the end of a job")
        dashboard.press("q")
        assert dashboard.wait_exit() == 0
    assert_nothing_left(folder)


# --- the service as a process ---


def test_a_service_stops_in_order_on_a_signal_and_lets_no_second_one_in(folder: Path) -> None:
    drop(folder, "long.pdf", LONG)
    with service(folder, "-w", "2", env=patient(folder)) as served:
        wait_for_pages(folder, 1)
        second = hotfolio(folder, "serve", "--port", "0", env=IN_MEMORY)
        assert second.returncode == 2
        assert f"Another hotfolio (process {served.pid}) is working" in second.stderr
        assert len(second.stderr.splitlines()) == 1
        assert engine_pid(folder) == served.pid, "the other one has taken its socket away"
        served.stop()
    assert json.loads(hotfolio(folder, "ls", "--json").stdout)[0]["state"] == "queued"
    assert not list((folder / "output" / ".hotfolio").rglob("*.part"))


def test_a_second_signal_stops_a_service_at_once(folder: Path, manager: "Manager") -> None:
    drop(folder, "long.pdf", LONG)
    with service(folder, "-w", "1", env=patient(folder) | {"NOTIFY_SOCKET": manager.address}) as served:
        wait_for_pages(folder, 1)
        # With its processes halted no page batch ends, so that it would wait the whole time that there is for that.
        for process in processes_in(folder, but=served.pid):
            process.suspend()
        served.process.send_signal(signal.SIGTERM)
        manager.wait_for("STOPPING=1")
        served.process.send_signal(signal.SIGTERM)
        assert served.wait_exit() == 0
        assert "Cut off" not in (folder / "output" / ".hotfolio" / "hotfolio.log").read_text()
        assert_nothing_left(folder)
        assert not served.socket.exists()
        assert "Traceback" not in served.err


def test_a_service_in_the_background_is_there_when_the_command_returns(folder: Path) -> None:
    started = hotfolio(folder, "serve", "--detach", "--port", "0", env=IN_MEMORY)
    assert (started.returncode, started.stderr) == (0, "")
    pid = engine_pid(folder)
    assert f"Working in the background (process {pid})" in started.stdout
    again = hotfolio(folder, "serve", "--detach", "--port", "0", env=IN_MEMORY)
    assert again.returncode == 2
    assert again.stderr.startswith(f"hotfolio: Another hotfolio (process {pid}) is working")
    assert hotfolio(folder, "stop", "--now").returncode == 0
    assert_nothing_left(folder)


# --- the port ---


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as channel:
        yield channel.getsockname()[1]


def test_a_taken_port_that_was_asked_for_is_one_sentence(folder: Path, taken_port: int) -> None:
    refused = hotfolio(folder, "serve", "--port", str(taken_port), env=IN_MEMORY)
    assert refused.returncode == 2
    assert refused.stderr == (f"hotfolio: Port {taken_port} of 127.0.0.1 is taken; choose another with --port.\n")
    assert refused.stdout == ""
    assert_nothing_left(folder)
    assert not sockets.socket_path(folder / "output" / ".hotfolio").exists()


def test_a_taken_port_that_nobody_asked_for_is_a_remark(folder: Path) -> None:
    with socket.socket() as channel:
        channel.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            channel.bind(("127.0.0.1", PORT))
            channel.listen()
        except OSError:
            pass  # taken it is
        # The variables are for another process, and mean nothing to this one.
        with ServiceProcess(folder, "serve", env={"LISTEN_FDS": "1", "LISTEN_PID": "1"} | IN_MEMORY) as served:
            served.wait_ready()
            assert f"Port {PORT} of 127.0.0.1 is taken" in served.out
            assert "only programs on this machine reach it" in served.out
            assert "http://" not in served.out
            assert engine_pid(folder) == served.pid
            served.stop()


def test_without_a_token_only_this_machine_is_let_in(folder: Path) -> None:
    refused = hotfolio(folder, "serve", "--no-auth", "--host", "0.0.0.0", "--port", "0", env=IN_MEMORY)
    assert refused.returncode == 2
    assert "Without a token only this machine is let in" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    assert_nothing_left(folder)


# --- under systemd ---

# The variable names the process that the sockets are for, which a starter knows only once it is that process.
_AS_SYSTEMD = """
import os, sys
count = int(sys.argv[1])
for number, descriptor in enumerate(sys.argv[2:2 + count]):
    os.dup2(int(descriptor), 3 + number)
os.environ |= {"LISTEN_FDS": str(count), "LISTEN_PID": str(os.getpid())}
os.execv(sys.argv[2 + count], sys.argv[2 + count:])
"""


class Manager:
    """Hears what a service tells its manager."""

    def __init__(self, folder: str) -> None:
        self.address = f"{folder}/notify"
        self.channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.channel.bind(self.address)
        self.channel.settimeout(DEADLINE_S)

    def next(self) -> list[str]:
        """The lines of the next notice."""
        return self.channel.recv(4096).decode().splitlines()

    def wait_for(self, line: str) -> None:
        """Read until there is a notice with this line."""
        while line not in self.next():
            pass


@pytest.fixture
def manager() -> Iterator[Manager]:
    # A short path: a socket's has room for about a hundred characters.
    with tempfile.TemporaryDirectory() as short:
        manager = Manager(short)
        yield manager
        manager.channel.close()


def test_a_service_tells_systemd_how_it_is(folder: Path, manager: Manager) -> None:
    watched = {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "400000"} | IN_MEMORY
    with ServiceProcess(folder, "serve", "--port", "0", env=watched) as served:
        assert "READY=1" in manager.next()
        assert engine_pid(folder) == served.pid  # ready means that it can be reached
        for _ in range(3):
            assert manager.next() == ["WATCHDOG=1"]
        served.process.send_signal(signal.SIGTERM)
        manager.wait_for("STOPPING=1")
        assert served.wait_exit() == 0


def test_a_service_takes_over_the_sockets_of_systemd_and_leaves_them_to_the_next(folder: Path) -> None:
    state = folder / "output" / ".hotfolio"
    state.mkdir(parents=True)
    with sockets.bind(state) as local, socket.create_server(("127.0.0.1", 0)) as tcp:
        spare = [os.dup(channel.fileno()) for channel in (local, tcp)]
        launcher = (sys.executable, "-c", _AS_SYSTEMD, "2", *map(str, spare))
        url = f"http://127.0.0.1:{tcp.getsockname()[1]}"
        try:
            for _ in range(2):
                with ServiceProcess(folder, "serve", launcher=launcher, pass_fds=spare, env=IN_MEMORY) as served:
                    # Whoever calls before it works is answered all the same.
                    assert httpx.get(f"{url}/healthz", timeout=40).status_code == 200
                    assert engine_pid(folder) == served.pid
                    assert httpx.get(f"{url}/worker-pool-status").status_code == 401
                    served.process.send_signal(signal.SIGTERM)
                    assert served.wait_exit() == 0
                    assert "Traceback" not in served.err
                assert served.socket.exists(), "systemd listens on it still"
        finally:
            for descriptor in spare:
                os.close(descriptor)
