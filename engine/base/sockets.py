"""The Unix socket of an engine: where it is, and how it is bound and reached."""

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from engine.base.errors import SettingsError
from engine.base.safetext import display_name

SERVICE_FOLDER = "service"
"""In the state folder, for its owner alone: the socket and the token."""
_SOCKET = "api.sock"
_MAX_PATH_BYTES = 100
"""The kernel takes 108 bytes for a socket's path on Linux, 104 on macOS."""
_BACKLOG = 512


def service_folder(state_folder: Path) -> Path:
    """Where an engine's socket and token are."""
    return state_folder.absolute() / SERVICE_FOLDER


def socket_path(state_folder: Path) -> Path:
    """Where an engine that has this state folder listens."""
    return service_folder(state_folder) / _SOCKET


def make_service_folder(state_folder: Path) -> Path:
    """Make the folder of the socket, or take what is there, and let nobody but its owner in."""
    folder = service_folder(state_folder)
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)
    return folder


def bind(state_folder: Path) -> socket.socket:
    """Listen; the caller holds the lock of the state folder, so a socket that is there is a dead engine's.

    Raises `SettingsError` if the folder cannot have one.
    """
    path = socket_path(state_folder)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        make_service_folder(state_folder)
        path.unlink(missing_ok=True)
        with _short_enough(path) as name:
            listener.bind(os.fsencode(name))
        path.chmod(0o600)
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise SettingsError(f"{display_name(path)}: no socket can be made there: {reason}.") from None
    except BaseException:
        listener.close()
        raise
    return listener


def file_id(state_folder: Path) -> tuple[int, int] | None:
    """Which file the socket is just now; None if there is none."""
    try:
        found = socket_path(state_folder).lstat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def unbind(state_folder: Path, file: tuple[int, int] | None) -> None:
    """Take the socket's file away unless another engine has put its own in its place; call it before closing."""
    if file is not None and file_id(state_folder) == file:
        socket_path(state_folder).unlink(missing_ok=True)


def connect(path: Path, timeout_s: float) -> socket.socket:
    """Reach a socket; raises `OSError`."""
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        channel.settimeout(timeout_s)
        with _short_enough(path) as name:
            channel.connect(os.fsencode(name))
    except BaseException:
        channel.close()
        raise
    return channel


@contextlib.contextmanager
def _short_enough(path: Path) -> Iterator[Path]:
    """The path, or a shorter one by way of a link."""
    if len(os.fsencode(path)) <= _MAX_PATH_BYTES:
        yield path
        return
    import tempfile

    with tempfile.TemporaryDirectory(prefix="hotfolio-") as folder:
        link = Path(folder) / "s"
        link.symlink_to(path.parent)
        yield link / path.name
