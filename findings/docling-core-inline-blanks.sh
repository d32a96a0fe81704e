#!/usr/bin/env bash
# docling-core 2.104.0 (PyPI).
# Expected: a DoclingDocument holds a sentence of several styles as an inline group of its pieces, so that its exports give
#   back the sentence; and what belongs to a list item stands below the item's text.
# Seen: there is no way to say whether a blank is between two pieces. Every export puts one, so a comma or full stop behind
#   code or a link is set apart ("Set `PATH` , then run it."). In a list item that has a text of its own, a second paragraph
#   of several styles is written onto the text before it without any blank ("Build it.Then **run** it."), while one of a
#   single style begins a new line.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check docling-core==2.104.0 2>/dev/null

cat > "$place/look.py" <<'PY'
import sys
from importlib.metadata import version

from docling_core.types.doc import DocItemLabel, DoclingDocument
from docling_core.types.doc.document import Formatting

TEXT = DocItemLabel.TEXT

document = DoclingDocument(name="sentence")
sentence = document.add_inline_group()
document.add_text(TEXT, "Set", parent=sentence)
document.add_code("PATH", parent=sentence)
document.add_text(TEXT, ", then run it.", parent=sentence)
first = document.export_to_markdown()

document = DoclingDocument(name="list")
item = document.add_list_item("Build it.", parent=document.add_list_group())
second = document.add_inline_group(parent=item)
document.add_text(TEXT, "Then", parent=second)
document.add_text(TEXT, "run", parent=second, formatting=Formatting(bold=True))
document.add_text(TEXT, "it.", parent=second)
mixed = document.export_to_markdown()

document = DoclingDocument(name="plain")
item = document.add_list_item("Build it.", parent=document.add_list_group())
document.add_text(TEXT, "Then run it.", parent=item)
plain = document.export_to_markdown()

print(f"docling-core {version('docling-core')}: {first!r}, {mixed!r}, {plain!r}")
as_stated = (first, mixed, plain) == (
    "Set `PATH` , then run it.",
    "- Build it.Then **run** it.",
    "- Build it.\nThen run it.",
)
print("as stated" if as_stated else "CHANGED: not what is stated any more")
sys.exit(not as_stated)
PY
"$place/venv/bin/python" "$place/look.py"
