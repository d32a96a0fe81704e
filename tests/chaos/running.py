"""The engine of a run: started as a person starts it, found in the list of processes, and killed."""

import contextlib
import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import psutil

from engine.base.sockets import connect, socket_path
from tests.chaos.counts import Broken, Counts
from tests.chaos.world import World
from tests.e2e.patience import hurry, patient
from tests.e2e.processes import processes_in
from tests.e2e.service import ServiceProcess, hotfolio
from tests.waiting import wait_until

_LOST_STATE = (4,)
_IN_ORDER = (0, 130)
"""Of `serve`, and of `run`."""
PAGE_S = 0.15
_AT_WORK_S = 4.0
_CONNECT_S = 5.0
_LOOKS, _LOOK_S = 8, 0.1
_STOP_S = 30.0
_IDLE_S = 400.0


class Engine:
    """At most one process at a time; it is started anew after each of its ends."""

    def __init__(self, world: World, dice: random.Random, counts: Counts) -> None:
        self._world = world
        self._dice = dice
        self._counts = counts
        self._process: ServiceProcess | None = None
        self.ordered_cancels: set[int] = set()

    # --- life ---

    @property
    def env(self) -> dict[str, str]:
        """What the engine is given."""
        return self._for_commands | patient(self._world.folder, PAGE_S)

    @property
    def _for_commands(self) -> dict[str, str]:
        return {"TMPDIR": str(self._world.temporary)}  # they convert nothing, and know of no reader

    @property
    def is_running(self) -> bool:
        """Whether there is one."""
        return self._process is not None

    @property
    def process(self) -> ServiceProcess:
        """The one that runs, started if there is none."""
        if self._process is None:
            words = self._dice.choice((["serve", "--port", "0"], ["run"]))
            self._process = ServiceProcess(self._world.folder, *words, env=self.env)
        return self._process

    def check_alive(self) -> None:
        """It ends when it is told to, and never else."""
        if self._process is not None and self._process.process.poll() is not None:
            code, err = self._process.process.returncode, self._process.err
            raise Broken("unexpected", f"the engine has ended by itself with status {code}: {err[-2000:]}")

    @property
    def _socket(self) -> Path:
        return socket_path(self._world.state)

    def wait_reachable(self) -> None:
        """Return when commands reach it."""
        _ = self.process

        def is_reachable() -> bool:
            self.check_alive()
            with contextlib.suppress(OSError):
                connect(self._socket, _CONNECT_S).close()
                return True
            return False

        wait_until(is_reachable, "the engine to be reached", timeout=60)

    def wait_at_work(self) -> None:
        """Return when it has processes that convert, or after a while, since it may be paused or without room."""
        self.wait_reachable()
        with contextlib.suppress(AssertionError):
            wait_until(lambda: self._below(has_parent=True), "conversions", timeout=_AT_WORK_S)

    def terminate(self) -> None:
        """SIGTERM: it ends in order."""
        self.wait_reachable()  # before it is so far, a signal ends it like any program
        process = self.process
        process.process.send_signal(signal.SIGTERM)
        self._ended(process, _IN_ORDER, "SIGTERM")
        if self._socket.exists():
            raise Broken("orphans", f"the socket {self._socket} after an orderly stop")

    def stop_by_command(self) -> None:
        """`hotfolio stop`."""
        self.wait_reachable()
        process = self.process
        self.order("stop")
        self._ended(process, _IN_ORDER, "`hotfolio stop`")

    def kill(self) -> None:
        """SIGKILL to the engine alone."""
        self._counts.kills["engine"] += 1
        self.process.process.kill()
        self._ended(self.process, (-signal.SIGKILL,), "SIGKILL")

    def kill_group(self) -> None:
        """SIGKILL to its process group."""
        self._counts.kills["process group"] += 1
        os.killpg(self.process.pid, signal.SIGKILL)
        self._ended(self.process, (-signal.SIGKILL,), "SIGKILL")

    def lose_state(self) -> None:
        """Move its state folder away, see that it ends, and put the folder back."""
        self.wait_reachable()
        process = self.process
        self._world.state.rename(self._world.away)
        self._ended(process, _LOST_STATE, "the loss of its state folder")
        if self._world.state.exists():
            raise Broken("unexpected", "a part of the state folder was made anew after it was taken away")
        self._world.away.rename(self._world.state)

    def close(self) -> None:
        """End whatever still runs, so that nothing is left of a run."""
        if self._process is not None:
            self._process.__exit__()
            self._process = None

    def finish_queue(self) -> None:
        """`hotfolio run --once`, to its end."""
        with ServiceProcess(self._world.folder, "run", "--once", env=self.env) as once:
            try:
                status = once.wait_exit(_IDLE_S)
            except subprocess.TimeoutExpired:
                raise Broken("unexpected", f"`run --once` has not ended within {_IDLE_S:g} s") from None
            if status not in (0, 1) or "Traceback" in once.err:
                raise Broken("unexpected", f"`run --once` ended with {status}: {once.out[-500:]}{once.err[-2000:]}")
            self._nothing_left()

    def hurry(self, *, on: bool) -> None:
        """Have pages take no longer than they need, or as long as before again."""
        hurry(self._world.folder, on=on)

    # --- its processes ---

    def kill_conversion(self) -> None:
        """SIGKILL to a process that converts, if there is one within a moment."""
        for _ in range(_LOOKS):
            if self._kill_one("conversion process", has_parent=True):
                return
            time.sleep(_LOOK_S)

    def kill_fork_server(self) -> None:
        """SIGKILL to the fork server."""
        self._kill_one("fork server", has_parent=False)

    @contextlib.contextmanager
    def suspended(self) -> Any:
        """SIGSTOP, and SIGCONT in the end."""
        process = self.process.process
        process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            process.send_signal(signal.SIGCONT)

    def readings(self) -> tuple[int, int]:
        """Descriptors, and resident memory in MiB."""
        process = psutil.Process(self.process.pid)
        return process.num_fds(), process.memory_info().rss >> 20

    # --- orders ---

    def order(self, *words: str) -> str:
        """Give a command; one that is refused is no fault, one that shows a traceback is."""
        done = hotfolio(self._world.folder, *words, env=self._for_commands)
        if "Traceback" in done.stdout + done.stderr or done.returncode < 0:
            raise Broken("unexpected", f"hotfolio {' '.join(words)}: {done.returncode}: {done.stderr[-2000:]}")
        return done.stdout

    def jobs(self, *arguments: str) -> list[dict[str, Any]]:
        """What `hotfolio ls` says."""
        listed: list[dict[str, Any]] = json.loads(self.order("ls", "--json", *arguments) or "[]")
        return listed

    # --- below ---

    def _ended(self, process: ServiceProcess, statuses: tuple[int, ...], by: str) -> None:
        try:
            found = process.wait_exit(_STOP_S)
        except subprocess.TimeoutExpired:
            raise Broken("unexpected", f"the engine lives {_STOP_S:g} s after {by}: {process.err[-500:]}") from None
        if found not in statuses or "Traceback" in process.err:
            raise Broken("unexpected", f"the engine ended with {found} after {by}: {process.err[-2000:]}")
        self._process = None
        self._nothing_left()
        process.__exit__()

    def _nothing_left(self) -> None:
        try:
            wait_until(lambda: not processes_in(self._world.folder), "its processes to end", timeout=_STOP_S)
        except AssertionError:
            left = [" ".join(process.cmdline()) for process in processes_in(self._world.folder)]
            raise Broken("orphans", f"processes: {left}") from None

    def _kill_one(self, name: str, *, has_parent: bool) -> bool:
        found = self._below(has_parent=has_parent)
        if found:
            with contextlib.suppress(psutil.Error):
                self._dice.choice(found).kill()
                self._counts.kills[name] += 1
        return bool(found)

    def _below(self, *, has_parent: bool) -> list[psutil.Process]:
        """The engine's processes that another of them has forked, which are conversions, or the others."""
        below = {process.pid: process for process in processes_in(self._world.folder, but=self.process.pid)}
        return [process for process in below.values() if (_parent(process) in below) is has_parent]


def _parent(process: psutil.Process) -> int | None:
    with contextlib.suppress(psutil.Error):
        return process.ppid()
    return None
