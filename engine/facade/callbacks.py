"""Callbacks: tells whoever wants to know of every job that has finished."""

import logging
import queue
import threading
from collections.abc import Callable

from engine.job.job import Job

log = logging.getLogger(__name__)


class Callbacks:
    """Thread-safe; callbacks are called one after the other, on a thread of their own."""

    def __init__(self) -> None:
        self._finished: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._callbacks: list[Callable[[Job], None]] = []
        self._thread = threading.Thread(target=self._call_back, name="callbacks", daemon=True)

    def add(self, callback: Callable[[Job], None]) -> None:
        """Have `callback` called with every job that finishes from now on."""
        self._callbacks.append(callback)

    def finished(self, job: Job) -> None:
        """A job has finished; returns at once."""
        self._finished.put(job)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End when everybody has been told of the jobs that have finished so far."""
        self._finished.put(None)
        self._thread.join()

    def _call_back(self) -> None:
        while (job := self._finished.get()) is not None:
            for callback in list(self._callbacks):
                try:
                    callback(job)
                except Exception:
                    log.exception("A callback failed")
