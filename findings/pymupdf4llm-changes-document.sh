#!/usr/bin/env bash
# pymupdf4llm 2.0, pymupdf 2.0 and pymupdf_layout 2.0 (PyPI): the document that is handed to `to_markdown`.
# Expected: what reads a document leaves it as it is; whoever has opened it goes on with it, takes boxes from the JSON to
#   draw on its pages, or saves it.
# Seen: each page that is read loses its /Rotate for good, and its contents are turned instead, in the caller's document. A
#   box that the caller has found before in the page's unrotated coordinates names another place from then on, and what is
#   saved afterwards is another document. The way with the layout and the way without it both do so.
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


def landscape() -> pymupdf.Document:
    """Two pages, printed on their side and shown upright by /Rotate 90, as office programs write landscape pages."""
    document = pymupdf.open()
    for number in range(2):
        page = document.new_page(width=595, height=842)
        page.set_rotation(90)
        for line in range(10):
            at = pymupdf.Point(72, 90 + 20 * line) * page.derotation_matrix
            page.insert_text(at, f"Plot {number}, row {line}: barley, as in the year before.", rotate=90)
    return pymupdf.open("pdf", document.tobytes())


def facts(document: pymupdf.Document) -> tuple[object, ...]:
    page = document[0]
    unrotated = page.search_for("barley")[0] * page.derotation_matrix
    return page.rotation, tuple(page.mediabox), tuple(round(number) for number in unrotated.normalize())


as_stated = True
for with_layout in (True, False):
    pymupdf4llm.use_layout(with_layout)
    document = landscape()
    before = facts(document)
    text = pymupdf4llm.to_markdown(document, pages=[0], **({"use_ocr": False} if with_layout else {}))
    after = facts(document)
    how = "with" if with_layout else "without"
    print(f"pymupdf4llm {version('pymupdf4llm')}, {how} layout: rotation, size and place of a word {before}, then {after}")
    print(f"  the other page, which was not asked for: rotation {document[1].rotation}")
    as_stated &= "barley" in text and before[0] == 90 and after[0] == 0 and before[1:] != after[1:]
print("as stated" if as_stated else "CHANGED: not what is stated any more")
sys.exit(not as_stated)
PY
"$place/venv/bin/python" "$place/look.py"
