"""How a command reaches the engine that runs, or the queue of one that does not; and what its exit status says."""

import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.base.errors import EngineUnreachable
from engine.job.snapshot import JobSnapshot
from engine.remote.client import RemoteEngine

if TYPE_CHECKING:
    from engine.remote.offline import StoredQueue

OK, FAILED, NO_ENGINE, TIME_OVER = 0, 1, 3, 124
START_ONE = "Start one with `hotfolio serve --detach`, or open the dashboard with `hotfolio`."
LOOK_S = 0.1
"""Between two looks at an engine whose doing is waited for."""


def running_engine(folder: Path) -> RemoteEngine:
    """The engine of a state folder; raises `EngineUnreachable` with how to start one."""
    engine = RemoteEngine(folder)
    try:
        engine.greet()
    except EngineUnreachable as error:
        raise EngineUnreachable(f"{error} {START_ONE}") from None
    return engine


def engine_or_queue(folder: Path) -> "RemoteEngine | StoredQueue":
    """The engine that runs, or the queue that the last one has left."""
    with suppress(EngineUnreachable):
        return running_engine(folder)
    return stored_queue(folder)


def stored_queue(folder: Path) -> "StoredQueue":
    """The queue that the last engine has left; raises `NoQueue`."""
    # What is seldom needed is imported late: a command should answer at once.
    from engine.remote.offline import StoredQueue

    return StoredQueue(folder)


def job_fields(entry: JobSnapshot) -> dict[str, Any]:
    """A job as the HTTP API has it."""
    from engine.server.dependencies.schemas import Conversion

    return Conversion.of(entry).model_dump(mode="json")


def print_json(value: object) -> None:
    """Print an answer for programs, in one line."""
    print(json.dumps(value, ensure_ascii=sys.stdout.encoding.lower() != "utf-8"))
