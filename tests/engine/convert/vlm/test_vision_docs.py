"""What docs/vision-model.md shows can be used as it stands."""

import re
from pathlib import Path

import pytest

from engine.convert.vlm.asking import DPI, LONGEST_SIDE
from engine.convert.vlm.prompts import load
from engine.job.options import VLM_ATTEMPTS, ConverterName, ConvertOptions, PromptMode
from engine.settings.loading import load_settings
from engine.settings.settings import Settings
from tests.places import DOCS
from tui.command.flags import _OPTIONS

PAGE = (DOCS / "vision-model.md").read_text()
SETTINGS, PROMPTS = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


def test_the_settings_can_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "hotfolio.toml"
    file.write_text(SETTINGS)
    settings = load_settings(config=file).settings
    assert settings.converter is ConverterName.LOCAL
    scans = settings.options_of("scans")
    assert (scans.converter, scans.vlm_timeout, scans.vlm_model) == (ConverterName.VLM, 180, "model")
    assert settings.hot_folders[1].options == scans


def test_the_prompts_can_be_used(tmp_path: Path) -> None:
    file = tmp_path / "prompts.toml"
    file.write_text(PROMPTS)
    prompts = load(file)
    assert prompts.box(10, 20, (1, 2, 3, 4)).endswith("within [1, 2, 3, 4], in pixels of a picture of 10 by 20.")
    assert prompts.texts[PromptMode.OCR].startswith("Extract")


def test_the_options_and_defaults_are_those_there_are() -> None:
    given = [option.kind.__metadata__[0] for option in _OPTIONS.values()]
    declared = str([(option.default, *option.param_decls) for option in given])
    for flag in re.findall(r"^hotfolio convert .*", PAGE, re.MULTILINE)[0].split():
        assert not flag.startswith("--") or f"'{flag}'" in declared
    rows = dict(re.findall(r"^\| `(\w+)` \| `?([^|`]+?)`? \|", PAGE.partition("## What is asked for")[0], re.MULTILINE))
    assert len(rows) == 7
    for name, default in rows.items():
        value = getattr(Settings(), name)
        assert default == ("none" if value is None else f"{value:g}" if isinstance(value, float) else str(value))
    assert all(mode in PAGE for mode in PromptMode)
    assert f"{DPI} DPI" in PAGE
    assert f"{LONGEST_SIDE} pixels" in PAGE
    assert VLM_ATTEMPTS == 4


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("vlm_url", "localhost:8000", "give a URL that begins with http:// or https://"),
        ("vlm_url", "file:///etc/passwd", "give a URL that begins with http:// or https://"),
        ("vlm_url", "http://", "give a URL that begins with http:// or https://"),
        ("vlm_url", "http://[::1", "give a URL that begins with http:// or https://"),
        ("vlm_url", "http://host:99999/v1", "give a URL that begins with http:// or https://"),
        ("vlm_url", "http://a b/v1", "give a URL that begins with http:// or https://"),
        ("vlm_url", "https://me:secret@host/v1", "give the key in HOTFOLIO_VLM_KEY, not in the URL"),
        ("vlm_url", "https://host/v1#x", "give a URL without a #"),
        ("vlm_model", " ", "give the name that the server has for the model"),
        ("vlm_model", "a\nb", "give the name that the server has for the model"),
    ],
)
def test_an_address_or_a_name_that_cannot_be_one_is_refused(name: str, value: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ConvertOptions.model_validate({name: value})


def test_a_file_of_prompts_is_looked_for_where_it_was_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    options = ConvertOptions(vlm_prompts=Path("prompts.toml"))
    assert options.vlm_prompts == tmp_path / "prompts.toml"
