"""Listener: serves an engine on its Unix socket, and on TCP where asked to, from a thread of its own."""

import asyncio
import logging
import socket
import threading
from collections.abc import Callable, Sequence
from typing import Any

import uvicorn

from engine.server.service import Service

log = logging.getLogger(__name__)

_CLOSE_S = 2
"""For requests under way when the server stops."""

App = Callable[..., Any]


class Listener:
    """Runs from `start` to `stop`; the sockets are bound already, and closed by it."""

    def __init__(self, served: Sequence[tuple[socket.socket, App]]) -> None:
        self._servers = [(uvicorn.Server(_config(app)), channel) for channel, app in served]
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether it answers."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """End, giving requests under way a moment."""
        for server, _ in self._servers:
            server.should_exit = True
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception:
            log.exception("The listener has failed")

    async def _serve(self) -> None:
        await asyncio.gather(*(server.serve(sockets=[channel]) for server, channel in self._servers))


def _config(app: App) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        loop="asyncio",
        http="h11",
        ws="websockets-sansio",
        timeout_graceful_shutdown=_CLOSE_S,
        server_header=False,
        proxy_headers=False,  # whoever asks is who is at the other end, whatever a header says
    )


def serve_locally(service: Service, channel: socket.socket) -> Listener:
    """Serve on the engine's own socket."""
    from engine.server.api import create_local_api

    listener = Listener([(channel, create_local_api(service))])
    listener.start()
    return listener
