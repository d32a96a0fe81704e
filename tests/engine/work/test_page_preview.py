"""The Markdown of one page: that page's and no other's, as it stands or will stand in the published file."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pymupdf
import pytest

from engine.base.errors import CannotGoOn, ChildGarbage, HotfolioError, PageNotLocated
from engine.facade.engine import Engine
from engine.job.job import Job, JobState, PageState
from engine.job.snapshot import PageMark
from engine.publish.pageindex import merged_sizes, read_page
from engine.publish.publisher import MANIFEST, Publisher
from engine.settings.settings import Settings
from engine.work.jobfolders import JobFolders
from tests import pdfs
from tests.backends import faulty_backend
from tests.waiting import wait_until

PAGES = 2


def joined(*parts: bytes) -> bytes:
    """The pages of several PDFs in one."""
    whole = pymupdf.open()
    for part in parts:
        whole.insert_pdf(pymupdf.open(stream=part, filetype="pdf"))
    return bytes(whole.tobytes())


def ordinary(*faults: str) -> bytes:
    """A page for each fault, on which that happens; an empty one means nothing does."""
    text = [
        [f"This is sheet {number}, with sheet-{number}.", *["A line of ordinary words."] * 6]
        + ([f"fault{fault}"] if fault else [])
        for number, fault in enumerate(faults, start=1)
    ]
    return pdfs.printed(*text)


SLOW = ordinary(*[": slow"] * 12)


@contextmanager
def running(tmp_path: Path, **changes: object) -> Iterator[Engine]:
    values = {"input": tmp_path / "input", "output": tmp_path / "output", "ocr": "never", "num_workers": 1, **changes}
    with Engine(Settings(**values), watch=False, backend=faulty_backend) as engine:  # type: ignore[arg-type]
        yield engine


@pytest.fixture
def file(tmp_path: Path) -> Callable[[bytes], Path]:
    def write(content: bytes) -> Path:
        path = tmp_path / "a.pdf"
        path.write_bytes(content)
        return path

    return write


def finish(engine: Engine, path: Path) -> Job:
    job = engine.submit(path)
    assert engine.wait_until_idle(60)
    return engine.job(job.id).job


def result(job: Job) -> Path:
    return Path(os.fsdecode(job.output or b""))


def wait_for_page(engine: Engine, job: Job, page: int) -> None:
    def is_finished() -> bool:
        assert not engine.job(job.id).job.state.is_finished, "the pages after it should take longer"
        page_map = engine.page_map(job.id)
        return page_map is not None and page_map.marks[page - 1 : page] > bytes([PageMark.RUNNING])

    wait_until(is_finished, f"page {page} of job {job.id}")


@pytest.mark.parametrize("batch_seconds", [60, 0.001])
def test_of_a_finished_document_a_page_is_its_own_part_of_the_file(tmp_path: Path, file, batch_seconds: float) -> None:
    with running(tmp_path, batch_seconds=batch_seconds, num_workers=2) as engine:
        job = finish(
            engine, file(joined(pdfs.unicode_text(), pdfs.text_pages(PAGES), pdfs.empty_page(), pdfs.report()))
        )
        assert not engine.detail(job.id).folder, "its checkpoints are gone"
        pages = [engine.preview(job.id, page=page) for page in range(1, (job.pages or 0) + 1)]
    assert len(pages) == 1 + PAGES + 1 + 5
    for number in range(1, PAGES + 1):
        assert [f"marker-{number}." in page for page in pages].index(True) == number
        assert sum(f"marker-{number}." in page for page in pages) == 1
    assert "привет" in pages[0]
    assert "".join(pages).encode() == (result(job) / "a.md").read_bytes()


def test_of_a_running_job_a_page_can_be_read_as_soon_as_it_is_converted(tmp_path: Path, file) -> None:
    with running(tmp_path, batch_seconds=60) as engine:
        job = engine.submit(file(SLOW))
        wait_for_page(engine, job, 2)
        second = engine.preview(job.id, page=2)
        assert "sheet-2." in second
        assert "sheet-1." not in second
        with pytest.raises(HotfolioError, match=r"^Page 12 is not converted yet\.$"):
            engine.preview(job.id, page=12)
        folder = engine.detail(job.id).folder
        assert folder is not None
        assert not list(folder.glob("preview*")), "no look leaves a file behind"


def test_headings_have_their_level_from_the_other_pages(tmp_path: Path, file) -> None:
    with running(tmp_path) as engine:
        job = engine.submit(file(joined(pdfs.report(), ordinary(*[": slow"] * 6))))
        wait_for_page(engine, job, 5)
        before = [engine.preview(job.id, page=page) for page in range(1, 6)]
        assert before[0].startswith("# Report of the Harbour Survey\n")
        assert before[1].startswith("## Lists\n"), "the largest heading of its page, but not of the document"
        assert "### What was counted\n" in before[1]
        assert engine.wait_until_idle(60)
        # In the file, a page begins with what sets it apart from the one before.
        assert [engine.preview(job.id, page=page).lstrip("\n") for page in range(1, 6)] == before


def test_of_a_cancelled_job_the_pages_that_are_kept_can_be_read(tmp_path: Path, file) -> None:
    with running(tmp_path, batch_seconds=0.5) as engine:
        job = engine.submit(file(SLOW))
        wait_until(lambda: engine.job(job.id).pages_done >= 4, "some pages")
        engine.cancel([job.id])
        wait_until(lambda: engine.snapshot().totals.workers_busy == 0, "the worker to be free")
        assert "sheet-1." in engine.preview(job.id, page=1)
        with pytest.raises(HotfolioError, match=r"^Page 12 was not converted\.$"):
            engine.preview(job.id, page=12)


def test_before_the_first_page_nothing_is_there_to_read(tmp_path: Path, file) -> None:
    with running(tmp_path) as engine:
        engine.pause()
        job = engine.submit(file(SLOW))
        with pytest.raises(HotfolioError, match="not converted yet"):
            engine.preview(job.id, page=1)


def test_a_page_can_be_read_in_the_moment_its_document_is_published(
    tmp_path: Path, file, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_log, deleted, seen = JobFolders.keep_log, threading.Event(), threading.Event()

    def slow_clean_up(folders: JobFolders, job_id: int) -> None:
        keep_log(folders, job_id)
        deleted.set()
        assert seen.wait(30)

    monkeypatch.setattr(JobFolders, "keep_log", slow_clean_up)
    with running(tmp_path) as engine:
        job = engine.submit(file(pdfs.text_pages(2)))
        try:
            assert deleted.wait(60)
            assert engine.job(job.id).job.state is JobState.RUNNING
            assert "marker-2." in engine.preview(job.id, page=2)
        finally:
            seen.set()


@pytest.mark.parametrize("fault", ["-always: segfault", "-always: raise"])
def test_a_failed_page_says_why_before_and_after_publishing(
    tmp_path: Path, file, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    def in_the_way(*_: object) -> Path:
        raise CannotGoOn("Something is in the way.")

    with running(tmp_path) as engine:
        with monkeypatch.context() as patch:
            patch.setattr(Publisher, "choose_place", in_the_way)
            job = engine.submit(file(ordinary("", fault, "")))
            wait_until(lambda: "in the way" in (engine.job(job.id).job.reason or ""), "the job to be postponed")
        before = engine.preview(job.id, page=2)
        assert before.startswith("<!-- Page 2 could not be converted: ")
        assert "sheet-1." in engine.preview(job.id, page=1)
        engine.cancel([job.id])
        assert engine.preview(job.id, page=2) == before
        engine.retry([job.id])
        assert engine.wait_until_idle(60)
        assert engine.job(job.id).job.state is JobState.PARTIAL
        assert engine.preview(job.id, page=2) == before
        assert "sheet-3." in engine.preview(job.id, page=3)


def test_a_page_read_as_plain_text_is_that_page(tmp_path: Path, file) -> None:
    with running(tmp_path) as engine:
        job = finish(engine, file(ordinary("", ": segfault", "")))
        assert [page.state for page in engine.detail(job.id).pages][1] is PageState.TEXT_ONLY
        assert [f"sheet-{n}." in engine.preview(job.id, page=2) for n in (1, 2, 3)] == [False, True, False]


def test_where_pages_cannot_be_told_apart_it_is_said_why(tmp_path: Path, file) -> None:
    with running(tmp_path) as engine:
        job = finish(engine, file(pdfs.text_pages(2)))
        markdown, manifest = result(job) / "a.md", result(job) / MANIFEST
        with pytest.raises(HotfolioError, match="no page 3"):
            engine.preview(job.id, page=3)
        whole = markdown.read_text()
        markdown.write_text(f"A preface.\n\n{whole}")
        with pytest.raises(PageNotLocated, match="changed after it was made"):
            engine.preview(job.id, page=2)
        with pytest.raises(PageNotLocated, match="changed after it was made"):
            engine.page_lines(job.id)
        assert engine.preview(job.id).startswith("A preface.")
        markdown.write_text(whole)
        assert "marker-2." in engine.preview(job.id, page=2)
        earlier = json.loads(manifest.read_text())
        for entry in earlier["pages"]:
            del entry["markdown_bytes"]
        manifest.write_text(json.dumps(earlier))
        with pytest.raises(PageNotLocated, match="not on record"):
            engine.preview(job.id, page=2)
        manifest.unlink()
        with pytest.raises(PageNotLocated, match="not on record"):
            engine.preview(job.id, page=2)


def test_a_published_file_that_is_gone_is_told(tmp_path: Path, file) -> None:
    with running(tmp_path) as engine:
        job = finish(engine, file(pdfs.text_pages(1)))
        (result(job) / "a.md").unlink()
        with pytest.raises(HotfolioError, match="no longer where it was published"):
            engine.preview(job.id, page=1)


@pytest.mark.parametrize("formats", ["txt", "png"])
def test_a_job_without_markdown_says_so_and_keeps_no_sizes(tmp_path: Path, file, formats: str) -> None:
    with running(tmp_path, formats=formats) as engine:
        job = finish(engine, file(pdfs.text_pages(1)))
        with pytest.raises(HotfolioError, match=f"makes no Markdown: its formats are {formats}"):
            engine.preview(job.id, page=1)
        assert "markdown_bytes" not in json.loads((result(job) / MANIFEST).read_text())["pages"][0]


@pytest.mark.parametrize(
    "content",
    [None, b"", b"[]", b'{"0": 1}', b'{"1": -1}', b'{"1": "x"}', b'{"1": 1', b"\xff" * 9],
)
def test_sizes_that_a_process_could_not_have_meant_are_garbage(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "page-sizes.json"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ChildGarbage):
        merged_sizes(file, 1)


def test_of_a_list_no_more_is_read_than_so_many_pages_can_take(tmp_path: Path) -> None:
    file = tmp_path / "page-sizes.json"
    file.write_text(json.dumps(dict.fromkeys(range(1, 10001), 1 << 40)))
    assert len(merged_sizes(file, 10_000)) == 10_000
    with pytest.raises(ChildGarbage):
        merged_sizes(file, 100)


def test_of_a_page_no_more_is_read_than_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "a.md"
    file.write_bytes(b"onetwothree")
    manifest = {"pages": [{"page": n, "markdown_bytes": size} for n, size in ((1, 3), (2, 3), (3, 5))]}
    assert read_page(file, manifest, 3, 100) == b"three"
    assert read_page(file, manifest, 3, 2) == b"th"
    assert read_page(file, manifest, 1, 100) == b"one"


@pytest.mark.parametrize("pages", [None, 3, [], [1], [{"page": 1}], [{"page": 1, "markdown_bytes": -11}]])
def test_a_manifest_of_another_make_does_not_locate_pages(tmp_path: Path, pages: object) -> None:
    file = tmp_path / "a.md"
    file.write_bytes(b"onetwothree")
    with pytest.raises(HotfolioError):
        read_page(file, {"pages": pages}, 1, 100)
