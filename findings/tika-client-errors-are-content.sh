#!/usr/bin/env bash
# tika 3.3.2 (PyPI): tika-python asking for a document's text (`service="text"`), and a server that refuses the document.
# Expected: an answer with status 422 or 503 is an exception, or a result whose `content` is None, as for a document without text.
# Seen: whatever the server has written about its refusal is the document's `content`. A busy service ("Retry-After" is not
#   looked at) or a locked PDF becomes a document that reads "Too many documents at once"; who does not look into `status`,
#   which the README's examples do not, has it in the index. With the default service the same answers raise an exception.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check tika==3.3.2 2>/dev/null

cat > "$place/look.py" <<'PY'
import logging
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path

os.environ["TIKA_CLIENT_ONLY"] = "true"
os.environ["TIKA_LOG_PATH"] = sys.argv[1]
from tika import parser

logging.disable(logging.CRITICAL)
ANSWERS = {200: "The letter.", 422: "The document has a password.", 503: "Too many documents at once."}


class Service(BaseHTTPRequestHandler):
    status = 200

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = ANSWERS[self.status].encode()
        self.send_response(self.status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Retry-After", "1")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
threading.Thread(target=server.serve_forever, daemon=True).start()
document = Path(sys.argv[1], "a.pdf")
document.write_bytes(b"%PDF-1.4\n")
contents, raised = {}, {}
for Service.status in ANSWERS:
    endpoint = f"http://127.0.0.1:{server.server_port}"
    contents[Service.status] = parser.from_file(str(document), serverEndpoint=endpoint, service="text")["content"]
    if Service.status == 200:
        continue
    try:
        parser.from_file(str(document), serverEndpoint=endpoint)
    except Exception as error:
        raised[Service.status] = type(error).__name__
for status, content in contents.items():
    print(f"tika {version('tika')}, status {status}: content {content!r}; with the default service: {raised.get(status)}")
as_stated = contents == ANSWERS and [*raised] == [422, 503]
print("as stated" if as_stated else "CHANGED: not what is stated any more")
sys.exit(not as_stated)
PY
"$place/venv/bin/python" "$place/look.py" "$place"
