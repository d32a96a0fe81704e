#!/usr/bin/env bash
# pymupdf4llm 2.0, pymupdf 2.0 and pymupdf_layout 2.0 (PyPI): `pages` and the levels of headings.
# Expected: levels follow from sizes of letters, as the README says; a heading has the one that it has in its document. So pages
#   can be asked for one by one, by several processes say, and what comes of them put one behind the other.
# Seen: the level is the rank of the size among the headings of those pages that were asked for. Alone, each of three pages (a
#   title, a chapter, a section) begins with `#`; together they begin with `#`, `##` and `###`. What is put together from
#   single pages has lost its outline.
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

HEADINGS = [("The Book of Harvests", 28), ("Of rye and wheat", 20), ("Oats in the hills", 14)]


def made():
    document = pymupdf.open()
    for heading, size in HEADINGS:
        page = document.new_page(width=600, height=800)
        page.insert_text((80, 100), heading, fontsize=size, fontname="hebo")
        for line in range(12):
            page.insert_text((80, 150 + 14 * line), f"This is line {line} of a paragraph that goes on about the year.")
    return pymupdf.open("pdf", document.tobytes())


def levels(pages):
    text = pymupdf4llm.to_markdown(made(), pages=pages, use_ocr=False)
    return [line.split()[0] for line in text.splitlines() if line.startswith("#")]


together, pair = levels(None), levels([1, 2])
alone = [level for number in range(3) for level in levels([number])]
print(f"pymupdf4llm {version('pymupdf4llm')}: together {together}, the last two {pair}, one by one {alone}")
as_stated = (together, pair, alone) == (["#", "##", "###"], ["#", "##"], ["#", "#", "#"])
print("as stated" if as_stated else "CHANGED: not what is stated any more")
sys.exit(not as_stated)
PY
"$place/venv/bin/python" "$place/look.py"
