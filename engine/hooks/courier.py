"""Courier: sees to the notices of one kind, in threads of its own, until each is given or given up."""

import heapq
import logging
import threading
import time
from collections.abc import Callable, Iterable

import msgspec

from engine.base.errors import HotfolioError, Stopping
from engine.queue.outbox import Kind, Later, Notice, Outbox, Waiting

log = logging.getLogger(__name__)

_TROUBLE_S = 30.0
"""After something that should not happen: the queue cannot be read or written, or a fault of our own."""


class Courier:
    """Thread-safe.

    `_lock` guards the fields below and is held for memory access alone; threads wait on it for something to do. Nothing
    is kept of a notice but its number and when it is due: the rest is read when its turn comes, so a receiver that has
    been dead for a day costs disk and no memory.
    """

    def __init__(
        self,
        outbox: Outbox,
        kind: Kind,
        deliver: Callable[[Notice], Later | None],
        *,
        threads: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`deliver` gives a notice, or gives it up, unless it returns when to try again.

        It may raise `Stopping`, after which the notice is left for the next start.
        """
        self.kind = kind
        self._outbox = outbox
        self._deliver = deliver
        self._threads_wanted = threads
        self._clock = clock
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._queue: list[tuple[float, int]] = []  # heap of when and which
        self._known: set[int] = set()  # waiting or under way
        self._given: set[int] = set()  # but still written down as not given
        self._under_way = 0
        self._closed_until = 0.0
        self._retired = False
        self._threads: list[threading.Thread] = []

    def take(self, notices: Iterable[Waiting]) -> None:
        """Take on those notices that are of this kind and not known yet."""
        with self._lock:
            now = self._clock()
            for notice in notices:
                if notice.kind is self.kind and notice.id not in self._known:
                    self._known.add(notice.id)
                    heapq.heappush(self._queue, (now + notice.due_s, notice.id))
            while self._queue and not self._retired and len(self._threads) < self._threads_wanted:
                thread = threading.Thread(target=self._work, name=f"{self.kind}-{len(self._threads) + 1}", daemon=True)
                self._threads.append(thread)
                thread.start()
            self._changed.notify_all()

    @property
    def is_busy(self) -> bool:
        """Whether a notice is under way, or one is due; those to be tried again later do not count."""
        with self._lock:
            return not self._retired and (self._under_way > 0 or self._seconds_left() == 0.0)

    def wake(self) -> None:
        """Look at the clock again."""
        with self._lock:
            self._changed.notify_all()

    def try_now(self) -> None:
        """Have all that is to be tried again later be due now."""
        with self._lock:
            self._closed_until = 0.0
            self._queue = [(min(due, self._clock()), number) for due, number in self._queue]
            heapq.heapify(self._queue)
            self._changed.notify_all()

    @property
    def left(self) -> int:
        """How many notices are not given yet, whether due or not."""
        with self._lock:
            return len(self._known)

    def retire(self) -> None:
        """Begin nothing more; what is not begun is left for the next start."""
        with self._lock:
            self._retired = True
            self._changed.notify_all()

    def join(self, timeout_s: float) -> bool:
        """After `retire`, wait so long for what is under way; returns whether it has ended."""
        deadline = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    # --- below ---

    def _work(self) -> None:
        while (number := self._next()) is not None:
            try:
                later = self._see_to(number)
            except Stopping:
                later = None
            except msgspec.MsgspecError:
                log.exception("A row of the outbox is damaged; it is left alone")
                later = None
            except HotfolioError as error:
                log.warning("The outbox cannot be used: %s", error)
                later = Later(_TROUBLE_S)
            except Exception:
                log.exception("A %s failed", self.kind)
                later = Later(_TROUBLE_S)
            with self._lock:
                self._under_way -= 1
                if later is None:
                    self._known.discard(number)
                else:
                    until = self._clock() + later.seconds
                    heapq.heappush(self._queue, (until, number))
                    self._closed_until = max(self._closed_until, until if later.for_all else 0.0)
                self._changed.notify_all()

    def _next(self) -> int | None:
        """Wait for the next notice that is due; None when there is to be no other."""
        with self._lock:
            while not self._retired:
                seconds = self._seconds_left()
                if seconds == 0.0:
                    self._under_way += 1
                    return heapq.heappop(self._queue)[1]
                self._changed.wait(seconds)
        return None

    def _seconds_left(self) -> float | None:
        """Until a notice is due, none of them negative; None if there is none."""
        if not self._queue:
            return None
        return max(0.0, max(self._queue[0][0], self._closed_until) - self._clock())

    def _see_to(self, number: int) -> Later | None:
        if number not in self._given:
            notice = self._outbox.read(number)
            if notice is None:
                return None
            later = self._deliver(notice)
            if later is not None:
                self._outbox.postpone(number, later.seconds)
                return later
            # From here on it must not be given again, even if that cannot be written down right now.
            self._given.add(number)
        self._outbox.settle(number)
        self._given.discard(number)
        return None
