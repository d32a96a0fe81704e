#!/usr/bin/env bash
# pymupdf 2.0 (PyPI), beside pypdfium2 5.0.0 (PyPI).
# Expected: text in ZapfDingbats, one of the 14 fonts every reader knows, comes out as the characters that Adobe's glyph
#   list for it names: a20 is U+2714, a24 U+2718, a71 U+25CF, a73 U+25A0, a78 U+25C6 (PDF 32000-1, annexes D.1 and D.6).
# Seen: the number in such a glyph name is taken for the character's code, so a tick (a20) comes out as U+0014, a cross as
#   U+0018, a disc as the letter G, a square as I and a diamond as N: control characters and letters, no sign of doubt.
#   It is the same whether the font's own encoding is used or one that spells the names out. PDFium gives the right ones.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check pymupdf==2.0 pypdfium2==5.0.0 2>/dev/null

cat > "$place/look.py" <<'PY'
import sys

import pymupdf
import pypdfium2

TEXT = "BT /F 20 Tf 20 100 Td (4 8 l n u) Tj ET"
NAMED = "/Encoding<</Type/Encoding/Differences[52/a20 56/a24 108/a71 110/a73 117/a78]>>"


def pdf(encoding: str) -> bytes:
    """One page with a tick, a cross, a disc, a square and a diamond in a font that is not embedded."""
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        f"<</Length {len(TEXT)}>>stream\n{TEXT}\nendstream",
        f"<</Type/Font/Subtype/Type1/BaseFont/ZapfDingbats{encoding}>>",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj {content} endobj\n".encode()
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    end = f"xref\n0 6\n0000000000 65535 f \n{table}trailer<</Size 6/Root 1 0 R>>\nstartxref\n{len(out)}\n%%EOF\n"
    return out + end.encode()


def codes(text: str) -> list[str]:
    return [f"U+{ord(c):04X}" for c in text if c not in " \r\n"]


right = ["U+2714", "U+2718", "U+25CF", "U+25A0", "U+25C6"]
as_stated = True
for what, encoding in ("the font's own encoding", ""), ("names in /Differences", NAMED):
    file = pdf(encoding)
    mupdf = codes(pymupdf.open("pdf", file)[0].get_text())
    pdfium = codes(pypdfium2.PdfDocument(file)[0].get_textpage().get_text_range())
    print(f"{what}: pymupdf {pymupdf.__version__} {mupdf}, pypdfium2 {pdfium}")
    as_stated &= mupdf[:3] == ["U+0014", "U+0018", "U+0047"] and pdfium == right
print("as stated" if as_stated else "CHANGED: not what is stated any more")
sys.exit(not as_stated)
PY
"$place/venv/bin/python" "$place/look.py"
