#!/usr/bin/env bash
# rapidocr 3.10.0 with onnxruntime 1.32.0 (PyPI): a page that was scanned upside down, read with `return_word_box`.
# Expected: as its text comes out right (each line is turned before it is read), so do the places of its words, which a search
#   layer or a highlight is made from; and either the lines are in their order, or something says that the page is turned.
# Seen: text and scores of most lines are as of the upright page. But their words are given places from the left of the line as
#   it lies in the picture, where its end is: the box of the first word lies on the last one. The lines come from the picture's
#   top, so the last one first. Nothing in the result tells it from that of an upright page.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check \
  rapidocr==3.10.0 onnxruntime==1.32.0 pillow==13.0.0 2>/dev/null

cat > "$place/look.py" <<'PY'
import os
import sys
from importlib.metadata import version

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from rapidocr import RapidOCR

WIDTH, HEIGHT, LEFT = 1250, 520, 100
LINES = [f"Line {number} of the letter tells of {10 * number} sacks of rye, of barley and of some oats." for number in range(1, 9)]


def page(degrees):
    picture = Image.new("RGB", (WIDTH, HEIGHT), "white")
    font = ImageFont.load_default(size=24)
    for number, line in enumerate(LINES):
        ImageDraw.Draw(picture).text((LEFT, 100 + 32 * number), line, "black", font)
    return np.asarray(picture.rotate(degrees))


engine = RapidOCR(params={"Global.log_level": "error"})
as_stated = True
for degrees in (0, 180):
    result = engine(page(degrees), return_word_box=True)
    right = [number for number, text in enumerate(result.txts) if text in LINES]
    order = [LINES.index(result.txts[number]) + 1 for number in right]
    begins = {round(min(corner[0] for corner in result.word_results[number][0][2])) for number in right}
    ends = {round(max(corner[0] for corner in result.word_results[number][-1][2])) for number in right}
    scores = min(result.scores[number] for number in right)
    print(f"rapidocr {version('rapidocr')}, turned by {degrees}: read right are the lines {order}, lowest score {scores:.2f}")
    print(f"  their first words begin at x = {sorted(begins)}, their last ones end at {sorted(ends)}, of {WIDTH}")
    # Turned, a line begins at the right: its first word lies left of WIDTH - LEFT, and ends there.
    as_stated &= len(order) > 4 and scores > 0.9 and order == sorted(order, reverse=degrees == 180)
    as_stated &= max(begins) < min(ends) and max(begins) < (LEFT + 30 if degrees == 0 else WIDTH - LEFT - 500)
print("as stated" if as_stated else "CHANGED: not what is stated any more")
sys.exit(not as_stated)
PY
"$place/venv/bin/python" "$place/look.py"
