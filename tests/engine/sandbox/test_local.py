"""Conversion processes of this machine as a backend."""

import os
import select
from pathlib import Path

import pytest

from engine.sandbox.backend import Backend, Limits, MakeBackend, Sandbox, Workplace
from engine.sandbox.protocol import Opened
from tests.backends import faulty_backend, own_faulty_backend
from tests.engine.sandbox.conformance import BackendConformance, open_document, staged


class TestLocalBackend(BackendConformance):
    @pytest.fixture
    def make(self) -> MakeBackend:
        return faulty_backend

    def test_a_sandbox_has_a_process_of_its_own(self, backend: Backend) -> None:
        first, second = backend.open(Limits()), backend.open(Limits())
        pids = {first.readings().pid, second.readings().pid}
        assert len(pids - {None, os.getpid(), backend.pid}) == 2
        first.close()
        second.close()

    def test_a_process_is_held_to_its_desk_and_of_no_use_once_that_is_made_anew(
        self, backend: Backend, sandbox: Sandbox
    ) -> None:
        desk = staged(backend, "one")
        assert isinstance(open_document(sandbox, desk), Opened)
        assert sandbox.has_desk
        desk.path.rename(desk.path.with_name("aside"))
        desk.path.mkdir()
        assert not sandbox.has_desk


def test_processes_end_with_the_backend_they_are_from(tmp_path: Path) -> None:
    backend = own_faulty_backend(Workplace(tmp_path, tmp_path / "jobs"))
    sandbox = backend.open(Limits())
    pid = sandbox.readings().pid
    assert pid is not None
    pidfd = os.pidfd_open(pid)
    backend.close()
    readable, _, _ = select.select([pidfd], [], [], 30)
    os.close(pidfd)
    sandbox.close()
    assert readable
