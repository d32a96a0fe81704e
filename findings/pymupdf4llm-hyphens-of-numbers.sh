#!/usr/bin/env bash
# pymupdf4llm 2.0, pymupdf 2.0 and pymupdf_layout 2.0 (PyPI): a hyphen at the end of a line.
# Expected: a word that was broken is joined; a hyphen that belongs to what is written stays, above all that between numbers,
#   of a compound whose second part has a capital, and of the first half of a pair ("pre- and post-war").
# Seen: every hyphen at a line's end goes, and with it what was between the two: the years 1914-1918 become 19141918, 100-200
#   crowns become 100200 crowns, AB-1234 becomes AB1234, Baden-Baden BadenBaden, and "pre- and post-war" is "preand post-war".
#   `get_text` keeps them all; Markdown with and without the layout, and plain text, do not.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check \
  pymupdf==2.0 pymupdf4llm==2.0 pymupdf_layout==2.0 2>/dev/null

cat > "$place/look.py" <<'PY'
import os
import sys
from importlib.metadata import version

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import pymupdf
import pymupdf4llm

LINES = [
    "The war that the town remembers best was fought in 1914-",
    "1918, and a house that had cost its owner no more than 100-",
    "200 crowns was sold for ten times that sum in the pre-",
    "and post-war years, most of all in the town of Baden-",
    "Baden, where the engine that was given the number AB-",
    "1234 was built and where it stands until this day.",
]
RUN_TOGETHER = ["19141918", "100200", "preand", "BadenBaden", "AB1234"]


def made():
    document = pymupdf.open()
    page = document.new_page(width=600, height=400)
    for number, line in enumerate(LINES):
        page.insert_text((80, 80 + 14 * number), line)
    return pymupdf.open("pdf", document.tobytes())


texts = {"get_text": made()[0].get_text()}
for with_layout in (True, False):
    pymupdf4llm.use_layout(with_layout)
    options = {"use_ocr": False} if with_layout else {}
    texts[f"Markdown {'with' if with_layout else 'without'} layout"] = pymupdf4llm.to_markdown(made(), **options)
    if with_layout:
        texts["text"] = pymupdf4llm.to_text(made(), **options)
found = {name: [word for word in RUN_TOGETHER if word in text] for name, text in texts.items()}
for name, words in found.items():
    print(f"pymupdf4llm {version('pymupdf4llm')}, {name}: {words}")
as_stated = found.pop("get_text") == [] and all(words == RUN_TOGETHER for words in found.values())
print("as stated" if as_stated else "CHANGED: not what is stated any more")
sys.exit(not as_stated)
PY
"$place/venv/bin/python" "$place/look.py"
