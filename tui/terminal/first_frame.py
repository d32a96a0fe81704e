"""The first thing on the screen: it is drawn before the user interface is loaded, and before there is an engine."""

import contextlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from engine.base.safetext import display_name

_ON, _OFF = "\x1b[?1049h\x1b[2J", "\x1b[?1049l"
"""The terminal's other screen, on which the dashboard is drawn too; what was there before comes back."""


@contextlib.contextmanager
def first_frame(output: Path) -> Iterator[None]:
    """Say at once what is to come, and where results will be; if no dashboard takes over, nothing of it stays."""
    width = max(shutil.get_terminal_size().columns - 1, 1)
    lines = [" hotfolio", "", " Starting the engine. Results appear in", f" {display_name(output.absolute())}"]
    shown = [line.encode("ascii", "replace").decode()[:width] for line in lines]
    _write(_ON + "".join(f"\x1b[{row};1H{line}" for row, line in enumerate(shown, start=1)))
    try:
        yield
    except BaseException:
        _write(_OFF)
        raise


def _write(text: str) -> None:
    with contextlib.suppress(OSError, ValueError):  # the terminal may be gone; the dashboard will find out
        sys.stdout.write(text)
        sys.stdout.flush()
