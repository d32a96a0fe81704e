"""The private copy of a source, and what is not copied: links on the way, other files, a file that changes."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from engine.base.beneath import Stamp
from engine.base.errors import CannotGoOn, SourceChanged, SourceGone, SourceUnreadable, Stopping
from engine.job.job import Job, Source
from engine.work import staging as staging_module
from engine.work.staging import COPY, run_id, stage
from tests.engine.making import job


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    inbox = tmp_path / "in"
    (inbox / "f" / "g" / "h").mkdir(parents=True)
    return inbox


def dropped(inbox: Path, name: str = "f/g/h/a.pdf") -> Job:
    file = inbox / name
    file.write_bytes(b"content")
    return replace(job(), source=Source.of(file, inbox, file.lstat()))


def staged(job: Job, folder: Path) -> tuple[str, Stamp]:
    return stage(job, folder, 0, lambda: False)


def test_the_copy_is_the_source_and_is_told_apart_from_others(tmp_path: Path, inbox: Path) -> None:
    job = dropped(inbox)
    before = Stamp.of(job.source.file.lstat())
    sha256, copied = staged(job, tmp_path / "job")
    assert sha256 == hashlib.sha256(b"content").hexdigest()
    assert copied == before
    assert (tmp_path / "job" / COPY).read_bytes() == b"content"
    first = run_id(tmp_path / "job")
    staged(job, tmp_path / "job")
    assert first != run_id(tmp_path / "job") != ""


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_nothing_behind_a_link_is_copied_at_any_depth(tmp_path: Path, inbox: Path, depth: int) -> None:
    job = dropped(inbox)
    parts = ("f", "g", "h")
    outside = tmp_path.joinpath("outside", *parts)
    outside.mkdir(parents=True)
    (outside / "a.pdf").hardlink_to(job.source.file)  # the very same file, but for the way to it
    place = inbox.joinpath(*parts[:depth])
    place.rename(tmp_path / "taken out")
    place.symlink_to(tmp_path.joinpath("outside", *parts[:depth]))
    assert job.source.matches(job.source.file.stat())
    with pytest.raises(SourceGone):
        staged(job, tmp_path / "job")
    assert not (tmp_path / "job" / COPY).exists()


def _link(file: Path) -> None:
    away = file.rename(file.with_name("away"))
    file.symlink_to(away)


def _fifo(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def _folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize(
    ("what", "error"),
    [(Path.unlink, SourceGone), (_link, SourceGone), (_fifo, SourceUnreadable), (_folder, SourceUnreadable)],
)
def test_what_has_taken_the_files_place_is_not_copied(
    tmp_path: Path, inbox: Path, what: Callable[[Path], None], error: type[Exception]
) -> None:
    job = dropped(inbox)
    what(job.source.file)
    with pytest.raises(error):
        staged(job, tmp_path / "job")


def test_a_newer_file_is_not_copied_for_the_older_job(tmp_path: Path, inbox: Path) -> None:
    job = dropped(inbox)
    job.source.file.write_bytes(b"something newer")
    with pytest.raises(SourceChanged):
        staged(job, tmp_path / "job")
    assert not (tmp_path / "job" / COPY).exists()


def test_a_file_that_changes_while_it_is_copied_is_not_converted(
    tmp_path: Path, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = dropped(inbox)
    read = staging_module._read

    def and_then_longer(job: Job, source: int) -> bytes:
        block = read(job, source)
        with job.source.file.open("ab") as file:
            file.write(b"more")
        return b"" if b"more" in block else block

    monkeypatch.setattr(staging_module, "_read", and_then_longer)
    with pytest.raises(SourceChanged):
        staged(job, tmp_path / "job")


def test_no_copy_is_begun_that_would_fill_the_disk(tmp_path: Path, inbox: Path) -> None:
    with pytest.raises(CannotGoOn, match="is waiting for room"):
        stage(dropped(inbox), tmp_path / "job", 1 << 62, lambda: False)
    assert not (tmp_path / "job").exists()


def test_a_long_copy_is_given_up_when_the_engine_stops(tmp_path: Path, inbox: Path) -> None:
    with pytest.raises(Stopping):
        stage(dropped(inbox), tmp_path / "job", 0, lambda: True)


def test_a_file_on_a_mount_in_the_hot_folder_is_the_hot_folders(
    tmp_path: Path, inbox: Path, bind: Callable[[Path, Path], None]
) -> None:
    (tmp_path / "shared").mkdir()
    bind(tmp_path / "shared", inbox / "f" / "g" / "h")
    job = dropped(inbox)
    assert (tmp_path / "shared" / "a.pdf").exists()
    assert staged(job, tmp_path / "job")[0] == hashlib.sha256(b"content").hexdigest()
