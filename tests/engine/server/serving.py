"""Serves an app as the real service does, on a free TCP port of this machine."""

import http.client
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from engine.server.app.listener import App, Door, Listener


@contextmanager
def serving(app: App) -> Iterator[str]:
    """The address at which `app` answers meanwhile."""
    channel = socket.create_server(("127.0.0.1", 0))
    listener = Listener([Door(channel, app)])
    listener.start()
    try:
        yield f"http://127.0.0.1:{channel.getsockname()[1]}"
    finally:
        listener.stop()


def ask(url: str, target: str, method: str = "GET", **headers: str) -> tuple[int, http.client.HTTPMessage, bytes]:
    """Ask for a target exactly as it is written, where ordinary clients would tidy it up."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
    try:
        connection.request(method, target, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()
