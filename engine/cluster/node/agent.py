"""Agent: a node as whoever is attached to it sees it. Knows nothing of how questions and answers travel.

Whoever has attached asks again and again what there is to tell (`poll`), and gives orders (`tell`). What is told is
kept until the next question confirms it, so an answer that is lost on its way is told again. If nobody asks for the
time of the lease, all that was begun is ended; the documents stay.
"""

import asyncio
import contextlib
import os
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import psutil

from engine.cluster.exchange import (
    LEASE_S,
    PING_S,
    Begin,
    End,
    Ended,
    Hello,
    Leave,
    Piece,
    Reading,
    Want,
    to_node,
)
from engine.cluster.framing import Frame, single
from engine.cluster.node.nodeslot import NodeSlot
from engine.cluster.node.sourcecache import CannotKeep, SourceCache
from engine.sandbox.backend import Backend

MAX_ANSWER = 4 << 20
"""Bytes of an answer to a poll, but for its first message."""
_MOST_WAITING = 32 << 20
"""A conversion waits while so many bytes have not been fetched."""
_TICK_S = 1.0
_LINGER_S = 0.05
"""Each answer costs both ends a millisecond or two of a processor: a page that is done, and the beginning of the next,
are told in one."""
_REMEMBERED = 1000
"""Epochs that are not begun again, however late an order comes a second time."""


class _Given(Exception):
    """What would be told of an epoch is not wanted any more."""


class Agent:
    """One for each node's process; used in one event loop. Its slots work in threads of their own.

    `_lock` guards what waits to be fetched; slots wait on it for room.
    """

    def __init__(
        self,
        name: str,
        backend: Backend,
        cache: SourceCache,
        slots: int,
        installed: Mapping[str, str],
        on_leave: Callable[[Leave], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`on_leave` is told once this node is to leave."""
        self._hello = Hello(name=name, life=uuid.uuid4().hex, slots=slots, installed=dict(installed))
        self._cache = cache
        self._slots = [NodeSlot(backend) for _ in range(slots)]
        self._idle = list(self._slots)
        self._executor = ThreadPoolExecutor(slots, thread_name_prefix="slot")
        self._on_leave = on_leave
        self._clock = clock
        self._master: str | None = None
        self._heard = clock()
        self._begun: dict[int, Begin] = {}
        self._had: deque[int] = deque(maxlen=_REMEMBERED)
        self._working: dict[int, NodeSlot] = {}
        self._coming: dict[str, list[int]] = {}
        self._waiting: deque[int] = deque()
        self._lock = threading.Condition()
        self._told: deque[tuple[int, int, bytes]] = deque()
        self._count = 0
        self._size = 0
        self._news = asyncio.Event()
        self._lingering = False
        """Something is to be told that waits a moment for more."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._read = Reading(cached_bytes=0, free_bytes=0, rss_bytes=0)
        self._read_at = -_TICK_S

    # --- what the other side asks ---

    async def attach(self, master: str) -> str:
        """Take orders from this engine from now on; returns a `Hello`, empty while another engine has this node."""
        now = self._clock()
        if self._master not in (None, master) and now - self._heard < LEASE_S:
            return ""
        self._end_all()
        self._master, self._heard = master, now
        # What was told to an earlier attachment says nothing to this one.
        self._hello = self._hello.model_copy(update={"life": uuid.uuid4().hex})
        return self._hello.model_dump_json()

    async def poll(self, life: str, confirmed: int, wait_s: float = PING_S) -> tuple[int, bytes, str]:
        """What there is to tell after the message of this number: its last one's, the frames, and a `Reading`.

        Waits for something, at most so long. Raises `LookupError` for a life that is over.
        """
        self._check(life)
        with self._lock:
            while self._told and self._told[0][0] <= confirmed:
                self._size -= len(self._told.popleft()[2])
            self._lock.notify_all()
            if not self._told:
                self._news.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), min(wait_s, PING_S))
        self._check(life)
        frames: list[bytes] = []
        last, size = confirmed, 0
        with self._lock:
            for number, _, data in self._told:
                if frames and size + len(data) > MAX_ANSWER:
                    break
                frames.append(data)
                last, size = number, size + len(data)
        return last, b"".join(frames), self._reading().model_dump_json()

    async def tell(self, life: str, data: bytes) -> None:
        """Take an order, which is a frame. Raises `LookupError` for a life that is over, or what `single` does."""
        self._check(life)
        frame = single(data, to_node)
        match frame.message:
            case Begin():
                self._begin(frame.message)
            case Piece():
                self._piece(frame.message, frame.data)
            case End():
                self._end(frame.message.epoch)
            case Leave():
                self._end_all()
                self._on_leave(frame.message)

    async def watch(self) -> None:
        """End what was begun whenever the lease is over. Does not return."""
        while True:
            await asyncio.sleep(_TICK_S)
            if self._master is not None and self._clock() - self._heard >= LEASE_S:
                self._master = None
                self._end_all()

    def close(self) -> None:
        """End everything."""
        self._end_all()
        self._executor.shutdown(wait=True, cancel_futures=True)
        for slot in self._slots:
            slot.drop()

    def _check(self, life: str) -> None:
        if life != self._hello.life:
            raise LookupError("That life of this node is over.")
        self._heard = self._clock()

    def _reading(self) -> Reading:
        if self._clock() - self._read_at < _TICK_S:
            return self._read
        self._read_at = self._clock()
        own = psutil.Process()
        rss_bytes = 0
        for process in (own, *own.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                rss_bytes += process.memory_info().rss
        cached, free = self._cache.size, self._cache.free_bytes
        self._read = Reading(cached_bytes=cached, free_bytes=free, rss_bytes=rss_bytes)
        return self._read

    # --- epochs ---

    def _begin(self, begin: Begin) -> None:
        if begin.epoch in self._had:
            return  # told again, since it was not known whether it had arrived
        self._had.append(begin.epoch)
        self._begun[begin.epoch] = begin
        self._cache.pin(begin.sha256)
        if self._cache.find(begin.sha256) is not None:
            self._start(begin.epoch)
            return
        others = self._coming.setdefault(begin.sha256, [])
        others.append(begin.epoch)
        if len(others) == 1:
            self._ask(begin)

    def _ask(self, begin: Begin) -> None:
        """Have the rest of a document sent to one of the epochs that wait for it."""
        try:
            offset = self._cache.expect(begin.sha256, begin.length)
        except CannotKeep as error:
            self._fail(begin.sha256, str(error))
            return
        self._emit(begin.epoch, Frame(Want(epoch=begin.epoch, offset=offset)))

    def _piece(self, piece: Piece, data: bytes) -> None:
        begin = self._begun.get(piece.epoch)
        if begin is None or begin.sha256 not in self._coming:
            return
        try:
            if piece.offset != self._cache.expect(begin.sha256, begin.length):
                return  # told again, since it was not known whether it had arrived
            is_whole = self._cache.add(begin.sha256, piece.offset, data)
        except CannotKeep as error:
            self._fail(begin.sha256, str(error))
            return
        if not is_whole:
            self._ask(begin)
            return
        for epoch in self._coming.pop(begin.sha256):
            self._start(epoch)

    def _fail(self, sha256: str, why: str) -> None:
        for epoch in self._coming.pop(sha256, []):
            self._emit(epoch, Frame(Ended(epoch=epoch, why="node", message=why)))
            self._forget(epoch)

    def _start(self, epoch: int) -> None:
        """Have a slot convert the batch; one that has the document open, if there is one."""
        if not self._idle:
            self._waiting.append(epoch)
            return
        begin = self._begun[epoch]
        source = self._cache.find(begin.sha256)
        if source is None:  # taken away from under us
            self._emit(epoch, Frame(Ended(epoch=epoch, why="node", message="The document is gone from the cache.")))
            self._forget(epoch)
            return
        slot = min(self._idle, key=lambda slot: (slot.document or ("",))[0] != begin.sha256)
        self._idle.remove(slot)
        self._working[epoch] = slot
        slot.take(epoch)

        def work() -> None:
            try:
                with contextlib.suppress(_Given):
                    slot.run(
                        begin, source, lambda frame, is_pressing: self._emit(epoch, frame, is_pressing=is_pressing)
                    )
            finally:
                self._loop.call_soon_threadsafe(self._over, epoch)

        self._executor.submit(work)

    def _over(self, epoch: int) -> None:
        slot = self._working.pop(epoch)
        self._idle.append(slot)
        self._forget(epoch)
        while self._waiting and self._idle:
            if (following := self._waiting.popleft()) in self._begun:
                self._start(following)

    def _end(self, epoch: int) -> None:
        begin = self._begun.get(epoch)
        if begin is None:
            return
        slot = self._working.get(epoch)
        with self._lock:
            for told in [told for told in self._told if told[1] == epoch]:
                self._told.remove(told)
                self._size -= len(told[2])
            if slot is not None:
                self._begun.pop(epoch)  # nothing more is told of it
                self._cache.unpin(begin.sha256)
            self._lock.notify_all()
        if slot is not None:
            slot.kill(epoch)
            return
        self._forget(epoch)
        others = self._coming.get(begin.sha256, [])
        if epoch in others:
            others.remove(epoch)
            if others:
                self._ask(self._begun[others[0]])
            else:
                del self._coming[begin.sha256]
                self._cache.give_up(begin.sha256)

    def _end_all(self) -> None:
        for epoch in [*self._begun]:
            self._end(epoch)
        self._waiting.clear()
        with self._lock:
            self._told.clear()
            self._size = 0
            self._lock.notify_all()

    def _forget(self, epoch: int) -> None:
        begin = self._begun.pop(epoch, None)
        if begin is not None:
            self._cache.unpin(begin.sha256)

    def _emit(self, epoch: int, frame: Frame, *, is_pressing: bool = True) -> None:
        """Have something told, from any thread; a slot's waits for room. Raises `_Given` if nobody wants it.

        What is not pressing may wait a moment for what comes after it.
        """
        data = frame.encode()
        with self._lock:
            if threading.get_ident() != self._thread:
                self._lock.wait_for(lambda: self._size < _MOST_WAITING or epoch not in self._begun)
            if epoch not in self._begun:
                raise _Given
            self._count += 1
            self._told.append((self._count, epoch, data))
            self._size += len(data)
            is_pressing = is_pressing or self._size >= MAX_ANSWER
        self._loop.call_soon_threadsafe(self._have_told, is_pressing)

    def _have_told(self, is_pressing: bool) -> None:
        if is_pressing:
            self._lingering = False
            self._news.set()
        elif not self._news.is_set() and not self._lingering:
            self._lingering = True
            self._loop.call_later(_LINGER_S, self._lingered)

    def _lingered(self) -> None:
        if self._lingering:
            self._lingering = False
            self._news.set()


def process_count() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
