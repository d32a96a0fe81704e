"""The manual page, which the wheel brings."""

import shutil
import subprocess

import pytest

from scripts.make_manpage import PAGE, page


def test_it_says_what_help_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make manpage`"


@pytest.mark.skipif(shutil.which("groff") is None, reason="needs groff")
def test_groff_has_nothing_to_remark() -> None:
    read = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z", PAGE], capture_output=True, text=True, check=True)
    assert read.stderr == ""
