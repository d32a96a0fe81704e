"""What uvicorn speaks HTTP and WebSocket with, given the deadlines and limits it does not have itself."""

import asyncio
import contextlib
import sys
from collections.abc import Callable
from typing import Any, cast

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.exceptions import WebSocketException

from engine.server.app.connections import ConnectionLimits, Connections
from engine.server.app.spare import FULL, HealthAlone
from engine.server.security.guard import introducing
from engine.server.security.refusal import Refusal

_NO_HTTP = Refusal(400, "This is no HTTP request.")
_NO_WEBSOCKET = Refusal(400, "This is no WebSocket request.")
_LONG_HEADERS = Refusal(431, "The request's headers are too long.")
_LATE_HEADERS = Refusal(408, "The request's headers took too long to come.")
MAX_UPGRADE_BYTES = 8 << 10
MAX_UPGRADE_HEADERS = 100
"""The WebSocket library takes no more, and fails instead of refusing."""
_FIRST_BYTE = object()
_REQUEST = (_FIRST_BYTE, h11.IDLE)
"""What a connection waits for whose turn it is: for anything of a request, and then for the rest of its headers."""


class DoorConfig(uvicorn.Config):
    """uvicorn's settings for one door."""

    def __init__(self, app: Callable[..., Any], limits: ConnectionLimits, close_s: float) -> None:
        """`close_s` is for requests under way when the server stops."""
        self.connections = Connections(limits)
        super().__init__(
            app,
            log_config=None,
            log_level="error",
            access_log=False,
            lifespan="off",
            interface="asgi3",
            loop="asyncio",
            http=HttpConnection,
            ws=SocketConnection,
            ws_max_size=limits.message_bytes,
            ws_ping_interval=limits.ping_s,
            ws_ping_timeout=limits.ping_s,
            ws_per_message_deflate=False,
            h11_max_incomplete_event_size=limits.header_bytes,
            timeout_keep_alive=cast(int, limits.keep_alive_s),
            timeout_graceful_shutdown=cast(int, close_s),
            server_header=False,
            # Whoever sends X-Forwarded-For would be whom it names to the limits, and to the log.
            proxy_headers=False,
        )


class HttpConnection(H11Protocol):
    """One connection, as long as it is HTTP."""

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._open = cast(DoorConfig, config).connections
        self._limits = self._open.limits
        self._is_upgraded = False
        self._deadline: asyncio.TimerHandle | None = None
        self._waits_for: object = None
        self._turn_began = 0.0
        self._unread: asyncio.TimerHandle | None = None
        self._end: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Let it in; where there is no room, for a short question."""
        if self._open.let_in(transport):
            self.app = introducing(self.app, lambda: self._open.know(transport))
        else:
            self.app = HealthAlone(self.app)
            self._end = self.loop.call_later(self._limits.spare_s, transport.abort)
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._wait_for(None)
        self._stop_unread()
        if self._end is not None:
            self._end.cancel()
        self._open.leave(self.transport)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what has come, and see what must come next."""
        if self.transport is None or self.transport.is_closing():
            return
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """See what must come next."""
        super().on_response_complete()
        self._watch()

    def pause_writing(self) -> None:
        """The client does not read as fast as it is written to."""
        super().pause_writing()
        if self._unread is None:
            self._unread = self.loop.call_later(self._limits.unread_s, self.transport.abort)

    def resume_writing(self) -> None:
        """The client reads."""
        super().resume_writing()
        self._stop_unread()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Hand the connection over, if there is room for one more WebSocket."""
        size = len(event.target) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > MAX_UPGRADE_BYTES or len(self.headers) > MAX_UPGRADE_HEADERS:
            self._refuse(_LONG_HEADERS)
        elif not self._open.let_upgrade(self.transport):
            self._refuse(FULL)
        else:
            self._is_upgraded = True
            self._wait_for(None)
            self._stop_unread()
            super().handle_websocket_upgrade(event)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, while the error that says why is being handled."""
        hint = getattr(sys.exc_info()[1], "error_status_hint", 400)
        self._refuse(_LONG_HEADERS if hint == _LONG_HEADERS.status else Refusal(hint, _NO_HTTP.detail))

    def shutdown(self) -> None:
        """Close, or have it closed after the answer under way."""
        if self.transport.is_closing():
            return
        # uvicorn would answer for a request it gives up on, as if that had failed.
        self.loop.call_later(self.config.timeout_graceful_shutdown or 0, self.transport.abort)
        try:
            super().shutdown()
        except h11.LocalProtocolError:
            self.transport.close()

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection on which nothing has come since the last answer."""
        with contextlib.suppress(h11.LocalProtocolError):
            super().timeout_keep_alive_handler()
        self.transport.close()

    def _watch(self) -> None:
        """Set the deadline for what the client must send, if it is the client's turn."""
        if self._is_upgraded or self.transport.is_closing():
            self._wait_for(None)
        elif self.conn.their_state is h11.IDLE:
            self._wait_for(h11.IDLE if self.conn.trailing_data[0] else _FIRST_BYTE)
        elif self.conn.their_state is h11.SEND_BODY and self.conn.our_state is h11.DONE:
            self._wait_for(h11.SEND_BODY)
        else:
            self._wait_for(None)

    def _wait_for(self, what: object) -> None:
        if what is self._waits_for:
            return
        if self._waits_for not in _REQUEST:
            self._turn_began = self.loop.time()
        self._waits_for = what
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if what in _REQUEST:
            within_s = self._limits.headers_s if what is h11.IDLE else self._limits.keep_alive_s
            self._deadline = self.loop.call_at(self._turn_began + within_s, self._give_up_on_headers)
        elif what is h11.SEND_BODY:
            self._deadline = self.loop.call_later(self._limits.leftover_s, self.transport.close)

    def _stop_unread(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _give_up_on_headers(self) -> None:
        if self.conn.trailing_data[0]:
            self._refuse(_LATE_HEADERS)
        else:
            self.transport.close()

    def _refuse(self, refusal: Refusal) -> None:
        """Answer for the application, which has not been asked or will not be heard, and close."""
        if self.cycle is not None and not self.cycle.response_complete:
            if self.cycle.response_started:
                self.transport.abort()
                return
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.write(refusal.as_bytes())
        self.transport.close()
        self._wait_for(None)


class SocketConnection(WebSocketsSansIOProtocol):
    """One connection, once it is a WebSocket."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take it over."""
        connections = cast(DoorConfig, self.config).connections
        self.app = introducing(self.app, lambda: connections.know(self.transport))
        super().connection_made(transport)

    async def send(self, message: Any) -> None:
        """Pass on what the application says."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and self.close_sent:
            # A refusal ends the handshake too; uvicorn would log an application that has forgotten about it.
            self.handshake_complete = True

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        cast(DoorConfig, self.config).connections.leave(self.transport)
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Read no more: a client that sends pings, and never reads the answers, would fill the memory with them."""
        super().pause_writing()
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        """The client reads, so go on."""
        super().resume_writing()
        if not self.read_paused and not self.transport.is_closing():
            self.transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        """Take what has come; the first time, that is a whole request, so it must have been understood."""
        super().data_received(data)
        if not self.handshake_initiated and not self.transport.is_closing():
            self.handshake_complete = self.close_sent = True
            self.transport.write(_NO_WEBSOCKET.as_bytes())
            self.transport.close()

    def shutdown(self) -> None:
        """Close; whatever state the client has brought it to."""
        if self.transport.is_closing():
            return
        try:
            super().shutdown()
        except (WebSocketException, AssertionError):
            self.transport.abort()
