"""Fleet: the nodes as the engine has them: who gets which batch, and what comes of it.

It knows of nodes by its bridge alone, a stream of frames to a process that may end at any time and is made anew then.
"""

import contextlib
import logging
import math
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import count

from engine.base.descriptors import readable
from engine.base.errors import ChildGarbage
from engine.cluster.backoff import Backoff
from engine.cluster.epochs import Epoch, Lost
from engine.cluster.exchange import (
    LEASE_S,
    Beat,
    Begin,
    Connected,
    Drop,
    End,
    FromBridge,
    Joined,
    Leave,
    Left,
    Passed,
    Tell,
    ToNode,
    from_bridge,
    from_node,
)
from engine.cluster.framing import Frame, Frames, several
from engine.cluster.placement import HERE, Wish, choose
from engine.cluster.roster import Roster
from engine.job.machines import NodeSnapshot

log = logging.getLogger(__name__)

_TICK_S = 0.5
_FIRST_S, _LONGEST_S = 0.25, 30.0
"""After how long a bridge that has ended is made anew: the first time, and at most."""
_START_S = 60.0
"""For a bridge to load Dask on a slow, busy machine, and to say whether it has its scheduler."""
_BLOCK = 1 << 18
_SEND_S = 15.0
Connect = Callable[[], socket.socket]
"""Starts a bridge, and gives the socket it is spoken to by; may raise `OSError`."""


class Fleet:
    """Thread-safe. `_lock` guards the roster, the epochs and what is free; workers wait on it for a place.

    `_sending` guards that frames to the bridge are whole, and is never taken with `_lock` held.
    """

    def __init__(
        self,
        connect: Connect,
        installed: Callable[[], Mapping[str, str]],
        here: int,
        clock: Callable[[], float] = time.monotonic,
        backoff: Backoff | None = None,
    ) -> None:
        """`installed` is what results depend on here, asked for once it is needed; `here` how many places there are."""
        self._connect = connect
        self._lock = threading.Condition()
        self._roster = Roster(installed)
        self._here = here
        self._busy: Counter[str] = Counter()
        """Places that are taken: here, and of each node by its life."""
        self._epochs: dict[int, Epoch] = {}
        self._numbers = count(time.time_ns() >> 12)  # beyond those of an engine before this one
        self._clock = clock
        self._backoff = backoff or Backoff(_FIRST_S, _LONGEST_S)
        self._problem: str | None = "No node can be reached yet."
        self._listener: Callable[[], None] = lambda: None
        self._sending = threading.Lock()
        self._channel: socket.socket | None = None
        self._was_connected = False
        """Whether the bridge has had the cluster's scheduler."""
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="bridge", daemon=True)

    def start(self) -> None:
        """Begin to look for nodes; returns at once."""
        self._thread.start()

    def close(self) -> None:
        """Let go of all nodes."""
        self._closing.set()
        self._hang_up()
        with self._lock:
            self._lock.notify_all()
        if self._thread.is_alive():
            self._thread.join(10)

    # --- what there is to tell ---

    @property
    def problem(self) -> str | None:
        """Why no node can be reached, as a sentence; None while they can."""
        with self._lock:
            return self._problem

    @property
    def slots(self) -> int:
        """Places of all nodes."""
        with self._lock:
            return self._roster.slots

    def nodes(self) -> tuple[NodeSnapshot, ...]:
        """All nodes, by name."""
        with self._lock:
            return self._roster.snapshot(time.monotonic())

    def listen(self, changed: Callable[[], None]) -> None:
        """Have it called, in any thread, when there are more slots, or fewer."""
        self._listener = changed

    # --- orders ---

    def set_here(self, places: int) -> None:
        """So many batches at once may be converted on this machine."""
        with self._lock:
            self._here = places
            self._lock.notify_all()

    def drain(self, name: str) -> bool:
        """Have a node leave once it is done; False if there is none of the name."""
        with self._lock:
            found = self._roster.drain(name) is not None
        self._look()
        return found

    def hold(self, name: str) -> bool:
        """Give a node nothing more until it is released; False if there is none of the name that can be held."""
        with self._lock:
            found = self._roster.hold(name)
        self._changed()
        return found

    def release(self, name: str) -> bool:
        """Use a node again that is held, whatever for; False if there is none of the name."""
        with self._lock:
            found = self._roster.release(name, time.monotonic())
        self._changed()
        return found

    def remove(self, name: str) -> bool:
        """Have a node leave at once, and give what it has to others; False if there is none of the name."""
        with self._lock:
            life = self._roster.find(name)
        if life is None:
            return False
        self._dismiss(life, "It was removed.")
        return True

    # --- places and epochs ---

    def take(self, wish: Wish, is_ended: Callable[[], bool]) -> str | None:
        """Wait for a place for a batch: `HERE` or a node's life; None once it `is_ended`."""
        with self._lock:
            while not is_ended() and not self._closing.is_set():
                if not self._here:
                    wish = replace(wish, work_s=math.inf)  # there is no place to wait for
                offers = self._roster.offers(wish.document, self._has_room)
                copies = self._roster.copies(wish.document)
                place = choose(wish, self._here - self._busy[HERE], offers, copies)
                if place is not None:
                    self._busy[place] += 1
                    return place
                self._lock.wait(_TICK_S)
        return None

    def _has_room(self, life: str) -> bool:
        return self._busy[life] < self._roster.size(life)

    def give_back(self, place: str) -> None:
        """A place is free again."""
        with self._lock:
            self._busy[place] -= 1
            if self._busy[place] <= 0:
                del self._busy[place]
            self._lock.notify_all()
        if place != HERE:
            self._look()

    def wake(self) -> None:
        """Have those that wait look whether they are ended."""
        with self._lock:
            self._lock.notify_all()

    def begin(self, life: str, document: str, make: Callable[[int], Begin]) -> Epoch:
        """Give a node a batch of a document; `make` makes the order of its number."""
        with self._lock:
            epoch = Epoch(next(self._numbers), life)
            if not self._roster.begin(life, epoch.number, document):
                epoch.inbox.put(Lost("The node has left."))
                return epoch
            self._epochs[epoch.number] = epoch
        self.tell(epoch, make(epoch.number))
        return epoch

    def tell(self, epoch: Epoch, message: ToNode, data: bytes = b"") -> None:
        """Tell a node something of a batch it has; if it cannot be told, that is noticed elsewhere."""
        self._send_to(epoch.life, message, data)

    def end(self, epoch: Epoch, *, is_over: bool) -> None:
        """A batch is over; unless the node knows that it `is_over`, it is told to end it at once."""
        with self._lock:
            is_known = self._epochs.pop(epoch.number, None) is not None
            self._roster.end(epoch.number)
        if is_known and not is_over:
            self._send_to(epoch.life, End(epoch=epoch.number))

    def converted(self, life: str, document: str, pages: int) -> None:
        """A node has converted pages of a document, which it has now."""
        with self._lock:
            self._roster.converted(life, document, pages)

    def shipped(self, life: str, size: int, seconds: float) -> None:
        """So much of a document was sent to a node in this time."""
        with self._lock:
            self._roster.shipped(life, size, seconds)

    def fault(self, life: str, why: str) -> None:
        """A node could not go on, by a fault of its own."""
        with self._lock:
            name = self._roster.name(life)
            self._roster.fault(life, why, time.monotonic())
        log.warning("%s is given nothing for a while: %s", name, why)
        self._changed()

    def void(self, life: str) -> None:
        """A node has sent what is not the protocol: nothing that it is at counts."""
        with self._lock:
            name = self._roster.name(life)
            self._roster.void(life, time.monotonic())
            lost = [self._epochs[number] for number in self._roster.epochs_of(life) if number in self._epochs]
        log.warning("%s has sent what is not the protocol", name)
        for epoch in lost:
            epoch.inbox.put(Lost("The node has sent what is not the protocol."))
        self._changed()

    # --- the bridge ---

    def _serve(self) -> None:
        while not self._closing.is_set():
            started = self._clock()
            self._was_connected = False
            why = "The bridge to the nodes has ended"
            try:
                self._channel = self._connect()
                self._channel.settimeout(_SEND_S)
                why = self._listen(self._channel) or why
            except (OSError, ValueError) as error:
                why = f"The bridge to the nodes ({getattr(error, 'strerror', None) or error}) has failed"
            except ChildGarbage:
                why = "The bridge to the nodes has said what is not the protocol"
            except Exception:
                log.exception("The bridge to the nodes has failed")
            self._hang_up()
            pause_s = self._backoff.ended(self._clock() - started, worked=self._was_connected)
            if not self._closing.is_set():
                log.warning("%s", self._backoff.told(why, pause_s))
            self._all_lost(f"{why}.", self._backoff.told(why, pause_s))
            self._closing.wait(pause_s)

    def _listen(self, channel: socket.socket) -> str:
        """Hear the bridge until it is heard no more; returns why, if there is more to it than that it has ended."""
        frames, next_look = Frames(from_bridge), time.monotonic() + _TICK_S
        silent_at = time.monotonic() + _START_S
        while not self._closing.is_set():
            if time.monotonic() >= silent_at:
                return "The bridge to the nodes says nothing more"
            if readable(max(0.0, next_look - time.monotonic()), channel):
                data = channel.recv(_BLOCK)
                if not data:
                    return ""
                silent_at = time.monotonic() + LEASE_S
                for frame in frames.feed(data):
                    self._hear(frame.message, frame.data)  # type: ignore[arg-type]
            if time.monotonic() >= next_look:
                next_look = time.monotonic() + _TICK_S
                self._look()
        return ""

    def _hear(self, message: FromBridge, data: bytes) -> None:
        now = time.monotonic()
        match message:
            case Connected():
                self._was_connected |= message.is_connected
                with self._lock:
                    self._problem = None if message.is_connected else message.why or "No node can be reached."
            case Joined():
                with self._lock:
                    refusal = self._roster.join(message.hello, now)
                    name = self._roster.name(message.hello.life)
                if refusal:
                    log.warning("%s", refusal)
                    self._send_to(message.hello.life, Leave(why=refusal[:1000], refused=True))
                else:
                    log.info("%s has joined with %d slots", name, message.hello.slots)
                self._changed()
            case Left():
                self._left(message.life, message.why)
            case Beat():
                with self._lock:
                    self._roster.beat(message.life, message.round_trip_s, message.reading, now)
            case Passed():
                self._pass(message.life, data)

    def _pass(self, life: str, data: bytes) -> None:
        """What a node says, to whoever waits for it."""
        try:
            frames = several(data, from_node)
        except ChildGarbage:
            self.void(life)
            return
        with self._lock:
            told = [(self._epochs.get(frame.message.epoch), frame) for frame in frames]  # type: ignore[attr-defined]
        for epoch, frame in told:
            if epoch is None:
                continue  # it has ended: whoever is late says it for nothing
            if epoch.life != life:
                self.void(life)
                return
            epoch.inbox.put(frame)

    def _left(self, life: str, why: str) -> None:
        with self._lock:
            name = self._roster.name(life)
            lost = self._roster.leave(life, why, time.monotonic())
            epochs = [self._epochs.pop(number) for number in lost if number in self._epochs]
        log.info("%s has left: %s", name, why)
        for epoch in epochs:
            epoch.inbox.put(Lost(f"{name} has left. {why}"))
        self._changed()

    def _all_lost(self, why: str, problem: str) -> None:
        with self._lock:
            self._problem = problem
            lives = self._roster.lives
        for life in lives:
            self._left(life, why)

    def _look(self) -> None:
        """See to what is due."""
        now = time.monotonic()
        with self._lock:
            silent, drained = self._roster.silent(now), self._roster.drained()
        for life in silent:
            self._send(Drop(life=life))
            self._left(life, "No answer for too long.")
        for life in drained:
            self._dismiss(life, "It was drained.")

    def _dismiss(self, life: str, why: str) -> None:
        self._send_to(life, Leave(why=why))
        self._send(Drop(life=life))
        self._left(life, why)

    def _changed(self) -> None:
        with self._lock:
            self._lock.notify_all()
        self._listener()

    def _send_to(self, life: str, message: ToNode, data: bytes = b"") -> None:
        inner = Frame(message, data).encode()
        self._send(Tell(life=life, size=len(inner)), inner)

    def _send(self, message: Tell | Drop, data: bytes = b"") -> None:
        with self._sending:
            channel = self._channel
            if channel is None:
                return
            try:
                channel.sendall(Frame(message, data).encode())
            except OSError:  # half a frame may have gone: nothing more is to follow on it
                with contextlib.suppress(OSError):
                    channel.shutdown(socket.SHUT_RDWR)

    def _hang_up(self) -> None:
        channel = self._channel
        if channel is None:
            return
        with contextlib.suppress(OSError):
            channel.shutdown(socket.SHUT_RDWR)
        if threading.current_thread() is self._thread:
            with self._sending:
                self._channel = None
                channel.close()
