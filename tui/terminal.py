"""What the terminal can do. Import this before Textual, which reads its environment when it is imported."""

import codecs
import locale
import os
from collections.abc import Mapping

# Frames are sent only when something has changed. A key that comes right behind a frame may wait for two: with four
# workers busy the slowest key in a hundred took 76 ms at 20 frames a second, 36 to 63 ms at 30 (five runs) and 19 to
# 24 ms at 60 (two runs), for 14.3 instead of 12.5 KB/s while keys are pressed (`benchmarks/key_latency.py`).
os.environ.setdefault("TEXTUAL_FPS", "60")
# An animation is nothing but frames that say nothing new.
os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")

_NO_SYMBOLS = ("linux", "dumb", "vt100", "vt220", "cons25")
_FEW_COLOURS = ("linux", "dumb", "vt100", "vt220", "cons25", "xterm", "screen", "ansi", "xterm-color")


def can_show_unicode(environ: Mapping[str, str] | None = None, encoding: str | None = None) -> bool:
    """Whether block and line symbols come out right: UTF-8, and a font that goes beyond a console's 256 glyphs."""
    environ = os.environ if environ is None else environ
    encoding = locale.getpreferredencoding(False) if encoding is None else encoding
    try:
        is_utf8 = codecs.lookup(encoding).name == "utf-8"
    except LookupError:
        return False
    return is_utf8 and environ.get("TERM", "") not in _NO_SYMBOLS


def has_few_colours(environ: Mapping[str, str] | None = None) -> bool:
    """Whether only the terminal's own 16 colours should be used, or, with `NO_COLOR`, none."""
    environ = os.environ if environ is None else environ
    if "NO_COLOR" in environ:
        return True
    return environ.get("TERM", "") in _FEW_COLOURS and environ.get("COLORTERM", "") not in ("truecolor", "24bit")
