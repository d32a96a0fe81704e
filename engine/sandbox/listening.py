"""ListeningSandbox: what all sandboxes do with a task, whatever its events come through: its deadlines and its end."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable

from engine.base.errors import ChildGarbage, MemoryLimit, PageTimeout
from engine.sandbox.backend import Limits, Readings
from engine.sandbox.ends import ProcessEnd
from engine.sandbox.protocol import (
    Answer,
    Begun,
    Event,
    Lacking,
    Merged,
    MergeProgress,
    MergeTask,
    OcrStarted,
    Opened,
    OpenProgress,
    PageDone,
    PagesDone,
    PageStarted,
    Peeked,
    Previewed,
    Ready,
    Refused,
    Task,
)

_MOST_PATIENCE = 10
"""By the clock, nothing takes longer than so many times what it may."""


class ListeningSandbox(ABC):
    """A `Sandbox` less the way by which tasks go out and events come in.

    The engine's side keeps the deadlines: native code that reads a document hears of no signal. Time in which the
    process waits for a processor does not count, so that a page's result does not depend on what else the machine does.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._desk: str | None = None
        self._pages = 0
        self._busy_s = 0.0
        self._worked_s = 0.0
        self._seen = (0.0, 0.0)
        self._end: ProcessEnd | None = None

    @property
    def has_desk(self) -> bool:
        """See `Sandbox.has_desk`; here, of what is held to no folder."""
        return True

    @abstractmethod
    def _send(self, task: Task) -> None:
        """Have a task begun; raises `ChildError`."""

    @abstractmethod
    def _next_event(self, deadline: float) -> Event | None:
        """The next event; None when the deadline (on the monotonic clock) passes first. Raises `ChildError`."""

    def _waited_s(self) -> float:
        """Seconds for which what does the task has been ready to go on and has had no processor, up to now."""
        return 0.0

    @abstractmethod
    def close(self) -> None:
        """Let go of everything; may be called again."""

    def run(self, task: Task, on_event: Callable[[Event], None]) -> Answer:
        """See `Sandbox.run`."""
        if self._desk not in (None, task.desk):
            raise ValueError("A sandbox is for one desk.")
        self._desk = task.desk
        self._seen = time.monotonic(), self._waited_s()
        try:
            self._send(task)
            return self._listen(task, on_event)
        except BaseException as error:
            self._end = ProcessEnd.of(error)
            self.close()
            raise

    def readings(self) -> Readings:
        """See `Sandbox.readings`; here, of what has no process."""
        return Readings(None, 0, self._busy_s, self._pages, self._end, self._worked_s)

    def _listen(self, task: Task, on_event: Callable[[Event], None]) -> Answer:
        under_way: dict[int, _Allowance] = {}
        page_limit_s = self._limits.page_limit_s(task)
        is_opening = not isinstance(task, MergeTask)  # which is the first thing that all others do
        step_s = self._limits.open_timeout_s if is_opening else self._limits.step_timeout_s
        next_end = _Allowance(self._waited_s(), step_s)
        while True:
            event = self._next_event(next_end.deadline)
            self._count_work()
            match event:
                case None:
                    waited_s = self._waited_s()
                    for allowance in under_way.values() or [next_end]:
                        allowance.extend(waited_s)
                    next_end = min(under_way.values(), key=_by_deadline, default=next_end)
                    if time.monotonic() < next_end.deadline:
                        continue
                    raise PageTimeout(_too_long(next_end.allowed_s, is_page=bool(under_way), is_opening=is_opening))
                case Refused(kind="memory"):
                    raise self._memory_limit()
                case Refused():
                    return event
                case Opened() | PagesDone() | Lacking() | Merged() | Previewed() | Peeked():
                    self._busy_s += event.busy_s
                    return event
                case Begun():
                    is_opening, step_s = False, self._limits.step_timeout_s
                case PageStarted():
                    under_way[event.page] = _Allowance(self._waited_s(), page_limit_s)
                    is_opening, step_s = False, self._limits.step_timeout_s
                case OcrStarted():
                    if event.page in under_way:
                        ocr_s = max(page_limit_s, self._limits.ocr_timeout_s)
                        under_way[event.page] = _Allowance(self._waited_s(), ocr_s)
                case PageDone():
                    self._pages += 1
                    under_way.pop(event.page, None)
                case OpenProgress() | MergeProgress():
                    pass
                case Ready():
                    raise ChildGarbage("The conversion process introduced itself twice.")
            on_event(event)
            next_end = min(under_way.values(), key=_by_deadline) if under_way else _Allowance(self._waited_s(), step_s)

    def _memory_limit(self) -> MemoryLimit:
        return MemoryLimit(f"It needed more than {self._limits.memory_bytes >> 20} MB of memory (memory_limit).")

    def _count_work(self) -> None:
        """Add what has passed since this was called last, or since the task was sent."""
        (before, waited_before), self._seen = self._seen, (time.monotonic(), self._waited_s())
        now, waited = self._seen
        self._worked_s += max(0.0, now - before - (waited - waited_before))


class _Allowance:
    """How long something may take, from now on."""

    def __init__(self, waited_s: float, allowed_s: float) -> None:
        """`waited_s` is what `_waited_s` says now."""
        self._started = time.monotonic()
        self._waited_s = waited_s
        self.allowed_s = allowed_s
        self.deadline = self._started + allowed_s

    def extend(self, waited_s: float) -> None:
        """Add what was waited for a processor meanwhile, up to a limit."""
        extra_s = min(waited_s - self._waited_s, self.allowed_s * (_MOST_PATIENCE - 1))
        self.deadline = self._started + self.allowed_s + extra_s


def _too_long(allowed_s: float, *, is_page: bool, is_opening: bool) -> str:
    if is_opening:
        return f"Opening the document took longer than {allowed_s:g} s (open_timeout)."
    where = "The page" if is_page else "The document"  # who tells it says which
    return f"{where} took longer than {allowed_s:g} s."


def _by_deadline(allowance: _Allowance) -> float:
    return allowance.deadline
