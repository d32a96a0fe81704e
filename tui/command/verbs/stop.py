"""`hotfolio stop`: the engine is stopped."""

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from tui.command.chosen import QUEUE, Json
from tui.command.flags import Load, answer, takes_settings


@takes_settings(*QUEUE)
def stop(
    load: Load,
    now: Annotated[bool, typer.Option("--now", help="Do not wait for the page batches under way.")] = False,
    json: Json = False,
) -> None:
    """Stop the engine, and return when it is gone; the next start goes on where it was."""

    def work() -> int:
        from tui.command.reach import LOOK_S, OK, print_json, running_engine

        folder = load().settings.state_folder
        engine = running_engine(folder)
        pid = engine.greeting.pid
        engine.request_stop(now=now)
        while not _is_gone(folder, pid):
            time.sleep(LOOK_S)
        if json:
            print_json({"stopped": pid})
        else:
            print(f"The engine (process {pid}) has stopped; the next start goes on where it was.")
        return OK

    answer(work)


def _is_gone(folder: Path, pid: int) -> bool:
    from engine.base.errors import EngineUnreachable
    from engine.remote.client import Connection

    try:
        return Connection(folder).greet().pid != pid
    except EngineUnreachable:
        return not _exists(pid)


def _exists(pid: int) -> bool:
    """Whether it works still; one that has ended may be there until whoever has started it looks at it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    import psutil

    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False
