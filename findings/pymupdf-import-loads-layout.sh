#!/usr/bin/env bash
# pymupdf 2.0 (PyPI), which requires pymupdf-layout 2.0.
# Expected: `import pymupdf` loads what opens, reads and renders documents; the layout model and ONNX Runtime, which came in
#   with 2.0 as a dependency, are loaded by those who ask for them, by `import pymupdf.layout` or a call.
# Seen: `import pymupdf` imports pymupdf.layout, which makes its analyzer, model and all, at once. A program that only counts
#   pages takes more than twice the processor time to start, and 50 MB more. There is no switch; with None in the place of
#   pymupdf.layout in sys.modules the import goes well without. ONNX Runtime is imported either way.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check pymupdf==2.0 2>/dev/null

cat > "$place/look.py" <<'PY'
import json
import resource
import sys

if sys.argv[1:] == ["hidden"]:
    sys.modules["pymupdf.layout"] = None
import pymupdf

used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({
    "version": pymupdf.__version__,
    "onnxruntime": "onnxruntime" in sys.modules,
    "layout": sys.modules.get("pymupdf.layout") is not None,
    "cpu_s": round(used.ru_utime + used.ru_stime, 2),
    "peak_mb": used.ru_maxrss // 1024,
}))
PY
cat > "$place/compare.py" <<'PY'
import json
import subprocess
import sys

look = sys.argv[1]


def best(*arguments: str) -> dict:
    command = [sys.executable, look, *arguments]
    runs = [json.loads(subprocess.check_output(command)) for _ in range(4)]  # the first compiles what it imports
    return min(runs, key=lambda run: run["cpu_s"])


as_it_is, hidden = best(), best("hidden")
print(f"as it is: {as_it_is}")
print(f"with pymupdf.layout hidden: {hidden}")
as_stated = (
    as_it_is["layout"] and not hidden["layout"] and as_it_is["onnxruntime"] and hidden["onnxruntime"]
    and as_it_is["cpu_s"] > 2 * hidden["cpu_s"] and as_it_is["peak_mb"] > hidden["peak_mb"] + 30
)
print("as stated" if as_stated else "CHANGED: not what is stated any more")
sys.exit(not as_stated)
PY
"$place/venv/bin/python" "$place/compare.py" "$place/look.py"
