"""The bearer token: what a program must show that calls the engine over TCP."""

import contextlib
import os
import re
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

from engine.base.errors import SettingsError
from engine.base.safetext import display_name
from engine.base.sockets import make_service_folder, service_folder

_TOKEN = "token"
_RANDOM_BYTES = 32
_MIN_LENGTH = 32
_MAX_BYTES = 4096
_TOKEN_FORM = re.compile(r"[A-Za-z0-9._~+/=-]+")
"""What may stand after `Bearer` (RFC 6750)."""
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""Not blocking, so that a pipe in the token's place does not hold anybody up."""
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def token_path(state_folder: Path) -> Path:
    """Where an engine's token is."""
    return service_folder(state_folder) / _TOKEN


def ensure_token(state_folder: Path) -> str:
    """The token; it is made where there is none. Raises `SettingsError` when it is not safe to use."""
    path = token_path(state_folder)
    try:
        make_service_folder(state_folder)
        with _open_folder(path.parent) as folder:
            if not _exists(folder):
                _create(folder)
            return _read(folder, path)
    except OSError as error:
        raise SettingsError(
            f"{display_name(path)}: the token cannot be made: {os.strerror(error.errno or 0)}."
        ) from None


def read_token(state_folder: Path) -> str:
    """The token that is there. Raises `SettingsError` when there is none, or it is not safe to use."""
    path = token_path(state_folder)
    try:
        with _open_folder(path.parent) as folder:
            return _read(folder, path)
    except FileNotFoundError:
        raise SettingsError(f"{display_name(path)}: there is no token yet; `hotfolio serve` makes it.") from None
    except OSError as error:
        raise SettingsError(
            f"{display_name(path)}: the token cannot be read: {os.strerror(error.errno or 0)}."
        ) from None


@contextlib.contextmanager
def _open_folder(path: Path) -> Iterator[int]:
    """The folder itself, so that nobody can put another in its place meanwhile."""
    if path.is_symlink():
        raise SettingsError(f"{display_name(path)}: is a symbolic link; remove it, and a folder is made anew.")
    folder = os.open(path, _FOLDER)
    try:
        _check_ours(os.fstat(folder), path, "chmod 700")
        yield folder
    finally:
        os.close(folder)


def _exists(folder: int) -> bool:
    try:
        os.stat(_TOKEN, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _create(folder: int) -> None:
    """Write a token under another name, and link it to its own: it is there as a whole or not at all."""
    name = f".{_TOKEN}-{secrets.token_hex(8)}"
    file = os.open(name, _CREATE, 0o600, dir_fd=folder)
    try:
        try:
            os.fchmod(file, 0o600)
            os.write(file, secrets.token_urlsafe(_RANDOM_BYTES).encode() + b"\n")
            os.fsync(file)
        finally:
            os.close(file)
        # Another process may have been faster; then its token is the token.
        with contextlib.suppress(FileExistsError):
            os.link(name, _TOKEN, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    finally:
        os.unlink(name, dir_fd=folder)


def _read(folder: int, path: Path) -> str:
    found = os.stat(_TOKEN, dir_fd=folder, follow_symlinks=False)
    if stat.S_ISLNK(found.st_mode):
        raise SettingsError(f"{display_name(path)}: is a symbolic link; remove it, and a token is made anew.")
    if not stat.S_ISREG(found.st_mode):
        raise SettingsError(f"{display_name(path)}: is not a file; remove it, and a token is made anew.")
    file = os.open(_TOKEN, _READ, dir_fd=folder)
    try:
        _check_ours(os.fstat(file), path, "chmod 600")
        content = os.read(file, _MAX_BYTES)
    finally:
        os.close(file)
    token = content.decode("ascii", errors="replace").strip()
    if len(token) < _MIN_LENGTH:
        what = "is too short" if token else "is empty"
        raise SettingsError(f"{display_name(path)}: {what}; remove it, and a token is made anew.")
    if not _TOKEN_FORM.fullmatch(token):
        raise SettingsError(f"{display_name(path)}: is no token; remove it, and one is made anew.")
    return token


def _check_ours(found: os.stat_result, path: Path, remedy: str) -> None:
    if found.st_uid != os.geteuid():
        raise SettingsError(f"{display_name(path)}: belongs to another user; remove it, and it is made anew.")
    if found.st_mode & 0o077:
        raise SettingsError(f"{display_name(path)}: can be read by others; `{remedy}` it, or remove it.")
