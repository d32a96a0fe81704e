"""What a shell is told, so that it completes what is typed."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer import _completion_shared

from tests.places import ROOT
from tui.command.completion import mend_zsh

ZSH = shutil.which("zsh")
FIRST_TAB = """
compdef() { :; }
autoload -Uz _hotfolio
words=(hotfolio pri) CURRENT=2
_hotfolio
"""


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(_completion_shared, "_completion_scripts", {**_completion_shared._completion_scripts})
    mend_zsh()
    return _completion_shared.get_completion_script(
        prog_name="hotfolio", complete_var="_HOTFOLIO_COMPLETE", shell="zsh"
    )


def test_the_file_of_zsh_calls_what_completes(script: str) -> None:
    first, *_, last = script.splitlines()
    assert (first, last) == ("#compdef hotfolio", "fi")
    assert script.count('_hotfolio_completion "$@"') == 1


@pytest.mark.skipif(ZSH is None, reason="needs zsh, which is not installed")
def test_zsh_asks_at_the_first_tab(script: str, tmp_path: Path) -> None:
    assert ZSH is not None
    (tmp_path / "_hotfolio").write_text(script)
    program = tmp_path / "hotfolio"
    program.write_text(
        f"#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -P -c "
        '\'import sys; sys.argv[0] = "hotfolio"; from tui.command.entry import main; main()\' "$@"\n'
    )
    program.chmod(0o700)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "FPATH": str(tmp_path), "HOME": str(tmp_path)}
    told = "_arguments() { print -r -- $@; }\n"
    asked = subprocess.run([ZSH, "-fc", told + FIRST_TAB], env=environment, capture_output=True, text=True, check=False)
    assert "priority" in asked.stdout, asked.stderr
