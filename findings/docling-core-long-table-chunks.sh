#!/usr/bin/env bash
# docling-core 2.104.0 (PyPI): `HybridChunker` with its own serializer, and a table that is longer than a chunk may be.
# Expected: `repeat_table_header`, which is on, has each chunk say what the columns are; failing that, each chunk has whole
#   statements of the kind that this serializer makes of cells ("B1, Year = 2001").
# Seen: the statements are taken for the one row of a Markdown table. The table's caption becomes that table's head, what is
#   repeated is a lone `| - |`, and statements are cut wherever the limit is: a chunk ends "B6, Year =", and the next begins
#   "2006". With the option off they are cut at words as well, but no table is made up around them.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check 'docling-core[chunking]==2.104.0' 2>/dev/null

cat > "$place/look.py" <<'PY'
import sys
from importlib.metadata import version

from docling_core.transforms.chunker.hybrid_chunker import HybridChunker
from docling_core.transforms.chunker.tokenizer.base import BaseTokenizer
from docling_core.types.doc import DocItemLabel, DoclingDocument, TableCell, TableData

ROWS = [["Town", "Year", "Sum"], *([f"B{n}", str(2000 + n), str(n)] for n in range(40))]


class Words(BaseTokenizer):
    """A token for each word, so that no model is needed."""

    def count_tokens(self, text):
        return len(text.split())

    def get_max_tokens(self):
        return 60

    def get_tokenizer(self):
        return self.count_tokens


def made():
    cells = [
        TableCell(
            text=text,
            start_row_offset_idx=row,
            end_row_offset_idx=row + 1,
            start_col_offset_idx=column,
            end_col_offset_idx=column + 1,
            column_header=row == 0,
        )
        for row, texts in enumerate(ROWS)
        for column, text in enumerate(texts)
    ]
    document = DoclingDocument(name="towns")
    caption = document.add_text(DocItemLabel.CAPTION, "Table 1: Towns")
    document.add_table(TableData(num_rows=len(ROWS), num_cols=3, table_cells=cells), caption=caption)
    return document


def chunked(**options):
    return [chunk.text for chunk in HybridChunker(tokenizer=Words(), **options).chunk(made())]


texts, plain = chunked(), chunked(repeat_table_header=False)
for name, chunks in [("as it is", texts), ("repeat_table_header off", plain)]:
    print(f"docling-core {version('docling-core')}, {name}: {len(chunks)} chunks")
    for text in chunks[:3]:
        print(f"  {text[:46]!r} ... {text[-26:]!r}")
as_stated = (
    texts[0].startswith("\n| - |\n| Table 1: Towns |\n| B0, Year = 2000.")
    and texts[0].endswith(". B6, Year =")
    and texts[1].startswith("| - |\n 2006. B6, Sum = 6.")
    and all(text.startswith("| - |\n") for text in texts[1:])
    and not any("|" in text for text in plain)
)
print("as stated" if as_stated else "CHANGED: not what is stated any more")
sys.exit(not as_stated)
PY
"$place/venv/bin/python" "$place/look.py"
