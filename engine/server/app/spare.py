"""What a connection may ask for that there is no room for."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.server.security.guard import is_about_health
from engine.server.security.refusal import SECURITY_HEADERS, Refusal, refuse

FULL = Refusal(503, "There are too many connections; try again later.", ((b"retry-after", b"5"),))
_ONLY_HEALTH = Refusal(FULL.status, FULL.detail, (*FULL.headers, *SECURITY_HEADERS))
_CLOSE = (b"connection", b"close")


class HealthAlone:
    """Lets one request through if it asks for the engine's health, and refuses it otherwise; as ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, for the last time on this connection."""

        async def send_last(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), _CLOSE]}
            await send(message)

        if is_about_health(scope):
            await self._app(scope, receive, send_last)
        else:
            await refuse(scope, send_last, _ONLY_HEALTH)
