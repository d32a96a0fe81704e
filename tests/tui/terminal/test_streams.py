"""What a command does when what it prints to is not there, or takes little."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


def run(folder: Path, shell: str, **env: str) -> tuple[int, str]:
    done = subprocess.run(
        ["sh", "-c", f'"{sys.executable}" -m tui {shell}'],
        cwd=folder,
        env=os.environ | env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_closed_streams_change_nothing(tmp_path: Path) -> None:
    assert run(tmp_path, "status <&- >&- 2>&-") == (3, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has it")
def test_an_answer_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    assert run(tmp_path, "status > /dev/full") == (
        1,
        "hotfolio: The answer cannot be given: no space left on device.\n",
    )


def test_a_character_that_the_encoding_does_not_have_is_escaped(tmp_path: Path) -> None:
    code, printed = run(tmp_path, "status -o caf\u00e9", PYTHONIOENCODING="ascii")
    assert code == 3
    assert "No engine is running on caf\\xe9/.hotfolio." in printed
