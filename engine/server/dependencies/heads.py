"""Heads: `HEAD` wherever `GET` is, with the same answer but for its body."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ASKED = "hotfolio.head"


class Heads:
    """ASGI middleware. Routes see a `GET`, and what they send after their headers goes nowhere."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self._app({**scope, "method": "GET", _ASKED: True}, receive, send_head)


def as_asked(scope: Scope) -> Scope:
    """The request as it came, for a route that would do in vain what nobody gets."""
    return {**scope, "method": "HEAD"} if scope.get(_ASKED) else scope
