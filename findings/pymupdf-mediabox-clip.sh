#!/usr/bin/env bash
# pymupdf 2.0 (PyPI): `get_text` with TEXT_MEDIABOX_CLIP, a flag that is on unless flags are given.
# Expected: by its name, it leaves out what is drawn outside the sheet (/MediaBox). Text between the sheet's edge and the
#   part that is shown (/CropBox) is asked for by `clip`, which is the shown part unless another is given.
# Seen: with the flag, what lies outside the shown part is left out as well, whatever `clip` is: an infinite one, and one that
#   lies around the very word. So a look for text that a cropped page hides finds none until the flag is taken off.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check pymupdf==2.0 2>/dev/null

cat > "$place/look.py" <<'PY'
import sys
from importlib.metadata import version

import pymupdf

document = pymupdf.open()
sheet = document.new_page(width=600, height=800)
sheet.insert_text((50, 100), "shown")
sheet.insert_text((50, 700), "cropped")
sheet.set_cropbox(pymupdf.Rect(0, 0, 600, 400))
page = pymupdf.open("pdf", document.tobytes())[0]

clips = {
    "none given": None,
    "infinite": pymupdf.INFINITE_RECT(),
    "around the word": pymupdf.Rect(0, 650, 600, 750),
}
default = pymupdf.TEXTFLAGS_TEXT
as_stated = bool(default & pymupdf.TEXT_MEDIABOX_CLIP)
for name, clip in clips.items():
    with_flag = page.get_text(clip=clip, flags=default).split()
    without = page.get_text(clip=clip, flags=default & ~pymupdf.TEXT_MEDIABOX_CLIP).split()
    print(f"pymupdf {version('pymupdf')}, clip {name}: with the flag {with_flag}, without it {without}")
    as_stated &= "cropped" not in with_flag and ("cropped" in without) is (clip is not None)
print("as stated" if as_stated else "CHANGED: not what is stated any more")
sys.exit(not as_stated)
PY
"$place/venv/bin/python" "$place/look.py"
