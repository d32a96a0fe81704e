"""ClusterSandbox: what one worker has its tasks done by: a process of this machine, or for pages the node that is best.

Documents are opened, looked at and merged here. So nothing but pages, and the document they are of, travels.
"""

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.base.errors import ChildKilled, NodeLost, SandboxUnavailable
from engine.cluster.placement import HERE, Wish
from engine.cluster.remotesandbox import Document, RemoteSandbox
from engine.job.job import Checkpoint
from engine.sandbox.backend import Limits, Readings, Sandbox
from engine.sandbox.ends import ProcessEnd
from engine.sandbox.protocol import Answer, Event, Merged, MergeTask, Opened, OpenTask, PagesDone, PagesTask, Task
from engine.sandbox.stages import Stage

if TYPE_CHECKING:
    from engine.cluster.clusterbackend import ClusterBackend


class ClusterSandbox:
    """Driven by one worker thread; only `kill` and the readings are for others. `_lock` guards what a kill is for."""

    def __init__(self, backend: "ClusterBackend", limits: Limits, needs: Stage) -> None:
        self._backend = backend
        self._limits = limits
        self._needs = needs
        self._lock = threading.Lock()
        self._local: Sandbox | None = None
        self._at_work: Sandbox | None = None
        self._is_ended = False
        self._is_closed = False
        self._desk: str | None = None
        self._place: tuple[int, int] | None = None
        self._busy_s = 0.0
        self._worked_s = 0.0
        self._pages = 0
        self._end: ProcessEnd | None = None

    @property
    def is_usable(self) -> bool:
        """See `Sandbox.is_usable`."""
        return not self._is_ended and not self._is_closed

    @property
    def stage(self) -> Stage:
        """See `Sandbox.stage`."""
        return max(self._needs, self._local.stage) if self._local is not None else self._needs

    @property
    def has_desk(self) -> bool:
        """See `Sandbox.has_desk`."""
        return self._place == self._identity(self._desk)

    def run(self, task: Task, on_event: Callable[[Event], None]) -> Answer:
        """See `Sandbox.run`. Raises `NodeLost`, `SandboxUnavailable` too."""
        if not self.is_usable:
            raise ChildKilled("The conversion was stopped.")
        if self._desk not in (None, task.desk):
            raise ValueError("A sandbox is for one desk.")
        if self._desk is None:
            self._desk, self._place = task.desk, self._identity(task.desk)
        try:
            if isinstance(task, PagesTask):
                return self._convert(task, on_event)
            if isinstance(task, OpenTask):
                task = task.model_copy(update={"in_one_go": None})  # so that each batch waits for its place
            if isinstance(task, OpenTask | MergeTask):
                with self._backend.turn(lambda: self._is_ended):
                    return self._noted(task.desk, self._run_here(task, on_event))
            return self._run_here(task, on_event)
        except BaseException as error:
            self._end = self._end or ProcessEnd.of(error)
            self.close()
            raise

    def kill(self) -> None:
        """See `Sandbox.kill`."""
        with self._lock:
            self._is_ended = True
            sandbox = self._at_work
        if sandbox is not None:
            sandbox.kill()
        self._backend.fleet.wake()

    def close(self) -> None:
        """See `Sandbox.close`."""
        self._is_closed = True
        self._drop_local()

    def readings(self) -> Readings:
        """See `Sandbox.readings`."""
        with self._lock:
            found = [sandbox.readings() for sandbox in {self._local, self._at_work} if sandbox is not None]
            local = self._local.readings() if self._local is not None else None
            return Readings(
                local.pid if local else None,
                local.rss_bytes if local else 0,
                self._busy_s + sum(reading.busy_s for reading in found),
                self._pages + sum(reading.pages for reading in found),
                self._end,
                self._worked_s + sum(reading.worked_s for reading in found),
            )

    def _identity(self, desk: str | None) -> tuple[int, int] | None:
        if desk is None:
            return None
        try:
            found = self._backend.desk(desk).path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _convert(self, task: PagesTask, on_event: Callable[[Event], None]) -> Answer:
        document = self._backend.document(task)
        wish = Wish(
            document.sha256 if document else "",
            document.length if document else 0,
            self._backend.work_s(task),
            stays=document is None,
        )
        place = self._backend.fleet.take(wish, lambda: self._is_ended)
        if place is None:
            if self._is_ended:
                raise ChildKilled("The conversion was stopped.")
            raise SandboxUnavailable("The engine is stopping.")
        try:
            began = time.monotonic()
            if place == HERE or document is None:
                answer = self._run_here(task, on_event)
            else:
                answer = self._run_there(place, document, task, on_event)
            if isinstance(answer, PagesDone):
                self._backend.was_converted(task, time.monotonic() - began, there=place != HERE)
            return answer
        finally:
            self._backend.fleet.give_back(place)

    def _noted(self, desk: str, answer: Answer) -> Answer:
        if isinstance(answer, Opened):
            self._backend.was_opened(desk, answer.pages)
        elif isinstance(answer, Merged):
            self._backend.was_merged(desk)
        return answer

    def _run_here(self, task: Task, on_event: Callable[[Event], None]) -> Answer:
        if self._local is None:
            sandbox = self._backend.open_here(self._limits, self._needs)
            with self._lock:
                self._local = sandbox
        return self._run_in(self._local, task, on_event)

    def _run_there(self, life: str, document: Document, task: PagesTask, on_event: Callable[[Event], None]) -> Answer:
        self._needs = self.stage
        self._drop_local()  # it would only keep its memory
        desk = self._backend.desk(task.desk).path
        batch = Checkpoint(task.first, task.last)
        sandbox = RemoteSandbox(self._backend.fleet, life, document, desk, self._limits, self._needs, batch)
        try:
            return self._run_in(sandbox, task, on_event)
        except NodeLost:
            self._backend.was_lost(task.desk)
            raise
        finally:
            self._count(sandbox)

    def _run_in(self, sandbox: Sandbox, task: Task, on_event: Callable[[Event], None]) -> Answer:
        with self._lock:
            if self._is_ended:
                raise ChildKilled("The conversion was stopped.")
            self._at_work = sandbox
        try:
            return sandbox.run(task, on_event)
        finally:
            with self._lock:
                self._at_work = None

    def _drop_local(self) -> None:
        with self._lock:
            sandbox, self._local = self._local, None
        if sandbox is not None:
            self._count(sandbox)
            sandbox.close()

    def _count(self, sandbox: Sandbox) -> None:
        found = sandbox.readings()
        self._busy_s += found.busy_s
        self._worked_s += found.worked_s
        self._pages += found.pages
        self._end = self._end or found.end
