#!/usr/bin/env bash
# pymupdf 2.0 (PyPI): `embfile_names` and `embfile_count` of a PDF whose tree of attached files has more than one level.
# Expected: all attached files. The tree is a name tree (PDF 32000-1, 7.9.6), whose root has either the names or, as writers do
#   where there are many, /Kids that have them.
# Seen: only what the root itself names. Of three files below two kids none is listed; the same three in the root are all there,
#   and MuPDF's own reading of name trees finds them in both.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check pymupdf==2.0 2>/dev/null

cat > "$place/look.py" <<'PY'
import sys
from importlib.metadata import version

import pymupdf
from pymupdf import mupdf

FILES = {"a.csv": b"1,2", "b.csv": b"3,4", "c.csv": b"5,6"}


def made(levels):
    document = pymupdf.open()
    document.new_page()
    specifications = []
    for name, content in FILES.items():
        stream, specification = document.get_new_xref(), document.get_new_xref()
        document.update_object(stream, "<< /Type /EmbeddedFile >>")
        document.update_stream(stream, content, new=True)
        document.update_object(specification, f"<< /Type /Filespec /F ({name}) /UF ({name}) /EF << /F {stream} 0 R >> >>")
        specifications.append((name, f"({name}) {specification} 0 R"))

    def node(part, limits):
        names = " ".join(entry for _, entry in part)
        number = document.get_new_xref()
        ends = f"/Limits [({part[0][0]}) ({part[-1][0]})]" if limits else ""
        document.update_object(number, f"<< {ends} /Names [{names}] >>")
        return number

    if levels == 1:
        root = node(specifications, False)
    else:
        kids = [node(specifications[:2], True), node(specifications[2:], True)]
        root = document.get_new_xref()
        document.update_object(root, f"<< /Kids [{kids[0]} 0 R {kids[1]} 0 R] >>")
    document.xref_set_key(document.pdf_catalog(), "Names", f"<< /EmbeddedFiles {root} 0 R >>")
    return pymupdf.open("pdf", document.tobytes())


seen = {}
for levels in (1, 2):
    document = made(levels)
    inner = pymupdf._as_pdf_document(document)
    tree = mupdf.pdf_load_name_tree(inner, mupdf.PdfObj(mupdf.ll_pdf_new_name("EmbeddedFiles")))
    by_mupdf = mupdf.pdf_dict_len(tree)
    seen[levels] = (document.embfile_names(), document.embfile_count(), by_mupdf)
    print(f"pymupdf {version('pymupdf')}, levels {levels}: names {seen[levels][0]}, MuPDF's own tree has {by_mupdf}")
as_stated = seen == {1: (list(FILES), 3, 3), 2: ([], 0, 3)}
print("as stated" if as_stated else "CHANGED: not what is stated any more")
sys.exit(not as_stated)
PY
"$place/venv/bin/python" "$place/look.py"
