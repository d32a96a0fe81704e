"""A way to a node that can be slow, silent, or cut: what a cable, a switch or a firewall does to connections."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

_BLOCK = 1 << 16
T = TypeVar("T")


@dataclass
class _Wire:
    """One way of a cable, which carries one thing after the other."""

    free_at: float = 0.0


class Way:
    """Connections to its port come to another, of this machine too. Its methods are for any thread."""

    def __init__(self, port: int, target: int) -> None:
        self.port = port
        self._target = target
        self.delay_s = 0.0
        """Each way."""
        self.rate: float | None = None
        """Bytes a second, each way, of all connections together."""
        self.passed = 0
        """Bytes that have gone to the target."""
        self._wires = {is_there: _Wire() for is_there in (True, False)}
        self._is_cut = False
        self._budget: int | None = None
        self._cut_then: Callable[[], None] = lambda: None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"way {port}", daemon=True)
        self._thread.start()
        self._flows, self._server = self._do(self._open())

    def silence(self) -> None:
        """Nothing comes through any more, and nobody is told: what is sent meanwhile comes later."""
        self._loop.call_soon_threadsafe(self._flows.clear)

    def restore(self) -> None:
        """All is well again."""

        def restore() -> None:
            self._is_cut = False
            self._flows.set()

        self._loop.call_soon_threadsafe(restore)

    def cut(self) -> None:
        """All connections are ended, and none is taken on."""
        self._loop.call_soon_threadsafe(self._cut)

    def end_connections(self) -> None:
        """All connections are ended, and new ones are welcome."""
        self._loop.call_soon_threadsafe(self._end)

    def silence_after(self, size: int, then: Callable[[], None]) -> None:
        """Be silent once so many more bytes have gone to the target."""
        self._cut_then = then
        self._budget = size

    def close(self) -> None:
        """Be no more."""
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _do(self, what: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(30)

    async def _open(self) -> tuple[asyncio.Event, asyncio.Server]:
        flows = asyncio.Event()
        flows.set()
        return flows, await asyncio.start_server(self._connected, "127.0.0.1", self.port)

    async def _close(self) -> None:
        self._server.close()
        self._end()
        for task in self._tasks:
            task.cancel()

    def _cut(self) -> None:
        self._is_cut = True
        self._end()

    def _end(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            writer.transport.abort()
            return
        await self._flows.wait()
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, back}
        pumps = [self._pump(reader, back, is_there=True), self._pump(there, writer, is_there=False)]
        tasks = [self._loop.create_task(pump) for pump in pumps]
        self._tasks.update(tasks)
        await asyncio.wait(tasks)
        self._tasks.difference_update(tasks)
        self._writers -= {writer, back}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_there: bool) -> None:
        wire = self._wires[is_there]
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(256)

        async def deliver() -> None:
            while (entry := await under_way.get())[1]:
                await asyncio.sleep(max(0.0, entry[0] - self._loop.time()))
                await self._flows.wait()
                writer.write(entry[1])
                await writer.drain()

        delivery = self._loop.create_task(deliver())
        with contextlib.suppress(OSError):
            while data := await reader.read(_BLOCK):
                wire.free_at = max(wire.free_at, self._loop.time()) + (len(data) / self.rate if self.rate else 0.0)
                await under_way.put((wire.free_at + self.delay_s, data))
                if is_there:
                    self._count(len(data))
        await under_way.put((0.0, b""))
        with contextlib.suppress(OSError):
            await delivery
        writer.close()

    def _count(self, size: int) -> None:
        self.passed += size
        if self._budget is not None:
            self._budget -= size
            if self._budget <= 0:
                self._budget = None
                self._flows.clear()
                self._cut_then()
