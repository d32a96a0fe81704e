"""A release says the same of itself everywhere, and is only kept if it can be built again."""

import hashlib
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts import dist
from tests.places import DOCS, ROOT

SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT, SDIST = SETTINGS["project"], SETTINGS["tool"]["hatch"]["build"]["targets"]["sdist"]
KINDS = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]
"""Of Keep a Changelog, in its order."""


def test_the_changelog_begins_with_what_comes_next_and_the_version_that_this_is() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert versions[0] == "[Unreleased]"
    dated = [re.fullmatch(r"\[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)", heading) for heading in versions[1:]]
    assert all(dated), versions
    released = [(match[1], match[2]) for match in dated if match]
    assert released[0][0] == PROJECT["version"]
    assert [day for _, day in released] == sorted((day for _, day in released), reverse=True)


def test_each_version_has_each_kind_of_change_once_and_in_order() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        kinds = re.findall(r"^### (.*)$", section, re.MULTILINE)
        assert kinds == [kind for kind in KINDS if kind in kinds], section.splitlines()[0]


def test_an_example_that_names_a_version_names_this_one() -> None:
    shown = re.findall(r'"version": "([^"]*)"', (DOCS / "configuration.md").read_text(encoding="utf-8"))
    assert set(shown) == {PROJECT["version"]}


def test_the_version_that_this_is_gets_fixes() -> None:
    policy = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    major, minor, _ = PROJECT["version"].split(".")
    assert re.findall(r"^\| (\S+) \| yes \|$", policy, re.MULTILINE) == [f"{major}.{minor}.x"]


@pytest.mark.parametrize("page", ["README.md", "SECURITY.md", "docs/releases.md"])
def test_what_is_linked_is_there(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    links = [link.partition("#") for link in re.findall(r"\]\(([^):]*)\)", text)]
    for name, _, section in links:
        target = (ROOT / page).parent / name
        assert target.is_file(), name
        if section:
            headings = re.findall(r"^##+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert section in [heading.lower().replace(" ", "-") for heading in headings], section


def test_an_sdist_has_what_it_is_said_to_have_and_no_document_of_whoever_builds_it() -> None:
    included = SDIST["only-include"]
    assert [name for name in included if not (ROOT / name).exists()] == []
    assert {"engine", "tui", "tests", "docs", "scripts", "benchmarks"} <= set(included)
    assert not {"input", "output", "."} & set(included)
    shown = {
        (page.parent / picture).relative_to(ROOT).as_posix()
        for page in (ROOT / "README.md", *DOCS.glob("*.md"))
        for picture in re.findall(r"!\[[^]]*\]\(([^)]*)\)", page.read_text(encoding="utf-8"))
    }
    assert {f"!/{picture}" for picture in shown} == set(SDIST["exclude"][1:])


@pytest.fixture
def builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What comes of each build, instead of one."""
    contents: list[bytes] = []
    made: Iterator[bytes] = (content for content in contents)

    def build(folder: Path, umask: int, environment: dict[str, str]) -> Path:
        assert environment["SOURCE_DATE_EPOCH"] == "1700000000"
        folder.mkdir(parents=True)
        (folder / "hotfolio.whl").write_bytes(next(made))
        return folder

    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    monkeypatch.setattr(dist, "DIST", tmp_path / "dist")
    monkeypatch.setattr(dist, "version", lambda name: "1")
    monkeypatch.setattr(dist, "_git", lambda *arguments: b"")
    monkeypatch.setattr(dist, "_build", build)
    return contents


def test_builds_that_are_the_same_are_kept_with_their_sums(builds: list[bytes], tmp_path: Path) -> None:
    builds += [b"wheel", b"wheel"]
    assert dist.main() == 0
    assert (tmp_path / "dist" / "hotfolio.whl").read_bytes() == b"wheel"
    digest = hashlib.sha256(b"wheel").hexdigest()
    assert (tmp_path / "dist" / "SHA256SUMS").read_text() == f"{digest}  hotfolio.whl\n"


def test_builds_that_differ_are_not_kept(
    builds: list[bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    builds += [b"wheel", b"another"]
    assert dist.main() == 1
    assert not (tmp_path / "dist").exists()
    assert "not the same: hotfolio.whl" in capsys.readouterr().err
