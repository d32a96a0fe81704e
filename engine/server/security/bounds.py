"""Bounds: what one request may cost. Stands before the routes on every socket, as ASGI middleware."""

import asyncio
import re
import time
from dataclasses import dataclass, replace

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.server.security.refusal import Refusal, refuse

_MULTIPART = "multipart/form-data"
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"
AROUND_BYTES = 1 << 20
"""For what stands around the files of a form: boundaries, headers and fields."""
FORM_FIELDS = 100
FORM_FIELD_BYTES = 64 << 10
"""For all fields of a form together, so that a form without files is no bigger than that."""
_MOST_DOCUMENT_BYTES = 256 << 20
"""JSON is held in memory, several times over."""
DOCUMENT_PATHS = frozenset(
    f"/v1/{what}/source{later}"
    for what in ("convert", "chunk/hybrid", "chunk/hierarchical")
    for later in ("", "/async")
) | {"/v1/ocr", "/mcp"}
"""Which take documents in JSON."""

_OPEN_PATHS = re.compile(r"/(process|tika|rmeta|meta|detect/stream|(?:tika|rmeta)/[a-z]{1,10})")
"""Whose body is a document of any kind when it is `PUT` there. A page may not do that without asking (a preflight)."""


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """Bytes and seconds."""

    header_bytes: int = 16 << 10
    """The request's first line counted in."""
    plain_bytes: int = 1 << 20
    """JSON, and forms without files; of the latter, `FORM_FIELD_BYTES` are read."""
    document_bytes: int = _MOST_DOCUMENT_BYTES
    """JSON with documents in it, in base64."""
    upload_bytes: int = (2 << 30) + AROUND_BYTES
    """Forms with files."""
    idle_s: float = 30.0
    """Between two pieces of a body."""
    bytes_per_s: int = 1024
    """At least, in every `window_s` in which the server waits for more; only slower ones are meant to be stopped."""
    window_s: float = 30.0

    @classmethod
    def for_uploads(cls, max_upload: int) -> "RequestLimits":
        """Limits for files of so many bytes."""
        in_base64 = max_upload * 4 // 3 + AROUND_BYTES
        return cls(upload_bytes=max_upload + AROUND_BYTES, document_bytes=min(in_base64, _MOST_DOCUMENT_BYTES))

    def with_calls(self, size: int) -> "RequestLimits":
        """The same where JSON may have so many bytes."""
        return replace(self, plain_bytes=size)


class BodyRefused(HTTPException):
    """A body is too big or too slow; raised where a route waits for the rest of it."""


class Bounds:
    """Refuses what is too big, too slow, or in no form that any route takes."""

    def __init__(self, app: ASGIApp, limits: RequestLimits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or have it answered."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        most = self._judge(scope)
        if isinstance(most, Refusal):
            await refuse(scope, send, most)
        elif most == 0:
            await self._app(scope, receive, send)
        else:
            await self._with_body(scope, _Body(self._limits, most, receive, send))

    async def _with_body(self, scope: Scope, body: "_Body") -> None:
        try:
            await self._app(scope, body.receive, body.send)
        except Exception:
            # Whatever it is that became of the refusal on its way up.
            if body.refusal is None or body.is_answered:
                raise
        if body.refusal is not None and not body.is_answered:
            await refuse(scope, body.pass_on, body.refusal)

    def _judge(self, scope: Scope) -> Refusal | int:
        """Why not; or how many bytes the body may have, 0 if there is none."""
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        size = len(scope.get("raw_path") or b"") + len(scope["query_string"])
        if size + sum(len(name) + len(value) + 4 for name, value in headers) > self._limits.header_bytes:
            return Refusal(431, "The request's headers are too long.")
        if refusal := _judge_path(scope):
            return refusal
        lengths = [value for name, value in headers if name == b"content-length"]
        encodings = [value for name, value in headers if name == b"transfer-encoding"]
        if lengths and encodings:
            return Refusal(400, "A request has either Content-Length or Transfer-Encoding.", _CLOSE)
        if len(lengths) > 1 or (lengths and not lengths[0].isdigit()):
            return Refusal(400, "Content-Length is not a number.", _CLOSE)
        length = int(lengths[0]) if lengths else 0
        if scope["type"] == "websocket" or (not length and not encodings):
            return 0
        if scope["method"] == "PUT" and _OPEN_PATHS.fullmatch(scope["path"]):
            most = self._limits.upload_bytes
            return _too_big(most) if length > most else most
        return self._judge_body(scope["path"], headers, length)

    def _judge_body(self, path: str, headers: list[tuple[bytes, bytes]], length: int) -> Refusal | int:
        types = [value for name, value in headers if name == b"content-type"]
        kind = types[0].split(b";")[0].strip().lower().decode("latin-1") if len(types) == 1 else ""
        if kind == _MULTIPART:
            most = self._limits.upload_bytes
        elif kind == _JSON and path in DOCUMENT_PATHS:
            most = max(self._limits.document_bytes, self._limits.plain_bytes)
        elif kind in (_JSON, _FORM) or (kind.startswith("application/") and kind.endswith("+json")):
            most = self._limits.plain_bytes
        else:
            # Least of all text/plain and no type at all, which any web page may send anywhere without asking.
            return Refusal(415, f"Send {_JSON}, {_FORM} or {_MULTIPART}, and say so in Content-Type.")
        return _too_big(most) if length > most else most


class _Body:
    """A request's body while it comes in, and the answer while it goes out."""

    def __init__(self, limits: RequestLimits, most: int, receive: Receive, send: Send) -> None:
        self.refusal: Refusal | None = None
        self.is_answered = False
        """Whether an answer has begun."""
        self._limits = limits
        self._most = most
        self._receive = receive
        self.pass_on = send
        self._size = 0
        self._is_whole = False
        self._window_bytes = 0
        self._window_s = 0.0

    async def receive(self) -> Message:
        """The next piece; raises `BodyRefused`."""
        if self._is_whole:
            return await self._receive()
        if self.refusal is not None:
            raise BodyRefused(self.refusal.status, self.refusal.detail)
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._limits.idle_s):
                message = await self._receive()
        except TimeoutError:
            raise self._cut(_TOO_SLOW) from None
        if message["type"] == "http.request":
            self._take(len(message.get("body", b"")), time.monotonic() - began)
            self._is_whole = not message.get("more_body", False)
        else:
            self._is_whole = True
        return message

    async def send(self, message: Message) -> None:
        """Pass on what the app says; to a refusal it has nothing to add."""
        if self.refusal is not None and not self.is_answered:
            return
        self.is_answered = True
        await self.pass_on(message)

    def _take(self, size: int, waited_s: float) -> None:
        self._size += size
        if self._size > self._most:
            raise self._cut(_too_big(self._most))
        self._window_bytes += size
        self._window_s += waited_s
        if self._window_s < self._limits.window_s:
            return
        if self._window_bytes < self._limits.bytes_per_s * self._window_s:
            raise self._cut(_TOO_SLOW)
        self._window_bytes, self._window_s = 0, 0.0

    def _cut(self, refusal: Refusal) -> BodyRefused:
        self.refusal = refusal
        return BodyRefused(refusal.status, refusal.detail)


_CLOSE = ((b"connection", b"close"),)
_TOO_SLOW = Refusal(408, "The rest of the request took too long to come.", _CLOSE)


def _too_big(most: int) -> Refusal:
    return Refusal(413, f"What was sent is too big; {most:,} bytes are taken at most.")


def _judge_path(scope: Scope) -> Refusal | None:
    """No route has such a path; refused here so that none needs to think of it."""
    path: str = scope["path"]
    if not path.startswith("/") and not (path == "*" and scope.get("method") == "OPTIONS"):
        return Refusal(400, "The path of a request begins with a slash.")
    if "\0" in path or ".." in path.split("/"):
        return Refusal(400, "The path of a request leads nowhere else.")
    return None
