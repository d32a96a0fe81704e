#!/usr/bin/env bash
# pymupdf 2.0 (PyPI): a page with /UserUnit, as plans and posters have that are larger than 200 inches.
# Expected: one system of coordinates for a page. What `search_for` gives can be handed to whatever writes on the page, and
#   comes to lie there.
# Seen: `search_for`, `get_text`, `rect`, annotations and `insert_image` count in points, after /UserUnit. `insert_text`,
#   `insert_textbox` and `draw_rect` write the same numbers into a page where each unit is so many points: with /UserUnit 2
#   a frame around a word is twice as wide and high as the word, and text that is put below it lies at twice the distance
#   from the corner, on other words or off the page. Nothing says so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check pymupdf==2.0 2>/dev/null

cat > "$place/look.py" <<'PY'
import sys
from importlib.metadata import version

import pymupdf


def made(unit):
    document = pymupdf.open()
    page = document.new_page(width=600, height=400)
    page.insert_text((50, 100), "Plan of the harbour")
    if unit != 1:
        document.xref_set_key(page.xref, "UserUnit", str(unit))
    return pymupdf.open("pdf", document.tobytes())


def size(rect):
    return round(rect[2] - rect[0]), round(rect[3] - rect[1])


seen = {}
for unit in (1, 2):
    document = made(unit)
    page = document[0]
    found = page.search_for("harbour")[0]
    page.draw_rect(found)
    drawn = page.get_drawings()[0]["rect"]
    marked = page.add_rect_annot(found).rect
    page.insert_text(found.bl, "below", fontsize=8)
    at = next(pymupdf.Rect(word[:4]).x0 for word in page.get_text("words") if word[4] == "below")
    seen[unit] = (
        size(drawn) == size(found),
        size(drawn) == size(found * 2) or abs(drawn.width - 2 * found.width) < 1,
        abs(marked.x0 - found.x0) < 5 and abs(marked.width - found.width) < 10,
        round(at / found.x0, 2),
    )
    print(
        f"pymupdf {version('pymupdf')}, /UserUnit {unit}: page {size(page.rect)}, word {size(found)} at x = {found.x0:.0f}, "
        f"frame {size(drawn)}, annotation {size(marked)}, text put there at x = {at:.0f}"
    )
as_stated = seen[1][0] and seen[1][2] and seen[1][3] == 1.0 and not seen[2][0] and seen[2][1:] == (True, True, 2.0)
print("as stated" if as_stated else "CHANGED: not what is stated any more")
sys.exit(not as_stated)
PY
"$place/venv/bin/python" "$place/look.py"
