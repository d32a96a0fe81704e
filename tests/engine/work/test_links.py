"""Nothing outside of a hot folder is converted or deleted, whichever links are put into it, and when."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.facade.engine import Engine
from engine.job.job import JobState
from engine.settings.settings import Settings
from tests import pdfs
from tests.waiting import wait_until


class Running:
    """An engine that deletes what it has converted, and a folder that is none of its business."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.inbox = folder / "in"
        self.inbox.mkdir()
        self.outside = folder / "outside"
        (self.outside / "sub").mkdir(parents=True)
        for name in ("a.pdf", "sub/b.pdf"):
            (self.outside / name).write_bytes(pdfs.text_pages(1, title=name))
        self.engine = Engine(
            Settings.model_validate(
                {
                    "input": self.inbox,
                    "output": folder / "out",
                    "state": folder / "state",
                    "on_success": "delete",
                    "num_workers": 1,
                    "settle": 0,
                    "scan_interval": 1,
                    "formats": ["txt"],
                    "ocr": "never",
                }
            )
        )

    def drop(self, name: str) -> None:
        part, place = self.folder / "part", self.inbox / name
        part.write_bytes(pdfs.text_pages(1, title=name))
        place.parent.mkdir(parents=True, exist_ok=True)
        part.rename(place)

    def is_done(self, name: str) -> bool:
        return any(e.job.state is JobState.DONE for e in self.engine.select() if e.job.name == name)

    def converts_and_deletes(self, name: str) -> None:
        self.drop(name)
        wait_until(lambda: self.is_done(name), f"{name} to be done")
        wait_until(lambda: not (self.inbox / name).exists(), f"{name} to be deleted")

    def outside_is_whole(self) -> None:
        assert sorted(str(f.relative_to(self.outside)) for f in self.outside.rglob("*.pdf")) == ["a.pdf", "sub/b.pdf"]
        assert {e.job.name for e in self.engine.select() if e.job.state is JobState.DONE} <= {"x.pdf", "y.pdf"}


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path)
    yield running
    running.engine.stop(now=True)


def test_what_is_behind_links_is_neither_converted_nor_deleted(running: Running) -> None:
    (running.inbox / "before").symlink_to(running.outside)
    running.engine.start()
    running.converts_and_deletes("x.pdf")
    (running.inbox / "after").symlink_to(running.outside)
    (running.inbox / "sub").mkdir()
    (running.inbox / "sub" / "deeper").symlink_to(running.outside)
    for name in ("a.pdf", "sub/b.pdf"):  # so that whoever watches it hears of it
        (running.outside / name).touch()
    running.converts_and_deletes("y.pdf")
    running.outside_is_whole()


def test_a_folder_that_becomes_a_link_while_its_file_waits_leads_nowhere(running: Running) -> None:
    running.engine.start()
    running.engine.pause()
    running.drop("sub/b.pdf")
    wait_until(lambda: running.engine.select(), "the file to be queued")
    (running.outside / "sub" / "b.pdf").unlink()
    (running.outside / "sub" / "b.pdf").hardlink_to(running.inbox / "sub" / "b.pdf")
    shutil.rmtree(running.inbox / "sub")
    (running.inbox / "sub").symlink_to(running.outside / "sub")
    running.engine.resume()
    running.converts_and_deletes("x.pdf")
    wait_until(lambda: all(e.job.state.is_finished for e in running.engine.select()), "the queue to come to its end")
    running.outside_is_whole()
