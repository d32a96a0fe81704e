"""What the documentation shows of settings is true: every example loads, every setting is there with its default."""

import re
from pathlib import Path

import pytest

from engine.job import formats
from engine.settings.live import AT_START
from engine.settings.loading import load_settings
from engine.settings.settings import Settings
from tests.places import DOCS

CONFIGURATION = (DOCS / "configuration.md").read_text(encoding="utf-8")
EXAMPLES = [
    pytest.param(text, id=f"{file.stem}-{number}")
    for file in sorted(DOCS.glob("*.md"))
    if file.stem not in ("vision-model", "extending")  # which show other files too, and have tests of their own
    for number, text in enumerate(re.findall(r"```toml\n(.*?)```", file.read_text(encoding="utf-8"), re.DOTALL), 1)
]


@pytest.mark.parametrize("text", EXAMPLES)
def test_every_settings_file_that_is_shown_can_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "hotfolio.toml"
    file.write_text(text, encoding="utf-8")
    loaded = load_settings(config=file)
    assert loaded.origins
    for folder in loaded.settings.hot_folders:
        assert folder.options


def test_every_setting_is_in_the_table() -> None:
    first_cells = re.findall(r"^\| ([^|]*) \|", CONFIGURATION, re.MULTILINE)
    named = {name for cell in first_cells for name in re.findall(r"`\[*([a-z_]+)", cell)}
    assert set(Settings.model_fields) - named == set()


def test_every_format_is_named() -> None:
    (row,) = re.findall(r"^\| `formats` \|.*$", CONFIGURATION, re.MULTILINE)
    assert set(re.findall(r"[\w-]+", row)) >= set(formats.names())


def test_what_waits_for_a_start_is_named() -> None:
    (section,) = re.findall(r"## Changes while it runs\n(.*?)\n## ", CONFIGURATION, re.DOTALL)
    for name in AT_START:
        assert f"`{name}`" in section or (name.startswith("api_") and "`api_*`" in section), name
