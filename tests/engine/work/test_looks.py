"""Whether a password opens a document: what cannot be found out is never told as an answer."""

import base64
import contextlib
import zlib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from engine.base.errors import HotfolioError, SandboxUnavailable, SourceGone
from engine.job.job import Job, JobState, Source
from engine.job.snapshot import WHOLE_PAGE
from engine.sandbox.backend import Backend
from engine.sandbox.desk import LocalDesk
from engine.sandbox.protocol import SOURCE, Peeked, PeekTask, Refused
from engine.work.looks import Inspector
from tests.engine.making import job

RIGHT, WRONG = "open sesame", "guess"


class Place:
    """A source, a job of it with a copy of its own, and a backend that knows the password."""

    def __init__(self, folder: Path) -> None:
        self.source = folder / "locked.pdf"
        self.source.write_bytes(b"locked")
        found = Source.of(self.source, folder, self.source.lstat())
        self.job: Job = job(1, JobState.FAILED, source=found)
        self.desk = LocalDesk("1", folder / "desks" / "1")
        self.desk.path.mkdir(parents=True)
        (self.desk.path / SOURCE).write_bytes(b"locked")
        self.first: Callable[[], object] | None = None
        """What happens when a process is about to look for the first time."""
        backend = SimpleNamespace(desk=lambda name: LocalDesk(name, folder / "desks" / name), open=lambda limits: self)
        self.inspector = Inspector(cast(Backend, backend), folder)
        self._desks = folder / "desks"

    def opens(self, password: str) -> bool:
        return self.inspector.opens(self.job, self.desk, password)

    def run(self, task: PeekTask, on_event: object) -> Any:
        if self.first is not None:
            first, self.first = self.first, None
            first()
        if not (self._desks / task.desk / SOURCE).exists():
            return Refused(kind="unwritable", message="2 No such file or directory")
        if task.password != RIGHT:
            return Refused(kind="password", message="The PDF needs a password.")
        return Peeked(width=1, height=1, rgb=base64.b64encode(b"rgb"), busy_s=0)

    def close(self) -> None:
        """As of a sandbox."""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.mark.parametrize("ends_meanwhile", [False, True])
@pytest.mark.parametrize("password", [RIGHT, WRONG])
def test_a_password_is_right_or_wrong_also_when_the_job_ends_meanwhile(
    place: Place, password: str, ends_meanwhile: bool
) -> None:
    place.first = place.desk.discard if ends_meanwhile else None
    assert place.opens(password) is (password == RIGHT)


def test_a_document_that_is_gone_is_told(place: Place) -> None:
    def lose() -> None:
        place.desk.discard()
        place.source.unlink()

    place.first = lose
    with pytest.raises(SourceGone):
        place.opens(WRONG)


def test_a_process_that_cannot_be_had_is_told(place: Place) -> None:
    def refuse() -> None:
        raise SandboxUnavailable("No process can be started.")

    place.first = refuse
    with pytest.raises(SandboxUnavailable):
        place.opens(WRONG)


@pytest.mark.parametrize(
    ("data", "is_right"),
    [
        (zlib.compress(b"rgb"), True),
        (zlib.compress(b"rg"), False),
        (zlib.compress(bytes(1 << 24)), False),  # more than is said
        (b"no stream of zlib", False),
    ],
)
def test_of_compressed_pixels_there_are_as_many_as_is_said(
    place: Place, monkeypatch: pytest.MonkeyPatch, data: bytes, is_right: bool
) -> None:
    answer = Peeked(width=1, height=1, rgb=base64.b64encode(data), is_deflated=True, busy_s=0)
    monkeypatch.setattr(place, "run", lambda *_: answer)
    seen = contextlib.nullcontext() if is_right else pytest.raises(HotfolioError, match="could not be rendered")
    with seen:
        assert place.inspector.peek(place.job, place.desk, 1, 9, 9, WHOLE_PAGE, None).rgb == b"rgb"
