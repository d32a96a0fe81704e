"""What the terminal can do. Import this before Textual, which reads its environment when it is imported."""

import codecs
import locale
import os
import sys
from collections.abc import Mapping

from engine.base.errors import HotfolioError

# Frames are sent only when something has changed. A key that comes right behind a frame may wait for two: with four
# workers busy the slowest key in a hundred took 76 ms at 20 frames a second, 36 to 63 ms at 30 (five runs) and 19 to
# 24 ms at 60 (two runs), for 14.3 instead of 12.5 KB/s while keys are pressed (`benchmarks/key_latency.py`).
os.environ.setdefault("TEXTUAL_FPS", "60")
# An animation is nothing but frames that say nothing new.
os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")

_NO_SYMBOLS = ("linux", "dumb", "vt100", "vt220", "cons25")
_CANNOT_DRAW = ("dumb", "unknown")
"""Names of terminals that move no cursor, such as the shell in Emacs."""
_MANY_COLOURS = ("256color", "kitty", "direct")
"""How the names of terminals end that Rich sends more than 16 colours; `linux`, `screen`, `tmux-16color` get those."""


_TAKE_THE_CLIPBOARD = ("alacritty", "contour", "foot", "kitty", "ghostty", "rio", "wezterm")
"""In the names of terminals that put on the clipboard what they are sent (OSC 52) unless they were told not to.

xterm and iTerm2 must be told to, VTE's did not know how to before 0.82, and tmux and screen pass on to who knows what.
"""


_DRAW_SEXTANTS = ("contour", "foot", "kitty", "ghostty", "wezterm")
"""In the names of terminals that draw Unicode 13's blocks themselves, whatever the font has."""
_VTE_WITH_SEXTANTS = 6200


class TerminalUnfit(HotfolioError):
    """Nothing can be drawn on the terminal."""


def can_show_unicode(environ: Mapping[str, str] | None = None, encoding: str | None = None) -> bool:
    """Whether block and line symbols come out right: UTF-8, and a font that goes beyond a console's 256 glyphs."""
    environ = os.environ if environ is None else environ
    return _is_utf8(encoding or _encoding(environ)) and environ.get("TERM", "") not in _NO_SYMBOLS


def has_few_colours(environ: Mapping[str, str] | None = None) -> bool:
    """Whether only the terminal's own 16 colours should be used, or, with `NO_COLOR`, none."""
    environ = os.environ if environ is None else environ
    if "NO_COLOR" in environ:
        return True
    if environ.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return False
    term = environ.get("TERM", "")  # which Windows does not have
    return bool(term) and term.rpartition("-")[2] not in _MANY_COLOURS


def takes_clipboard(environ: Mapping[str, str] | None = None) -> bool:
    """Whether it is known that the terminal puts on the clipboard what it is sent; it says nothing of that itself."""
    environ = os.environ if environ is None else environ
    term, program = environ.get("TERM", ""), environ.get("TERM_PROGRAM", "").lower()
    if "TMUX" in environ or "STY" in environ or term.startswith(("tmux", "screen")):
        return False
    return "WT_SESSION" in environ or any(name in program or name in term for name in _TAKE_THE_CLIPBOARD)


def draws_sextants(environ: Mapping[str, str] | None = None) -> bool:
    """Whether it is known that blocks of two by three parts come out right."""
    environ = os.environ if environ is None else environ
    names = f"{environ.get('TERM', '')} {environ.get('TERM_PROGRAM', '')}".lower()
    vte = environ.get("VTE_VERSION", "")
    is_new_vte = vte.isdecimal() and int(vte) >= _VTE_WITH_SEXTANTS
    return is_new_vte or "WT_SESSION" in environ or any(name in names for name in _DRAW_SEXTANTS)


def check_terminal(environ: Mapping[str, str] | None = None) -> None:
    """Raises `TerminalUnfit` if nothing can be drawn on it."""
    environ = os.environ if environ is None else environ
    if environ.get("TERM") in _CANNOT_DRAW:
        raise TerminalUnfit(
            f"The dashboard cannot be drawn on this terminal (TERM={environ['TERM']}): `hotfolio run` converts, and "
            "prints what it does line by line."
        )


def _encoding(environ: Mapping[str, str]) -> str:
    """What the locale says of the terminal.

    Python's own word is no help: in the C locale it takes UTF-8 all the same, and says so in `LC_CTYPE` (PEP 538, 540).
    A locale that is not installed here, as may come with SSH, still tells the encoding by its name.
    """
    names = ("LC_ALL", "LANG") if sys.flags.utf8_mode else ("LC_ALL", "LC_CTYPE", "LANG")
    chosen = next((environ[name] for name in names if environ.get(name)), "")
    if chosen in ("C", "POSIX"):
        return "ascii"
    named = chosen.partition("@")[0].rpartition(".")[2]
    # Without a locale nothing is known, and a terminal that is not UTF-8 is the exception.
    return named if _is_known(named) else locale.getencoding() if chosen else "utf-8"


def _is_utf8(encoding: str) -> bool:
    return _is_known(encoding) and codecs.lookup(encoding).name == "utf-8"


def _is_known(encoding: str) -> bool:
    try:
        codecs.lookup(encoding)
    except (LookupError, ValueError):
        return False
    return True
