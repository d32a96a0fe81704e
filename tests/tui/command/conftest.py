"""An engine that commands can reach."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.base.sockets import bind
from engine.facade.engine import Engine
from engine.job.job import JobState
from engine.server.app.listener import serve
from engine.server.dependencies.service import Service
from engine.settings.loading import LoadedSettings
from engine.settings.settings import Settings
from tests import pdfs
from tests.backends import local_backend


@dataclass
class Running:
    """An engine that is paused, and how to reach it."""

    engine: Engine
    settings: Settings

    @property
    def folder(self) -> Path:
        return self.settings.state_folder

    def load(self) -> LoadedSettings:
        return LoadedSettings(self.settings, {})

    def submit(self, count: int = 1) -> list[int]:
        files = [self.settings.output / f"{n}.pdf" for n in range(count)]
        for n, file in enumerate(files):
            file.write_bytes(pdfs.text_pages(1, title=str(n)))
        return [job.id for job in self.engine.submit_many(files)]

    def states(self) -> list[JobState]:
        return [entry.job.state for entry in self.engine.select()]


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    settings = Settings(input=tmp_path / "input", output=tmp_path / "output", num_workers=1, formats="json", dpi=100)
    with Engine(settings, backend=local_backend) as engine:
        engine.pause()
        listener = serve(Service(engine, lambda now: None), bind(settings.state_folder))
        yield Running(engine, settings)
        listener.stop()
