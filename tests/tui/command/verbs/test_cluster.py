"""A cluster is made, and a machine invited, from the command line."""

from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import Result
from typer.testing import CliRunner

from engine.job.machines import NodeSnapshot, NodeState
from engine.job.snapshot import Banner
from tui.command.cli import app
from tui.command.verbs.cluster import standing_of

with_a_cluster = pytest.mark.skipif(
    not (find_spec("cryptography") and find_spec("distributed")), reason="needs hotfolio[cluster]"
)


def hotfolio(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--state", str(folder / "state"), "--output", str(folder / "output")])


@with_a_cluster
def test_a_cluster_is_made_and_a_machine_invited(tmp_path: Path) -> None:
    made = hotfolio(tmp_path, "cluster", "init", "--host", "127.0.0.1", "--port", "9786")
    assert made.exit_code == 0, made.output
    assert "tls://127.0.0.1:9786" in made.output
    again = hotfolio(tmp_path, "cluster", "init", "--host", "127.0.0.1")
    assert again.exit_code == 2
    assert "There is a cluster already" in again.output
    file = tmp_path / "desk2.join"
    invited = hotfolio(tmp_path, "cluster", "invite", "desk2", "--file", str(file))
    assert invited.exit_code == 0, invited.output
    assert "hotfolio worker --join desk2.join" in invited.output
    assert file.stat().st_mode & 0o777 == 0o600


@with_a_cluster
def test_what_is_no_address_or_no_name_is_a_sentence(tmp_path: Path) -> None:
    refused = hotfolio(tmp_path, "cluster", "init", "--at", "tcp://127.0.0.1:8786")
    assert (refused.exit_code, "is no address of a cluster" in refused.output) == (2, True)
    missing = hotfolio(tmp_path, "cluster", "invite", "desk2", "--file", str(tmp_path / "x"))
    assert (missing.exit_code, "hotfolio cluster init" in missing.output) == (2, True)
    none = CliRunner().invoke(app, ["worker", "--join", str(tmp_path / "none")])
    assert (none.exit_code, "No such file" in none.output) == (2, True)


def test_how_a_cluster_stands_is_a_sentence() -> None:
    node = NodeSnapshot("desk2", NodeState.READY, "", 8, 8, 1204, 0.1, 0.002, 48 << 20, 1 << 40, 2 << 30, 0)
    vitals = SimpleNamespace(nodes=(), banners=())
    assert "hotfolio serve --cluster" in standing_of(vitals, uses_it=False)
    assert standing_of(vitals, uses_it=True) == "No node has joined."
    vitals.nodes = (node,)
    assert standing_of(vitals, uses_it=True) == "1 node joined."
    vitals.banners = (Banner("disk", "Full."), Banner("cluster", "The scheduler does not answer."))
    assert standing_of(vitals, uses_it=True) == "The scheduler does not answer."
