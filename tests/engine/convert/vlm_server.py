"""A vision model's server on this machine: speaks the protocol, checks what it is sent, and fails as it is told to."""

import base64
import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODEL = "dots"
KEY = "sk-test-1234567890"
LAYOUT = [
    {"bbox": [100, 100, 900, 160], "category": "Title", "text": "# A title"},
    {"bbox": [100, 200, 900, 500], "category": "Text", "text": "Words that the *model* reads."},
]
"""What is answered unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def prompt(self) -> str:
        return next(part["text"] for part in self.body["messages"][0]["content"] if part["type"] == "text")

    @property
    def picture(self) -> bytes:
        """The bytes of the picture; fails if the request has none as it should be."""
        (url,) = (
            part["image_url"]["url"] for part in self.body["messages"][0]["content"] if part["type"] == "image_url"
        )
        start, _, data = url.partition(",")
        assert start == "data:image/jpeg;base64"
        return base64.b64decode(data, validate=True)


@dataclass
class Reply:
    """What is answered to one request."""

    content: Any = field(default_factory=lambda: json.dumps(LAYOUT))
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    finish: str = "stop"
    raw: bytes | None = None
    """Sent instead of a chat completion."""
    seconds: float = 0.0
    """It takes so long."""
    breaks_off: bool = False
    """The connection ends in the middle."""

    @property
    def payload(self) -> bytes:
        if self.raw is not None:
            return self.raw
        if self.status != 200:
            return json.dumps({"error": {"message": self.content, "code": self.status}}).encode()
        choice = {"index": 0, "message": {"role": "assistant", "content": self.content}, "finish_reason": self.finish}
        return json.dumps({"id": "1", "object": "chat.completion", "model": MODEL, "choices": [choice]}).encode()


def failure(status: int, message: str = "Something is wrong.", **headers: str) -> Reply:
    return Reply(message, status, {name.replace("_", "-"): value for name, value in headers.items()})


class VisionServer:
    """Answers each request by `reply`, and keeps what it was asked. `lock` guards all of it."""

    def __init__(self, reply: Callable[[Asked, int], Reply] = lambda asked, number: Reply()) -> None:
        """`reply` gets the request and how many came before it."""
        self.reply = reply
        self.lock = threading.Lock()
        self.asked: list[Asked] = []
        self.at_once = 0
        self.most_at_once = 0
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.vision = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def close(self) -> None:
        """Nobody answers any more; who is connected is cut off."""
        self._server.shutdown()
        self._server.server_close()
        with self.lock:
            for connection in self._server.connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def vision_server(*replies: Reply, then: Reply | None = None) -> Iterator[VisionServer]:
    """A server with these answers one after the other, and `then` for all that come after."""
    last = then or Reply()
    server = VisionServer(lambda asked, number: replies[number] if number < len(replies) else last)
    try:
        yield server
    finally:
        server.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    vision: VisionServer

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.connections: list[socket.socket] = []

    def process_request(self, request: Any, client_address: Any) -> None:
        with self.vision.lock:
            self.connections.append(request)
        super().process_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # a client that has gone


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass

    def do_GET(self) -> None:
        is_models = self.path == "/v1/models"
        self._send(200 if is_models else 404, json.dumps({"object": "list", "data": [{"id": MODEL}]}).encode(), {})

    def do_POST(self) -> None:
        vision = self.server.vision
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        asked = Asked(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
        with vision.lock:
            number = len(vision.asked)
            vision.asked.append(asked)
            vision.at_once += 1
            vision.most_at_once = max(vision.most_at_once, vision.at_once)
        try:
            reply = vision.reply(asked, number)
            time.sleep(reply.seconds)
        finally:
            with vision.lock:
                vision.at_once -= 1
        if reply.breaks_off:
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b'{"choices": [')
            self.wfile.flush()
            self.close_connection = True
            self.connection.close()
            return
        self._send(reply.status, reply.payload, reply.headers)

    def _send(self, status: int, payload: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in ({"Content-Type": "application/json"} | headers).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)
