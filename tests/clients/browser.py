"""Has Chromium open a WebSocket from a page, which can show its token by nothing but a subprotocol, and the dashboard.

It is spoken to by the Chrome DevTools Protocol (https://chromedevtools.github.io/devtools-protocol/).
"""

import base64
import json
import os
import re
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyte
from websockets.sync.client import ClientConnection, connect

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_TIMEOUT_S = 60.0
# What pyte 0.8 would print: keyboard, and requests for modes.
_NOT_FOR_PYTE = re.compile(rb"\x1b\[[<=>][0-9;]*[a-zA-Z]|\x1b\[\?[0-9;]*\$p")
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
    with _page() as page:
        # Of the API's own, since one from elsewhere is kept out; what it may connect to is not what is tried.
        _call(page, "Page.setBypassCSP", enabled=True)
        _go(page, f"{url}/docs")
        assert _evaluate(page, socket_url, ["hotfolio", f"bearer.{token}"]) == "hotfolio snapshot"
        assert _evaluate(page, socket_url, ["hotfolio", "bearer.wrong"]) == "closed 1006"
        assert _evaluate(page, socket_url, []) == "closed 1006"


def check_dashboard(url: str, token: str, picture: Path | None = None) -> None:
    """Raises `AssertionError` unless the dashboard opens with the token and takes keys, with nothing from elsewhere."""
    with _page() as page:
        tab = _Tab(page)
        _call(page, "Network.enable")
        _call(page, "Log.enable")
        _go(page, f"{url}/dashboard")
        tab.wait("!document.getElementById('ask').hidden")
        tab.say("wrong-" + token)
        tab.wait("document.getElementById('problem').textContent == 'That is not the token.'")
        tab.say(token)
        tab.wait_for("report.pdf", "q quit")
        tab.key("?")
        tab.wait_for("Next job")
        if picture is not None:
            # What is drawn, and not only sent.
            shot = _call(page, "Page.captureScreenshot", format="png")["data"]
            picture.write_bytes(base64.b64decode(shot))
        tab.key("\x1b")
        tab.wait_gone("Next job")
        _call(page, "Emulation.setDeviceMetricsOverride", width=1500, height=900, deviceScaleFactor=1, mobile=False)
        tab.wait_for("Under the cursor")
        assert tab.elsewhere(url) == []
        # But for the browser's own remarks on what a wrong token is answered, and on a machine without a graphics card.
        assert [text for text in tab.complaints if "401" not in text and "WebGL" not in text] == []
        tab.key("q")
        tab.wait("!document.getElementById('closed').hidden")


class _Tab:
    """What is in the dashboard's terminal, by what is sent to it, and what else the page does."""

    def __init__(self, page: ClientConnection) -> None:
        self._page = page
        self._screen = pyte.Screen(500, 200)
        self._stream = pyte.ByteStream(self._screen)
        self._asked: list[str] = []
        self.complaints: list[str] = []

    def say(self, token: str) -> None:
        """Type a token into the form, and send that."""
        expression = (
            f"document.getElementById('token').value = {json.dumps(token)};"
            "document.querySelector('#ask button').click()"
        )
        self._evaluate(expression)

    def key(self, text: str) -> None:
        """Press a key, and let it go."""
        key: dict[str, Any] = {"key": text, "text": text}
        if text == "\x1b":
            key = {"key": "Escape", "windowsVirtualKeyCode": 27}
        for what in ("keyDown", "keyUp"):
            _call(self._page, "Input.dispatchKeyEvent", self._hear, type=what, **key)

    def wait(self, expression: str) -> None:
        """Until a condition is true in the page."""
        self._until(lambda: self._evaluate(expression) is True, expression)

    def wait_for(self, *texts: str) -> None:
        """Until all of these are in the terminal."""
        self._until(lambda: all(text in self._text for text in texts), str(texts))

    def wait_gone(self, text: str) -> None:
        """Until this is there no more."""
        self._until(lambda: text not in self._text, f"{text} to go")

    def elsewhere(self, url: str) -> list[str]:
        """What it has asked others for."""
        return [
            asked for asked in self._asked if not asked.startswith((f"{url}/", "data:", url.replace("http", "ws", 1)))
        ]

    @property
    def _text(self) -> str:
        return "\n".join(self._screen.display)

    def _until(self, condition: Callable[[], bool], what: str) -> None:
        until = time.monotonic() + _TIMEOUT_S
        while not condition():
            assert time.monotonic() < until, f"waited in vain for {what}:\n{self._text.rstrip()}\n{self.complaints}"
            self._evaluate("new Promise((settle) => setTimeout(settle, 50))")

    def _evaluate(self, expression: str) -> Any:
        answer = _call(
            self._page, "Runtime.evaluate", self._hear, expression=expression, awaitPromise=True, returnByValue=True
        )
        return answer["result"].get("value")

    def _hear(self, event: dict[str, Any]) -> None:
        match event:
            case {
                "method": "Network.webSocketFrameReceived",
                "params": {"response": {"opcode": 2, "payloadData": data}},
            }:
                self._stream.feed(_NOT_FOR_PYTE.sub(b"", base64.b64decode(data)))
            case {"method": "Network.requestWillBeSent", "params": {"request": {"url": url}}}:
                self._asked.append(url)
            case {"method": "Network.webSocketCreated", "params": {"url": url}}:
                self._asked.append(url)
            case {"method": "Log.entryAdded", "params": {"entry": {"text": text}}}:
                self.complaints.append(text)


@contextmanager
def _page() -> Iterator[ClientConnection]:
    """A tab of a browser that knows nothing yet."""
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


def _go(page: ClientConnection, url: str) -> None:
    _call(page, "Page.navigate", url=url)
    _wait_for(page, "Page.loadEventFired")


def _evaluate(page: ClientConnection, url: str, offered: list[str]) -> Any:
    expression = _ASK % (json.dumps(url), json.dumps(offered))
    return _call(page, "Runtime.evaluate", expression=expression, awaitPromise=True)["result"]["value"]


def _call(
    page: ClientConnection, method: str, hear: Callable[[dict[str, Any]], object] = id, **parameters: object
) -> Any:
    """What a method answers; `hear` is told what happens meanwhile."""
    number = next(_numbers)
    page.send(json.dumps({"id": number, "method": method, "params": parameters}))
    while (message := json.loads(page.recv(_TIMEOUT_S))).get("id") != number:
        hear(message)
    return message["result"]


def _wait_for(page: ClientConnection, event: str) -> None:
    while json.loads(page.recv(_TIMEOUT_S)).get("method") != event:
        pass
