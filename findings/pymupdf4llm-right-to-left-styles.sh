#!/usr/bin/env bash
# pymupdf4llm 2.0, pymupdf 2.0 and pymupdf_layout 2.0 (PyPI): a line of Hebrew in which one word is bold.
# Expected: MuPDF brings text that runs from the right into the order in which it is read, and `get_text` has it so. So do
#   Markdown and plain text, as they do where no word is bold.
# Seen: with a word in another style, the parts of the line before it and behind it change places: a sentence of six words whose
#   third is bold reads 4 5 6 **3** 1 2. Each part for itself is right, so nothing in it looks wrong to a program.
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

# Six words of Hebrew letters, in the order in which they are read. Their glyphs are a font's Latin ones, which is no matter:
# what a glyph says is in /ToUnicode.
WORDS = ["abc", "def", "ghi", "jkl", "mno", "pqr"]
ALEF = 0x5D0
TO_UNICODE = b"""/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /Made def /CMapType 2 def
1 begincodespacerange <00> <FF> endcodespacerange 1 beginbfchar <20> <0020> endbfchar
1 beginbfrange <61> <7A> <05D0> endbfrange endcmap end end"""


def made(bold):
    document = pymupdf.open()
    page = document.new_page(width=600, height=300)
    cmap, content = document.get_new_xref(), document.get_new_xref()
    for number, stream in [(cmap, TO_UNICODE), (content, b"")]:
        document.update_object(number, "<<>>")
        document.update_stream(number, stream, new=True)
    fonts = []
    for name, base in [("Plain", "Helvetica"), ("Bold", "Helvetica-Bold")]:
        number = document.get_new_xref()
        kind = f"/Type/Font/Subtype/Type1/BaseFont/{base}/Encoding/WinAnsiEncoding"
        document.update_object(number, f"<<{kind}/ToUnicode {cmap} 0 R>>")
        fonts.append(f"/{name} {number} 0 R")
    document.xref_set_key(page.xref, "Resources", f"<</Font<<{''.join(fonts)}>>>>")
    # As it lies on the page, from the left: the last word first, and its last letter first.
    shown = [f"/{'Bold' if number == bold else 'Plain'} 12 Tf ({word[::-1]}) Tj" for number, word in enumerate(WORDS)]
    drawn = " /Plain 12 Tf ( ) Tj ".join(reversed(shown))
    document.update_stream(content, f"BT 100 200 Td {drawn} ET".encode())
    document.xref_set_key(page.xref, "Contents", f"{content} 0 R")
    return pymupdf.open("pdf", document.tobytes())


def order(text):
    """The words' numbers, from 1, with the asterisks of what is bold."""
    latin = "".join(chr(ord(letter) - ALEF + 0x61) if 0 <= ord(letter) - ALEF < 26 else letter for letter in text)
    for number, word in enumerate(WORDS, 1):
        latin = latin.replace(word, str(number))
    return latin.split()


raw = order(made(2)[0].get_text())
unstyled = order(pymupdf4llm.to_markdown(made(None), use_ocr=False))
marked = order(pymupdf4llm.to_markdown(made(2), use_ocr=False))
plain = order(pymupdf4llm.to_text(made(2), use_ocr=False))
print(f"pymupdf4llm {version('pymupdf4llm')}: get_text {raw}, Markdown without bold {unstyled}, Markdown {marked}, text {plain}")
right = ["1", "2", "3", "4", "5", "6"]
as_stated = raw == unstyled == right and marked == ["4", "5", "6", "**3**", "1", "2"] and plain == ["4", "5", "6", "3", "1", "2"]
print("as stated" if as_stated else "CHANGED: not what is stated any more")
sys.exit(not as_stated)
PY
"$place/venv/bin/python" "$place/look.py"
