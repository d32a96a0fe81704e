"""A node's process is started again when it has to be, and no other node has its folder."""

import os
import sys
from pathlib import Path

import pytest

from engine.base.errors import SettingsError
from engine.cluster.joining import Join, Plan
from engine.cluster.ownprocess import OwnProcess, environment
from engine.cluster.schedulerprocess import CANNOT_LISTEN, scheduler_process
from engine.cluster.supervisor import Supervisor, is_name, needs
from tests.clock import Clock
from tests.engine.cluster.pauses import Pauses
from tests.waiting import wait_until

JOIN = Join(
    scheduler="tls://127.0.0.1:1", name="node", node_ports=(8790, 8889), ca="ca", certificate="certificate", key="key"
)


def test_a_folder_is_one_nodes_alone_and_its_key_is_its_owners(tmp_path: Path) -> None:
    first = Supervisor(JOIN, tmp_path / "node", slots=1, cache_bytes=1)
    assert (tmp_path / "node" / "head.key").read_text() == "key"
    assert (tmp_path / "node" / "head.key").stat().st_mode & 0o777 == 0o600
    with pytest.raises(SettingsError, match="--folder"):
        Supervisor(JOIN, tmp_path / "node", slots=1, cache_bytes=1)
    first.close()
    Supervisor(JOIN, tmp_path / "node", slots=1, cache_bytes=1).close()


def test_what_is_a_name() -> None:
    assert [is_name(name) for name in ("a", "a-1.b_c", "", "-a", "a b", "ä", "a" * 64)] == [True, True] + [False] * 5


def test_what_is_missing_is_said_with_what_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SettingsError, match=r"pip install 'hotfolio\[cluster\]'"):
        needs()


def test_no_secret_goes_into_the_environment_of_what_loads_dask(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOTFOLIO_WEBHOOK_SECRET", "s")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    monkeypatch.setenv("DASK_DISTRIBUTED__WORKER__PRELOAD", "evil")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    found = environment(tmp_path)
    assert not {"HOTFOLIO_WEBHOOK_SECRET", "AWS_SECRET_ACCESS_KEY", "DASK_DISTRIBUTED__WORKER__PRELOAD"} & set(found)
    assert (found["LC_ALL"], found["PATH"]) == ("C.UTF-8", os.environ["PATH"])
    assert not Path(found["DASK_CONFIG"]).exists()


def test_a_process_is_started_until_its_status_is_final(tmp_path: Path) -> None:
    log, pauses = tmp_path / "log", Pauses()
    # `timeit` does not know the option: status 2, at once.
    arguments = ["timeit", "--no-such-option"]
    own = OwnProcess("own", arguments, dict(os.environ), log, pauses, lambda _: len(pauses.asked) >= 2)
    own.start()
    assert own.wait(60) == 2
    assert (pauses.asked, own.pid) == ([1, 2], None)
    assert log.read_text().count("--no-such-option") == 3
    own.close()


def test_one_that_cannot_begin_its_work_waits_ever_longer_however_slowly_it_fails_and_says_why(tmp_path: Path) -> None:
    pauses, clock = Pauses(), Clock()

    def explain(status: int) -> str | None:
        clock.advance(100)  # so long it takes on a busy machine
        return "Its port was taken" if status == 2 else None

    arguments = ["timeit", "--no-such-option"]
    own = OwnProcess(
        "own", arguments, dict(os.environ), tmp_path / "log", pauses, lambda _: len(pauses.asked) >= 3, explain, clock
    )
    own.start()
    own.wait(60)
    assert pauses.asked == [1, 2, 4]
    assert own.problem == "Its port was taken; it has failed 3 times in a row, and is started again after 4 s."
    own.close()


def test_a_process_ends_with_its_input_when_it_is_closed(tmp_path: Path) -> None:
    own = OwnProcess("own", ["code", "-q"], dict(os.environ), tmp_path / "log", Pauses())
    own.start()
    wait_until(lambda: own.pid)
    own.close()
    assert (own.pid, own.status, own.problem) == (None, None, None)


def test_a_scheduler_whose_port_is_taken_is_said_to_listen_nowhere(tmp_path: Path) -> None:
    plan = Plan(scheduler="tls://127.0.0.1:9")
    assert scheduler_process(tmp_path, plan)._explain(1) is None
    told = scheduler_process(tmp_path, plan)._explain(CANNOT_LISTEN)
    assert told is not None
    assert "tls://127.0.0.1:9" in told
