"""What a release says of itself in more than one place is the same everywhere."""

import re
import tomllib

from tests.places import DOCS, ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
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
