"""The backend without processes, by itself and with an engine around it."""

import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.facade.engine import Engine
from engine.job.job import JobState
from engine.sandbox.backend import Backend, Limits, MakeBackend, Workplace
from engine.sandbox.inmemory import InMemoryBackend
from engine.sandbox.plainconversion import convert_plainly
from engine.sandbox.plainpdf import page_texts
from engine.sandbox.protocol import SOURCE, Event, PageStarted, Task
from engine.settings.settings import Settings
from tests.engine.sandbox.conformance import BackendConformance, document, open_document, staged


def misbehaving(task: Task, folder: Path) -> Iterator[Event]:
    """The default conversion, whose pages misbehave where they ask for it."""
    for event in convert_plainly(task, folder):
        yield event
        if not isinstance(event, PageStarted):
            continue
        match re.findall(r"fault: (\w+)", page_texts((folder / SOURCE).read_bytes())[event.page - 1]):
            case ["exit"]:
                raise SystemExit(3)
            case ["garbage"]:
                yield b"\x00\xff this is not the protocol\n"  # type: ignore[misc]
            case ["slow"]:
                time.sleep(0.25)
            case ["together"]:
                yield PageStarted(page=event.page + 1)
                raise SystemExit(3)


class TestInMemoryBackend(BackendConformance):
    @pytest.fixture
    def make(self) -> MakeBackend:
        return lambda workplace: InMemoryBackend(workplace, converter=misbehaving)

    def test_what_is_left_when_it_closes_does_no_more(self, backend: Backend) -> None:
        sandbox = backend.open(Limits())
        assert open_document(sandbox, staged(backend, "one")).event == "opened"
        backend.close()
        assert not sandbox.is_usable

    def test_what_a_converter_raises_is_told_in_one_line(self, tmp_path: Path) -> None:
        def converter(task: Task, folder: Path) -> Iterator[Event]:
            raise RuntimeError("it\ntripped")
            yield

        backend = InMemoryBackend(Workplace(tmp_path, tmp_path), converter=converter)
        with pytest.raises(Exception, match=r"^The conversion died: it tripped$"):
            open_document(backend.open(Limits()), staged(backend, "one"))


def test_a_whole_engine_works_with_it(tmp_path: Path) -> None:
    settings = Settings(output=tmp_path / "output", formats="md,txt,png", num_workers=2)
    file = tmp_path / "a.pdf"
    file.write_bytes(document("one", "two"))
    with Engine(settings, watch=False, backend=InMemoryBackend) as engine:
        job = engine.submit(file)
        assert engine.wait_until_idle(60)
        done = engine.job(job.id).job
        assert (done.state, done.pages) == (JobState.DONE, 2)
        assert "marker-2." in engine.preview(job.id, page=2)
        assert engine.peek(job.id, 1, 20, 20).width == 20
        assert engine.detail(job.id).warnings == ("The in-memory backend does not make png.",)
    place = Path(os.fsdecode(done.output or b""))
    assert "marker-1." in (place / "a.md").read_text()
    assert (place / "a.txt").read_text().count("\f") == 1
    assert [page["via"] for page in json.loads((place / "manifest.json").read_text())["pages"]] == ["in-memory"] * 2


def test_a_page_that_kills_its_conversion_is_tried_again_and_fails_alone(tmp_path: Path) -> None:
    file = tmp_path / "a.pdf"
    file.write_bytes(document("one", "fault: exit", "three"))
    with Engine(
        Settings(output=tmp_path / "output", num_workers=1),
        watch=False,
        backend=lambda workplace: InMemoryBackend(workplace, converter=misbehaving),
    ) as engine:
        job = engine.submit(file)
        assert engine.wait_until_idle(60)
        done = engine.job(job.id).job
        assert done.state is JobState.PARTIAL
        assert [page.state for page in engine.detail(job.id).pages] == ["ok", "failed", "ok"]
    assert "<!-- Page 2 could not be converted" in (Path(os.fsdecode(done.output or b"")) / "a.md").read_text()
