"""Listener: serves an engine on its Unix socket, and on TCP where asked to, from a thread of its own."""

import asyncio
import logging
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import uvicorn

from engine.base.errors import SettingsError
from engine.remote import toolserver
from engine.server.app.connections import ConnectionLimits
from engine.server.app.lazyapi import LazyApi, LocalApi
from engine.server.app.tcp import TcpDoor
from engine.server.app.uvicorn_protocol import DoorConfig
from engine.server.dependencies.service import Service
from engine.server.security.bounds import Bounds, RequestLimits
from engine.server.security.guard import Guard
from engine.server.tika.wordless import wordless
from engine.settings.servicesettings import DoorName

log = logging.getLogger(__name__)

_CLOSE_S = 2.0
_END_S = 1.0
"""For all that is left then to end."""
CALL_BYTES = 64 << 20
"""Of a call of the engine's own front ends: it may name every job there is."""

App = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Door:
    """A bound socket, and what is served on it."""

    channel: socket.socket
    app: App
    limits: ConnectionLimits = field(default_factory=ConnectionLimits)


class Listener:
    """Runs from `start` to `stop`; the sockets are bound already, and closed by it."""

    def __init__(self, doors: Sequence[Door], close_s: float = _CLOSE_S) -> None:
        """`close_s` is for requests under way when it stops."""
        self._close_s = close_s
        self._channels = [door.channel for door in doors]
        self._configs = [DoorConfig(door.app, door.limits, close_s) for door in doors]
        self._servers = [uvicorn.Server(config) for config in self._configs]
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        _take_in_logs()
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether it answers."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """End, giving requests under way a moment."""
        for server in self._servers:
            server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(self._close_s + 2 * _END_S)
            if self._thread.is_alive():
                log.warning("A request goes on although the listener has stopped")
        for channel in self._channels:
            channel.close()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception:
            log.exception("The listener has failed")

    async def _serve(self) -> None:
        asyncio.get_running_loop().set_exception_handler(_log_failure)
        try:
            await asyncio.gather(
                *(
                    server.serve(sockets=[channel])
                    for server, channel in zip(self._servers, self._channels, strict=True)
                )
            )
        finally:
            for config in self._configs:
                config.connections.abort()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            if others:
                await asyncio.wait(others, timeout=_END_S)


def serve(
    service: Service,
    channel: socket.socket,
    tcp: TcpDoor | None = None,
    *,
    requests: RequestLimits | None = None,
    connections: ConnectionLimits | None = None,
) -> Listener:
    """Serve on the engine's own socket, whose folder lets its owner in alone, and, guarded, on TCP.

    Raises `SettingsError` if a door lacks what it stands on.
    """
    settings = service.engine.settings
    if DoorName.MCP in settings.doors and not toolserver.is_there():
        raise SettingsError("doors: mcp needs the library mcp: install hotfolio[mcp].")
    requests = requests or RequestLimits.for_uploads(settings.max_upload)
    connections = connections or ConnectionLimits()
    api = LazyApi(service)
    local = Bounds(LocalApi(service, api), requests.with_calls(CALL_BYTES))
    doors = [Door(channel, local, connections.for_one_user)]
    if tcp is not None:
        api.load()
        guard = Guard(Bounds(api, requests), token=tcp.token, names=tcp.names, trusted=tcp.trusted)
        doors.append(Door(tcp.channel, wordless(guard), connections))
    listener = Listener(doors)
    listener.start()
    return listener


class _IntoOurs(logging.Handler):
    """Writes uvicorn's errors to the engine's log; they would go to the terminal, into the dashboard."""

    def emit(self, record: logging.LogRecord) -> None:
        is_cancelled = record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError)
        is_stop = is_cancelled or str(record.msg).startswith("Cancel %s running task(s)")
        if record.levelno >= logging.ERROR and not is_stop:
            log.handle(record)


_INTO_OURS = _IntoOurs()


def _take_in_logs() -> None:
    theirs = logging.getLogger("uvicorn")
    theirs.propagate = False
    if _INTO_OURS not in theirs.handlers:
        theirs.addHandler(_INTO_OURS)


def _log_failure(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    log.error("%s", context["message"], exc_info=context.get("exception"))
