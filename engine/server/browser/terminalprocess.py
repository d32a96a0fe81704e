"""TerminalProcess: a program that draws for a terminal in a browser, by the protocol of Textual's web driver.

Each packet is a letter (D what the terminal is sent or has sent, M a message about it in JSON), the length of the rest
in four bytes, and the rest. The program's first line says that it speaks so.
"""

import asyncio
import contextlib
import json
import logging
import os
from collections.abc import AsyncIterator, Sequence

from engine.base.safetext import display_text

log = logging.getLogger(__name__)

_READY = b"__GANGLION__\n"
_LINES_BEFORE = 10
"""So many may come before it, of warnings for example."""
_MOST_BYTES = 16 << 20
"""Of a packet: more than any frame has."""
_END_S = 5.0
"""For a program that was asked to end, before it is ended."""
_LAST_WORDS = 2000
_DRIVER = {
    "TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver",
    "TEXTUAL_COLOR_SYSTEM": "truecolor",
    "TERM": "xterm-256color",
    "COLORTERM": "truecolor",
    "TERM_PROGRAM": "textual",
}
_OF_ANOTHER_TERMINAL = ("NO_COLOR", "TMUX", "TMUX_PANE", "STY", "LINES", "VTE_VERSION", "WT_SESSION")


class TerminalProcess:
    """One program, from `start` to `stop`."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._process: asyncio.subprocess.Process | None = None
        self._listening: asyncio.Task[bytes] | None = None

    async def start(self, columns: int, rows: int) -> None:
        """Begin, on a terminal of this size; raises `OSError` if it cannot."""
        environ = {name: value for name, value in os.environ.items() if name not in _OF_ANOTHER_TERMINAL}
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environ | _DRIVER | {"COLUMNS": str(columns), "ROWS": str(rows)},
            start_new_session=True,
        )
        self._listening = asyncio.create_task(self._last_words())

    async def frames(self) -> AsyncIterator[bytes]:
        """What the terminal is sent, until the program ends."""
        assert self._process is not None
        assert self._process.stdout is not None
        stdout = self._process.stdout
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, ValueError):
            for _ in range(_LINES_BEFORE):
                line = await stdout.readline()
                if line == _READY or not line:
                    break
            while True:
                kind, size = await stdout.readexactly(1), int.from_bytes(await stdout.readexactly(4), "big")
                if size > _MOST_BYTES:
                    log.error("A dashboard for a browser has sent what is no packet")
                    return
                packet = await stdout.readexactly(size)
                if kind == b"D":
                    yield packet
                elif kind == b"M" and _type_of(packet) == "exit":
                    return

    async def type(self, text: str) -> None:
        """Send what was typed, or what the terminal answers."""
        await self._send(b"D", text.encode("utf-8", "ignore"))

    async def resize(self, columns: int, rows: int) -> None:
        """Tell that the terminal has another size."""
        await self._send(b"M", json.dumps({"type": "resize", "width": columns, "height": rows}).encode())

    async def tell(self, what: str) -> None:
        """Tell that the terminal has the focus (`focus`), or has lost it (`blur`)."""
        await self._send(b"M", json.dumps({"type": what}).encode())

    async def stop(self) -> None:
        """Have it end, and end it if it does not."""
        process = self._process
        if process is None:
            return
        await self.tell("quit")
        try:
            async with asyncio.timeout(_END_S):
                # Who is not read any more may wait for just that.
                while process.stdout is not None and await process.stdout.read(1 << 16):
                    pass
                status = await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            status = await process.wait()
        finally:
            if process.returncode is None:  # cancelled: nobody waits any more
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
        if self._listening is not None:
            words = display_text((await self._listening).decode("utf-8", "replace").strip())
            if status:
                log.warning("A dashboard for a browser has ended with status %s: %s", status, words or "without a word")

    # --- below ---

    async def _send(self, kind: bytes, payload: bytes) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        with contextlib.suppress(OSError, RuntimeError):  # it has ended, which its output tells
            self._process.stdin.write(kind + len(payload).to_bytes(4, "big") + payload)
            await self._process.stdin.drain()

    async def _last_words(self) -> bytes:
        assert self._process is not None
        assert self._process.stderr is not None
        kept = b""
        while more := await self._process.stderr.read(4096):
            kept = (kept + more)[-_LAST_WORDS:]
        return kept


def _type_of(packet: bytes) -> object:
    try:
        told = json.loads(packet)
    except ValueError:
        return None
    return told.get("type") if isinstance(told, dict) else None
