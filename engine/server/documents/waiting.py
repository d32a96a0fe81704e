"""Waiting for the end of tasks: woken by the engine, and without a thread for each that waits."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from engine.job.job import Job
from engine.remote.contract import ServedEngine
from engine.server.documents.tasks import Task, Tasks

_LOOK_S = 0.5
"""How often what nobody tells of is looked for: a client that has gone, a job that was taken off the list."""


class Waiting:
    """Whoever waits for a task. The loop's alone, but for `_tell`."""

    def __init__(self, engine: ServedEngine, tasks: Tasks) -> None:
        self._tasks = tasks
        self._waiting: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._loop: asyncio.AbstractEventLoop | None = None
        engine.on_finished(self._tell)

    async def until_finished(
        self, task: Task, most_s: float, gives_up: Callable[[], Awaitable[bool]] | None = None
    ) -> bool:
        """Wait for the end of a task; False if the time was over first, or `gives_up` came true."""
        ends = time.monotonic() + most_s
        with self._woken(task) as woken:
            while not self._tasks.is_finished(task):
                left = ends - time.monotonic()
                if left <= 0 or (gives_up is not None and await gives_up()):
                    return False
                woken.clear()
                if self._tasks.is_finished(task):  # it may have ended since the look
                    break
                try:
                    async with asyncio.timeout(min(left, _LOOK_S)):
                        await woken.wait()
                except TimeoutError:
                    continue
        return True

    def waiters(self, task: Task) -> int:
        """How many wait for a task now."""
        return len(self._waiting.get(task.conversions[0], ()))

    @contextmanager
    def _woken(self, task: Task) -> Iterator[asyncio.Event]:
        """An event that is set whenever a job of the task has finished."""
        self._loop = asyncio.get_running_loop()
        event = asyncio.Event()
        for conversion in task.conversions:
            self._waiting[conversion].add(event)
        try:
            yield event
        finally:
            for conversion in task.conversions:
                self._waiting[conversion].discard(event)
                if not self._waiting[conversion]:
                    del self._waiting[conversion]

    def _tell(self, job: Job) -> None:
        """A job has finished; called on a thread of the engine's."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._wake, job.conversion_id)

    def _wake(self, conversion: str) -> None:
        for event in self._waiting.get(conversion, ()):
            event.set()
