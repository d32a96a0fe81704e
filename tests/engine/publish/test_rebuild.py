"""What is published fills an empty queue, whatever has become of the manifests meanwhile."""

import json
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.job.job import JobState
from engine.publish.publisher import MANIFEST, SCHEMA, origin_of
from engine.publish.rebuild import rebuild
from engine.queue.jobqueue import JobQueue, open_queue
from engine.settings.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(input=tmp_path / "input", output=tmp_path / "output")


@pytest.fixture
def queue(settings: Settings) -> Iterator[JobQueue]:
    queue = open_queue(settings)
    yield queue
    queue.close()


@pytest.fixture
def manifest(settings: Settings) -> dict[str, Any]:
    """Of `a.pdf`, which is published as `a`."""
    (settings.output / "a").mkdir(parents=True)
    settings.input.mkdir()
    file = settings.input / "a.pdf"
    file.write_bytes(b"%PDF-1.7")
    os.utime(file, (1e9, 1e9))
    return {
        "schema": SCHEMA,
        "origin": origin_of(os.fsencode(settings.input), b"a.pdf"),
        "source": {
            "path": "a.pdf",
            "size": file.stat().st_size,
            "mtime": datetime.fromtimestamp(1e9, UTC).isoformat(),
            "sha256": "0" * 64,
        },
        "state": "partial",
        "formats": ["md"],
        "options": {"ocr": "never"},
        "pages": [{"page": 1}, {"page": 2}],
    }


def published(settings: Settings, manifest: dict[str, Any]) -> Path:
    folder = settings.output / "a"
    (folder / MANIFEST).write_text(json.dumps(manifest))
    return folder


def test_what_is_published_is_known_again(settings: Settings, queue: JobQueue, manifest: dict[str, Any]) -> None:
    folder = published(settings, manifest)
    assert rebuild(queue, settings.hot_folders) == 1
    (job,) = queue.view.jobs()
    assert (job.name, job.state, job.pages) == ("a.pdf", JobState.PARTIAL, 2)
    assert (job.output, job.sha256, job.options.ocr) == (os.fsencode(folder), "0" * 64, "never")


def test_a_result_that_was_copied_within_the_output_is_no_second_job(
    settings: Settings, queue: JobQueue, manifest: dict[str, Any]
) -> None:
    folder = published(settings, manifest)
    shutil.copytree(folder, settings.output / "0" / "a")
    shutil.copytree(folder, settings.output / "a copy")
    assert rebuild(queue, settings.hot_folders) == 1
    assert len(queue.view.jobs()) == 1


CHANGES: dict[str, Any] = {
    "origin": [None, "", 5],
    "source": [None, [], {}, "a.pdf"],
    "source.path": [None, 5, "", ".", "../a.pdf", "/a.pdf", "a\0.pdf", "\ud800", "b.pdf"],
    "source.size": [None, -1, 2**70, "x", [], float("inf")],
    "source.mtime": [None, "", 0, 10**400, "0001-01-01T00:00:00", "9999-12-31T23:59:59", []],
    "source.sha256": [None, "", "x", 5, ["0" * 64]],
    "state": [None, "", "queued", "running", "cancelled", "failed", []],
    "formats": [None, [], "md", [[]]],
    "options": [None, [], {"dpi": -1}, {"unknown": 1}],
    "pages": [None, 5, {}],
}


@pytest.mark.parametrize(("where", "value"), [(where, value) for where, values in CHANGES.items() for value in values])
def test_a_manifest_that_says_what_cannot_be_is_passed_over(
    settings: Settings, queue: JobQueue, manifest: dict[str, Any], where: str, value: object
) -> None:
    table, _, name = where.rpartition(".")
    (manifest[table] if table else manifest)[name] = value
    published(settings, manifest)
    assert rebuild(queue, settings.hot_folders) == 0
    assert queue.view.jobs() == []
