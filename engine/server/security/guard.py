"""Guard: who gets in over TCP. Stands before everything else there, as ASGI middleware."""

import asyncio
import hmac
import ipaddress
import logging
from collections.abc import Callable, Iterable, Set

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.server.dependencies.seldom import Seldom
from engine.server.security.hosts import Authority, Hosts, is_same_origin
from engine.server.security.refusal import SECURITY_HEADERS, Refusal, refuse

log = logging.getLogger(__name__)

HEALTH_PATHS = frozenset({"/healthz", "/readyz", "/health", "/livez", "/ready"})
_PAGE_PATHS = frozenset(
    f"/dashboard{part}"
    for part in ("", "/page.css", "/page.js", "/textual.js", "/xterm.css", "/font.ttf", "/italic.ttf")
)
"""The page that asks for the token: the same for everybody."""
OPEN_PATHS = HEALTH_PATHS | _PAGE_PATHS | {"/docs", "/openapi.json"}
"""Answered without a token: whether the engine is well, and what a person opens in a browser, which sends none."""
_WRONG_TOKEN_S = 0.25
"""So long a wrong token is thought about. The right one never waits, and connections are few, so nobody is kept out."""
_FOREIGN_SITES = frozenset({b"cross-site", b"same-site"})

_NO_HOST = Refusal(400, "A request names one host, in its Host header.")
_FOREIGN_HOST = Refusal(
    421, "This name is not known here; call by address, or add the name to `api_names` in the settings."
)
_FOREIGN_PAGE = Refusal(403, "A web page from elsewhere may not call this.")
_NO_TOKEN = Refusal(
    401,
    "Send the token that `hotfolio token` prints, as `Authorization: Bearer TOKEN` or `X-Api-Key: TOKEN`.",
    ((b"www-authenticate", b"Bearer"),),
)

_PROTOCOL = "hotfolio"
"""The subprotocol that is chosen if a WebSocket's client offers it: a browser closes one for which none is chosen."""
_TOKEN_PROTOCOL = "bearer."
"""Begins the subprotocol that is a token: all that a browser lets a page say besides the URL, which gets into logs."""

_Headers = list[tuple[bytes, bytes]]
_INTRODUCE = "hotfolio.introduce"
"""In a request's scope: what to call when its sender has shown that it may come in."""


def introducing(app: ASGIApp, introduce: Callable[[], None]) -> ASGIApp:
    """The same application; `introduce` is called when a `Guard` in it lets a sender in, and not for open paths."""

    async def ask(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, _INTRODUCE: introduce}, receive, send)

    return ask


def is_about_health(scope: Scope) -> bool:
    """Whether a request asks how the engine is, and for nothing else."""
    return _asks_for(HEALTH_PATHS, scope)


class Guard:
    """Asks for the token, and keeps out web pages from elsewhere.

    There are no cookies and no CORS: a browser is given nothing that a page from elsewhere could make use of.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        token: str | None,
        names: Iterable[str] = (),
        trusted: Iterable[str] = (),
        wrong_token_s: float = _WRONG_TOKEN_S,
    ) -> None:
        """Without a token, everybody who reaches the socket is let in: see `tcp.open_tcp` for when that may be.

        Who calls from one of the networks `trusted` needs none.
        """
        self._app = app
        self._token = token.encode() if token is not None else None
        self._hosts = Hosts(names)
        self._trusted = tuple(map(ipaddress.ip_network, trusted))
        self._wrong_token_s = wrong_token_s
        self._seldom = Seldom(log)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let in or refuse."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return

        offered = scope.get("subprotocols", ())

        async def send_safely(message: Message) -> None:
            if message["type"] == "websocket.accept" and _PROTOCOL in offered:
                message = {**message, "subprotocol": _PROTOCOL}
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                message = {**message, "headers": _safe(list(message.get("headers", [])))}
            await send(message)

        refusal = self._judge_sender(scope["headers"]) or await self._judge_token(scope)
        if refusal is not None:
            await refuse(scope, send_safely, refusal)
        else:
            await self._app(scope, receive, send_safely)

    def _judge_sender(self, headers: _Headers) -> Refusal | None:
        """Where it was sent to and, if a browser has sent it, from which page."""
        named = _all(headers, b"host")
        authority = Authority.parse(named[0]) if len(named) == 1 else None
        if authority is None:
            return _NO_HOST
        if not self._hosts.has(authority):
            self._seldom.warn("A request for the unknown host %r was refused", authority.host[:80])
            return _FOREIGN_HOST
        origins = _all(headers, b"origin")
        if len(origins) > 1 or not all(is_same_origin(origin, authority) for origin in origins):
            return _FOREIGN_PAGE
        if any(site.strip().lower() in _FOREIGN_SITES for site in _all(headers, b"sec-fetch-site")):
            return _FOREIGN_PAGE
        return None

    async def _judge_token(self, scope: Scope) -> Refusal | None:
        shown = _shown(scope)
        is_shown = self._token is None or any(hmac.compare_digest(token, self._token) for token in shown)
        if is_shown or self._is_trusted(scope.get("client")):
            if introduce := scope.get(_INTRODUCE):
                introduce()
            return None
        if _asks_for(OPEN_PATHS, scope):
            return None
        if shown:
            self._seldom.warn("A wrong token was sent from %s", (scope.get("client") or ("nowhere",))[0])
            await asyncio.sleep(self._wrong_token_s)
        return _NO_TOKEN

    def _is_trusted(self, client: tuple[str, int] | None) -> bool:
        """Whether a connection comes from one of the networks that need no token; what headers say does not count."""
        if not self._trusted or client is None:
            return False
        try:
            address = ipaddress.ip_address(client[0].partition("%")[0])
        except ValueError:
            return False
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address in network for network in self._trusted)


def _asks_for(paths: Set[str], scope: Scope) -> bool:
    return scope["type"] == "http" and scope["method"] in ("GET", "HEAD") and scope["path"] in paths


def _shown(scope: Scope) -> list[bytes]:
    """The tokens a request shows. One of a kind, as nobody sends more by chance."""
    headers: _Headers = scope["headers"]
    authorizations, keys = _all(headers, b"authorization"), _all(headers, b"x-api-key")
    offered = [name for name in scope.get("subprotocols", ()) if name.startswith(_TOKEN_PROTOCOL)]
    shown = []
    if len(authorizations) == 1:
        scheme, _, token = authorizations[0].strip().partition(b" ")
        if scheme.lower() == b"bearer":
            shown.append(token.strip())
    if len(keys) == 1:
        shown.append(keys[0].strip())
    if len(offered) == 1:
        shown.append(offered[0].removeprefix(_TOKEN_PROTOCOL).encode())
    return shown


def _safe(headers: _Headers) -> _Headers:
    headers = [
        (name, value)
        for name, value in headers
        if name.lower() != b"server" and not name.lower().startswith(b"access-control-")
    ]
    said = {name.lower() for name, _ in headers}
    return headers + [(name, value) for name, value in SECURITY_HEADERS if name not in said]


def _all(headers: _Headers, name: bytes) -> list[bytes]:
    return [value for key, value in headers if key == name]
