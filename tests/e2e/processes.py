"""The processes that work in a folder, whoever has started them."""

import contextlib
import os
from pathlib import Path

import psutil

from tests.waiting import wait_until

STOP_S = 40.0
"""Whatever is told to stop in order has ended by then."""


def is_alive(process: psutil.Process) -> bool:
    """Whether a process is there and not merely waiting to be collected."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def processes_in(folder: Path, *, but: int | None = None) -> list[psutil.Process]:
    """Every process that works in the folder or below it, except one."""
    others = {os.getpid(), but}
    return [process for process in psutil.process_iter() if process.pid not in others and _works_in(process, folder)]


def assert_nothing_left(folder: Path) -> None:
    """See that all processes end that work in the folder."""
    wait_until(lambda: not processes_in(folder), "all processes of the folder to end", timeout=STOP_S)


def end_all(folder: Path) -> None:
    """End whatever still works in the folder, so that no test leaves anything behind."""
    while left := processes_in(folder):
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, timeout=STOP_S)


def _works_in(process: psutil.Process, folder: Path) -> bool:
    with contextlib.suppress(psutil.Error):
        return is_alive(process) and Path(process.cwd()).is_relative_to(folder)
    return False
