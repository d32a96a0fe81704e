"""Has Chromium open a WebSocket from a page, which can show its token by nothing but a subprotocol.

It is spoken to by the Chrome DevTools Protocol (https://chromedevtools.github.io/devtools-protocol/).
"""

import json
import os
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from websockets.sync.client import ClientConnection, connect

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_TIMEOUT_S = 60.0
_ASK = """
new Promise((settle) => {
  const socket = new WebSocket(%s, %s);
  socket.onmessage = (message) => settle(`${socket.protocol} ${JSON.parse(message.data).event}`);
  socket.onclose = (closed) => settle(`closed ${closed.code}`);
})
"""


def check(url: str, token: str) -> None:
    """Raises `AssertionError` unless the browser is let in with the token, and with nothing else."""
    socket_url = f"{url.replace('http', 'ws', 1)}/ws/events"
    with _page(f"{url}/docs") as page:
        assert _evaluate(page, socket_url, ["hotfolio", f"bearer.{token}"]) == "hotfolio snapshot"
        assert _evaluate(page, socket_url, ["hotfolio", "bearer.wrong"]) == "closed 1006"
        assert _evaluate(page, socket_url, []) == "closed 1006"


@contextmanager
def _page(url: str) -> Iterator[ClientConnection]:
    """A page of the API's own, since one from elsewhere is kept out; what it may connect to is not what is tried."""
    assert PROGRAM is not None
    with TemporaryDirectory() as folder:
        options = ["--headless", "--disable-gpu", "--remote-debugging-port=0", f"--user-data-dir={folder}"]
        if os.geteuid() == 0:
            options.append("--no-sandbox")
        browser = subprocess.Popen([PROGRAM, *options, "about:blank"], stderr=subprocess.DEVNULL)
        try:
            port = _port(Path(folder))
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list") as answer:
                place = next(each for each in json.load(answer) if each["type"] == "page")["webSocketDebuggerUrl"]
            with connect(place, max_size=None) as page:
                _call(page, "Page.enable")
                _call(page, "Page.setBypassCSP", enabled=True)
                _call(page, "Page.navigate", url=url)
                _wait_for(page, "Page.loadEventFired")
                yield page
        finally:
            browser.kill()
            browser.wait()


def _port(folder: Path) -> str:
    """The one it listens on, which it writes down once it does."""
    until = time.monotonic() + _TIMEOUT_S
    while time.monotonic() < until:
        try:
            return (folder / "DevToolsActivePort").read_text().split()[0]
        except (OSError, IndexError):
            time.sleep(0.1)
    raise AssertionError("Chromium does not listen.")


_numbers = count(1)


def _evaluate(page: ClientConnection, url: str, offered: list[str]) -> Any:
    expression = _ASK % (json.dumps(url), json.dumps(offered))
    return _call(page, "Runtime.evaluate", expression=expression, awaitPromise=True)["result"]["value"]


def _call(page: ClientConnection, method: str, **parameters: object) -> Any:
    number = next(_numbers)
    page.send(json.dumps({"id": number, "method": method, "params": parameters}))
    while (message := json.loads(page.recv(_TIMEOUT_S))).get("id") != number:
        pass
    return message["result"]


def _wait_for(page: ClientConnection, event: str) -> None:
    while json.loads(page.recv(_TIMEOUT_S)).get("method") != event:
        pass
