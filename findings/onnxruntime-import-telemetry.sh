#!/usr/bin/env bash
# onnxruntime 1.32.0 (PyPI, Linux x86-64 wheel).
# Expected: importing a library for inference computes nothing yet, starts no thread and writes no file.
# Seen: `import onnxruntime` starts a second thread and writes a device's id and an SQLite database below
#   ~/.cache/Microsoft/DeveloperTools/.onnxruntime, before any session is made. A process that forks afterwards, as fork
#   servers do, forks from two threads. With ORT_DISABLE_TELEMETRY=1 set before the import, neither happens.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check onnxruntime==1.32.0 2>/dev/null

look() { # HOME ORT_DISABLE_TELEMETRY: threads after the import, and the files that it has left
  mkdir -p "$1"
  env -u XDG_CACHE_HOME HOME="$1" ORT_DISABLE_TELEMETRY="$2" OMP_NUM_THREADS=1 TMPDIR="$1" "$place/venv/bin/python" -B -c '
import os
import onnxruntime
print("onnxruntime", onnxruntime.__version__, "threads after import:", len(os.listdir("/proc/self/task")))'
  (cd "$1" && find . -type f | sort | sed 's/^/  left: /')
}

echo "as it comes:"; as_it_comes=$(look "$place/a" 0); echo "$as_it_comes"
echo "with ORT_DISABLE_TELEMETRY=1:"; switched_off=$(look "$place/b" 1); echo "$switched_off"

grep -q "threads after import: 2" <<<"$as_it_comes" && grep -q "DeveloperTools/.onnxruntime/deviceid" <<<"$as_it_comes" &&
  grep -q "threads after import: 1" <<<"$switched_off" && ! grep -q "left:" <<<"$switched_off" &&
  echo "as stated" || { echo "CHANGED: not what is stated any more"; exit 1; }
