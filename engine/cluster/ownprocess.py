"""OwnProcess: a program of the cluster's, kept running while it is wanted, and ended with whoever has started it."""

import contextlib
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from engine.cluster.backoff import Backoff

log = logging.getLogger(__name__)

_KEPT = frozenset({"PATH", "LANG", "LANGUAGE", "TZ", "LD_LIBRARY_PATH", "PYTHONPATH", "TMPDIR", "TESSDATA_PREFIX"})
"""What a process of the cluster's gets of the environment, and `LC_*`: no secrets, and none of Dask's settings."""
_END_S = 5.0
_LOOK_S = 0.2


def environment(folder: Path) -> dict[str, str]:
    """For a process that loads Dask, which finds no settings of Dask's: it would read them from the user's home."""
    kept = {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith("LC_")}
    place = str(folder / "no-settings")
    return kept | {"DASK_CONFIG": place, "DASK_ROOT_CONFIG": place, "OMP_NUM_THREADS": "1"}


class OwnProcess:
    """Its program is told by the end of its standard input to end. `_lock` guards which process there is."""

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        env: Mapping[str, str],
        log_file: Path | None,
        backoff: Backoff,
        is_final: Callable[[int], bool] = lambda status: False,
        explain: Callable[[int], str | None] = lambda status: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`backoff` tells how long to wait before it is started again.

        A status that `is_final` ends it for good. One that `explain` knows is that of a process that could not begin
        its work: the beginning of a sentence that says why. Without a `log_file` it writes where this process does.
        """
        self._name = name
        self._arguments = [sys.executable, "-P", "-m", *arguments]
        self._env = dict(env)
        self._log_file = log_file
        self._backoff = backoff
        self._is_final = is_final
        self._explain = explain
        self._clock = clock
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._closing = threading.Event()
        self._ended = threading.Event()
        self.status: int | None = None
        """With which it has ended for good."""
        self.failures = 0
        """How often it has ended and was started again."""
        self.problem: str | None = None
        """Of one that has ended: what has happened, and what will, as a sentence. It stays while it is tried again."""
        self._thread = threading.Thread(target=self._keep, name=name, daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    @property
    def pid(self) -> int | None:
        """Of the process that runs; None if none does just now."""
        process = self._process
        return process.pid if process is not None else None

    def wait(self, timeout_s: float | None = None) -> int | None:
        """Wait until it has ended for good; its status, None if the time was over first or it was closed."""
        self._ended.wait(timeout_s)
        return self.status

    def close(self) -> None:
        """End it, and start it no more."""
        self._closing.set()
        with self._lock:
            process = self._process
            if process is not None and process.stdin is not None:
                with contextlib.suppress(OSError):
                    process.stdin.close()
        if self._thread.is_alive():
            self._thread.join(2 * _END_S)

    def _keep(self) -> None:
        try:
            while not self._closing.is_set():
                started = self._clock()
                try:
                    status, cannot = self._once(), None
                except OSError as error:
                    status, cannot = 1, f"The {self._name} ({error.strerror or error}) has not started"
                if self._closing.is_set():
                    return
                if self._is_final(status):
                    self.status = status
                    return
                self.failures += 1
                cannot = cannot or self._explain(status)
                pause_s = self._backoff.ended(self._clock() - started, worked=cannot is None)
                why = cannot or f"The {self._name} has ended with status {status}"
                self.problem = self._backoff.told(why, pause_s)
                log.warning("%s", self.problem)
                self._closing.wait(pause_s)
        finally:
            self._ended.set()

    def _once(self) -> int:
        with contextlib.ExitStack() as stack:
            output = stack.enter_context(self._log_file.open("ab")) if self._log_file is not None else None
            process = subprocess.Popen(
                self._arguments,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                env=self._env,
                start_new_session=True,
            )
        with self._lock:
            self._process = process
            is_closing = self._closing.is_set()
        if is_closing and process.stdin is not None:
            process.stdin.close()
        while process.poll() is None and not self._closing.wait(_LOOK_S):
            pass
        try:
            return process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()
        finally:
            self._process = None
