#!/usr/bin/env bash
# docling-slim 2.143.0 (PyPI): docling's client for docling-serve, `docling.service_client`.
# Expected: the client asks for results by `presigned_url`, which only services with an object store have, and asks for them
#   in the body instead when a service answers that it has no such target: by status 422 with the reason in `detail`, be that
#   a sentence or the list of errors that FastAPI's own validation gives.
# Seen: it reads the reason. `detail` has to be a text, and that text has to hold `presigned_url` and one of five phrases of
#   pydantic's ("input should be", "enum", ...). At any other sentence, and at FastAPI's list, `convert()` fails for good.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check \
  docling-slim==2.143.0 docling-core==2.104.0 httpx==0.28.1 'websockets>=15,<17' 2>/dev/null

cat > "$place/look.py" <<'PY'
import json
import sys
import threading
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path

warnings.simplefilter("ignore")

from docling.service_client import DoclingServiceClient

REASONS = {
    "a sentence that names the target": "There is no target presigned_url here.",
    "FastAPI's own list": [
        {"type": "enum", "loc": ["body", "target_type"], "msg": "Input should be 'inbody' or 'zip'", "input": "presigned_url"}
    ],
    "a text with pydantic's words": "target_type=presigned_url: input should be inbody or zip.",
}


class Service(BaseHTTPRequestHandler):
    reason: object = ""
    targets: list[str] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.targets.append("presigned_url" if b"presigned_url" in body else "inbody")
        answer = json.dumps({"detail": Service.reason}).encode()
        self.send_response(422)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
threading.Thread(target=server.serve_forever, daemon=True).start()
document = Path(sys.argv[1])
document.write_bytes(b"%PDF-1.4\n")
seen = {}
for what, Service.reason in REASONS.items():
    Service.targets.clear()
    with DoclingServiceClient(url=f"http://127.0.0.1:{server.server_port}", http_retries=0) as client:
        try:
            client.convert(document)
        except Exception:
            pass
    seen[what] = [*Service.targets]
    print(f"docling-slim {version('docling-slim')}, refused by {what}: asked for {', then '.join(Service.targets)}")
alone, again = ["presigned_url"], ["presigned_url", "inbody"]
as_stated = [*seen.values()] == [alone, alone, again]
print("as stated" if as_stated else "CHANGED: not what is stated any more")
sys.exit(not as_stated)
PY
"$place/venv/bin/python" "$place/look.py" "$place/a.pdf"
