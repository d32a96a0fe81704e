"""The in-memory backend: tasks are done in the thread that asks, without a process.

It is for tests of what is built around conversions, and it says by its capabilities what it does not hold to: a
converter that does not come back holds up its worker, and one that takes over the process has the engine's. So it is
not for documents of other people's.
"""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from weakref import WeakSet

from engine.base.errors import ChildDied, ChildError, ChildGarbage, ChildKilled, SandboxUnavailable
from engine.sandbox.backend import Capability, Limits, Workplace
from engine.sandbox.desk import LocalDesk
from engine.sandbox.listening import ListeningSandbox
from engine.sandbox.plainconversion import convert_plainly
from engine.sandbox.protocol import MAX_LINE, Event, Refused, Task, decode_event, decode_task, encode
from engine.sandbox.stages import Stage

Converter = Callable[[Task, Path], Iterator[Event]]
"""Does a task in a job's folder: its events, the answer last. It dies of what it raises, but for an `OSError`."""


class InMemoryBackend:
    """Sandboxes without a process. Thread-safe; `_lock` guards which there are."""

    capabilities: frozenset[Capability] = frozenset()
    slots = None
    pids = ()

    def __init__(self, workplace: Workplace, *, converter: Converter = convert_plainly) -> None:
        """`converter` does the tasks."""
        self._desks = workplace.desks
        self._converter = converter
        self._lock = threading.Lock()
        self._sandboxes: WeakSet[InMemorySandbox] = WeakSet()
        self._closed = False

    def start(self) -> None:
        """Nothing has to be made ready."""

    def desk(self, name: str) -> LocalDesk:
        """The folder of this name."""
        return LocalDesk(name, self._desks / name)

    def open(self, limits: Limits, needs: Stage = Stage.BARE) -> "InMemorySandbox":
        """A sandbox; raises `SandboxUnavailable` once the backend is closed."""
        sandbox = InMemorySandbox(self._converter, self._desks, limits)
        with self._lock:
            if self._closed:
                raise SandboxUnavailable("The engine is stopping.")
            self._sandboxes.add(sandbox)
        return sandbox

    def close(self) -> None:
        """End all sandboxes when they next say something."""
        with self._lock:
            self._closed = True
            left = list(self._sandboxes)
        for sandbox in left:
            sandbox.kill()


class InMemorySandbox(ListeningSandbox):
    """A converter's events, taken one by one in the thread that asks. What is said travels as it would to a process."""

    stage = Stage.OCR

    def __init__(self, converter: Converter, desks: Path, limits: Limits) -> None:
        super().__init__(limits)
        self._converter = converter
        self._desks = desks
        self._events: Iterator[Event] = iter(())
        self._killed = False

    @property
    def is_usable(self) -> bool:
        """Whether it can take another task."""
        return not self._killed

    def kill(self) -> None:
        """Have the task end when it next says something, from any thread."""
        self._killed = True

    def close(self) -> None:
        """Take no other task."""
        self._killed = True
        self._events = iter(())

    def _send(self, task: Task) -> None:
        if self._killed:
            raise ChildKilled("The conversion was stopped.")
        received = decode_task(encode(task))
        self._events = self._converter(received, self._desks / received.desk)

    def _next_event(self, deadline: float) -> Event | None:
        try:
            said: object = next(self._events)
        except StopIteration:
            raise self._death("The conversion ended unexpectedly.") from None
        except OSError as error:
            said = Refused(kind="unwritable", message=f"{error.errno or 0} {error.strerror or error}")
        except (Exception, SystemExit) as error:  # a converter may raise anything, and has died then
            raise self._death(f"The conversion died: {' '.join(str(error).split()) or type(error).__name__}") from error
        if self._killed:
            raise self._death("")
        if time.monotonic() > deadline:
            return None
        if not isinstance(said, Event):
            raise ChildGarbage("The conversion said something that is not the protocol.")
        line = encode(said)
        if len(line) > MAX_LINE:
            raise ChildGarbage("The conversion said something endless.")
        return decode_event(line)

    def _death(self, why: str) -> ChildError:
        return ChildKilled("The conversion was stopped.") if self._killed else ChildDied(why)
