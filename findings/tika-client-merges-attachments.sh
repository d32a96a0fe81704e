#!/usr/bin/env bash
# tika 3.3.2 (PyPI): tika-python, and a document that has files attached to it.
# Expected: Tika's server answers `/rmeta` with a list, the document first and then each file in it, with the path that the file
#   has in it. The client gives back the document's text and properties, or says which is whose.
# Seen: all texts are one, with nothing between them: the last word of the letter and the first of the attachment are one word.
#   All properties are one as well: the title of an attachment is that of a letter which has none, and what both have becomes a
#   list, so `metadata["Content-Type"]` is a text for one letter and a list for the next.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check tika==3.3.2 2>/dev/null

cat > "$place/look.py" <<'PY'
import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version

os.environ["TIKA_CLIENT_ONLY"] = "true"
os.environ["TIKA_LOG_PATH"] = sys.argv[1]
from tika import parser

LETTER = {"Content-Type": "application/pdf", "xmpTPg:NPages": "2", "X-TIKA:content": "The letter, with kind regards"}
TABLE = {
    "Content-Type": "text/csv",
    "dc:title": "Prices",
    "X-TIKA:embedded_resource_path": "/prices.csv",
    "X-TIKA:content": "Rye,12",
}


class Service(BaseHTTPRequestHandler):
    answer: list[dict[str, str]] = []

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps(self.answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
threading.Thread(target=server.serve_forever, daemon=True).start()
found = {}
for name, Service.answer in {"alone": [LETTER], "with a file attached": [LETTER, TABLE]}.items():
    parsed = parser.from_buffer(b"%PDF-1.4", serverEndpoint=f"http://127.0.0.1:{server.server_port}")
    known = parsed["metadata"]
    found[name] = (parsed["content"], known["Content-Type"], known.get("dc:title"))
    print(f"tika {version('tika')}, a letter {name}: content {found[name][0]!r}, type {found[name][1]!r}, title {found[name][2]!r}")
as_stated = found == {
    "alone": ("The letter, with kind regards", "application/pdf", None),
    "with a file attached": ("The letter, with kind regardsRye,12", ["application/pdf", "text/csv"], "Prices"),
}
print("as stated" if as_stated else "CHANGED: not what is stated any more")
sys.exit(not as_stated)
PY
"$place/venv/bin/python" "$place/look.py" "$place"
