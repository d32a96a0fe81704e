"""What a page can do to its process, and that it costs at most itself."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from engine.facade.engine import Engine
from engine.job.job import Job, JobState
from engine.sandbox.backend import MakeBackend
from engine.settings.settings import Settings
from tests import pdfs
from tests.backends import faulty_backend, own_faulty_backend

PAGES = 5
BAD = 3
PAGE_TIMEOUT_S = 5
"""Far more than an ordinary page takes, even while other tests keep the machine busy."""


def document(line: str | None, pages: int = PAGES, bad: int = BAD, *, is_tagged: bool = True) -> bytes:
    text = [
        [f"This is page number {number}, with marker-{number}.", *["A line of ordinary words follows."] * 8]
        for number in range(1, pages + 1)
    ]
    if line:
        text[bad - 1].append(line)
    return pdfs.printed(*text, is_tagged=is_tagged)


def convert(
    tmp_path: Path, files: Sequence[bytes], *, backend: MakeBackend = faulty_backend, **changes: object
) -> tuple[list[Job], Engine]:
    settings = Settings(
        output=tmp_path / "output",
        num_workers=2,
        ocr="never",
        **{"page_timeout": PAGE_TIMEOUT_S, **changes},  # type: ignore[arg-type]
    )
    engine = Engine(settings, watch=False, backend=backend)
    paths = []
    for number, content in enumerate(files):
        paths.append(tmp_path / f"file-{number}.pdf")
        paths[-1].write_bytes(content)
    with engine:
        jobs = engine.submit_many(paths)
        assert engine.wait_until_idle(90)
        return [engine.job(job.id).job for job in jobs], engine


def manifest(job: Job) -> dict:
    return json.loads(Path(os.fsdecode(job.output or b""), "manifest.json").read_text())


def markdown(job: Job) -> str:
    folder = Path(os.fsdecode(job.output or b""))
    return (folder / f"{folder.name}.md").read_text()


@pytest.mark.parametrize("fault", ["segfault", "exit", "sigkill", "garbage", "endless"])
def test_a_page_that_always_kills_its_process_is_read_as_plain_text(tmp_path: Path, fault: str) -> None:
    (job,), _ = convert(tmp_path, [document(f"fault: {fault}")])
    assert job.state is JobState.DONE
    states = [page["state"] for page in manifest(job)["pages"]]
    assert states == ["ok", "ok", "text_only", "ok", "ok"]
    assert "Only plain text" in manifest(job)["pages"][BAD - 1]["error"]
    assert all(f"marker-{n}." in markdown(job) for n in range(1, PAGES + 1))


@pytest.mark.parametrize("fault", ["segfault", "sigkill", "garbage"])
def test_a_page_whose_process_dies_once_is_converted_again(tmp_path: Path, fault: str) -> None:
    (job,), _ = convert(tmp_path, [document(f"fault-once: {fault}")])
    assert [page["state"] for page in manifest(job)["pages"]] == ["ok"] * PAGES


@pytest.mark.parametrize("fault", ["loop", "sigstop"])
def test_a_page_past_its_deadline_is_read_as_plain_text(tmp_path: Path, fault: str) -> None:
    (job,), _ = convert(tmp_path, [document(f"fault: {fault}")])
    pages = manifest(job)["pages"]
    assert [page["state"] for page in pages] == ["ok", "ok", "text_only", "ok", "ok"]
    assert f"took longer than {PAGE_TIMEOUT_S} s" in pages[BAD - 1]["error"]


def test_a_page_that_eats_memory_is_stopped_at_the_limit(tmp_path: Path) -> None:
    (job,), _ = convert(tmp_path, [document("fault: memory")], memory_limit=1 << 30, page_timeout=60)
    pages = manifest(job)["pages"]
    assert [page["state"] for page in pages] == ["ok", "ok", "text_only", "ok", "ok"]
    assert "1024 MB" in pages[BAD - 1]["error"]


def test_memory_that_a_page_has_gone_on_without_is_there_for_the_next_one(tmp_path: Path) -> None:
    (job,), _ = convert(tmp_path, [document("fault: hoard", is_tagged=False)], memory_limit=1 << 30, page_timeout=60)
    pages = manifest(job)["pages"]
    assert [page["state"] for page in pages] == ["ok", "ok", "text_only", "ok", "ok"]
    why = "Only plain text: the layout step failed (it needed more memory than memory_limit)."
    assert pages[BAD - 1]["error"] == why


@pytest.mark.parametrize("fault", ["segfault", "raise"])
def test_a_page_that_cannot_be_read_at_all_fails_alone(tmp_path: Path, fault: str) -> None:
    (job,), _ = convert(tmp_path, [document(f"fault-always: {fault}")])
    assert job.state is JobState.PARTIAL
    assert job.pages_failed == 1
    assert job.reason is not None
    assert job.reason.startswith("1 of 5 pages failed. Page 3:")
    pages = manifest(job)["pages"]
    assert [page["state"] for page in pages] == ["ok", "ok", "failed", "ok", "ok"]
    text = markdown(job)
    assert "<!-- Page 3 could not be converted" in text
    assert [f"marker-{n}." in text for n in range(1, PAGES + 1)] == [True, True, False, True, True]


def test_a_document_without_a_readable_page_fails_with_the_reason(tmp_path: Path) -> None:
    (job,), _ = convert(tmp_path, [document("fault-always: raise", pages=1, bad=1)])
    assert job.state is JobState.FAILED
    assert job.reason == "None of its pages could be converted. Page 1: the converter tripped"
    assert job.output is None


def test_other_documents_do_not_notice(tmp_path: Path) -> None:
    files = [document(None), document("fault: segfault"), document(None), document("fault: loop"), document(None)]
    jobs, _ = convert(tmp_path, files)
    assert [job.state for job in jobs] == [JobState.DONE] * len(files)
    assert [job.pages_text_only for job in jobs] == [0, 1, 0, 1, 0]


def test_no_process_is_left_behind(tmp_path: Path) -> None:
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    convert(tmp_path, [document("fault: loop"), document("fault: segfault")], backend=own_faulty_backend)
    after = {child.pid for child in psutil.Process().children(recursive=True)}
    assert after <= before
