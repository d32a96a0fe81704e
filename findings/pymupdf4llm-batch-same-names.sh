#!/usr/bin/env bash
# pymupdf4llm 2.0, pymupdf 2.0 and pymupdf_layout 2.0 (PyPI): `convert_batch` with `out_dir`.
# Expected: a result for each document, as the list that comes back says; where two documents have one name, another folder for
#   the second, as the folders that they come from have, or an error.
# Seen: a document's folder is called by the bare name of its file. Of `berlin/report.pdf` and `paris/report.pdf` only the last
#   one's result is on the disk, and both are said to have succeeded; there is not a line about it on the terminal or in the
#   log, of which only the last one's is left too.
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
from pathlib import Path

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import pymupdf
import pymupdf4llm

place = Path(sys.argv[1])
sources = [place / town / "report.pdf" for town in ("berlin", "paris")]
for number, source in enumerate(sources):
    source.parent.mkdir(exist_ok=True)
    document = pymupdf.open()
    page = document.new_page()
    for line in range(10):
        page.insert_text((72, 100 + 20 * line), f"Document {number}, line {line}: what was sold in that town.")
    document.save(source)

out = place / "out"
paths = [str(source) for source in sources]
results = [*pymupdf4llm.convert_batch(paths, out_dir=out, workers=1, options={"use_ocr": False})]
files = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
succeeded = [result.success for result in results]
written = (out / "report" / "report.md").read_text()
log = (out / "report" / "run-log.txt").read_text()
print(f"pymupdf4llm {version('pymupdf4llm')}: succeeded {succeeded}, on the disk {files}")
print(f"  outputs begin {[result.output[:10] for result in results]}, on the disk {written[:10]!r}")
as_stated = succeeded == [True, True] and files == ["report/report.md", "report/run-log.txt"]
as_stated &= [result.output[:10] for result in results] == ["Document 0", "Document 1"] and written == results[1].output
as_stated &= "paris" in log and "berlin" not in log
print("as stated" if as_stated else "CHANGED: not what is stated any more")
sys.exit(not as_stated)
PY
"$place/venv/bin/python" "$place/look.py" "$place"
