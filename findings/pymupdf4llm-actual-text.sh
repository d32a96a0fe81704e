#!/usr/bin/env bash
# pymupdf4llm 2.0, pymupdf 2.0 and pymupdf_layout 2.0 (PyPI): /ActualText (PDF 32000-1, 14.9.4).
# Expected: where the author's program has written what some glyphs stand for (a symbol's name, a fraction, a word that is a
#   drawing), that is what Markdown and text say, as `get_text` does.
# Seen: with the layout, as it is unless switched off, they say what the glyphs' codes are: "E 5" for "Euro 5", "H of it" for
#   "one half of it". `get_text`, and Markdown without the layout, have the author's words.
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

CONTENT = b"""BT /F 12 Tf 50 300 Td (The price of a sack of rye is ) Tj
/Span << /ActualText (Euro) >> BDC (E) Tj EMC ( 5 in that year, and of oats no more than) Tj 0 -14 Td
/Span << /ActualText (one half) >> BDC (H) Tj EMC ( of it, as the town's books of those years tell.) Tj ET"""


def made():
    document = pymupdf.open()
    page = document.new_page(width=600, height=400)
    font, content = document.get_new_xref(), document.get_new_xref()
    document.update_object(font, "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>")
    document.update_object(content, "<<>>")
    document.update_stream(content, CONTENT, new=True)
    document.xref_set_key(page.xref, "Resources", f"<</Font<</F {font} 0 R>>>>")
    document.xref_set_key(page.xref, "Contents", f"{content} 0 R")
    return pymupdf.open("pdf", document.tobytes())


texts = {"get_text": made()[0].get_text()}
texts["Markdown"] = pymupdf4llm.to_markdown(made(), use_ocr=False)
texts["text"] = pymupdf4llm.to_text(made(), use_ocr=False)
pymupdf4llm.use_layout(False)
texts["Markdown without layout"] = pymupdf4llm.to_markdown(made())
found = {}
for name, text in texts.items():
    running = " ".join(text.split())
    found[name] = ("is Euro 5 in" in running and "than one half of it" in running, "is E 5 in" in running and "than H of it" in running)
    print(f"pymupdf4llm {version('pymupdf4llm')}, {name}: {running}")
said, glyphs = (True, False), (False, True)
as_stated = found == {"get_text": said, "Markdown": glyphs, "text": glyphs, "Markdown without layout": said}
print("as stated" if as_stated else "CHANGED: not what is stated any more")
sys.exit(not as_stated)
PY
"$place/venv/bin/python" "$place/look.py"
