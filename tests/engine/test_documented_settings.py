"""The settings that docs/configuration.md shows are settings."""

import re
from pathlib import Path

import pytest

from engine.settings import load_settings

_DOCUMENT = Path(__file__).parents[2] / "docs" / "configuration.md"
_EXAMPLES = re.findall(r"^```toml\n(.*?)^```$", _DOCUMENT.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("example", _EXAMPLES)
def test_an_example_of_the_documentation_is_taken(tmp_path: Path, example: str) -> None:
    file = tmp_path / "hotfolio.toml"
    file.write_text(example, encoding="utf-8")
    assert load_settings(config=file).origins
