"""Backends that engines of a test process are given: their processes come from shared fork servers.

Each fork server takes a second of work to start.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from engine.sandbox.backend import Workplace
from engine.sandbox.forkserver import PROGRAM, ForkServer
from engine.sandbox.local import LocalBackend
from tests.engine import faulty_child

_servers: dict[str, ForkServer] = {}
_logs = TemporaryDirectory()


def local_backend(workplace: Workplace) -> LocalBackend:
    """What users have."""
    return LocalBackend(workplace, fork_server=_shared(PROGRAM, workplace))


def faulty_backend(workplace: Workplace) -> LocalBackend:
    """Its processes misbehave on pages that ask for it; see `tests.engine.faulty_child`."""
    return LocalBackend(workplace, fork_server=_shared(faulty_child.__name__, workplace))


def own_faulty_backend(workplace: Workplace) -> LocalBackend:
    """The same with a fork server of its own, which has the environment as it is now, and ends with the engine."""
    return LocalBackend(workplace, program=faulty_child.__name__)


def close_shared() -> None:
    """End the fork servers."""
    while _servers:
        _servers.popitem()[1].close()
    _logs.cleanup()


def _shared(program: str, workplace: Workplace) -> ForkServer:
    if program not in _servers:
        log_file = Path(_logs.name) / f"{program}.log"
        _servers[program] = ForkServer(log_file, program, hidden=workplace.hidden)
    return _servers[program]
