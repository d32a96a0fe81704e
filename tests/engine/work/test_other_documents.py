"""Books and pictures go the way of PDFs: from the hot folder to Markdown, with pages to look at before and after."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from engine.facade.engine import Engine
from engine.job.job import Job, JobState
from engine.server.app.api import create_api
from engine.server.dependencies.service import Service
from engine.settings.settings import Settings
from tests import documents, pdfs
from tests.backends import local_backend
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder = tmp_path_factory.mktemp("documents")
    settings = Settings(
        input=folder / "in",
        output=folder / "out",
        ocr="never",
        num_workers=1,
        settle=0,
        settle_damaged=0.1,
        scan_interval=0.2,
        formats="md,json",
        accept="pdf,epub,tiff",
    )
    with Engine(settings, backend=local_backend) as engine:
        yield engine


def drop(engine: Engine, name: str, content: bytes) -> Path:
    file = engine.settings.input / name
    part = file.with_name(f"{name}.part")
    part.write_bytes(content)
    part.rename(file)
    return file


def ended(engine: Engine, name: str) -> Job:
    def job() -> Job | None:
        found = [entry.job for entry in engine.select() if entry.job.name == name]
        return found[0] if found and found[0].state.is_finished else None

    wait_until(lambda: job() is not None, f"{name} to be converted", 60)
    found = job()
    assert found is not None
    return found


def place(job: Job) -> Path:
    return Path(os.fsdecode(job.output or b""))


def test_a_book_beside_a_pdf_of_its_name_has_a_folder_of_its_own(engine: Engine) -> None:
    drop(engine, "book.pdf", pdfs.text_pages(1))
    ended(engine, "book.pdf")
    drop(engine, "book.epub", documents.epub(chapters=3))
    book = ended(engine, "book.epub")
    assert (book.state, book.pages) == (JobState.DONE, 3)
    assert place(book).name == "book~2"
    text = (place(book) / "book.md").read_text()
    assert [f"marker-{n}" in text for n in (1, 2, 3)] == [True] * 3
    assert "Chapter 2" in text
    assert "(https://example.org/)" in text
    found = json.loads((place(book) / "book.json").read_text())
    assert found["filename"] == "book.epub"
    assert found["metadata"]["title"] == "Harbour Book"
    assert [entry[1] for entry in found["toc"]] == ["Chapter 1", "Chapter 2", "Chapter 3"]
    # Its source is looked into now, since its private folder is gone.
    assert engine.peek(book.id, 2, 60, 60).rgb != engine.peek(book.id, 1, 60, 60).rgb


def test_each_frame_of_a_scan_is_a_page_to_look_at(engine: Engine) -> None:
    drop(engine, "scan", documents.picture("TIFF", frames=("lime", "blue")))
    scan = ended(engine, "scan")
    assert (scan.state, scan.pages) == (JobState.DONE, 3)
    assert engine.peek(scan.id, 3, 20, 20).rgb[:3] == b"\0\0\xff"


def test_what_is_not_accepted_is_left_alone_or_refused_in_a_sentence(
    engine: Engine, engine_log: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    drop(engine, "drawing.epub", documents.svg())
    sentence = "drawing.epub is left alone. The file is of kind SVG, and `accept` takes in PDF, EPUB and TIFF alone."
    wait_until(lambda: sentence in engine_log.text, "a line in the log")
    drawing = tmp_path / "drawing.svg"
    drawing.write_bytes(documents.svg())
    engine.submit(drawing)
    failed = ended(engine, "drawing.svg")
    assert failed.state is JobState.FAILED
    assert failed.reason == "The file is of kind SVG, and `accept` takes in PDF, EPUB and TIFF alone."


def test_a_damaged_book_is_called_a_book(engine: Engine, tmp_path: Path) -> None:
    book = tmp_path / "damaged.epub"
    book.write_bytes(documents.epub()[:900])
    os.utime(book, (1, 1))  # old enough not to be waited for
    engine.submit(book)
    assert ended(engine, "damaged.epub").reason == "The EPUB is damaged beyond repair."


def test_what_is_sent_keeps_the_suffix_of_its_kind(engine: Engine) -> None:
    with TestClient(create_api(Service(engine, lambda now: None)), base_url="http://localhost") as client:
        sent = client.post("/upload", files={"file": ("sent.epub", documents.epub())}).json()
        assert sent["filename"] == "sent.epub"
        refused = client.post("/upload", files={"file": ("sent.epub", documents.svg())})
        assert refused.status_code == 415
        assert refused.json()["detail"].startswith("sent.epub is left alone. The file is of kind SVG")
    assert ended(engine, "sent.epub").state is JobState.DONE
