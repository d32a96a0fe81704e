#!/usr/bin/env bash
# pymupdf4llm 2.0, pymupdf 2.0 and pymupdf_layout 2.0 (PyPI): a sentence in which the style changes.
# Expected: `get_text` gives the sentence with the blanks that its letters have between them; Markdown and plain text have the
#   same words, whatever is bold or in italics.
# Seen: in a paragraph each change of style makes a blank, within a word too: "unusual" with a bold "un" is "un usual" in the
#   Markdown and in the plain text, "H2O" is "H 2 O", "(see)" is "( see )". In a cell of a table the same change takes the
#   blanks away: "Total amount of the year" is "**Total**amount of_the_year", which is no emphasis any more either.
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

FONTS = {name: pymupdf.Font(name) for name in ("helv", "hebo", "heit")}
SENTENCES = [
    [("helv", "The "), ("hebo", "Total"), ("helv", " amount of "), ("heit", "the"), ("helv", " year was most "), ("hebo", "un")]
    + [("helv", "usual for H"), ("hebo", "2"), ("helv", "O, they said ("), ("heit", "see"), ("helv", ") in the report.")],
    [("hebo", "Total"), ("helv", " amount of "), ("heit", "the"), ("helv", " year")],
]


def write(page, left, baseline, runs):
    writer = pymupdf.TextWriter(page.rect)
    at = pymupdf.Point(left, baseline)
    for font, text in runs:
        _, at = writer.append(at, text, font=FONTS[font], fontsize=10)
    writer.write_text(page)


def made():
    document = pymupdf.open()
    page = document.new_page(width=600, height=800)
    write(page, 80, 80, SENTENCES[0])
    rows = [["Item", "What it is", "Sum"], ["Rye", SENTENCES[1], "12"], ["Oats", "All of it", "7"], ["Hay", "A part of it", "3"]]
    edges, tops = [80, 200, 400, 500], [120 + 30 * row for row in range(len(rows) + 1)]
    for edge in edges:
        page.draw_line((edge, tops[0]), (edge, tops[-1]))
    for top in tops:
        page.draw_line((edges[0], top), (edges[-1], top))
    for top, row in zip(tops, rows):
        for edge, cell in zip(edges, row):
            write(page, edge + 5, top + 20, [("helv", cell)] if isinstance(cell, str) else cell)
    return pymupdf.open("pdf", document.tobytes())


def lines(text):
    return [line.strip() for line in text.splitlines() if "Total" in line]


raw = lines(made()[0].get_text())
marked = lines(pymupdf4llm.to_markdown(made(), use_ocr=False))
plain = lines(pymupdf4llm.to_text(made(), use_ocr=False))
for name, found in [("get_text", raw), ("Markdown", marked), ("text", plain)]:
    print(f"pymupdf4llm {version('pymupdf4llm')}, {name}: {found}")
as_stated = (
    raw == ["The Total amount of the year was most unusual for H2O, they said (see) in the report.", "Total amount of the year"]
    and "The **Total** amount of _the_ year was most **un** usual for H **2** O, they said ( _see_ ) in the report." in marked
    and "|Rye|**Total**amount of_the_year|12|" in marked
    and "The Total amount of the year was most un usual for H 2 O, they said ( see ) in the report." in plain
)
print("as stated" if as_stated else "CHANGED: not what is stated any more")
sys.exit(not as_stated)
PY
"$place/venv/bin/python" "$place/look.py"
