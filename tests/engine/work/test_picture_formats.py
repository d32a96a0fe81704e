"""Searchable PDF, TIFF and thumbnails on their whole way: batches, merge with the password, publication, manifest."""

import json
import os
from pathlib import Path

import pymupdf
from PIL import Image

from engine.facade.engine import Engine
from engine.job.job import JobState
from engine.settings.settings import Settings
from tests import pdfs
from tests.backends import local_backend
from tests.waiting import wait_until


def test_a_locked_document_comes_out_in_all_formats_and_stays_locked(tmp_path: Path) -> None:
    # Named as a folder that is made of it.
    source = tmp_path / "thumbnails.pdf"
    source.write_bytes(pdfs.encrypted("open sesame", pages=3))
    settings = Settings(output=tmp_path / "out", num_workers=1, ocr="never", formats="pdf,tiff,thumbnails")
    with Engine(settings, watch=False, backend=local_backend) as engine:
        job = engine.submit(source)
        wait_until(lambda: engine.job(job.id).job.needs_password, "the password to be asked for")
        engine.unlock([job.id], "open sesame")
        assert engine.wait_until_idle(60)
        done = engine.job(job.id).job
        assert done.state is JobState.DONE, done.reason
    folder = Path(os.fsdecode(done.output or b""))
    assert json.loads((folder / "manifest.json").read_text())["files"] == [
        "thumbnails.pdf",
        "thumbnails.tiff",
        "thumbnails/0001.webp",
        "thumbnails/0002.webp",
        "thumbnails/0003.webp",
    ]
    assert (folder / "thumbnails.pdf").read_bytes() == source.read_bytes()
    assert pymupdf.open(folder / "thumbnails.pdf").needs_pass
    with Image.open(folder / "thumbnails.tiff") as tiff:
        assert getattr(tiff, "n_frames", 1) == 3
