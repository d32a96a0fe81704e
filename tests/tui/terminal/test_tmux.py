"""What tmux says of what is around it, by its own command."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.terminal import Terminal
from tui.terminal.tmux import Around, ask_tmux, passed_on, read_answer


def test_what_is_to_be_passed_on_is_wrapped() -> None:
    assert passed_on("\x1b[c\x07") == "\x1bPtmux;\x1b\x1b[c\x07\x1b\\"


@pytest.mark.parametrize(
    ("answer", "around"),
    [
        ("1\nkitty(0.39.1)\tRGB,title\t10\t20\n", Around(True, ("kitty(0.39.1)",), False, (10, 20))),
        ("all\nfoot\tsixel\t9\t18\nfoot\tsixel,RGB\t9\t19\n", Around(True, ("foot", "foot"), True, None)),
        ("0\n\t\t\t\n", Around(False, ("",), False, None)),
        ("off\n", None),
        ("", None),
        ("1\nwhat is this?\n", None),
    ],
)
def test_its_answer_is_read(answer: str, around: Around | None) -> None:
    assert read_answer(answer) == around


def test_without_tmux_nothing_is_asked() -> None:
    assert ask_tmux({}) is None
    assert ask_tmux({"TMUX": "/nowhere/tmux,1,0", "TMUX_PANE": "%0", "PATH": "/nowhere"}) is None


@pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux")
def test_a_real_one_is_asked(tmp_path: Path) -> None:
    place, said = tmp_path / "socket", tmp_path / "said"
    run = ["tmux", "-f", "/dev/null", "-S", str(place)]
    show = f'echo "$TMUX $TMUX_PANE" > {said}; sleep 600'
    with Terminal([shutil.which("tmux") or "", *run[1:], "new-session", show], tmp_path) as terminal:
        try:
            terminal.wait_until(lambda: said.exists() and said.read_text().endswith("\n"), "a pane")
            subprocess.run([*run, "set", "-g", "allow-passthrough", "on"], check=True)
            tmux, pane = said.read_text().split()
            found = ask_tmux({"TMUX": tmux, "TMUX_PANE": pane, "PATH": os.environ["PATH"]})
            assert found is not None
            assert found.passes_on
            assert len(found.terminals) == 1
        finally:
            subprocess.run([*run, "kill-server"], check=False)
