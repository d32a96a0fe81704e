"""How it shows that a process has got no more memory: in what libraries raise, and in their last words."""

import errno
import os
import re
import stat
from pathlib import Path

SHORTAGE = "it needed more memory than memory_limit"
"""What is said of it where a limit is not at hand."""
_WORDS = re.compile(
    # C++, ONNX Runtime and OpenCV; MuPDF; the C library; Python and Rust as they end.
    r"bad_alloc|bad allocation|failed to allocate|insufficient memory|\b[mc]alloc \(.*\) failed|\brealloc \(.*\) failed"
    r"|cannot allocate memory|\bMemoryError\b|memory allocation of \d+ bytes failed",
    re.IGNORECASE,
)
_MOST_CAUSES = 20
_LAST_WORDS = 4096


class Shortages:
    """Whether this process has been refused memory for what it has gone on without."""

    met = False


def is_shortage(error: BaseException) -> bool:
    """Whether an exception comes of memory that was refused, by its kind, its words or its causes."""
    cause: BaseException | None = error
    for _ in range(_MOST_CAUSES):
        if cause is None:
            return False
        if isinstance(cause, MemoryError) or (isinstance(cause, OSError) and cause.errno == errno.ENOMEM):
            return True
        if _WORDS.search(str(cause)):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def size_of(log: Path) -> int:
    """Bytes of a log; 0 if there is none."""
    try:
        return log.lstat().st_size
    except OSError:
        return 0


def ends_in_shortage(log: Path, since: int) -> bool:
    """Whether what was written last into a log says so, `since` so many bytes were in it.

    Whatever a process has put in the log's place is not read but for a file.
    """
    try:
        handle = os.open(log, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            return False
        words = os.pread(handle, _LAST_WORDS, max(since, status.st_size - _LAST_WORDS))
    except OSError:
        return False
    finally:
        os.close(handle)
    return _WORDS.search(words.decode("utf-8", "replace")) is not None
