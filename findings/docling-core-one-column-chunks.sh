#!/usr/bin/env bash
# docling-core 2.104.0 (PyPI): chunks of a table that has one column, by `HierarchicalChunker` with its own serializer.
# Expected: a chunk says of each cell what the column is called, as it does of wider tables ("Berlin, Sum = 1"): "Town = Berlin".
# Seen: the name of the column is nowhere, and the first row takes its place: of a table "Town" with Berlin, Paris and Rome the
#   chunk says "Berlin = Paris. Berlin = Rome", which is not so. Only where no cell is marked as a head, as if the table had none,
#   does it come out right. Wider tables lose the name of their first column as well, but say nothing that is wrong.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check 'docling-core[chunking]==2.104.0' 2>/dev/null

cat > "$place/look.py" <<'PY'
import sys
from importlib.metadata import version

from docling_core.transforms.chunker.hierarchical_chunker import HierarchicalChunker
from docling_core.types.doc import DoclingDocument, TableCell, TableData


def made(rows, heads):
    cells = [
        TableCell(
            text=text,
            start_row_offset_idx=row,
            end_row_offset_idx=row + 1,
            start_col_offset_idx=column,
            end_col_offset_idx=column + 1,
            column_header=heads and row == 0,
        )
        for row, texts in enumerate(rows)
        for column, text in enumerate(texts)
    ]
    document = DoclingDocument(name="towns")
    document.add_table(TableData(num_rows=len(rows), num_cols=len(rows[0]), table_cells=cells))
    return document


def chunked(rows, heads=True):
    return [chunk.text for chunk in HierarchicalChunker().chunk(made(rows, heads))]


narrow = [["Town"], ["Berlin"], ["Paris"], ["Rome"]]
found = chunked(narrow), chunked(narrow, heads=False), chunked([["Town", "Sum"], ["Berlin", "1"], ["Paris", "2"]])
for name, text in zip(("one column", "one column, no head marked", "two columns"), found):
    print(f"docling-core {version('docling-core')}, {name}: {text}")
as_stated = found == (
    ["Berlin = Paris. Berlin = Rome"],
    ["Town = Berlin. Town = Paris. Town = Rome"],
    ["Berlin, Sum = 1. Paris, Sum = 2"],
)
print("as stated" if as_stated else "CHANGED: not what is stated any more")
sys.exit(not as_stated)
PY
"$place/venv/bin/python" "$place/look.py"
