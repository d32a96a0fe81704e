"""What is attached to a document is converted by itself, below the document's result, and leads nowhere else."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.base.errors import ChildGarbage
from engine.job.job import Job, JobState
from engine.job.options import Attachments
from engine.sandbox.protocol import Merged, Opened
from engine.work.attached import attached_to, queue_attached, sweep_attached
from tests.engine.work.stages import Stages

OPENED, MERGED = Opened(pages=1, busy_s=0.1), Merged(busy_s=0.1)


@pytest.fixture
def stages(tmp_path: Path) -> Iterator[Stages]:
    found = Stages(tmp_path)
    yield found
    found.store.close()


def put(desk: Path, *files: dict[str, Any]) -> None:
    """What a conversion process leaves of attached files; those that have a `file` are there."""
    (desk / "attached").mkdir(parents=True, exist_ok=True)
    usual = {"type": "application/pdf", "size": 8, "file": None}
    (desk / "attached.json").write_text(json.dumps([{**usual, **file} for file in files]))
    for file in files:
        if file.get("file"):
            (desk / "attached" / file["file"]).write_bytes(b"%PDF-1.7")


def publish(stages: Stages, job: Job, *files: dict[str, Any]) -> Job:
    """Take a job with these attached files to its end."""
    stages.open(job, OPENED)
    stages.convert()
    put(stages.folder_of(job), *files)
    return stages.merge(job, MERGED)


def others(stages: Stages, *known: Job) -> list[Job]:
    ids = {job.id for job in known}
    return sorted((job for job in stages.queue.view.jobs() if job.id not in ids), key=lambda job: job.id)


def manifest(place: Path) -> Any:
    return json.loads((place / "manifest.json").read_text())


def test_an_attached_file_is_converted_below_the_result_of_its_document(stages: Stages) -> None:
    job = stages.submit("a.pdf", attachments="convert", pages="1", dpi=99)
    files = [{"name": "minutes.pdf", "file": "0000"}, {"name": "x.csv", "type": "text/csv", "size": None}]
    publish(stages, job, *files)
    place = stages.settings.output.absolute() / "a"
    assert manifest(place)["attachments"] == [
        {"name": "minutes.pdf", "type": "application/pdf", "size": 8, "folder": "attachments/minutes"},
        {"name": "x.csv", "type": "text/csv", "size": None},
    ]
    (attached,) = others(stages, job)
    assert attached.name == "a/attachments/minutes.pdf"
    options = attached.options
    assert (options.attachments, options.pages, options.dpi) == (Attachments.LIST, None, 99)
    publish(stages, attached, {"name": "deeper.pdf", "file": "0000"})
    assert stages.job(attached).state is JobState.DONE
    assert (place / "attachments" / "minutes" / "a.md").exists()
    assert others(stages, job, attached) == []
    assert not attached.source.file.exists()


def test_results_of_attached_files_are_where_their_documents_are(tmp_path: Path) -> None:
    folder = {"path": tmp_path / "in", "output": tmp_path / "elsewhere"}
    stages = Stages(tmp_path, folders=[folder])
    job = stages.submit("a.pdf", attachments="convert")
    publish(stages, job, {"name": "b.pdf", "file": "0000"})
    (attached,) = others(stages, job)
    publish(stages, attached)
    assert (tmp_path / "elsewhere" / "a" / "attachments" / "b" / "a.md").exists()
    stages.store.close()


def test_a_document_that_is_converted_again_replaces_what_came_of_its_attached_files(stages: Stages) -> None:
    job = stages.submit("a.pdf", attachments="convert")
    publish(stages, job, {"name": "b.pdf", "file": "0000"})
    (first,) = others(stages, job)
    publish(stages, first)
    stages.queue.retry(job.id, "Retried.")
    publish(stages, job, {"name": "b.pdf", "file": "0000"})
    (second,) = others(stages, job, first)
    publish(stages, second)
    results = stages.settings.output / "a" / "attachments"
    assert [folder.name for folder in results.iterdir()] == ["b"]
    assert manifest(results / "b")["conversion_id"] == second.conversion_id


def test_nothing_is_queued_unless_it_was_asked_for(stages: Stages) -> None:
    job = stages.submit("a.pdf")
    publish(stages, job, {"name": "b.pdf", "file": "0000"})
    assert others(stages, job) == []


@pytest.mark.parametrize(
    ("names", "stored"),
    [
        (["../../etc/pass.pdf", "C:\\x\\pass.PDF"], ["pass.pdf", "pass~2.PDF"]),
        (["a.pdf", "A.epub", "a"], ["a.pdf", "A~2.epub", "a~3"]),
        ([".output", "..", "", "x/"], ["_output", "document", "document~2", "document~3"]),
        (["nul\u0000\u202e.pdf", "n" * 900 + ".pdf"], ["nul__.pdf", "n" * 180 + ".pdf"]),
    ],
)
def test_names_are_only_names_and_all_different(tmp_path: Path, names: list[str], stored: list[str]) -> None:
    put(tmp_path, *({"name": name} for name in names))
    assert [file.stored for file in attached_to(tmp_path)] == stored


@pytest.mark.parametrize("said", ["{", "[1]", '[{"name": "a", "type": "b", "size": 1, "file": "../../x"}]'])
def test_a_list_that_is_none_is_refused(tmp_path: Path, said: str) -> None:
    (tmp_path / "attached.json").write_text(said)
    with pytest.raises(ChildGarbage):
        attached_to(tmp_path)


def test_links_and_what_is_not_there_are_passed_over(stages: Stages, tmp_path: Path) -> None:
    job, desk = stages.submit("a.pdf", attachments="convert"), tmp_path / "desk"
    put(desk, *({"name": name, "file": f"000{n}"} for n, name in enumerate(["a.pdf", "b.pdf", "c.pdf"])))
    (desk / "attached" / "0000").unlink()
    (desk / "attached" / "0001").unlink()
    (desk / "attached" / "0001").symlink_to("/etc/passwd")
    state, output = stages.settings.state_folder.absolute(), stages.settings.output.absolute()
    for _ in range(2):  # the second time after an engine has died before it was recorded
        queue_attached(stages.queue, job, desk, state, output, output / "a")
        assert [found.name for found in others(stages, job)] == ["a/attachments/c.pdf"]
    sweep_attached(state, stages.queue.view.jobs())
    assert [*(state / "attachments").iterdir()] != []
    sweep_attached(state, [job])
    assert [*(state / "attachments").iterdir()] == []


def test_a_folder_that_is_a_link_to_another_one_has_nothing_in_it(stages: Stages, tmp_path: Path) -> None:
    job, desk, elsewhere = stages.submit("a.pdf", attachments="convert"), tmp_path / "desk", tmp_path / "elsewhere"
    put(desk, {"name": "a.pdf", "file": "0000"})
    (desk / "attached").rename(elsewhere)
    (desk / "attached").symlink_to(elsewhere)
    state, output = stages.settings.state_folder.absolute(), stages.settings.output.absolute()
    queue_attached(stages.queue, job, desk, state, output, output / "a")
    assert others(stages, job) == []
    assert [*elsewhere.iterdir()] == [elsewhere / "0000"]
    (desk / "attached.json").rename(tmp_path / "list.json")
    (desk / "attached.json").symlink_to(tmp_path / "list.json")
    with pytest.raises(ChildGarbage):
        attached_to(desk)
