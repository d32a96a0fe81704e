"""ListeningSandbox: what all sandboxes do with a task, whatever its events come through: its deadlines and its end."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable

from engine.base.errors import ChildGarbage, PageTimeout
from engine.sandbox.backend import Limits, Readings
from engine.sandbox.ends import ProcessEnd
from engine.sandbox.protocol import (
    Answer,
    Event,
    Merged,
    MergeProgress,
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


class ListeningSandbox(ABC):
    """A `Sandbox` less the way by which tasks go out and events come in.

    The engine's side keeps the deadlines: native code that reads a document hears of no signal.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._pages = 0
        self._busy_s = 0.0
        self._end: ProcessEnd | None = None

    @abstractmethod
    def _send(self, task: Task) -> None:
        """Have a task begun; raises `ChildError`."""

    @abstractmethod
    def _next_event(self, deadline: float) -> Event | None:
        """The next event; None when the deadline (on the monotonic clock) passes first. Raises `ChildError`."""

    @abstractmethod
    def close(self) -> None:
        """Let go of everything; may be called again."""

    def run(self, task: Task, on_event: Callable[[Event], None]) -> Answer:
        """See `Sandbox.run`."""
        try:
            self._send(task)
            return self._listen(self._limits.page_limit_s(task), on_event)
        except BaseException as error:
            self._end = ProcessEnd.of(error)
            self.close()
            raise

    def readings(self) -> Readings:
        """See `Sandbox.readings`; here, of what has no process."""
        return Readings(None, 0, self._busy_s, self._pages, self._end)

    def _listen(self, page_limit_s: float, on_event: Callable[[Event], None]) -> Answer:
        under_way: dict[int, tuple[float, float]] = {}  # page to its deadline, and for how long that is
        step_s = self._limits.step_timeout_s
        deadline, allowed_s = time.monotonic() + step_s, step_s
        while True:
            event = self._next_event(deadline)
            match event:
                case None:
                    where = "The page" if under_way else "The document"  # who tells it says which
                    raise PageTimeout(f"{where} took longer than {allowed_s:g} s.")
                case Refused():
                    return event
                case Opened() | PagesDone() | Merged() | Previewed() | Peeked():
                    self._busy_s += event.busy_s
                    return event
                case PageStarted():
                    under_way[event.page] = (time.monotonic() + page_limit_s, page_limit_s)
                case OcrStarted():
                    if event.page in under_way:
                        ocr_s = max(page_limit_s, self._limits.ocr_timeout_s)
                        under_way[event.page] = (time.monotonic() + ocr_s, ocr_s)
                case PageDone():
                    self._pages += 1
                    under_way.pop(event.page, None)
                case OpenProgress() | MergeProgress():
                    pass
                case Ready():
                    raise ChildGarbage("The conversion process introduced itself twice.")
            on_event(event)
            deadline, allowed_s = min(under_way.values(), default=(time.monotonic() + step_s, step_s))
