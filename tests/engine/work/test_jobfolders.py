"""What is kept of a job on the disk, and for how long."""

from pathlib import Path

from engine.sandbox.desk import LocalDesk
from engine.settings.statefolder import jobs_folder
from engine.work.jobfolders import JobFolders


def folders(state: Path, *job_ids: int, log: str = "") -> JobFolders:
    found = JobFolders(state, lambda name: LocalDesk(name, jobs_folder(state) / name))
    for job_id in job_ids:
        found.of(job_id).path.mkdir(parents=True)
        (found.of(job_id).path / "log.txt").write_text(log)
    return found


def test_a_log_outlives_its_jobs_folder(tmp_path: Path) -> None:
    found = folders(tmp_path, 7, log="It says something.")
    found.keep_log(7)
    assert not found.of(7).path.exists()
    assert [file.read_text() for file in tmp_path.rglob("7.log")] == ["It says something."]
    found.discard(7)
    assert list(tmp_path.rglob("7.log")) == []


def test_a_log_that_says_nothing_is_not_kept(tmp_path: Path) -> None:
    found = folders(tmp_path, 7)
    found.keep_log(7)
    assert not found.of(7).path.exists()
    assert list(tmp_path.rglob("7.log")) == []


def test_only_the_folders_of_unpublished_jobs_are_kept(tmp_path: Path) -> None:
    found = folders(tmp_path, 1, 2)
    (found.of(1).path.parent / "stray").mkdir()
    found.sweep({2, 3})
    assert [folder.name for folder in found.of(2).path.parent.iterdir()] == ["2"]


def test_where_there_are_no_folders_nothing_is_swept(tmp_path: Path) -> None:
    folders(tmp_path).sweep({1})
    assert list(tmp_path.iterdir()) == []
