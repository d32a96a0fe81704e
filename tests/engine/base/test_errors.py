"""What an error from the operating system means for the queue."""

import errno
import inspect
import os

import pytest

from engine.base import errors
from engine.base.errors import EngineBlocked, HotfolioError, OutputUnwritable, unwritable


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EDQUOT, "quota"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "permission"),
        (errno.EPERM, "permission"),
        (errno.EIO, "disk reported an error"),
        (errno.ESTALE, "network"),
    ],
)
def test_an_error_that_a_person_must_see_to_blocks_the_engine_and_says_where(code: int, words: str) -> None:
    error = unwritable(OSError(code, os.strerror(code)), "/somewhere")
    assert isinstance(error, OutputUnwritable)
    assert isinstance(error, EngineBlocked)
    assert "/somewhere" in str(error)
    assert words in str(error)


@pytest.mark.parametrize("error", [OSError(errno.ENOENT, "gone"), OSError("no number"), OSError(errno.ELOOP, "loop")])
def test_an_error_about_one_file_blocks_nothing(error: OSError) -> None:
    assert unwritable(error, "/somewhere") is None


def test_every_error_of_the_engine_has_one_root() -> None:
    classes = [c for _, c in inspect.getmembers(errors, inspect.isclass) if c.__module__ == errors.__name__]
    assert len(classes) > 10
    assert [c for c in classes if not issubclass(c, HotfolioError)] == []
