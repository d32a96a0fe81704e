#!/usr/bin/env bash
# typst 0.15.2 and pymupdf 2.0 (PyPI): page numbers in an outline.
# Expected: the last word of an entry of `#outline()` in the PDF is the number of a page, as it is in what LaTeX and word
#   processors make: "1.1 Of the sea . . . . 1".
# Seen: each number begins with U+2060 (WORD JOINER), which has no width and no glyph of its own: the last word is "\u20601",
#   which is no number to `int()`, `str.isdigit()` and `re.fullmatch(r"\d+", …)`. And it is in the text of every reader that
#   takes characters as they come, `get_text` among them.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check typst==0.15.2 pymupdf==2.0 2>/dev/null

cat > "$place/a.typ" <<'TYP'
#set heading(numbering: "1.1")
#outline()
= Birds
== Of the sea
Gulls.
== Of the land
Hens.
TYP
cat > "$place/look.py" <<'PY'
import re
import sys
from importlib.metadata import version

import pymupdf
import typst

page = pymupdf.open("pdf", typst.compile(sys.argv[1]))[0]
lines = [line for line in page.get_text().splitlines() if re.search(r"\. \. \.", line)]
last = [line.split()[-1] for line in lines]
print(f"typst {version('typst')}, pymupdf {version('pymupdf')}: {last!r}")
as_stated = last == ["\u20601"] * 3 and not any(word.isdigit() for word in last)
print("as stated" if as_stated else "CHANGED: not what is stated any more")
sys.exit(not as_stated)
PY
"$place/venv/bin/python" "$place/look.py" "$place/a.typ"
