"""What every backend holds to, whatever it converts with; a backend's tests are a class below `BackendConformance`.

What a backend says by its capabilities that it does not hold to is passed over, and nothing else.
"""

import threading
import zlib
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from engine.base.errors import (
    ChildDied,
    ChildError,
    ChildGarbage,
    ChildKilled,
    DeskLost,
    MemoryLimit,
    PageTimeout,
    SandboxUnavailable,
)
from engine.job.job import Checkpoint
from engine.job.options import ConvertOptions, OcrMode
from engine.sandbox.backend import Backend, Capability, Desk, Limits, MakeBackend, Sandbox, Workplace
from engine.sandbox.ends import ProcessEnd
from engine.sandbox.protocol import (
    MERGE_LIST,
    OUT,
    PAGES,
    SOURCE,
    Begun,
    Event,
    InOneGo,
    Merged,
    MergeTask,
    Opened,
    OpenTask,
    PageDone,
    PagesDone,
    PageStarted,
    PagesTask,
    Peeked,
    PeekTask,
    Refused,
)
from engine.sandbox.stages import Stage
from engine.work.checkpoint import salvage
from tests import pdfs
from tests.engine.making import OPTIONS

LIMITS = Limits()
PLAIN = ConvertOptions(ocr=OcrMode.NEVER)
_names = count(1)


def document(*lines: str, is_tagged: bool = True) -> bytes:
    """A PDF with a page for each line; `fault: …` asks a backend for tests to misbehave on it."""
    return pdfs.printed(
        *(
            [f"This is page {number}, with marker-{number}.", "Some ordinary words follow it.", line]
            for number, line in enumerate(lines, 1)
        ),
        is_tagged=is_tagged,
    )


def staged(backend: Backend, *lines: str, is_tagged: bool = True) -> Desk:
    """A desk with such a document on it."""
    desk = backend.desk(str(next(_names)))
    desk.path.mkdir(parents=True)
    source = desk.path / SOURCE
    source.write_bytes(document(*lines, is_tagged=is_tagged))
    desk.put_source(source)
    return desk


def open_document(sandbox: Sandbox, desk: Desk) -> Opened | Refused:
    answer = sandbox.run(OpenTask(desk=desk.name, name="a.pdf", options=PLAIN), lambda _: None)
    assert isinstance(answer, Opened | Refused)
    return answer


def pages(desk: Desk, first: int, last: int) -> PagesTask:
    return PagesTask(desk=desk.name, name="a.pdf", options=PLAIN, first=first, last=last)


class Ended(Exception):
    """What a listener raises."""


class BackendConformance:
    """A subclass gives the backend by a fixture `make`: one whose pages misbehave where they ask for it."""

    @pytest.fixture
    def backend(self, make: MakeBackend, tmp_path: Path) -> Iterator[Backend]:
        backend = make(Workplace(tmp_path, tmp_path / "jobs"))
        backend.start()
        yield backend
        backend.close()

    @pytest.fixture
    def open_sandbox(self, backend: Backend) -> Iterator[Callable[[Limits], Sandbox]]:
        opened: list[Sandbox] = []

        def open_one(limits: Limits = LIMITS, needs: Stage = Stage.LAYOUT) -> Sandbox:
            opened.append(backend.open(limits, needs))
            return opened[-1]

        yield open_one
        for sandbox in opened:
            sandbox.close()

    @pytest.fixture
    def sandbox(self, open_sandbox: Callable[[Limits], Sandbox]) -> Sandbox:
        return open_sandbox(LIMITS)

    # --- the ordinary way ---

    def test_a_document_is_opened_converted_and_put_together(self, backend: Backend, sandbox: Sandbox) -> None:
        desk = staged(backend, "one", "two", "three")
        opened = open_document(sandbox, desk)
        assert isinstance(opened, Opened)
        assert opened.pages == 3
        events: list[Event] = []
        assert isinstance(sandbox.run(pages(desk, 1, 3), events.append), PagesDone)
        told = [(type(event), event.page) for event in events if isinstance(event, PageStarted | PageDone)]
        assert told == [(kind, page) for page in (1, 2, 3) for kind in (PageStarted, PageDone)]
        desk.fetch_pages(Checkpoint(1, 3))
        file = Checkpoint(1, 3).file
        (desk.path / MERGE_LIST).write_text(f'{{"checkpoints": ["{file}"], "failed": {{}}}}')
        merged = sandbox.run(MergeTask(desk=desk.name, name="a.pdf", options=PLAIN), events.append)
        assert isinstance(merged, Merged)
        desk.fetch_out()
        text = (desk.path / OUT / "a.md").read_text()
        assert [text.index(f"marker-{page}.") for page in (1, 2, 3)] == sorted(
            text.index(f"marker-{page}.") for page in (1, 2, 3)
        )
        readings = sandbox.readings()
        assert (readings.pages, readings.end, sandbox.is_usable) == (3, None, True)
        assert readings.busy_s > 0

    def test_a_small_document_may_be_done_in_one_go_and_comes_out_the_same(
        self, backend: Backend, open_sandbox: Callable[[], Sandbox]
    ) -> None:
        step_by_step, at_once = staged(backend, "one", "two"), staged(backend, "one", "two")
        sandbox, events = open_sandbox(), list[Event]()
        small = InOneGo(pages=2, source="a.pdf", sha256="")
        task = OpenTask(desk=at_once.name, name="a.pdf", options=PLAIN, in_one_go=small)
        answer = sandbox.run(task, events.append)
        if isinstance(answer, Opened):  # it goes page by page here
            assert not events
            return
        assert isinstance(answer, Merged)
        begun, *told = events
        assert isinstance(begun, Begun)
        assert begun.opened.pages == 2
        assert [(type(event), event.page) for event in told if isinstance(event, PageStarted | PageDone)] == [
            (kind, page) for page in (1, 2) for kind in (PageStarted, PageDone)
        ]
        sandbox = open_sandbox()
        open_document(sandbox, step_by_step)
        sandbox.run(pages(step_by_step, 1, 2), events.append)
        file = Checkpoint(1, 2).file
        (step_by_step.path / MERGE_LIST).write_text(f'{{"checkpoints": ["{file}"], "failed": {{}}}}')
        sandbox.run(MergeTask(desk=step_by_step.name, name="a.pdf", options=PLAIN, source="a.pdf"), events.append)
        for desk in (step_by_step, at_once):
            desk.fetch_out()
        made = [{f.name: f.read_bytes() for f in (desk.path / OUT).iterdir()} for desk in (step_by_step, at_once)]
        assert made[0] == made[1]
        safe = salvage(at_once.path / PAGES, Checkpoint(1, 2))
        assert safe is not None
        assert [result.page for result in safe[1]] == [1, 2]

    def test_a_document_with_more_pages_than_asked_for_is_just_opened(self, backend: Backend, sandbox: Sandbox) -> None:
        desk = staged(backend, "one", "two")
        small = InOneGo(pages=1, source="a.pdf", sha256="")
        task = OpenTask(desk=desk.name, name="a.pdf", options=PLAIN, in_one_go=small)
        assert isinstance(sandbox.run(task, lambda _: pytest.fail("It was not to go on.")), Opened)

    def test_a_document_that_cannot_be_opened_costs_nobody_anything(self, backend: Backend, sandbox: Sandbox) -> None:
        bad = staged(backend, "one")
        (bad.path / SOURCE).write_bytes(b"no document at all")
        refused = open_document(sandbox, bad)
        assert isinstance(refused, Refused)
        assert refused.kind == "not_a_pdf"
        assert sandbox.is_usable
        (bad.path / SOURCE).write_bytes(document("one"))
        assert isinstance(open_document(sandbox, bad), Opened)

    def test_a_document_from_elsewhere_can_be_looked_at(
        self, backend: Backend, sandbox: Sandbox, tmp_path: Path
    ) -> None:
        file = tmp_path / "elsewhere.pdf"
        file.write_bytes(document("one"))
        desk = backend.desk("look-1")
        desk.put_source(file)
        task = PeekTask(desk=desk.name, name="elsewhere.pdf", accept=OPTIONS.accept, page=1, width=20, height=20)
        answer = sandbox.run(task, lambda _: None)
        assert isinstance(answer, Peeked)
        rgb = zlib.decompress(answer.rgb) if answer.is_deflated else answer.rgb
        assert len(rgb) == answer.width * answer.height * 3
        desk.discard()
        assert (file.exists(), desk.path.exists()) == (True, False)

    @pytest.mark.parametrize("needs", Stage)
    def test_a_sandbox_has_what_is_asked_for(
        self, backend: Backend, open_sandbox: Callable[[Limits, Stage], Sandbox], needs: Stage
    ) -> None:
        assert open_sandbox(LIMITS, needs).stage >= needs

    # --- death ---

    def test_a_crash_ends_the_sandbox_and_leaves_the_pages_before_it(self, backend: Backend, sandbox: Sandbox) -> None:
        desk = staged(backend, "one", "fault: exit", "three")
        open_document(sandbox, desk)
        with pytest.raises(ChildDied):
            sandbox.run(pages(desk, 1, 3), lambda _: None)
        assert (sandbox.is_usable, sandbox.readings().end, sandbox.readings().pages) == (False, ProcessEnd.CRASH, 1)
        found = salvage(desk.path / PAGES, Checkpoint(1, 3))
        assert found is not None
        assert [result.page for result in found[1]] == [1]
        with pytest.raises(ChildError):
            open_document(sandbox, desk)

    def test_code_that_is_taken_down_takes_nothing_with_it(self, backend: Backend, sandbox: Sandbox) -> None:
        needs(backend, Capability.ISOLATION)
        desk = staged(backend, "fault: segfault")
        open_document(sandbox, desk)
        with pytest.raises(ChildDied, match="SIGSEGV"):
            sandbox.run(pages(desk, 1, 1), lambda _: None)

    def test_what_is_not_the_protocol_ends_the_sandbox(self, backend: Backend, sandbox: Sandbox) -> None:
        desk = staged(backend, "fault: garbage")
        open_document(sandbox, desk)
        with pytest.raises(ChildGarbage):
            sandbox.run(pages(desk, 1, 1), lambda _: None)
        assert (sandbox.is_usable, sandbox.readings().end) == (False, ProcessEnd.GARBAGE)

    def test_two_pages_can_be_under_way_when_it_dies(self, backend: Backend, sandbox: Sandbox) -> None:
        desk = staged(backend, "fault: together", "two")
        open_document(sandbox, desk)
        events: list[Event] = []
        with pytest.raises(ChildDied):
            sandbox.run(pages(desk, 1, 2), events.append)
        assert events == [PageStarted(page=1), PageStarted(page=2)]

    # --- limits ---

    def test_a_page_that_takes_too_long_ends_the_sandbox(
        self, backend: Backend, open_sandbox: Callable[[Limits], Sandbox]
    ) -> None:
        sandbox = open_sandbox(Limits(page_timeout_s=0.05))
        desk = staged(backend, "fault: slow")
        open_document(sandbox, desk)
        with pytest.raises(PageTimeout, match=r"The page took longer than 0\.05 s"):
            sandbox.run(pages(desk, 1, 1), lambda _: None)
        assert (sandbox.is_usable, sandbox.readings().end) == (False, ProcessEnd.TIMEOUT)

    def test_a_page_that_never_ends_is_ended(self, backend: Backend, open_sandbox: Callable[[Limits], Sandbox]) -> None:
        needs(backend, Capability.INTERRUPTION)
        sandbox = open_sandbox(Limits(page_timeout_s=0.5))
        desk = staged(backend, "fault: loop")
        open_document(sandbox, desk)
        with pytest.raises(PageTimeout):
            sandbox.run(pages(desk, 1, 1), lambda _: None)

    def test_a_page_that_eats_memory_is_ended(
        self, backend: Backend, open_sandbox: Callable[[Limits], Sandbox]
    ) -> None:
        needs(backend, Capability.MEMORY_LIMIT)
        sandbox = open_sandbox(Limits(memory_bytes=1 << 30))
        desk = staged(backend, "fault: memory")
        open_document(sandbox, desk)
        with pytest.raises(MemoryLimit, match="1024 MB"):
            sandbox.run(pages(desk, 1, 1), lambda _: None)
        assert sandbox.readings().end is ProcessEnd.MEMORY_LIMIT

    # --- being ended ---

    def test_a_kill_from_another_thread_ends_the_task(self, backend: Backend, sandbox: Sandbox) -> None:
        desk = staged(backend, "fault: slow", "two")
        open_document(sandbox, desk)
        with pytest.raises(ChildKilled):
            sandbox.run(pages(desk, 1, 2), lambda _: elsewhere(sandbox.kill))
        assert (sandbox.is_usable, sandbox.readings().end) == (False, ProcessEnd.KILLED)
        assert not (desk.path / PAGES / Checkpoint(1, 2).file).exists()

    def test_a_kill_ends_a_task_that_says_nothing(self, backend: Backend, sandbox: Sandbox) -> None:
        needs(backend, Capability.INTERRUPTION)
        desk = staged(backend, "fault: loop")
        open_document(sandbox, desk)
        with pytest.raises(ChildKilled):
            sandbox.run(pages(desk, 1, 1), lambda _: elsewhere(sandbox.kill))

    def test_a_listener_that_raises_ends_the_task(self, backend: Backend, sandbox: Sandbox) -> None:
        def listen(_: Event) -> None:
            raise Ended

        desk = staged(backend, "one")
        open_document(sandbox, desk)
        with pytest.raises(Ended):
            sandbox.run(pages(desk, 1, 1), listen)
        assert not sandbox.is_usable

    def test_a_sandbox_may_be_closed_twice_and_still_be_read(self, backend: Backend, sandbox: Sandbox) -> None:
        desk = staged(backend, "one")
        open_document(sandbox, desk)
        sandbox.run(pages(desk, 1, 1), lambda _: None)
        sandbox.close()
        sandbox.close()
        sandbox.kill()
        assert (sandbox.is_usable, sandbox.readings().pages, sandbox.readings().pid) == (False, 1, None)
        with pytest.raises(ChildError):
            open_document(sandbox, desk)

    def test_a_closed_backend_opens_nothing(self, make: MakeBackend, tmp_path: Path) -> None:
        backend = make(Workplace(tmp_path, tmp_path / "jobs"))
        backend.close()
        backend.close()
        with pytest.raises(SandboxUnavailable):
            backend.open(LIMITS)

    # --- desks ---

    def test_a_desk_that_has_lost_its_document_costs_nobody_else_anything(
        self, backend: Backend, open_sandbox: Callable[..., Sandbox]
    ) -> None:
        desk, sandbox = staged(backend, "one"), open_sandbox()
        (desk.path / SOURCE).unlink()
        assert isinstance(open_document(sandbox, desk), Refused)
        assert sandbox.is_usable
        assert isinstance(open_document(open_sandbox(), staged(backend, "one")), Opened)

    def test_what_has_had_one_document_is_given_no_other(self, backend: Backend, sandbox: Sandbox) -> None:
        open_document(sandbox, staged(backend, "one"))
        with pytest.raises(ValueError, match="one desk"):
            open_document(sandbox, staged(backend, "two"))

    def test_a_desk_that_has_lost_what_was_made_says_so(self, backend: Backend, sandbox: Sandbox) -> None:
        desk = staged(backend, "one")
        open_document(sandbox, desk)
        sandbox.run(pages(desk, 1, 1), lambda _: None)
        (desk.path / PAGES / Checkpoint(1, 1).file).unlink()
        with pytest.raises(DeskLost):
            desk.fetch_pages(Checkpoint(1, 1))
        desk.discard()
        with pytest.raises(DeskLost):
            desk.fetch_out()
        desk.discard()


def needs(backend: Backend, capability: Capability) -> None:
    """Pass the test over where the backend does not hold to this."""
    if capability not in backend.capabilities:
        pytest.skip(f"it does not hold to {capability}")


def elsewhere(call: Callable[[], None]) -> None:
    """Have it called in another thread."""
    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
