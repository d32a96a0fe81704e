"""What others run hotfolio with: each file fits the program, and one page of the docs says what it is for."""

import configparser
import re
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml
from typer.core import TyperGroup

from engine.settings.loading import load_settings
from tests.places import DEPLOY, DOCS, ROOT
from tui.command.cli import app

UNITS = sorted(DEPLOY.glob("systemd/*/*.service"))
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
CONTAINERFILE = (DEPLOY / "Containerfile").read_text()


def assert_is_a_command(words: list[str]) -> None:
    """Whether the command line has these options."""
    command = typer.main.get_group(app)
    assert isinstance(command, TyperGroup)
    assert Path(words[0]).name == "hotfolio"
    options = {option for parameter in command.commands[words[1]].params for option in parameter.opts}
    assert {word for word in words if word.startswith("-")} <= options


@pytest.mark.parametrize(
    "file", [f for f in DEPLOY.rglob("*") if f.is_file()], ids=lambda file: str(file.relative_to(DEPLOY))
)
def test_one_page_says_what_a_file_is_for(file: Path) -> None:
    name = f"../{file.relative_to(ROOT)}"
    folder = f"../{file.parent.relative_to(ROOT)}/"
    pages = [
        page.name for page in DOCS.glob("*.md") if f"({name})" in (text := page.read_text()) or f"({folder})" in text
    ]
    assert len(pages) == 1


@pytest.mark.parametrize("file", UNITS, ids=lambda file: file.parent.name)
def test_a_unit_starts_the_engine_with_options_that_there_are(file: Path) -> None:
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # as the keys are written
    unit.read(file)
    assert unit["Service"]["Type"] == "notify"
    assert_is_a_command(unit["Service"]["ExecStart"].split())


def test_the_container_has_what_the_wheel_is_built_of() -> None:
    copied = re.findall(r"^COPY (?!--)(.+) \S+$", CONTAINERFILE, re.MULTILINE)
    assert all((ROOT / name).exists() for names in copied for name in names.split())
    assert {"pyproject.toml", "README.md", "LICENSE", "docs/hotfolio.1", "engine", "tui"} == {
        name for names in copied for name in names.split()
    }
    for command in re.findall(r"^(?:CMD|HEALTHCHECK .*CMD) \[(.*)\]$", CONTAINERFILE, re.MULTILINE):
        assert_is_a_command(re.findall(r'"(.*?)"', command))


def test_the_composed_services_reach_each_other(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    engine, webui = COMPOSE["services"]["hotfolio"], COMPOSE["services"]["open-webui"]
    assert (DEPLOY / engine["build"]["context"] / engine["build"]["dockerfile"]).exists()
    monkeypatch.chdir(tmp_path)
    for name, value in engine["environment"].items():
        monkeypatch.setenv(name, value)
    settings = load_settings({}, None).settings
    assert settings.api_names == ("hotfolio",)
    (network,) = settings.trusted_clients
    assert str(network) == COMPOSE["networks"]["documents"]["ipam"]["config"][0]["subnet"]
    port = re.search(r"^EXPOSE (\d+)$", CONTAINERFILE, re.MULTILINE)
    assert port is not None
    assert webui["environment"]["DOCLING_SERVER_URL"] == f"http://hotfolio:{port[1]}"
