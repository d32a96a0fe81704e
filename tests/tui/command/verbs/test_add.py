"""What is added to the queue, and how it is converted."""

import pytest

from engine.base.errors import HotfolioError
from engine.job.job import MAX_PRIORITY
from engine.settings.loading import COMMAND_LINE, LoadedSettings
from engine.settings.settings import Settings
from tests import pdfs
from tests.tui.command.conftest import Running
from tui.command.reach import OK
from tui.command.verbs.add import submit


def test_what_is_added_is_converted_as_the_engine_would_but_for_what_the_command_line_says(running: Running) -> None:
    file = running.settings.output / "a.pdf"
    file.write_bytes(pdfs.text_pages(1))
    other = Settings(output=running.settings.output, ocr="force", dpi=300)
    loaded = LoadedSettings(other, {"output": COMMAND_LINE, "ocr": COMMAND_LINE, "dpi": "hotfolio.toml"})
    assert submit(lambda: loaded, [file], None, "", again=False, waits=False, as_json=True) == OK
    (entry,) = running.engine.select()
    options = entry.job.options
    assert ([*options.formats], options.ocr, options.dpi) == (["json"], "force", 100)


def test_nothing_is_queued_with_a_priority_that_cannot_be(running: Running) -> None:
    file = running.settings.output / "a.pdf"
    file.write_bytes(pdfs.text_pages(1))
    with pytest.raises(HotfolioError, match="A priority is between"):
        submit(running.load, [file], MAX_PRIORITY + 1, "", again=False, waits=False, as_json=True)
    assert running.engine.select() == []
