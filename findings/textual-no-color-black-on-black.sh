#!/usr/bin/env bash
# textual 8.2.8 (PyPI): the framework for terminal user interfaces; NO_COLOR (no-color.org).
# Expected: with NO_COLOR set, an app whose theme has the terminal's own colours alone (`ansi-dark`) sends no colours, and is
#   read in whatever colours the terminal has.
# Seen: that holds only if the theme is one of these before `App.__init__` is over. An app that sets `self.theme` after
#   `super().__init__()`, as each one does that lets its users choose, gets the filter that makes colours grey instead. It
#   takes the terminal's default colours, of which nothing is known, for black: all text is sent as black on black.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check textual==8.2.8 rich==15.0.0 2>/dev/null

cat > "$place/app.py" <<'PY'
from textual.app import App, ComposeResult
from textual.widgets import Static


class Hello(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.theme = "ansi-dark"

    def compose(self) -> ComposeResult:
        yield Static("Hello")

    def on_mount(self) -> None:
        self.set_timer(1.0, self.exit)


Hello().run()
PY
cat > "$place/look.py" <<'PY'
import os
import pty
import re
import sys
from importlib.metadata import version

os.environ.update(TERM="xterm-256color", COLORTERM="", NO_COLOR="1")
sent = bytearray()


def read(terminal: int) -> bytes:
    data = os.read(terminal, 65536)
    sent.extend(data)
    return b" "  # nothing of it on the terminal that this runs in


pty.spawn([sys.executable, sys.argv[1]], read)
before = bytes(sent)[: sent.index(b"Hello")]
colours = re.findall(rb"\x1b\[([0-9;]*)m", before)[-1].decode()
print(f"\ntextual {version('textual')}, NO_COLOR=1, theme ansi-dark set in __init__: text is sent with SGR {colours}")
as_stated = colours in ("30;40", "38;5;16;48;5;16", "38;5;0;48;5;0")
print("as stated: black on black" if as_stated else "CHANGED: not what is stated any more")
sys.exit(not as_stated)
PY
"$place/venv/bin/python" "$place/look.py" "$place/app.py" < /dev/null
