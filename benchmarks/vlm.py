"""How long a document takes whose pages a vision model reads, against a server on this machine that takes a second."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from benchmarks.lab import Finishes, Lab
from benchmarks.result import Figure, Result, median
from engine.job.job import JobState
from engine.job.options import ConverterName
from tests import pdfs

_PAGES = 20
_WORKERS = 4
_ANSWER_S = 1.0
_LOCAL = {"converter": ConverterName.LOCAL}
_LAYOUT = [
    {"bbox": [100, 100, 900, 160], "category": "Title", "text": "# A title"},
    {"bbox": [100, 200, 900, 500], "category": "Picture"},
    {"bbox": [100, 600, 900, 1500], "category": "Text", "text": "Words that a model reads. " * 40},
]


class _Model(BaseHTTPRequestHandler):
    """Answers every page alike."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(_ANSWER_S)
        message = {"role": "assistant", "content": json.dumps(_LAYOUT)}
        payload = json.dumps({"choices": [{"message": message, "finish_reason": "stop"}]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def measure(lab: Lab) -> Result:
    """From submission to done: the first document that a model reads, and others after it."""
    server = _Server(("127.0.0.1", 0), _Model)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    times_s: list[float] = []
    with lab.engine(
        num_workers=_WORKERS,
        converter=ConverterName.VLM,
        vlm_url=f"http://127.0.0.1:{server.server_port}/v1",
        refine=True,
        images=True,
    ) as engine:
        finishes = Finishes(engine)
        first = lab.folder("vlm") / "first.pdf"
        first.write_bytes(pdfs.text_pages(1))
        # Once a page is converted, the engine has finished starting.
        finishes.wait([engine.submit(first, options=engine.settings.convert_options.model_copy(update=_LOCAL))])
        for number in range(lab.repeat + 1):
            file = lab.folder("vlm") / f"{number}.pdf"
            file.write_bytes(pdfs.text_pages(_PAGES))
            started = time.perf_counter()
            job = engine.submit(file)
            finishes.wait([job])
            times_s.append(time.perf_counter() - started)
            assert engine.job(job.id).job.state is JobState.DONE
            assert not engine.job(job.id).pages_text_only
    server.shutdown()
    server.server_close()
    return Result(
        "vlm",
        f"A document of {_PAGES} pages through a vision model's server that answers after {_ANSWER_S:g} s, with "
        f"{_WORKERS} workers; the server runs on the same cores. The first document finds one process, and no "
        "connections.",
        (
            Figure("20 pages by a vision model, first document", times_s[0], "s", below=3),
            Figure("20 pages by a vision model, median", median(times_s[1:]), "s", below=3),
        ),
        (("documents, s", tuple(times_s)),),
    )
