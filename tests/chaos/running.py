"""The engine of a run: started as a person starts it, found in the list of processes, and killed."""

import contextlib
import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from engine.base.sockets import connect, socket_path
from tests.chaos.counts import Broken, Counts
from tests.chaos.world import World
from tests.e2e.patience import hurry, patient
from tests.e2e.service import HOTFOLIO, ServiceProcess, environment, hotfolio, processes_in
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
        patient(world.folder, PAGE_S)
        self.ordered_cancels: set[int] = set()

    # --- life ---

    @property
    def env(self) -> dict[str, str]:
        """What the engine is given."""
        return self._for_commands | patient(self._world.folder)

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
            wait_until(lambda: self._find(_is_conversion), "conversions", timeout=_AT_WORK_S)

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
        with subprocess.Popen(
            [*HOTFOLIO, "run", "--once"],
            cwd=self._world.folder,
            env=environment(**self.env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as once:
            try:
                out, err = once.communicate(timeout=_IDLE_S)
            except subprocess.TimeoutExpired:
                once.kill()
                raise Broken("unexpected", f"`run --once` has not ended within {_IDLE_S:g} s") from None
        if once.returncode not in (0, 1) or "Traceback" in err:
            raise Broken("unexpected", f"`run --once` ended with status {once.returncode}: {out[-500:]}{err[-2000:]}")
        self._nothing_left()

    def hurry(self, *, on: bool) -> None:
        """Have pages take no longer than they need, or as long as before again."""
        hurry(self._world.folder)
        if not on:
            (self._world.folder / "site" / "hurry").unlink()

    # --- its processes ---

    def kill_conversion(self) -> None:
        """SIGKILL to a process that converts, if there is one within a moment."""
        for _ in range(_LOOKS):
            if self._kill_one("conversion process", _is_conversion):
                return
            time.sleep(_LOOK_S)

    def kill_fork_server(self) -> None:
        """SIGKILL to the fork server."""
        self._kill_one("fork server", lambda process, depth: depth == 1)

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

    def _kill_one(self, name: str, is_meant: Callable[[psutil.Process, int], bool]) -> bool:
        if found := self._find(is_meant):
            with contextlib.suppress(psutil.Error):
                self._dice.choice(found).kill()
                self._counts.kills[name] += 1
        return bool(found)

    def _find(self, is_meant: Callable[[psutil.Process, int], bool]) -> list[psutil.Process]:
        return [process for process, depth in self._below(self.process.pid) if is_meant(process, depth)]

    def _below(self, pid: int, depth: int = 1) -> list[tuple[psutil.Process, int]]:
        """Its fork servers and their children, with how far below the engine they are."""
        try:
            children = psutil.Process(pid).children()
        except psutil.Error:
            return []
        return [pair for child in children for pair in ((child, depth), *self._below(child.pid, depth + 1))]


def _is_conversion(_: psutil.Process, depth: int) -> bool:
    return depth > 1
