"""A document may be worked on for so long, and what is finished of it by then is published."""

import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from engine.facade.engine import Engine
from engine.job.job import Job, JobState
from engine.sandbox.inmemory import InMemoryBackend
from engine.sandbox.plainconversion import convert_plainly
from engine.sandbox.protocol import Event, MergeProgress, MergeTask, OpenProgress, OpenTask, PageStarted, Task
from engine.settings.settings import Settings
from tests.engine.sandbox.conformance import document
from tests.engine.work.owntime import OwnTime, own_time

PAGE_S = 30.0
"""So long every page takes, which is less than its deadline."""
TOO_LONG = "Converting the document took longer than 100 s (document_timeout)."
Convert = Callable[..., tuple[Job, Path]]


class Converter:
    """Takes its time for every page, and for ever for one task if that is said."""

    def __init__(self, time: OwnTime) -> None:
        self.endless: type[Task] | None = None
        self._time = time

    def __call__(self, task: Task, folder: Path) -> Iterator[Event]:
        if self.endless is not None and isinstance(task, self.endless):
            says = OpenProgress if isinstance(task, OpenTask) else MergeProgress
            for page in count(1):
                self._time.now += PAGE_S
                yield says(page=page)
        for event in convert_plainly(task, folder):
            yield event
            if isinstance(event, PageStarted):
                self._time.now += PAGE_S


@pytest.fixture
def converter(monkeypatch: pytest.MonkeyPatch) -> Converter:
    return Converter(own_time(monkeypatch))


@pytest.fixture
def convert(tmp_path: Path, converter: Converter) -> Convert:
    def convert(pages: int, document_timeout: float = 100) -> tuple[Job, Path]:
        """A document, and where its result would be."""
        settings = Settings(output=tmp_path / "output", num_workers=1, document_timeout=document_timeout)
        file = tmp_path / "a.pdf"
        file.write_bytes(document(*map(str, range(pages))))
        with Engine(
            settings, watch=False, backend=lambda workplace: InMemoryBackend(workplace, converter=converter)
        ) as engine:
            job = engine.submit(file)
            assert engine.wait_until_idle(60)
            ended = engine.job(job.id).job
        return ended, Path(os.fsdecode(ended.output)) if ended.output is not None else tmp_path / "output" / "a"

    return convert


def test_what_is_finished_when_it_is_reached_is_published_and_the_rest_has_failed_for_it(convert: Convert) -> None:
    job, output = convert(pages=7)
    assert (job.state, job.reason) == (JobState.PARTIAL, f"3 of 7 pages failed. Page 5: {TOO_LONG}")
    text = (output / "a.md").read_text()
    assert [f"marker-{page}." in text for page in range(1, 8)] == [True] * 4 + [False] * 3
    assert f"<!-- Page 7 could not be converted: {TOO_LONG} -->" in text


def test_the_page_with_which_it_is_reached_is_finished(convert: Convert) -> None:
    job, _ = convert(pages=4)
    assert (job.state, job.reason) == (JobState.DONE, None)


def test_0_is_no_ceiling(convert: Convert) -> None:
    job, _ = convert(pages=7, document_timeout=0)
    assert (job.state, job.reason) == (JobState.DONE, None)


def test_opening_a_document_is_work_on_it(convert: Convert, converter: Converter) -> None:
    converter.endless = OpenTask
    job, output = convert(pages=1)
    assert (job.state, job.reason) == (JobState.FAILED, TOO_LONG)
    assert not output.exists()


def test_a_merge_has_as_long_for_itself(convert: Convert, converter: Converter) -> None:
    converter.endless = MergeTask
    job, _ = convert(pages=7)
    assert (job.state, job.reason) == (JobState.FAILED, f"The pages could not be put together. {TOO_LONG}")
