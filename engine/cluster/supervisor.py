"""Supervisor: has a machine be a node: starts the node's process, and again whenever it has lost its cluster."""

import contextlib
import fcntl
import importlib.util
import json
import os
from pathlib import Path

import platformdirs
from pydantic import TypeAdapter, ValidationError

from engine.base.errors import SettingsError
from engine.base.safetext import display_name
from engine.cluster.backoff import Backoff
from engine.cluster.exchange import NodeName
from engine.cluster.joining import CA, CERTIFICATE, KEY, Join
from engine.cluster.ownprocess import OwnProcess, environment

PROGRAM = "engine.cluster.processes.nodeprocess"
REFUSED = 3
"""The status of a node whose results might differ from the head's."""
_FIRST_S, _LONGEST_S = 2.0, 30.0
_MODE = 0o600
_names: TypeAdapter[str] = TypeAdapter(NodeName)


class Supervisor:
    """One for a folder, which is the node's alone."""

    def __init__(
        self,
        join: Join,
        folder: Path,
        *,
        slots: int,
        cache_bytes: int,
        name: str = "",
        program: str = "",
        contact: str = "",
    ) -> None:
        """`program` is the module that is run as the fork server, if not the usual one.

        `contact` is where the head reaches this node, as `tls://HOST:PORT`, if not where it listens.
        Raises `SettingsError` if the folder cannot be used, or another node has it.
        """
        self._lock = _prepare(folder, join)
        order = {
            "name": name or join.name,
            "scheduler": join.scheduler,
            "node_ports": join.node_ports,
            "slots": slots,
            "cache_bytes": cache_bytes,
            "program": program,
            "contact": contact,
        }
        self._process = OwnProcess(
            "node",
            [PROGRAM, str(folder), json.dumps(order)],
            environment(folder),
            None,
            Backoff(_FIRST_S, _LONGEST_S),
            lambda status: status in (0, REFUSED),
        )

    def start(self) -> None:
        """Begin; returns at once."""
        self._process.start()

    @property
    def pid(self) -> int | None:
        """Of the node's process; None while there is none."""
        return self._process.pid

    @property
    def failures(self) -> int:
        """How often the node's process has ended and was started again."""
        return self._process.failures

    def wait(self, timeout_s: float | None = None) -> int | None:
        """Wait until the node has left for good: its status; None if the time was over first, or it was closed."""
        return self._process.wait(timeout_s)

    def close(self) -> None:
        """Leave."""
        self._process.close()
        os.close(self._lock)


def needs() -> None:
    """Raise `SettingsError` where what a cluster stands on is not installed."""
    missing = [name for name in ("distributed", "cryptography") if importlib.util.find_spec(name) is None]
    if missing:
        raise SettingsError(f"A cluster needs {' and '.join(missing)}: pip install 'hotfolio[cluster]'.")


def is_name(name: str) -> bool:
    """Whether a node may be called so."""
    try:
        _names.validate_python(name)
    except ValidationError:
        return False
    return True


def default_folder(name: str) -> Path:
    """Where a node keeps what it has, unless it is told."""
    return platformdirs.user_cache_path("hotfolio") / "nodes" / name


def _prepare(folder: Path, join: Join) -> int:
    """Lay out the node's folder; returns the descriptor of its lock."""
    shown = display_name(folder)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            (folder / "desks").mkdir(exist_ok=True)
            for name, text in ((CA, join.ca), (CERTIFICATE, join.certificate), (KEY, join.key)):
                _replace(folder / name, text)
        except BaseException:
            os.close(lock)
            raise
    except BlockingIOError:
        raise SettingsError(f"Another node has {shown}: give this one a folder of its own by --folder.") from None
    except OSError as error:
        raise SettingsError(f"{shown}: {error.strerror}.") from error
    return lock


def _replace(file: Path, text: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        file.unlink()
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE), "w") as stream:
        stream.write(text)
