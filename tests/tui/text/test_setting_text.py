"""How settings are shown to people and given to programs."""

import os
from pathlib import Path

from engine.settings.settings import Settings
from tui.text.setting_text import setting_texts, setting_values


def test_people_and_programs_are_told_of_the_same_settings() -> None:
    settings = Settings(formats="md,txt", output=Path("results"), max_upload="1 GiB", duplicates="skip")
    texts, values = setting_texts(settings), setting_values(settings)
    assert [*texts] == [*values]
    assert (texts["formats"], values["formats"]) == ("md, txt", ["md", "txt"])
    assert (texts["max_upload"], values["max_upload"]) == ("1.0GiB", 1 << 30)
    assert (texts["pages"], values["pages"]) == ("-", None)
    assert texts["state"] == values["state"] == os.fspath(settings.state_folder)


def test_a_path_that_is_no_text_is_shown_as_everywhere() -> None:
    values = setting_values(Settings(output=Path(os.fsdecode(b"caf\xe9\x1b"))))
    assert values["output"] == r"caf\xe9\x1b"
