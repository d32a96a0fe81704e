"""What becomes of a source that was not seen to at once: its engine died, or there was no room for it."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from engine.base.errors import OutputUnwritable
from engine.facade.engine import Engine
from engine.job.job import JobState
from engine.sandbox.protocol import Merged, Opened
from engine.settings.settings import Settings
from engine.settings.statefolder import jobs_folder
from engine.work import publishing as publishing_module
from engine.work.endings import Endings
from tests import pdfs
from tests.engine.work.stages import Stages
from tests.waiting import wait_until


def engine_in(folder: Path, policy: str) -> Engine:
    values = {
        "input": folder / "in",
        "output": folder / "out",
        "state": folder / "state",
        "on_success": policy,
        "archive": folder / "archive",
        "num_workers": 1,
        "settle": 0,
        "formats": ["txt"],
        "ocr": "never",
        "backend": "in-memory",
    }
    return Engine(Settings.model_validate(values))


@pytest.mark.parametrize("policy", ["archive", "delete"])
@pytest.mark.parametrize("is_replaced", [False, True])
def test_a_source_is_seen_to_after_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, policy: str, is_replaced: bool
) -> None:
    source = tmp_path / "in" / "a.pdf"
    source.parent.mkdir()
    source.write_bytes(pdfs.text_pages(1))
    with monkeypatch.context() as dead:  # from the moment in which the job is recorded as done
        dead.setattr(publishing_module, "settle_source", lambda *_: None)
        dead.setattr(Endings, "publish", lambda *_, **__: None)
        with engine_in(tmp_path, policy) as engine:
            wait_until(lambda: engine.select(states=[JobState.DONE]), "the job to be done")
    assert source.exists()
    content = pdfs.text_pages(1)
    if is_replaced:
        content = pdfs.text_pages(2)
        source.write_bytes(content)
    with engine_in(tmp_path, policy) as engine:
        folders = jobs_folder(engine.settings.state_folder)
        if is_replaced:  # which is new input
            wait_until(lambda: len(engine.select(states=[JobState.DONE])) == 2, "the newer job to be done")
        wait_until(lambda: not source.exists(), "the source to be seen to")
        wait_until(lambda: list(folders.iterdir()) == [], "the job's folder to go")
    archived = tmp_path / "archive" / "a.pdf"
    assert archived.exists() == (policy == "archive")
    if policy == "archive":
        assert hashlib.sha256(archived.read_bytes()).digest() == hashlib.sha256(content).digest()


def test_a_source_that_cannot_be_archived_is_seen_to_once_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "in" / "a.pdf"
    source.parent.mkdir()
    source.write_bytes(pdfs.text_pages(1))
    folders = jobs_folder(tmp_path / "state")
    is_full = [True]
    honest = publishing_module.settle_source

    def settle(*arguments: Any) -> None:
        if is_full[0]:
            raise OutputUnwritable("a.pdf is converted, but cannot be moved: No space left on device.")
        honest(*arguments)

    monkeypatch.setattr(publishing_module, "settle_source", settle)
    for _ in range(2):  # the second engine finds it as the first has left it
        with engine_in(tmp_path, "archive") as engine:
            wait_until(lambda: engine.select(states=[JobState.DONE]), "the job to be done")
            wait_until(lambda: "cannot be moved" in str(engine.overview().banners), "a banner")
            (job,) = engine.select(states=[JobState.DONE])
            wait_until(lambda: [[*folder.iterdir()] for folder in folders.iterdir()] == [[]], "the empty folder")
        assert source.exists()
        assert (folders / str(job.job.id)).is_dir()
    with engine_in(tmp_path, "archive") as engine:
        is_full[0] = False
        wait_until(lambda: not source.exists(), "the source to be seen to")
        wait_until(lambda: list(folders.iterdir()) == [], "the job's folder to go")
        wait_until(lambda: "cannot be moved" not in str(engine.overview().banners), "no banner")
    assert (tmp_path / "archive" / "a.pdf").exists()


def test_a_job_that_is_begun_anew_keeps_its_folder_although_its_source_could_not_be_archived(tmp_path: Path) -> None:
    def full(*_: Any) -> None:
        raise OutputUnwritable("It cannot be moved.")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(publishing_module, "settle_source", full)
        stages = Stages(tmp_path, on_success="archive", archive=tmp_path / "archive")
        job = stages.submit(age_s=100)
        stages.open(job, Opened(pages=1, busy_s=0.1))
        stages.convert()
        assert stages.merge(job, Merged(busy_s=0.1)).state is JobState.DONE
        folder = stages.folder_of(job)
        assert [*folder.iterdir()] == []
        stages.queue.retry(job.id, "Retried.")
        (folder / "source.pdf").write_bytes(b"in use")
        stages.conversions.settle_again()
    assert (folder / "source.pdf").exists()
    stages.conversions.settle_again()
    assert (folder / "source.pdf").exists()
    assert (tmp_path / "in" / "a.pdf").exists()
    stages.store.close()
