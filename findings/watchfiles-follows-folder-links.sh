#!/usr/bin/env bash
# watchfiles 1.3.0 (PyPI), on Linux.
# Expected: a recursive watch stays in the folder that it is given, as os.walk and inotifywait -r do: a symbolic link to a
#   folder in it is an entry like any other, and what happens behind it is not looked at.
# Seen: it goes through such a link and watches the folders behind it. A file that is made outside is reported by its path
#   through the link, as if it were inside. No argument of watch() turns that off; who wants to stay inside watches folder
#   by folder with recursive=False, or looks at each path for links.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check watchfiles==1.3.0 2>/dev/null

cat > "$place/look.py" <<'PY'
import os
import pathlib
import sys
import threading
from importlib.metadata import version

from watchfiles import watch

place = pathlib.Path(sys.argv[1])
inside, outside = place / "inside", place / "outside"
(outside / "deep").mkdir(parents=True)
inside.mkdir()
(inside / "link").symlink_to(outside)
walked = [folder for folder, _, _ in os.walk(inside)]
stop = threading.Event()
threading.Timer(15, stop.set).start()
seen: set[str] = set()
# What is made again and again is seen, however long the watch takes to begin.
made = 0


def make() -> None:
    global made
    while not stop.wait(0.2):
        made += 1
        (outside / "deep" / f"{made}.pdf").write_bytes(b"x")


maker = threading.Thread(target=make)
maker.start()
for changes in watch(inside, recursive=True, stop_event=stop):
    seen |= {str(pathlib.Path(path).relative_to(place)) for _, path in changes}
    stop.set()
maker.join()
through = sorted(path for path in seen if path.startswith("inside/link/deep/"))
print(f"watchfiles {version('watchfiles')}: os.walk sees {len(walked)} folder; reported from outside: {through[:2]}")
as_stated = walked == [str(inside)] and bool(through)
print("as stated" if as_stated else "CHANGED: not what is stated any more")
os._exit(not as_stated)
PY
"$place/venv/bin/python" "$place/look.py" "$place"
