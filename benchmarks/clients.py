"""Clients of a running service, in processes of their own.

`submit` and `listen` come in over TCP, `attach` and `follow` by the engine's own socket.
"""

import argparse
import asyncio
import base64
import contextlib
import http.client
import json
import os
import queue
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from benchmarks.answers import Answers

EVENTS, CONVERSIONS = 25, 25
"""Listeners on `/ws/events`, and on single conversions."""
DEAF_EVENTS, DEAF_CONVERSIONS = 3, 2
"""Those of them that never read."""
_DEAF_BUFFER = 4096
_HEARD_S = 600.0
_ENDS = frozenset({"completed", "partial", "error", "cancelled"})
_FINISHED = frozenset({"done", "partial", "failed", "cancelled"})


# --- submitting ---


def submit(url: str, token: str, threads: int) -> None:
    """Ask for the conversion of the files named in a line on stdin, and say how long each answer took."""
    answers = Answers()
    for line in sys.stdin:
        names: queue.SimpleQueue[str] = queue.SimpleQueue()
        for name in json.loads(line):
            names.put(name)
        results: list[tuple[float, int, str]] = []
        workers = [threading.Thread(target=_submit_all, args=(url, token, names, results)) for _ in range(threads)]
        started = time.perf_counter()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        answers.say(
            {
                "seconds": time.perf_counter() - started,
                "times_ms": [ms for ms, _, _ in results],
                "statuses": [status for _, status, _ in results],
                "ids": [id_ for _, _, id_ in results],
            }
        )


def _submit_all(url: str, token: str, names: "queue.SimpleQueue[str]", results: list[tuple[float, int, str]]) -> None:
    address = urlsplit(url)
    channel = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
    channel.connect()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-www-form-urlencoded"}
    with contextlib.closing(channel), contextlib.suppress(queue.Empty):
        while True:
            name = names.get_nowait()
            started = time.perf_counter()
            channel.request("POST", "/convert", f"filename={quote(name)}", headers)
            answer = channel.getresponse()
            body = json.loads(answer.read())
            results.append(((time.perf_counter() - started) * 1000, answer.status, body.get("conversion_id", "")))


# --- listening ---


class Listeners:
    """Half of them on all events, half on one conversion after another; some never read."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"}
        self._token = token
        self._to_follow: asyncio.Queue[str] = asyncio.Queue()
        self._ends: dict[str, str] = {}
        self._heard: list[dict[str, str]] = [{} for _ in range(EVENTS - DEAF_EVENTS)]
        self._messages = 0
        self._opened = 0

    async def run(self, answers: Answers) -> None:
        """Take ids to follow, a line of them at a time; after the last, say whose ends have been heard."""
        lines: asyncio.Queue[str] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        threading.Thread(
            target=lambda: [loop.call_soon_threadsafe(lines.put_nowait, line) for line in sys.stdin], daemon=True
        ).start()
        first = json.loads(await lines.get())
        deaf = [_open_deaf(self._url, self._token, "/ws/events") for _ in range(DEAF_EVENTS)]
        deaf += [_open_deaf(self._url, self._token, f"/ws/conversion/{first[-1]}") for _ in range(DEAF_CONVERSIONS)]
        for id_ in first:
            self._to_follow.put_nowait(id_)
        tasks = [asyncio.create_task(self._hear_all(heard)) for heard in self._heard]
        tasks += [asyncio.create_task(self._follow()) for _ in range(CONVERSIONS - DEAF_CONVERSIONS)]
        while self._opened < len(tasks):
            await asyncio.sleep(0.01)
        answers.say("listening")
        wanted = json.loads(await lines.get())
        for id_ in wanted:
            self._to_follow.put_nowait(id_)

        def is_done() -> bool:
            return self._ends.keys() >= set(wanted) and all(heard.keys() >= set(wanted) for heard in self._heard)

        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_HEARD_S):
                while not is_done():
                    await asyncio.sleep(0.1)
        answers.say(
            {
                "unheard": sum(id_ not in self._ends for id_ in wanted),
                "unheard_events": sum(id_ not in heard for heard in self._heard for id_ in wanted),
                "messages": self._messages,
            }
        )
        for channel in deaf:
            channel.close()

    async def _hear_all(self, heard: dict[str, str]) -> None:
        async with self._open("/ws/events") as channel:
            self._opened += 1
            async for text in channel:
                self._messages += 1
                message = json.loads(text)
                if message["event"] == "jobs":
                    for entry in message["changed"]:
                        if entry["state"] in _FINISHED:
                            heard[entry["conversion_id"]] = entry["state"]

    async def _follow(self) -> None:
        is_first = True
        while True:
            id_ = await self._to_follow.get()
            async with self._open(f"/ws/conversion/{id_}") as channel:
                self._opened += is_first
                is_first = False
                async for text in channel:
                    self._messages += 1
                    status = json.loads(text)["status"]
                    if status in _ENDS:
                        self._ends[id_] = status

    def _open(self, path: str) -> Any:
        from websockets.asyncio.client import connect

        url = self._url.replace("http", "ws", 1) + path
        return connect(url, additional_headers=self._headers, compression=None, proxy=None)


def listen(url: str, token: str) -> None:
    """Run the listeners."""
    answers = Answers()
    asyncio.run(Listeners(url, token).run(answers))


def _open_deaf(url: str, token: str, path: str) -> socket.socket:
    """A WebSocket whose client asks for it, and then does nothing at all."""
    address = urlsplit(url)
    channel = socket.socket()
    channel.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _DEAF_BUFFER)
    channel.connect((address.hostname, address.port))
    key = base64.b64encode(os.urandom(16)).decode()
    channel.sendall(
        f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Bearer {token}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    return channel


# --- by the engine's own socket ---


def attach(state: Path) -> None:
    """Say how long it takes from attaching, in a fresh process, until all jobs are known, and how many there are."""
    from engine.remote.client import RemoteEngine

    answers = Answers()
    remote = RemoteEngine(state)
    started = time.perf_counter()
    with remote:
        jobs = len(remote.snapshot().changed)
        answers.say({"seconds": time.perf_counter() - started, "jobs": jobs})


def follow(state: Path, looks_per_s: float) -> None:
    """Be attached until stdin ends, and look as often as a dashboard does; then say what that has cost."""
    from engine.remote.client import RemoteEngine

    answers = Answers()
    over = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    with RemoteEngine(state) as remote:
        version = remote.snapshot().version
        answers.say("attached")
        began, cpu = time.perf_counter(), time.process_time()
        jobs = 0
        while not over.wait(1 / looks_per_s):
            snapshot = remote.snapshot(version)
            version = snapshot.version
            jobs += len(snapshot.changed)
        seconds = time.perf_counter() - began
        answers.say({"cpu": (time.process_time() - cpu) / seconds, "jobs": jobs})


def _commands() -> Iterator[tuple[str, tuple[tuple[str, type], ...]]]:
    url, token, state = ("url", str), ("token", str), ("state", Path)
    yield "submit", (url, token, ("threads", int))
    yield "listen", (url, token)
    yield "attach", (state,)
    yield "follow", (state, ("looks_per_s", float))


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.clients")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, arguments in _commands():
        command = commands.add_parser(name)
        for argument, kind in arguments:
            command.add_argument(argument, type=kind)
    given = vars(parser.parse_args())
    {"submit": submit, "listen": listen, "attach": attach, "follow": follow}[given.pop("command")](**given)


if __name__ == "__main__":
    main()
