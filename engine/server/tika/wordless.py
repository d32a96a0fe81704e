"""Leaves the words of a refusal out where Tika's clients would take them for the document.

tika-python (3.3) makes what an answer holds the document's content, whatever its status, if it has asked for text. Tika
Server itself says nothing with 415, 422 and 500 (`TikaServerParseExceptionMapper`, unless it was started to tell all).
"""

import json
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_DETAIL = b"x-hotfolio-detail"
"""The header that the sentence is in."""
_OF_THE_BODY = (b"content-length", b"content-type")
_DOOR = "/tika"


def wordless(app: ASGIApp) -> ASGIApp:
    """The same application; to calls for text, its refusals have an empty body."""

    async def ask(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, _Wordless(send).send if _wants_text(scope) else send)

    return ask


def _wants_text(scope: Scope) -> bool:
    if scope["type"] != "http" or not (scope["path"] == _DOOR or scope["path"].startswith(f"{_DOOR}/")):
        return False
    accepted = b",".join(value for name, value in scope["headers"] if name == b"accept").lower()
    return b"text/plain" in accepted and b"json" not in accepted and b"*/*" not in accepted


class _Wordless:
    """Holds the beginning of a refusal back until its sentence is there."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        """Pass on what is no refusal."""
        if message["type"] == "http.response.start" and message["status"] >= 400:
            self._start = message
        elif self._start is None:
            await self._send(message)
        elif message["type"] == "http.response.body":
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                kept = [header for header in self._start["headers"] if header[0].lower() not in _OF_THE_BODY]
                headers = [*kept, (b"content-length", b"0"), (_DETAIL, _one_line(self._body))]
                await self._send({**self._start, "headers": headers})
                await self._send({"type": "http.response.body", "body": b""})


def _one_line(body: bytes) -> bytes:
    """The sentence as a header may hold it: what is not ASCII as JSON has it."""
    try:
        detail: Any = json.loads(body)["detail"]
    except (ValueError, TypeError, KeyError):
        return b""
    return json.dumps(detail)[1:-1].encode() if isinstance(detail, str) else b""
