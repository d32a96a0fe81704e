"""Title and progress of the terminal's window."""

import pytest

from tui.terminal.window import Window, shows_progress


def test_a_title_is_sent_when_it_is_new_and_the_one_of_before_is_put_back() -> None:
    window = Window({"TERM": "xterm-256color"})
    assert window.show("one", 3) == "\x1b[22;0t\x1b]2;one\x07"
    assert window.show("one", 4) == ""
    assert window.show("two", None) == "\x1b]2;two\x07"
    assert window.leave() == "\x1b[23;0t"
    assert window.leave() == ""


def test_progress_is_sent_where_it_is_known_to_be_progress() -> None:
    window = Window({"TERM": "unheard-of", "WT_SESSION": "1"})
    assert window.show("t", 7).endswith("\x1b]9;4;1;7\x07")
    assert window.show("t", 7) == ""
    assert window.show("t", 7, is_paused=True) == "\x1b]9;4;4;7\x07"
    assert window.show("t", None) == "\x1b]9;4;0\x07"
    window.show("t", 1)
    assert window.leave() == "\x1b[23;0t\x1b]9;4;0\x07"


@pytest.mark.parametrize(
    ("environ", "does"),
    [
        ({"TERM": "xterm-256color"}, False),
        ({"TERM": "xterm-kitty"}, False),
        ({"TERM_PROGRAM": "iTerm.app", "TERM": "xterm-256color"}, False),
        ({"TERM": "xterm-ghostty"}, True),
        ({"TERM": "xterm-ghostty", "TMUX": "/tmp/tmux"}, False),
        ({"VTE_VERSION": "7802"}, False),
        ({"VTE_VERSION": "8000"}, True),
        ({"VTE_VERSION": "nonsense"}, False),
        ({"ConEmuANSI": "ON"}, True),
    ],
)
def test_nothing_is_sent_that_another_terminal_takes_for_a_notification(environ: dict[str, str], does: bool) -> None:
    assert shows_progress(environ) is does


def test_a_terminal_that_nothing_is_known_of_gets_nothing() -> None:
    window = Window({"TERM": "linux"})
    assert window.show("t", 5) + window.leave() == ""
