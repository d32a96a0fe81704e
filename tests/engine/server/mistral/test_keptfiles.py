"""Files are kept for a day, and so many at once."""

import time
from pathlib import Path

import pytest
from fastapi import HTTPException

from engine.server.mistral import keptfiles
from engine.server.mistral.keptfiles import KEPT_S, KeptFiles


@pytest.fixture
def file(tmp_path: Path) -> Path:
    place = tmp_path / "request" / "0" / "a.pdf"
    place.parent.mkdir(parents=True)
    place.write_bytes(b"%PDF")
    return place


def test_a_file_goes_after_a_day(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = KeptFiles()
    kept = files.add(file, "a.pdf", "ocr")
    assert (files.find(kept.id), files.all()) == (kept, [kept])
    now = time.time()
    monkeypatch.setattr(keptfiles.time, "time", lambda: now + KEPT_S + 60)
    with pytest.raises(HTTPException):
        files.find(kept.id)
    assert files.all() == []
    assert not file.parent.parent.exists()


def test_there_are_not_too_many(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keptfiles, "MOST_FILES", 1)
    files = KeptFiles()
    files.add(file, "a.pdf", "ocr")
    with pytest.raises(HTTPException) as refused:
        files.add(file, "b.pdf", "ocr")
    assert refused.value.status_code == 503
