"""The dashboard's page, what it is made of, and its terminal over a WebSocket.

textual-serve brings what draws a terminal in a browser. Its own server is not used: it asks for no token, looks at
neither `Host` nor `Origin`, has its page fetch a font from another host, and runs a shell.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable
from importlib.resources import files
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response, WebSocket, WebSocketDisconnect

from engine.server.browser.terminalprocess import TerminalProcess
from engine.server.dependencies.service import Service

log = logging.getLogger(__name__)

MOST_DASHBOARDS = 8
"""At once; each is a process."""
_LIBRARY = "textual_serve"
_SEND_S = 60.0
"""A browser that takes nothing for so long is given up."""
_MOST_CELLS = 500
_TRY_AGAIN_LATER, _ENDED, _UNSUPPORTED = 1013, 1000, 1003
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; img-src data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The terminal styles itself by what it writes into the page."""


def router(service: Service) -> APIRouter:
    """The page, and the dashboards that are open; `service.dashboard` says which program it is."""
    routes = APIRouter(include_in_schema=False)
    open_ones: set[TerminalProcess] = set()

    for path, source, kind in _parts():
        routes.add_api_route(path, _answering(source, kind), methods=["GET"])

    @routes.get("/dashboard/check", status_code=204)
    def check() -> None:
        """Nothing, for who is let in."""

    @routes.websocket("/dashboard/terminal")
    async def terminal(
        websocket: WebSocket, width: Annotated[int, Query()] = 80, height: Annotated[int, Query()] = 24
    ) -> None:
        await websocket.accept()
        if len(open_ones) >= MOST_DASHBOARDS:
            await websocket.close(_TRY_AGAIN_LATER, f"{MOST_DASHBOARDS} dashboards are open already; close one.")
            return
        process = TerminalProcess(service.dashboard)
        open_ones.add(process)
        code = _ENDED
        try:
            await process.start(_cells(width), _cells(height))
            code = await _connect(websocket, process)
        except OSError as error:
            log.error("A dashboard for a browser could not be started: %s", error.strerror)
        finally:
            await process.stop()
            open_ones.discard(process)
        with contextlib.suppress(WebSocketDisconnect, RuntimeError, TimeoutError):
            async with asyncio.timeout(_SEND_S):
                await websocket.close(code, "The dashboard has ended.")

    return routes


async def _connect(websocket: WebSocket, process: TerminalProcess) -> int:
    """Pass on what each side sends, until one of them has ended; returns the code to close with."""
    code = _ENDED
    tasks = [asyncio.create_task(side) for side in (_show(websocket, process), _hear(websocket, process))]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        # RuntimeError: the server has closed the socket meanwhile, for want of an answer to its ping.
        for task in tasks:
            with contextlib.suppress(WebSocketDisconnect, RuntimeError, TimeoutError, asyncio.CancelledError):
                code = await task
    return code


async def _show(websocket: WebSocket, process: TerminalProcess) -> int:
    async for frame in process.frames():
        async with asyncio.timeout(_SEND_S):
            await websocket.send_bytes(frame)
    return _ENDED


async def _hear(websocket: WebSocket, process: TerminalProcess) -> int:
    while True:
        match _told(await websocket.receive_text()):
            case ["stdin", str(text)]:
                await process.type(text)
            case ["resize", {"width": int(columns), "height": int(rows)}]:
                await process.resize(_cells(columns), _cells(rows))
            case ["ping", str(sent)]:
                await websocket.send_text(json.dumps(["pong", sent]))
            case [("focus" | "blur") as what]:
                await process.tell(what)
            case _:
                return _UNSUPPORTED


def _told(message: str) -> Any:
    try:
        return json.loads(message)
    except ValueError:
        return None


def _cells(count: int) -> int:
    return min(max(count, 1), _MOST_CELLS)


def _parts() -> list[tuple[str, tuple[str, ...], str]]:
    """What the page is made of: where it is asked for, the package and the place in it, and what it is."""
    assert __package__ is not None
    static, font = (_LIBRARY, "static"), "RobotoMono-{}VariableFont_wght.ttf"
    return [
        ("/dashboard", (__package__, "page.html"), "text/html"),
        ("/dashboard/page.css", (__package__, "page.css"), "text/css"),
        ("/dashboard/page.js", (__package__, "page.js"), "text/javascript"),
        ("/dashboard/textual.js", (*static, "js", "textual.js"), "text/javascript"),
        ("/dashboard/xterm.css", (*static, "css", "xterm.css"), "text/css"),
        ("/dashboard/font.ttf", (*static, "fonts", font.format("")), "font/ttf"),
        ("/dashboard/italic.ttf", (*static, "fonts", font.format("Italic-")), "font/ttf"),
    ]


def _answering(source: tuple[str, ...], kind: str) -> Callable[[], Response]:
    def answer() -> Response:
        package, *place = source
        content = files(package).joinpath(*place).read_bytes()
        headers = {"content-security-policy": _POLICY}
        if package == _LIBRARY:  # the greater part, and always the same
            headers["cache-control"] = "private, max-age=86400"
        return Response(content, media_type=kind, headers=headers)

    return answer
