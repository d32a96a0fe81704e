"""LateListener: serves an engine on its own socket without loading a web server for a run that nobody asks about."""

import logging
import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.base.descriptors import readable
from engine.base.sockets import bind, file_id, unbind
from engine.remote.contract import ServedEngine

if TYPE_CHECKING:
    from engine.server.app.listener import Listener

log = logging.getLogger(__name__)

_PATIENCE_S = 3.0
"""A run that lasts longer may well be asked about, and then the answer should be quick."""


class LateListener:
    """The socket is bound at once, so whoever calls waits; the server is loaded at the first call, or after a while."""

    def __init__(
        self, engine: ServedEngine, request_stop: Callable[[bool], None], patience_s: float = _PATIENCE_S
    ) -> None:
        """`engine` is started. `request_stop` is as in `engine.server.dependencies.service.Service`."""
        self._engine = engine
        self._request_stop = request_stop
        self._patience_s = patience_s
        self._channel = bind(engine.settings.state_folder)
        self._file = file_id(engine.settings.state_folder)
        self._wake_read, self._wake_write = os.pipe()
        self._listener: Listener | None = None
        self._thread = threading.Thread(target=self._wait, name="late-listener", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        os.write(self._wake_write, b"x")
        self._thread.join()
        unbind(self._engine.settings.state_folder, self._file)
        if self._listener is not None:
            self._listener.stop()
        self._channel.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _wait(self) -> None:
        if self._wake_read in readable(self._patience_s, self._channel, self._wake_read):
            return
        try:
            from engine.server.app.listener import serve
            from engine.server.dependencies.service import Service

            self._listener = serve(Service(self._engine, self._request_stop), self._channel)
        except Exception:
            log.exception("The engine cannot be reached by others")
