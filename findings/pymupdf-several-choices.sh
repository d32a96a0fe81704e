#!/usr/bin/env bash
# pymupdf 2.0, and pymupdf4llm 2.0 with pymupdf_layout 2.0 (PyPI): a list of a form in which two entries are chosen.
# Expected: `Widget.field_value` is "Mon" if Monday is chosen. If a list lets one choose several (/Ff bit 22) and Monday and
#   Wednesday are, it is both, in whatever form; the PDF has them as an array, `/V [(Mon) (Wed)]`.
# Seen: it is the empty string, as if nothing were chosen. So it is in what `pymupdf4llm.get_key_values` gives and in its JSON
#   (`form_fields`), and an array of one is empty too. The choice is there in the PDF, and is shown by viewers.
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

SEVERAL = 1 << 21


def made(value, indices):
    document = pymupdf.open()
    page = document.new_page()
    widget = pymupdf.Widget()
    widget.field_type = pymupdf.PDF_WIDGET_TYPE_LISTBOX
    widget.field_name, widget.field_flags = "days", SEVERAL
    widget.choice_values, widget.field_value = ["Mon", "Tue", "Wed"], "Mon"
    widget.rect = pymupdf.Rect(80, 160, 200, 220)
    page.add_widget(widget)
    document = pymupdf.open("pdf", document.tobytes())
    widget = next(document[0].widgets())
    parent = document.xref_get_key(widget.xref, "Parent")
    field = int(parent[1].split()[0]) if parent[0] == "xref" else widget.xref
    document.xref_set_key(field, "V", value)
    document.xref_set_key(field, "I", indices)
    return pymupdf.open("pdf", document.tobytes())


seen = {}
for value, indices in [("(Mon)", "[0]"), ("[(Mon)]", "[0]"), ("[(Mon) (Wed)]", "[0 2]")]:
    widget = next(made(value, indices)[0].widgets())
    seen[value] = (widget.field_value, pymupdf4llm.get_key_values(made(value, indices))["days"]["field_value"])
    print(f"pymupdf {version('pymupdf')}, /V {value}: field_value {seen[value][0]!r}, get_key_values {seen[value][1]!r}")
as_stated = seen == {"(Mon)": ("Mon", "Mon"), "[(Mon)]": ("", ""), "[(Mon) (Wed)]": ("", "")}
print("as stated" if as_stated else "CHANGED: not what is stated any more")
sys.exit(not as_stated)
PY
"$place/venv/bin/python" "$place/look.py"
