"""By what it is known that a process has got no more memory."""

import errno
import os
from pathlib import Path

import pytest

from engine.sandbox.shortage import ends_in_shortage, is_shortage, size_of

REFUSED = [
    MemoryError(),
    OSError(errno.ENOMEM, "Cannot allocate memory"),
    # As they were seen at a limit of the system's.
    RuntimeError("code=2: malloc (243000000 bytes) failed"),
    RuntimeError("code=2: calloc (12 x 3000000 bytes) failed"),
    RuntimeError("OpenCV(5.0.0) alloc.cpp:73: error: (-4:Insufficient memory) Failed to allocate 2700000000 bytes"),
    RuntimeError("Status Message: bfc_arena.cc:360 AllocateRawInternal Failed to allocate memory for requested buffer"),
    RuntimeError("std::bad_alloc"),
    RuntimeError("bad allocation"),
]
OTHER = [ValueError("The page has no font."), OSError(errno.ENOSPC, "No space left"), RuntimeError("malloc")]


@pytest.mark.parametrize("error", REFUSED, ids=str)
def test_what_libraries_raise_for_want_of_memory_is_known(error: Exception) -> None:
    assert is_shortage(error)


@pytest.mark.parametrize("error", OTHER, ids=str)
def test_what_they_raise_for_another_reason_is_not(error: Exception) -> None:
    assert not is_shortage(error)


def test_what_comes_of_it_is_known_by_its_cause() -> None:
    error = RuntimeError("The PDF is damaged.")
    error.__cause__ = MemoryError()
    assert is_shortage(error)
    error = RuntimeError("It failed while something else had.")
    error.__context__ = MemoryError()
    assert is_shortage(error)


def test_causes_in_a_ring_end() -> None:
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one
    assert not is_shortage(one)


def test_the_last_words_of_a_process_are_those_that_it_has_written_itself(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    assert (size_of(log), ends_in_shortage(log, 0)) == (0, False)
    log.write_text("what(): std::bad_alloc\n")
    assert ends_in_shortage(log, 0)
    assert not ends_in_shortage(log, size_of(log))
    log.write_text("memory allocation of 4096 bytes failed\n" + "x" * 100_000)
    assert not ends_in_shortage(log, 0)  # and something else since


@pytest.mark.parametrize("what", ["link", "pipe", "folder"])
def test_nothing_but_a_file_is_read(tmp_path: Path, what: str) -> None:
    (tmp_path / "secret").write_text("std::bad_alloc")
    log = tmp_path / "log.txt"
    if what == "link":
        log.symlink_to(tmp_path / "secret")
    elif what == "pipe":
        os.mkfifo(log)
    else:
        log.mkdir()
    assert not ends_in_shortage(log, 0)
