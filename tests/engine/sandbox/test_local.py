"""Conversion processes of this machine as a backend."""

import os
import select
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from engine.base.errors import ChildDied, MemoryLimit
from engine.job.job import Checkpoint
from engine.sandbox.backend import Backend, Limits, MakeBackend, Sandbox, Workplace
from engine.sandbox.ends import ProcessEnd
from engine.sandbox.local import LocalBackend
from engine.sandbox.protocol import LOG, OUT, PAGES, Lacking, Opened, PagesDone
from engine.sandbox.stages import Stage
from engine.work.checkpoint import salvage
from tests.backends import faulty_backend, own_faulty_backend
from tests.engine.sandbox.conformance import BackendConformance, open_document, pages, staged

LIMIT = 1 << 30


class TestLocalBackend(BackendConformance):
    @pytest.fixture
    def make(self) -> MakeBackend:
        return faulty_backend

    def test_a_sandbox_has_a_process_of_its_own(self, backend: Backend) -> None:
        first, second = backend.open(Limits()), backend.open(Limits())
        pids = {first.readings().pid, second.readings().pid}
        assert len(pids - {None, os.getpid(), *backend.pids}) == 2
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

    def test_no_process_outgrows_its_limit(self, backend: Backend, open_sandbox: Callable[[Limits], Sandbox]) -> None:
        sandbox = open_sandbox(Limits(memory_bytes=LIMIT))
        desk = staged(backend, "fault: memory")
        open_document(sandbox, desk)
        with pytest.raises(MemoryLimit, match="1024 MB"):
            sandbox.run(pages(desk, 1, 1), lambda _: None)
        assert sandbox.readings().end is ProcessEnd.MEMORY_LIMIT
        highest = int((desk.path / OUT / "peak").read_text())
        assert LIMIT // 2 < highest <= LIMIT

    def test_memory_that_no_limit_of_the_systems_counts_is_watched(
        self, backend: Backend, open_sandbox: Callable[[Limits], Sandbox]
    ) -> None:
        sandbox = open_sandbox(Limits(memory_bytes=LIMIT))
        desk = staged(backend, "fault: shared")
        open_document(sandbox, desk)
        with pytest.raises(MemoryLimit, match="1024 MB"):
            sandbox.run(pages(desk, 1, 1), lambda _: None)
        assert sandbox.readings().rss_bytes > LIMIT

    def test_code_that_ends_for_want_of_memory_has_had_too_little_of_it(
        self, backend: Backend, sandbox: Sandbox
    ) -> None:
        desk = staged(backend, "fault: terminate")
        open_document(sandbox, desk)
        with pytest.raises(MemoryLimit, match="2048 MB"):
            sandbox.run(pages(desk, 1, 1), lambda _: None)

    def test_code_that_ends_for_another_reason_has_crashed(self, backend: Backend, sandbox: Sandbox) -> None:
        desk = staged(backend, "fault: abort")
        (desk.path / LOG).write_text("An earlier process: std::bad_alloc\n")
        open_document(sandbox, desk)
        with pytest.raises(ChildDied, match="SIGABRT"):
            sandbox.run(pages(desk, 1, 1), lambda _: None)


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[LocalBackend]:
    """One whose fork server has loaded nothing yet."""
    backend = own_faulty_backend(Workplace(tmp_path, tmp_path / "jobs"))
    yield backend
    backend.close()


def test_it_loads_what_is_needed_and_then_serves_everybody_from_that(fresh: LocalBackend) -> None:
    with closing(fresh.open(Limits())) as bare:
        assert bare.stage is Stage.BARE
        desk = staged(fresh, "one", is_tagged=False)
        opened = open_document(bare, desk)
        assert isinstance(opened, Opened)
        assert opened.needs is Stage.LAYOUT  # it has no tags
        assert isinstance(bare.run(pages(desk, 1, 1), lambda _: None), Lacking)
        assert salvage(desk.path / PAGES, Checkpoint(1, 1)) is None
        with closing(fresh.open(Limits(), Stage.LAYOUT)) as second:
            assert second.stage is Stage.LAYOUT
            assert isinstance(second.run(pages(desk, 1, 1), lambda _: None), PagesDone)
        with closing(fresh.open(Limits())) as third:
            assert third.stage is Stage.LAYOUT


def test_a_stage_that_has_ended_is_loaded_again_and_costs_the_others_nothing(fresh: LocalBackend) -> None:
    with closing(fresh.open(Limits())) as bare, closing(fresh.open(Limits(), Stage.LAYOUT)) as lost:
        first, second = fresh.pids
        stage = psutil.Process(second)
        assert psutil.Process(lost.readings().pid).ppid() == second
        stage.kill()
        stage.wait(30)
        with closing(fresh.open(Limits(), Stage.LAYOUT)) as again:
            assert again.stage is Stage.LAYOUT
        assert fresh.pids[0] == first
        assert second not in fresh.pids
        assert isinstance(open_document(bare, staged(fresh, "one")), Opened)


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
