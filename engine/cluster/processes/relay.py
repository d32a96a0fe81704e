"""Relay: what the bridge does, whatever its nodes are reached by: it passes on what engine and nodes say to each other.

The engine's side is one stream. Each node is asked again and again what there is to tell, and given its orders one
after the other, an end before all that waits.
"""

import asyncio
import contextlib
from collections import deque
from typing import Protocol

from pydantic import ValidationError

from engine.base.errors import ChildGarbage
from engine.cluster.exchange import (
    LEASE_S,
    PING_S,
    Beat,
    Connected,
    Drop,
    End,
    FromBridge,
    Hello,
    Joined,
    Left,
    Passed,
    Reading,
    Tell,
    hello,
    reading,
    to_bridge,
    to_node,
)
from engine.cluster.framing import Frame, Frames, single

_BLOCK = 1 << 18
_AGAIN_S = 0.25
_BEAT_S = 0.5
"""Between two signs of life of a node that are passed on, at least."""
_PATIENCE_S = 2 * PING_S
"""For one answer; then it is asked for anew."""
_MOST_DATA = 5 << 20
_SMALL = 1 << 12


class Link(Protocol):
    """How a node is reached. Each raises `OSError` if it cannot be, and `LookupError` for a life that is over."""

    async def attach(self, master: str) -> str:
        """See `Agent.attach`."""

    async def poll(self, life: str, confirmed: int, wait_s: float) -> tuple[int, bytes, str]:
        """See `Agent.poll`."""

    async def tell(self, life: str, data: bytes) -> None:
        """See `Agent.tell`."""


class Relay:
    """For one engine; used in one event loop."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, master: str) -> None:
        """`master` is what nodes know the engine by."""
        self._reader = reader
        self._writer = writer
        self._master = master
        self._nodes: dict[str, _Node] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._state: Connected | None = None
        self.doubts = asyncio.Event()
        """A node has not answered: whoever keeps the list of them should look whether it is still there."""

    async def run(self) -> None:
        """Pass on what the engine says, until it goes. Raises `ChildGarbage`."""
        frames = Frames(to_bridge)
        while data := await self._reader.read(_BLOCK):
            for frame in frames.feed(data):
                match frame.message:
                    case Tell(life=life):
                        if life in self._nodes:
                            self._nodes[life].put(frame.data)
                    case Drop(life=life):
                        if life in self._nodes:
                            self._nodes[life].drop()

    async def connected(self, is_connected: bool, why: str = "") -> None:
        """Whether there is a scheduler by which nodes are found."""
        if self._state is None or is_connected != self._state.is_connected:
            self._state = Connected(is_connected=is_connected, why=why[:1000])
            await self._say(self._state)

    async def beat(self) -> None:
        """Say now and then that this still works. Does not return."""
        while True:
            await asyncio.sleep(PING_S)
            if self._state is not None:
                await self._say(self._state)

    @property
    def known(self) -> set[str]:
        """The nodes that are served, by their addresses."""
        return {address for address, task in self._tasks.items() if not task.done()}

    def found(self, address: str, link: Link) -> None:
        """A node has appeared."""
        self._tasks[address] = asyncio.create_task(self._serve(link))

    async def lost(self, address: str) -> None:
        """A node is gone, as whoever keeps the list of them says."""
        task = self._tasks.pop(address, None)
        while task is not None and not task.done():
            # Until Python 3.12 `wait_for` forgets that it was cancelled if what it waits for is done in that moment.
            task.cancel()
            await asyncio.wait([task], timeout=_AGAIN_S)

    async def close(self) -> None:
        """Let go of all nodes."""
        for address in [*self._tasks]:
            await self.lost(address)

    async def _serve(self, link: Link) -> None:
        node = await self._attached(link)
        self._nodes[node.hello.life] = node
        await self._say(Joined(hello=node.hello))
        orders = asyncio.create_task(node.give())
        why = "It has left."
        try:
            why = await self._listen(node)
        finally:
            orders.cancel()
            del self._nodes[node.hello.life]
            await self._say(Left(life=node.hello.life, why=why[:1000]))

    async def _attached(self, link: Link) -> "_Node":
        """A node that takes this engine's orders; waits for as long as another has it."""
        loop = asyncio.get_running_loop()
        while True:
            started = loop.time()
            with contextlib.suppress(OSError, TimeoutError, ValidationError, TypeError):
                found = await asyncio.wait_for(link.attach(self._master), LEASE_S)
                if found:
                    return _Node(link, hello.validate_json(found), loop.time() - started)
            await asyncio.sleep(PING_S)

    async def _listen(self, node: "_Node") -> str:
        """Pass on what a node says for as long as it does; returns why it does no more."""
        loop = asyncio.get_running_loop()
        confirmed, heard = 0, loop.time()
        beaten = heard - _BEAT_S
        while not node.is_dropped:
            if loop.time() - heard >= LEASE_S:
                return f"No answer for {LEASE_S:.0f} s."
            try:
                answer = await asyncio.wait_for(node.link.poll(node.hello.life, confirmed, PING_S), _PATIENCE_S)
                confirmed, data, told = _checked(*answer)
            except LookupError:
                return "It has begun anew."
            except (ChildGarbage, ValidationError, TypeError, ValueError):
                return "It has answered what is not the protocol."
            except OSError:  # a timeout is one, too
                self.doubts.set()
                await asyncio.sleep(_AGAIN_S)
                continue
            heard = loop.time()
            if data:
                await self._say(Passed(life=node.hello.life, size=len(data)), data)
            if heard - beaten >= _BEAT_S:
                beaten = heard
                await self._say(Beat(life=node.hello.life, round_trip_s=node.round_trip_s, reading=told))
        return "It is not used any more."

    async def _say(self, message: FromBridge, data: bytes = b"") -> None:
        self._writer.write(Frame(message, data).encode())
        with contextlib.suppress(ConnectionError):  # the engine is gone, which `run` notices
            await self._writer.drain()


class _Node:
    """A node that is attached, and the orders that wait for it."""

    def __init__(self, link: Link, hello: Hello, round_trip_s: float) -> None:
        self.link = link
        self.hello = hello
        self.round_trip_s = round_trip_s
        self.is_dropped = False
        self._orders: deque[tuple[int | None, bytes]] = deque()
        self._news = asyncio.Event()

    def put(self, data: bytes) -> None:
        """An order for it. What waits of an epoch that is to end goes no more."""
        message = single(data, to_node).message
        epoch = getattr(message, "epoch", None)
        if isinstance(message, End):
            self._orders = deque(order for order in self._orders if order[0] != epoch)
            self._orders.appendleft((epoch, data))
        else:
            self._orders.append((epoch, data))
        self._news.set()

    def drop(self) -> None:
        """Ask it nothing more."""
        self.is_dropped = True

    async def give(self) -> None:
        """Give it its orders; an order that may not have arrived is given again. Ends with its life."""
        loop = asyncio.get_running_loop()
        while True:
            await self._news.wait()
            if not self._orders:
                self._news.clear()
                continue
            _, data = self._orders.popleft()
            started, is_given = loop.time(), False
            while not is_given and loop.time() - started < LEASE_S:
                try:
                    before = loop.time()
                    await asyncio.wait_for(self.link.tell(self.hello.life, data), LEASE_S)
                    is_given = True
                    if len(data) < _SMALL:
                        self.round_trip_s = loop.time() - before
                except LookupError:
                    return
                except OSError:
                    await asyncio.sleep(_AGAIN_S)


def _checked(number: object, data: object, told: object) -> tuple[int, bytes, Reading]:
    """An answer to a poll, as far as the bridge has to know it; raises what says that it is none."""
    if not isinstance(number, int) or not isinstance(data, bytes) or not isinstance(told, str):
        raise ChildGarbage("A node sent something that is not the protocol.")
    if len(data) > _MOST_DATA:
        raise ChildGarbage("A node sent something that is not the protocol.")
    return number, data, reading.validate_json(told)
