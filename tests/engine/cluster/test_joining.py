"""The files by which machines join: for their owner alone, and used by nobody otherwise."""

from pathlib import Path
from typing import NamedTuple

import pytest

from engine.base.errors import SettingsError
from engine.cluster.joining import Plan, engine_id, invite, is_loopback, make_cluster, read_join, read_plan


class Pair(NamedTuple):
    certificate: str
    key: str


PLAN = Plan(scheduler="tls://127.0.0.1:8786")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    make_cluster(tmp_path, PLAN, Pair("ca", "ca key"), Pair("head", "head key"))  # type: ignore[arg-type]
    return tmp_path


def invited(state: Path, name: str = "node") -> Path:
    file = state / f"{name}.join"
    invite(state, name, file, lambda ca, key, node: Pair(f"{node} by {ca}", f"{key}?"))  # type: ignore[arg-type, return-value]
    return file


def test_a_cluster_is_made_once(state: Path) -> None:
    assert read_plan(state) == PLAN
    assert {file.stat().st_mode & 0o777 for file in (state / "cluster").iterdir()} == {0o600}
    assert (state / "cluster").stat().st_mode & 0o777 == 0o700
    with pytest.raises(SettingsError, match="already"):
        make_cluster(state, PLAN, Pair("", ""), Pair("", ""))  # type: ignore[arg-type]


def test_a_machine_joins_by_one_file_that_is_its_own(state: Path) -> None:
    file = invited(state)
    join = read_join(file)
    assert (join.name, join.scheduler, join.ca) == ("node", PLAN.scheduler, "ca")
    assert (join.certificate, join.key) == ("node by ca", "ca key?")
    with pytest.raises(SettingsError, match="already"):
        invited(state)
    with pytest.raises(SettingsError, match="no name"):
        invited(state, "-bad name")


def test_a_file_that_others_can_read_is_not_used(state: Path) -> None:
    file = invited(state)
    file.chmod(0o644)
    with pytest.raises(SettingsError, match="can be read by others"):
        read_join(file)


def test_a_file_that_cannot_be_used_says_why(state: Path, tmp_path: Path) -> None:
    file = tmp_path / "bad.join"
    file.touch(0o600)
    for text, word in (("{}", "scheduler"), ("no", "JSON"), ('{"version": 2}', "version")):
        file.write_text(text)
        with pytest.raises(SettingsError, match=word):
            read_join(file)
    with pytest.raises(SettingsError, match="No such file"):
        read_join(tmp_path / "none")
    (tmp_path / "link").symlink_to(file)
    with pytest.raises(SettingsError):
        read_join(tmp_path / "link")


def test_there_is_no_plan_without_a_cluster(tmp_path: Path) -> None:
    assert read_plan(tmp_path) is None
    with pytest.raises(SettingsError, match="hotfolio cluster init"):
        invited(tmp_path)


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:1", "tls://", "tls://host", "tls://a:1/x", "tls://u@h:1", "tls://h:x"]
)
def test_what_is_not_encrypted_is_no_address(address: str) -> None:
    with pytest.raises(ValueError, match="tls://HOST:PORT"):
        Plan(scheduler=address)


def test_an_engine_keeps_its_name_among_the_nodes(state: Path) -> None:
    found = engine_id(state)
    assert engine_id(state) == found
    (state / "cluster" / "engine").write_text("nonsense")
    assert len(engine_id(state)) == 32


def test_loopback_is_known() -> None:
    assert [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "10.0.0.1", "host")] == [True] * 3 + [
        False
    ] * 2
