"""Several hot folders in one engine, and settings that change while it runs."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.facade.engine import Engine
from engine.facade.reloading import BANNER, Reloader
from engine.job.formats import Format
from engine.job.job import Job, JobState, Source
from engine.queue.progress import ProgressTracker
from engine.sandbox.inmemory import InMemoryBackend
from engine.settings.former import read_folders
from engine.settings.live import LiveSettings
from engine.settings.loading import LoadedSettings, load_settings
from engine.settings.settings import Settings
from tests import pdfs
from tests.backends import local_backend
from tests.clock import Clock
from tests.waiting import wait_until

HEAD = 'num_workers = 1\nsettle = 0\nscan_interval = 1\nformats = ["txt"]\nocr = "never"\n'
TWO = """
[profiles.marked]
formats = ["md"]
priority = 3

[[folders]]
path = "marked"
output = "elsewhere"
profile = "marked"
on_success = "archive"
archive = "kept"
ignore = ["*.draft.pdf", "skip/*"]
"""


class Running:
    """An engine that follows its settings file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write(HEAD + TWO)
        loaded = load_settings()
        self.engine = Engine(loaded.settings, origins=loaded.origins, source=loaded.source, backend=local_backend)
        self.engine.start()

    def write(self, text: str) -> None:
        (self.folder / "hotfolio.toml").write_text(text, encoding="utf-8")

    def drop(self, name: str) -> None:
        """Move a PDF in, complete."""
        part, place = self.folder / "part", self.folder / name
        part.write_bytes(pdfs.text_pages(1, title=name))
        place.parent.mkdir(parents=True, exist_ok=True)
        part.rename(place)

    def done(self, name: str) -> Job:
        """The job of a file, once it is done."""
        wait_until(lambda: any(j.state is JobState.DONE for j in self.jobs(name)), f"{name} to be done")
        return self.jobs(name)[-1]

    def jobs(self, name: str) -> list[Job]:
        wanted = self.folder / name
        return [e.job for e in self.engine.select() if e.job.source.file == wanted]

    @property
    def banner(self) -> str:
        return next((b.message for b in self.engine.snapshot().banners if b.key == BANNER), "")


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    monkeypatch.chdir(tmp_path)
    running = Running(tmp_path)
    yield running
    running.engine.stop(now=True)


def test_each_folder_has_its_options_its_output_and_its_archive(running: Running) -> None:
    for name in ("input/a.pdf", "marked/a.pdf", "marked/b.draft.pdf", "marked/skip/c.pdf", "marked/sub/d.pdf"):
        running.drop(name)
    plain, marked, below = running.done("input/a.pdf"), running.done("marked/a.pdf"), running.done("marked/sub/d.pdf")
    assert (plain.options.formats, plain.profile, plain.priority) == ((Format.TXT,), "", 0)
    assert (marked.options.formats, marked.profile, marked.priority) == ((Format.MD,), "marked", 3)
    assert (running.folder / "output/a/a.txt").is_file()
    assert (running.folder / "elsewhere/a/a.md").is_file(), "the same name in another output is no collision"
    assert below.output == bytes(running.folder / "elsewhere/sub/d")
    assert (running.folder / "input/a.pdf").exists()
    assert not (running.folder / "marked/a.pdf").exists()
    assert (running.folder / "kept/sub/d.pdf").is_file()
    assert len(running.engine.select()) == 3, "what is ignored is no job"


def test_an_edit_of_the_settings_file_holds_a_moment_later(running: Running) -> None:
    engine = running.engine
    # Broken, it changes nothing and is named.
    running.write(HEAD + TWO + "\n[[folders]\n")
    wait_until(lambda: "not valid TOML" in running.banner, "a banner about the file")
    assert [rule.path.name for rule in engine.settings.hot_folders] == ["input", "marked"]
    # A folder comes, another goes, a default changes, and one setting has to wait.
    running.write(
        HEAD.replace('["txt"]', '["json"]').replace("num_workers = 1", "num_workers = 2")
        + 'api_port = 9\n[[folders]]\npath = "late"\n'
    )
    wait_until(lambda: "api_port: changed" in running.banner, "what waits for a start to be named")
    assert engine.settings.api_port == 8080
    assert engine.workers == 2
    running.drop("late/x.pdf")
    assert running.done("late/x.pdf").options.formats == (Format.JSON,)
    running.drop("marked/y.pdf")
    running.drop("input/z.pdf")
    running.done("input/z.pdf")
    assert not running.jobs("marked/y.pdf"), "that folder is watched no more"
    # And back again: what was left alone meanwhile is found.
    running.write(HEAD + TWO)
    running.done("marked/y.pdf")
    assert running.banner == ""


def test_what_was_ignored_is_taken_once_the_pattern_is_gone(running: Running) -> None:
    running.drop("marked/b.draft.pdf")
    running.drop("marked/a.pdf")
    running.done("marked/a.pdf")
    assert not running.jobs("marked/b.draft.pdf")
    running.write(HEAD + TWO.replace('"*.draft.pdf", ', ""))
    running.done("marked/b.draft.pdf")


def test_what_is_named_by_hand_is_no_business_of_the_folder_it_lies_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hotfolio.toml").write_text(HEAD + TWO.replace('"archive"\n', '"delete"\n'))
    (tmp_path / "marked").mkdir()
    file = tmp_path / "marked" / "a.pdf"
    file.write_bytes(pdfs.text_pages(1))
    with Engine(load_settings().settings, watch=False, backend=local_backend) as engine:
        job = engine.submit(file)
        assert engine.wait_until_idle(60)
        assert engine.job(job.id).job.output == bytes(tmp_path / "output/a")
    assert file.exists()
    assert not (tmp_path / "elsewhere").exists()


def test_what_is_submitted_from_a_hot_folder_is_converted_by_its_rule(running: Running) -> None:
    running.engine.pause()
    running.drop("marked/a.pdf")
    job = running.engine.submit(running.folder / "marked/a.pdf")
    assert (job.profile, job.options.formats, job.priority) == ("marked", (Format.MD,), 3)
    assert running.engine.submit_many([running.folder / "marked/a.pdf"], priority=9)[0].id == job.id


def test_a_folder_that_is_none_any_more_is_remembered_for_its_jobs(tmp_path: Path) -> None:
    folder = {"path": tmp_path / "a", "output": tmp_path / "b"}
    live = LiveSettings(Settings(output=tmp_path / "out", folders=(folder,)))
    source = Source(bytes(tmp_path / "a"), b"x.pdf", 1, 1, 1)
    live.replace(LoadedSettings(Settings(output=tmp_path / "out"), {}))
    found = live.folder_of(source)
    assert found is not None
    assert found.output == tmp_path / "b"
    assert live.outputs == (tmp_path / "out", tmp_path / "b")


def test_what_could_not_be_used_is_tried_again_when_the_file_is_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hotfolio.toml").write_text(HEAD)
    loaded = load_settings()
    live, tracker = LiveSettings(loaded.settings, loaded.origins, loaded.source), ProgressTracker(clock)
    reloader = Reloader(live, tracker.set_banner, lambda old, new: None, watch=True, clock=clock)
    (tmp_path / "away").write_text("no folder")
    (tmp_path / "hotfolio.toml").write_text(HEAD + '[[folders]]\npath = "away/share"\n')

    def look() -> list[str]:
        for _ in range(3):
            clock.advance(5)
            reloader.look()
        return [banner.message for banner in tracker.snapshot().banners]

    assert ["cannot be made" in message for message in look()] == [True]
    (tmp_path / "away").unlink()
    assert look() == []
    assert [rule.path.name for rule in live.current.hot_folders] == ["input", "share"]


def test_a_lost_queue_is_built_anew_from_all_outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    running = Running(tmp_path)
    running.write(HEAD + TWO.replace('"archive"\n', '"keep"\n'))
    wait_until(lambda: running.engine.settings_revision == 1, "the settings")
    for name in ("input/a.pdf", "marked/a.pdf"):
        running.drop(name)
        running.done(name)
    running.engine.stop()
    database = tmp_path / "output/.hotfolio/jobs.sqlite3"
    database.write_bytes(b"no database" * 1000)
    loaded = load_settings()
    with Engine(loaded.settings, backend=local_backend) as engine:
        assert engine.wait_until_idle(30)
        found = {os.fsdecode(e.job.source.root) + "/" + e.job.name: e.job for e in engine.select()}
        assert set(found) == {str(tmp_path / "input/a.pdf"), str(tmp_path / "marked/a.pdf")}
        assert {job.output for job in found.values()} == {
            bytes(tmp_path / "output/a"),
            bytes(tmp_path / "elsewhere/a"),
        }
    manifest = json.loads((tmp_path / "elsewhere/a/manifest.json").read_text())
    assert manifest["formats"] == ["md"]


def test_a_folder_taken_out_of_the_settings_keeps_its_rule_for_its_jobs_after_a_restart(running: Running) -> None:
    running.engine.pause()
    running.drop("marked/a.pdf")
    wait_until(lambda: running.jobs("marked/a.pdf"), "the file to be queued")
    running.engine.stop()
    running.write(HEAD)
    loaded = load_settings()
    assert not [folder for folder in loaded.settings.hot_folders if folder.path.name == "marked"]
    running.engine = Engine(loaded.settings, origins=loaded.origins, source=loaded.source)
    running.engine.start()
    done = running.done("marked/a.pdf")
    assert Path(os.fsdecode(done.output or b"")) == running.folder / "elsewhere" / "a"
    wait_until((running.folder / "kept" / "a.pdf").exists, "the source to be archived")


def test_a_folder_taken_out_of_the_settings_is_forgotten_when_no_job_of_it_is_left(tmp_path: Path) -> None:
    taken_out = {"path": tmp_path / "a", "output": tmp_path / "b"}
    places = {"input": tmp_path / "in", "output": tmp_path / "out"}
    with Engine(Settings(**places, folders=(taken_out,)), backend=InMemoryBackend):
        assert kept(tmp_path) == {tmp_path / "in", tmp_path / "a"}
    with Engine(Settings(**places), backend=InMemoryBackend) as engine:
        assert kept(tmp_path) == {tmp_path / "in"}
        assert engine.outputs == (tmp_path / "out",)


def test_a_folder_taken_out_of_the_settings_is_kept_for_finished_jobs_that_are_on_the_list(tmp_path: Path) -> None:
    """They can be retried, and their results be fetched."""
    taken_out = {"path": tmp_path / "a", "output": tmp_path / "b"}
    places = {"input": tmp_path / "in", "output": tmp_path / "out"}
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.pdf").write_bytes(pdfs.text_pages(1))
    with Engine(Settings(**places, folders=(taken_out,)), backend=InMemoryBackend) as engine:
        wait_until(lambda: [e.job.state for e in engine.select()] == [JobState.DONE], "the result")
    with Engine(Settings(**places), backend=InMemoryBackend) as engine:
        assert kept(tmp_path) == {tmp_path / "in", tmp_path / "a"}
        assert engine.outputs == (tmp_path / "out", tmp_path / "b")
        engine.remove([entry.job.id for entry in engine.select()])
    with Engine(Settings(**places), backend=InMemoryBackend):
        assert kept(tmp_path) == {tmp_path / "in"}


def kept(folder: Path) -> set[Path]:
    """The hot folders that the next engine will know of."""
    return {rule.path for rule in read_folders(folder / "out" / ".hotfolio")}
