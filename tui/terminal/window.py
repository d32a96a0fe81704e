"""What the terminal's window shows besides its cells: a title, and how far the work is."""

import os
from collections.abc import Mapping

_TITLED = ("xterm", "tmux", "screen", "rxvt", "alacritty", "contour", "foot", "konsole", "kitty", "ghostty", "wezterm")
_VTE_SHOWS_PROGRESS = 8000
"""Version 0.80, as the variable has it."""


class Window:
    """Makes the sequences to be sent, each only when it says something new; nothing where it could do harm."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        environ = os.environ if environ is None else environ
        self._has_title = environ.get("TERM", "").startswith(_TITLED) or "WT_SESSION" in environ
        self._has_progress = shows_progress(environ)
        self._title: str | None = None
        self._progress: tuple[int, bool] | None = None

    def show(self, title: str, percent: int | None, *, is_paused: bool = False) -> str:
        """The title, of printable characters, and how far the work is; None while there is none."""
        sent = ""
        if self._has_title and title != self._title:
            sent += "\x1b[22;0t" if self._title is None else ""  # so that the title of before is put back
            sent += f"\x1b]2;{title}\x07"
            self._title = title
        progress = None if percent is None else (percent, is_paused)
        if self._has_progress and progress != self._progress:
            sent += _NO_PROGRESS if percent is None else f"\x1b]9;4;{4 if is_paused else 1};{percent}\x07"
            self._progress = progress
        return sent

    def leave(self) -> str:
        """Put back what was there before."""
        sent = "\x1b[23;0t" if self._title is not None else ""
        sent += _NO_PROGRESS if self._progress is not None else ""
        self._title = self._progress = None
        return sent


_NO_PROGRESS = "\x1b]9;4;0\x07"


def shows_progress(environ: Mapping[str, str]) -> bool:
    """Whether the terminal takes OSC 9;4 for progress; for others OSC 9 is a notification, whatever it says.

    Windows Terminal, ConEmu, Ghostty and VTE from 0.80 on do, if nothing stands in between that may know it otherwise.
    """
    if "TMUX" in environ or "STY" in environ:
        return False
    vte = environ.get("VTE_VERSION", "")
    return (
        "WT_SESSION" in environ
        or environ.get("ConEmuANSI") == "ON"
        or "ghostty" in environ.get("TERM", "") + environ.get("TERM_PROGRAM", "").lower()
        or (vte.isascii() and vte.isdigit() and int(vte) >= _VTE_SHOWS_PROGRESS)
    )
