#!/usr/bin/env bash
# pymupdf4llm 2.0, pymupdf 2.0 and pymupdf_layout 2.0 (PyPI): underscores as LaTeX sets them.
# In LaTeX's default encoding of fonts (OT1) there is no underscore: `\_` is a rule 0.3 em wide on the baseline, with 0.06 em
#   before it (`\textunderscore` in fontdef.dtx), in text and in `\texttt` alike.
# Expected: the name glp_set_name, which everybody sees on the page; or at least one word, since there is no blank in it.
# Seen: no way of reading has the name. `get_text` has a blank for each rule, "glp set name"; plain text "glp s et n ame"; and
#   Markdown, with and without the layout, "glp ~~s~~ et ~~n~~ ame": the rule strikes out the letter that comes after it.
#   Names of functions, files and variables in manuals that LaTeX has set fall apart, and nothing says so.
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

SIZE = 10


def made():
    document = pymupdf.open()
    page = document.new_page(width=600, height=400)
    for line in range(3):
        x, y = 80, 80 + 14 * line
        for number, part in enumerate(("The routine glp", "set", "name gives a problem the name that is to be printed.")):
            if number:
                page.draw_line((x + 0.06 * SIZE, y - 0.2), (x + 0.36 * SIZE, y - 0.2), width=0.4)
                x += 0.36 * SIZE
            page.insert_text((x, y), part, fontsize=SIZE, fontname="tiro")
            x += pymupdf.get_text_length(part, "tiro", SIZE)
    return pymupdf.open("pdf", document.tobytes())


texts = {"get_text": made()[0].get_text()}
for with_layout in (True, False):
    pymupdf4llm.use_layout(with_layout)
    options = {"use_ocr": False} if with_layout else {}
    texts[f"Markdown {'with' if with_layout else 'without'} layout"] = pymupdf4llm.to_markdown(made(), **options)
    if with_layout:
        texts["text"] = pymupdf4llm.to_text(made(), **options)
expected = {"get_text": "glp set name", "text": "glp s et n ame"}
seen = []
for name, text in texts.items():
    words = " ".join(text.split())
    seen.append(expected.get(name, "glp ~~s~~ et ~~n~~ ame") in words and "_" not in words)
    print(f"pymupdf4llm {version('pymupdf4llm')}, {name}: {words[:60]!r}")
print("as stated" if all(seen) else "CHANGED: not what is stated any more")
sys.exit(not all(seen))
PY
"$place/venv/bin/python" "$place/look.py"
