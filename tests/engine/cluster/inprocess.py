"""A cluster in threads of the test's process: all of it but Dask, and what travels is what would."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.cluster.clusterbackend import ClusterBackend
from engine.cluster.exchange import Leave
from engine.cluster.likeness import installed
from engine.cluster.node.agent import Agent
from engine.cluster.node.sourcecache import SourceCache
from engine.cluster.processes.relay import Relay
from engine.sandbox.backend import Backend, MakeBackend, Workplace
from tests.waiting import wait_until

_CACHE = 64 << 20


class DirectLink:
    """A node by its agent, as long as there is a way to it."""

    def __init__(self, agent: Agent) -> None:
        self.agent = agent
        self.is_cut = False
        self.answers: Callable[[bytes], bytes] = lambda frames: frames

    async def attach(self, master: str) -> str:
        self._way()
        return await self.agent.attach(master)

    async def poll(self, life: str, confirmed: int, wait_s: float) -> tuple[int, bytes, str]:
        self._way()
        last, frames, told = await self.agent.poll(life, confirmed, wait_s)
        self._way()
        return last, self.answers(frames), told

    async def tell(self, life: str, data: bytes) -> None:
        self._way()
        await self.agent.tell(life, data)

    def _way(self) -> None:
        if self.is_cut:
            raise OSError("no way")


class InProcess:
    """Nodes, and a bridge for whoever connects."""

    def __init__(self, folder: Path, make: MakeBackend) -> None:
        self._folder = folder
        self._make = make
        self.links: dict[str, DirectLink] = {}
        self.backends: list[Backend] = []
        self.left: list[Leave] = []
        self._relays: list[Relay] = []
        self._channels: list[socket.socket] = []
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="cluster", daemon=True)
        self._thread.start()

    def do(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    def add(self, name: str, slots: int = 1, cache_bytes: int = _CACHE, **changes: str) -> DirectLink:
        """A node joins; what it has installed may differ."""
        place = self._folder / name
        (place / "desks").mkdir(parents=True, exist_ok=True)
        backend = self._make(Workplace(place, place / "desks"))
        self.backends.append(backend)

        async def make() -> DirectLink:
            cache = SourceCache(place / "documents", cache_bytes)
            agent = Agent(name, backend, cache, slots, installed() | changes, self.left.append)
            link = self.links[name] = DirectLink(agent)
            for relay in self._relays:
                relay.found(name, link)
            return link

        link: DirectLink = self.do(make())
        return link

    def lose(self, name: str) -> None:
        """A node is gone, and whoever keeps the list of them says so."""
        link = self.links.pop(name)
        link.is_cut = True

        async def lose() -> None:
            for relay in self._relays:
                await relay.lost(name)

        self.do(lose())

    def connect(self) -> socket.socket:
        """A bridge."""
        ours, theirs = socket.socketpair()
        self._channels.append(theirs)

        async def serve() -> None:
            reader, writer = await asyncio.open_connection(sock=theirs)
            relay = Relay(reader, writer, "test")
            self._relays.append(relay)
            await relay.connected(True)
            for name, link in self.links.items():
                relay.found(name, link)
            with contextlib.suppress(OSError):
                await relay.run()
            self._relays.remove(relay)
            await relay.close()
            writer.close()

        asyncio.run_coroutine_threadsafe(serve(), self.loop)
        return ours

    def break_bridge(self) -> None:
        """The bridge ends, as a process does that is killed."""
        self._channels[-1].shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        async def close() -> None:
            for relay in self._relays:
                await relay.close()
            for link in self.links.values():
                link.agent.close()
            while others := asyncio.all_tasks() - {asyncio.current_task()}:
                for task in others:
                    task.cancel()
                await asyncio.wait(others, timeout=0.1)

        self.do(close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(30)
        self.loop.close()
        for backend in self.backends:
            backend.close()


def clustered(cluster: InProcess, workplace: Workplace, make: MakeBackend, *, here: int = 0) -> ClusterBackend:
    """A backend with these nodes, which are there once it is started; without places here, all pages go to them."""
    return ClusterBackend(workplace, local=make(workplace), connect=cluster.connect, places=here)


def wait_for_nodes(backend: ClusterBackend, count: int) -> None:
    wait_until(lambda: backend.fleet.slots >= count)
