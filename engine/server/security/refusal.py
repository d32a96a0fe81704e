"""How a request is refused before a route has seen it."""

import json
from dataclasses import dataclass
from http import HTTPStatus

from starlette.types import Scope, Send

Headers = tuple[tuple[bytes, bytes], ...]

SECURITY_HEADERS: Headers = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
"""What every answer says, where its route does not say otherwise."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A status, and a sentence that a person can act on."""

    status: int
    detail: str
    headers: Headers = ()

    @property
    def body(self) -> bytes:
        """The same form as `models.Problem`."""
        return json.dumps({"detail": self.detail}).encode()

    @property
    def all_headers(self) -> Headers:
        """Those of the body too."""
        length = str(len(self.body)).encode()
        return ((b"content-type", b"application/json"), (b"content-length", length), *self.headers)

    def as_bytes(self) -> bytes:
        """A whole answer, after which the connection is closed: for when there is no request that could be parsed."""
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}".encode()]
        for name, value in (*self.all_headers, *SECURITY_HEADERS, (b"connection", b"close")):
            lines.append(name + b": " + value)
        return b"\r\n".join(lines) + b"\r\n\r\n" + self.body


async def refuse(scope: Scope, send: Send, refusal: Refusal) -> None:
    """Answer an HTTP request, or a WebSocket's before it is one."""
    kind = "http.response"
    if scope["type"] == "websocket":
        if "websocket.http.response" not in scope.get("extensions", {}):
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
            return
        kind = "websocket.http.response"
    await send({"type": f"{kind}.start", "status": refusal.status, "headers": list(refusal.all_headers)})
    await send({"type": f"{kind}.body", "body": refusal.body, "more_body": False})
