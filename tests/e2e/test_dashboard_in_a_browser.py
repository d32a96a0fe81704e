"""The program that draws the dashboard for a browser, behind the real service's own doors."""

import json
from pathlib import Path

import psutil
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from engine.base.sockets import bind
from engine.facade.engine import Engine
from engine.sandbox.inmemory import InMemoryBackend
from engine.server.app.listener import serve
from engine.server.app.tcp import open_tcp
from engine.server.dependencies.service import Service
from engine.settings.settings import Settings
from tests import pdfs
from tests.waiting import wait_until
from tui.command.browsercommand import PROGRAM, dashboard_command

TOKEN = "a-token-that-is-long-enough-for-a-test"


def until_shown(browser: ClientConnection, text: str) -> None:
    """Read frames until one has this in it."""
    while text.encode() not in browser.recv(timeout=60):  # type: ignore[operator]
        pass


def test_the_dashboard_is_drawn_for_who_shows_the_token(tmp_path: Path) -> None:
    settings = Settings(input=tmp_path / "input", output=tmp_path / "output", num_workers=1)
    with Engine(settings, watch=False, backend=InMemoryBackend) as engine:
        (tmp_path / "first page.pdf").write_bytes(pdfs.text_pages(1))
        engine.submit(tmp_path / "first page.pdf")
        service = Service(engine, lambda now: None, dashboard=dashboard_command(settings))
        listener = serve(service, bind(settings.state_folder), door := open_tcp("127.0.0.1", 0, TOKEN))
        url = f"{door.url.replace('http', 'ws', 1)}/dashboard/terminal?width=80&height=24"
        try:
            with pytest.raises(InvalidStatus, match="401"), connect(url):
                pass
            offered = [Subprotocol("hotfolio"), Subprotocol(f"bearer.{TOKEN}")]
            with connect(url, subprotocols=offered, max_size=None) as browser:
                until_shown(browser, "first page.pdf")
                browser.send(json.dumps(["resize", {"width": 150, "height": 40}]))
                until_shown(browser, "Under the cursor")
                browser.send(json.dumps(["stdin", "e"]))
                until_shown(browser, "A browser is given no file")
            # It has left without a word: so does the program.
            wait_until(lambda: not dashboards(), "the end of the dashboard's process")
        finally:
            listener.stop()


def dashboards() -> list[psutil.Process]:
    found = psutil.Process().children(recursive=True)
    return [process for process in found if PROGRAM in " ".join(process.cmdline())]
