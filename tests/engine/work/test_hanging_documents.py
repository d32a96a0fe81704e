"""Documents whose pages hang, with real workers: they stop the queue once and for one deadline, and lose no page."""

import re
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.facade.engine import Engine
from engine.job.job import JobState
from engine.sandbox.inmemory import InMemoryBackend
from engine.sandbox.plainconversion import convert_plainly
from engine.sandbox.plainpdf import page_texts
from engine.sandbox.protocol import SOURCE, Event, OpenTask, PageDone, PageStarted, Task
from engine.settings.settings import Settings
from tests.engine.sandbox.conformance import document
from tests.engine.work.owntime import OwnTime, own_time

HOSTILE = ("fine", "fault: hang", "fault: hang", "fine")


class Converter:
    """The default conversion, whose pages hang where they ask for it, and what it has been asked for so far."""

    def __init__(self, time: OwnTime) -> None:
        self.all_wait = threading.Event()
        """Set when all documents are queued."""
        self.heard: list[tuple[str, str, int]] = []
        self._time = time

    def __call__(self, task: Task, folder: Path) -> Iterator[Event]:
        if isinstance(task, OpenTask):
            assert self.all_wait.wait(60)
            self.heard.append(("open", task.name, 0))
        for event in convert_plainly(task, folder):
            yield event
            if isinstance(event, PageDone):
                self.heard.append(("done", task.name, event.page))
            elif isinstance(event, PageStarted) and self._hangs(folder, event.page):
                self.heard.append(("hang", task.name, event.page))
                self._time.now += 61
                yield event  # which is too late to be heard

    def _hangs(self, folder: Path, page: int) -> bool:
        return bool(re.search("fault: hang", page_texts((folder / SOURCE).read_bytes())[page - 1]))


@pytest.fixture
def converter(monkeypatch: pytest.MonkeyPatch) -> Converter:
    return Converter(own_time(monkeypatch))


@pytest.mark.parametrize("workers", [1, 2])
def test_as_many_hanging_documents_as_workers_keep_the_others_waiting_once(
    tmp_path: Path, converter: Converter, workers: int
) -> None:
    names = [*(f"hostile-{n}.pdf" for n in range(workers)), *(f"honest-{n}.pdf" for n in range(6))]
    files = [tmp_path / name for name in names]
    for file in files:
        file.write_bytes(document(*(HOSTILE if file.name.startswith("hostile") else ("one", "two"))))
    settings = Settings(output=tmp_path / "output", num_workers=workers)
    with Engine(
        settings, watch=False, backend=lambda workplace: InMemoryBackend(workplace, converter=converter)
    ) as engine:
        jobs = engine.submit_many(files)
        converter.all_wait.set()
        assert engine.wait_until_idle(60)
        ended = {job.name: engine.job(job.id).job for job in jobs}
    opened = [at for at, (what, name, _) in enumerate(converter.heard) if what == "open" and name.startswith("honest")]
    hung_first = [name for what, name, _ in converter.heard[: opened[-1]] if what == "hang"]
    assert sorted(hung_first) == sorted(names[:workers])  # each of them once, and then the others had their turn
    done = Counter((name, page) for what, name, page in converter.heard if what == "done")
    assert set(done.values()) == {1}  # nothing is redone
    hung = Counter((name, page) for what, name, page in converter.heard if what == "hang")
    assert hung == {(name, page): 2 for name in names[:workers] for page in (2, 3)}  # as it is, and as plain text
    for name, job in ended.items():
        if name.startswith("honest"):
            assert (job.state, job.reason) == (JobState.DONE, None)
        else:
            why = "2 of 4 pages failed. Page 2: The page took longer than 60 s."
            assert (job.state, job.reason) == (JobState.PARTIAL, why)
