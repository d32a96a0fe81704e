#!/usr/bin/env bash
# pymupdf4llm 2.0, pymupdf 2.0 and pymupdf_layout 2.0 (PyPI): Markdown of a page whose text lies sideways.
# Expected: a page that holds a wide table or a drawing is often laid on its side, its text running upwards. `get_text` has
#   that text, and so, one would think, have Markdown, plain text and JSON; or something says that it is left out.
# Seen: `to_markdown` and `to_text` give the empty string and `to_json` boxes without a line, in silence, if the text as
#   it is shown runs upwards, downwards or upside down, be it drawn so or by the page's /Rotate. Upright they have it all.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check \
  pymupdf==2.0 pymupdf4llm==2.0 pymupdf_layout==2.0 2>/dev/null

cat > "$place/look.py" <<'PY'
import json
import os
import sys
from importlib.metadata import version

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import pymupdf
import pymupdf4llm

LINES = ["Harvest of the year", *(f"Field {n} gave {n * 7} sacks of rye and some of oats." for n in range(1, 13))]


def page(drawn: int, rotated: int) -> pymupdf.Document:
    """One page; text is drawn turned by so many degrees, and the page is shown turned by so many."""
    document = pymupdf.open()
    sheet = document.new_page(width=600, height=600)
    turn = pymupdf.Matrix(1, 0, 0, 1, -300, -300) * pymupdf.Matrix(-drawn) * pymupdf.Matrix(1, 0, 0, 1, 300, 300)
    for number, line in enumerate(LINES):
        sheet.insert_text(pymupdf.Point(80, 100 + 20 * number) * turn, line, rotate=drawn)
    sheet.set_rotation(rotated)
    return pymupdf.open("pdf", document.tobytes())


def letters(drawn: int, rotated: int) -> tuple[int, int, int, int]:
    """Of `get_text`, Markdown, text and JSON."""
    marked = pymupdf4llm.to_markdown(page(drawn, rotated), use_ocr=False)
    text = pymupdf4llm.to_text(page(drawn, rotated), use_ocr=False)
    boxes = json.loads(pymupdf4llm.to_json(page(drawn, rotated), use_ocr=False))["pages"][0]["boxes"]
    spans = [span["text"] for box in boxes for line in box["textlines"] or () for span in line["spans"]]
    return len(page(drawn, rotated)[0].get_text()), len(marked.strip()), len(text.strip()), len("".join(spans))


as_stated = True
for drawn, rotated in [(0, 0), (90, 90), (90, 0), (180, 0), (270, 0), (0, 90), (0, 180)]:
    of_page, *others = letters(drawn, rotated)
    print(
        f"pymupdf4llm {version('pymupdf4llm')}, text drawn at {drawn}, /Rotate {rotated}: "
        f"get_text {of_page} letters, Markdown {others[0]}, text {others[1]}, JSON {others[2]}"
    )
    is_upright = drawn == rotated
    as_stated &= of_page > 500 and (min(others) > 400 if is_upright else not any(others))
print("as stated" if as_stated else "CHANGED: not what is stated any more")
sys.exit(not as_stated)
PY
"$place/venv/bin/python" "$place/look.py"
