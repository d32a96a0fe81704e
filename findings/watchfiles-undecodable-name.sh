#!/usr/bin/env bash
# watchfiles 1.3.0 (PyPI), Linux.
# Expected: a file whose name is not UTF-8, which is an ordinary name on Linux (scanners and old archives make them), is one
#   event among others; `os.fsdecode` has a form for every name.
# Seen: the first such name ends `watch()` with an exception, so a folder that is watched is watched no more, and events of
#   other files that came with it are lost. A hot folder has to see to such names by itself, and to a scan besides.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check watchfiles==1.3.0 2>/dev/null

cat > "$place/look.py" <<'PY'
import os
import sys
import threading
import time
from importlib.metadata import version
from pathlib import Path

from watchfiles import watch

folder = Path(sys.argv[1], "in")
folder.mkdir()
is_over = threading.Event()


def write() -> None:
    number = 0
    while not is_over.wait(0.3):  # until the watch is up, and after the name that it cannot read
        number += 1
        (folder / f"plain-{number}.pdf").touch()
        if number == 8:
            Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.pdf")).touch()


threading.Thread(target=write, daemon=True).start()
seen, ended = 0, ""
begun = time.monotonic()
try:
    for changes in watch(folder, stop_event=is_over, debounce=50, step=10):
        seen += len(changes)
        if time.monotonic() - begun > 20:
            break
except BaseException as error:
    ended = f"{type(error).__name__}: {error}".replace(str(folder), "FOLDER")
is_over.set()
print(f"watchfiles {version('watchfiles')}: {seen} events, then {ended or 'still watching'}")
sys.exit(not (seen and "decode" in ended.lower()))
PY
if "$place/venv/bin/python" "$place/look.py" "$place"; then echo "as stated"; else echo "CHANGED: not what is stated any more"; exit 1; fi
