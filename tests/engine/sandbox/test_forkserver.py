"""The fork server's environment: what is kept from it, and what it is told of memory."""

from pathlib import Path
from typing import Any

import pytest

from engine.base.errors import SandboxUnavailable
from engine.sandbox import forkserver
from engine.sandbox.forkserver import ForkServer


@pytest.fixture
def started_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Starts a fork server that ends at once, and returns the environment it was given."""

    def start(*hidden: str) -> dict[str, str]:
        given: list[dict[str, str]] = []

        def refuse(*arguments: Any, env: dict[str, str], **others: Any) -> Any:
            given.append(env)
            raise OSError("not now")

        monkeypatch.setattr(forkserver.subprocess, "Popen", refuse)
        server = ForkServer(tmp_path / "log", hidden=hidden)
        with pytest.raises(SandboxUnavailable):
            server.start()
        server.close()
        return given[0]

    return start


def test_what_is_hidden_is_not_handed_on_however_it_is_written(
    started_with: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("a_secret", "s3cret")
    monkeypatch.setenv("MINE", "kept")
    environment = started_with("A_SECRET")
    assert "a_secret" not in environment
    assert environment["MINE"] == "kept"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, "glibc.malloc.hugetlb=1"),
        ("glibc.malloc.check=1", "glibc.malloc.check=1:glibc.malloc.hugetlb=1"),
        ("glibc.malloc.hugetlb=0", "glibc.malloc.hugetlb=0"),
    ],
)
def test_memory_comes_in_huge_pages_unless_somebody_has_said_otherwise(
    started_with: Any, monkeypatch: pytest.MonkeyPatch, before: str | None, after: str
) -> None:
    monkeypatch.delenv("GLIBC_TUNABLES", raising=False)
    if before is not None:
        monkeypatch.setenv("GLIBC_TUNABLES", before)
    assert started_with()["GLIBC_TUNABLES"] == after


def test_a_folder_that_was_taken_away_is_not_made_again_for_the_log(tmp_path: Path) -> None:
    server = ForkServer(tmp_path / "gone" / "log")
    try:
        with pytest.raises(SandboxUnavailable):
            server.start()
    finally:
        server.close()
    assert not (tmp_path / "gone").exists()
