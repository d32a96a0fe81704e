"""A result goes as a whole, and nothing goes that is not its."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from engine.base.disk import exchange
from engine.job.job import Job, JobState
from engine.publish.withdrawal import withdraw
from tests.engine.making import job


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "output" / "a"
    (folder / "images" / "deep").mkdir(parents=True)
    for name in ("a.md", "images/1.png", "images/deep/2.png"):
        (folder / name).write_text(name)
    return folder


def published(place: Path, state: JobState = JobState.DONE, **manifest: Any) -> Job:
    made = job(1, state, output=os.fsencode(place))
    files = ["a.md", "images/1.png", "images/deep/2.png"]
    said = {"schema": 1, "conversion_id": made.conversion_id, "files": files, **manifest}
    (place / "manifest.json").write_text(json.dumps(said))
    return made


def test_nothing_is_left_of_a_result(place: Path) -> None:
    assert withdraw(published(place))
    assert not place.exists()
    assert place.parent.exists()


def test_the_last_result_of_what_was_attached_leaves_no_folders(place: Path) -> None:
    folder = place.parent / "report" / "attachments"
    folder.mkdir(parents=True)
    attached, other = folder / "a", folder / "b"
    place.rename(attached)
    other.mkdir()
    assert withdraw(published(attached))
    assert other.exists()
    attached.mkdir()
    other.rmdir()
    assert withdraw(published(attached))
    assert not folder.parent.exists()
    assert place.parent.exists()


def test_what_else_lies_there_stays(place: Path) -> None:
    for name in ("notes.txt", "images/mine.png"):
        (place / name).write_text("mine")
    assert withdraw(published(place))
    assert sorted(str(file.relative_to(place)) for file in place.rglob("*")) == [
        "images", "images/mine.png", "notes.txt",
    ]  # fmt: skip


@pytest.mark.parametrize("other", [{"conversion_id": "another"}, {"schema": 9}])
def test_a_result_that_is_anothers_stays(place: Path, other: dict[str, Any]) -> None:
    assert not withdraw(published(place, **other))
    assert (place / "a.md").exists()


def test_a_job_without_a_result_has_none_to_delete(place: Path) -> None:
    assert not withdraw(published(place, JobState.FAILED))
    assert not withdraw(job(1, JobState.DONE))
    assert (place / "a.md").exists()


def test_no_name_and_no_link_leads_out_of_the_result(place: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    for name in ("1.png", "secret"):
        (outside / name).write_text("not a result's")
    (place / "images" / "1.png").unlink()
    (place / "images" / "deep" / "2.png").unlink()
    (place / "images" / "deep").rmdir()
    (place / "images").rmdir()
    (place / "images").symlink_to(outside)
    files = ["a.md", "images/1.png", "../../outside/secret", str(outside / "secret"), "", "."]
    assert withdraw(published(place, files=files))
    assert sorted(entry.name for entry in outside.iterdir()) == ["1.png", "secret"]
    assert not (place / "a.md").exists()


def test_a_result_that_takes_its_place_meanwhile_stays(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = published(place)
    newer = place.with_name("newer")
    newer.mkdir()
    (newer / "a.md").write_text("newer")
    (newer / "manifest.json").write_text((place / "manifest.json").read_text().replace(made.conversion_id, "newer"))
    unlink, exchanged = os.unlink, []

    def publish_and_unlink(*arguments: Any, **options: Any) -> None:
        if not exchanged:
            exchanged.append(exchange(newer, place))
        unlink(*arguments, **options)

    monkeypatch.setattr(os, "unlink", publish_and_unlink)
    assert withdraw(made)
    if not exchanged[0]:
        pytest.skip("the file system cannot exchange folders")
    assert (place / "a.md").read_text() == "newer"
    assert sorted(file.name for file in place.iterdir()) == ["a.md", "manifest.json"]
    assert not [file for file in newer.rglob("*") if file.is_file()]
