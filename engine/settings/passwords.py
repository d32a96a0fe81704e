"""Passwords: those given for single jobs, and those of a file. They are in memory alone, and never logged."""

import os
import shlex
import stat
import threading
from collections.abc import Callable
from pathlib import Path

from engine.base.errors import PasswordsRefused
from engine.base.safetext import display_name

MAX_BYTES = 64 << 10
"""A passwords file is at most so big: all of it is sent to a conversion process in one message."""
MAX_PASSWORDS = 1000
"""Trying one takes some 10 ms under AES-256, revision 6."""
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Passwords:
    """What opens which job's document. Thread-safe; `_lock` guards the passwords, and is held for memory access."""

    def __init__(self, file: Callable[[], Path | None]) -> None:
        """`file` tells the passwords file in force."""
        self._file = file
        self._lock = threading.Lock()
        self._of_jobs: dict[int, str] = {}

    def set(self, job_id: int, password: str) -> None:
        """Open the job's document with this password from now on."""
        with self._lock:
            self._of_jobs[job_id] = password

    def of(self, job_id: int) -> str | None:
        """What opens the job's document, as far as that is known."""
        with self._lock:
            return self._of_jobs.get(job_id)

    def forget(self, job_id: int) -> None:
        """The job has come to nothing, perhaps for a wrong password."""
        with self._lock:
            self._of_jobs.pop(job_id, None)

    def candidates(self) -> tuple[str, ...]:
        """Those of the file, read when they are asked for, so that edits count at once; raises `PasswordsRefused`."""
        return read_passwords(self._file())

    def problem(self) -> str | None:
        """Why the file cannot be used, as a sentence; None if it can, or if there is none."""
        return passwords_problem(self._file())


def read_passwords(file: Path | None) -> tuple[str, ...]:
    """The passwords of a file in its order, each once; none if there is no file.

    One a line, and blanks are part of it. UTF-8; a line that is not is Latin-1. Raises `PasswordsRefused`.
    """
    if file is None:
        return ()
    descriptor = _open(file)
    with os.fdopen(descriptor, "rb") as stream:
        try:
            content = stream.read(MAX_BYTES + 1)
        except OSError as error:
            raise PasswordsRefused(
                f"The passwords file {display_name(file)} cannot be read: {error.strerror}."
            ) from None
    if len(content) > MAX_BYTES:
        raise PasswordsRefused(f"The passwords file {display_name(file)} is larger than {MAX_BYTES >> 10} KiB.")
    lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    found = tuple(dict.fromkeys(_text(line.removesuffix(b"\r")) for line in lines if line.strip()))
    if len(found) > MAX_PASSWORDS:
        raise PasswordsRefused(f"The passwords file {display_name(file)} has more than {MAX_PASSWORDS} passwords.")
    return found


def passwords_problem(file: Path | None) -> str | None:
    """Why a passwords file cannot be used, as a sentence; None if it can, or if there is none."""
    if file is None:
        return None
    try:
        os.close(_open(file))
    except PasswordsRefused as error:
        return str(error)
    return None


def _open(file: Path) -> int:
    """A descriptor of the file, which is looked at once it is open: by then nothing can take its place."""
    shown = display_name(file)
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise PasswordsRefused(f"The passwords file {shown} cannot be read: {error.strerror}.") from None
    status = os.fstat(descriptor)
    problem = None
    if not stat.S_ISREG(status.st_mode):
        problem = "is not a regular file."
    elif status.st_uid not in (os.geteuid(), 0):
        problem = "is not used: it belongs to another user, who could read what is written to it."
    elif status.st_mode & _OTHERS:
        command = f"chmod 600 {display_name(shlex.quote(str(file)))}"
        problem = f"is not used: others than its owner may read or change it. Run: {command}"
    if problem is not None:
        os.close(descriptor)
        raise PasswordsRefused(f"The passwords file {shown} {problem}")
    return descriptor


def _text(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("latin-1")
