"""What is done once before processes are forked."""

from pathlib import Path

import pymupdf
import pytest

from engine.convert.process import warmup
from engine.job.job import PageResult


def test_the_page_is_sound_and_read_by_its_tags(monkeypatch: pytest.MonkeyPatch) -> None:
    noted: list[object] = []
    monkeypatch.setattr(warmup, "_note", noted.append)
    here = Path.cwd()
    pymupdf.TOOLS.mupdf_warnings()  # a reset alone keeps how often the last warning of another test came again
    warmup.convert_one()
    vias = [result.via for result in noted if isinstance(result, PageResult)]
    assert (vias, pymupdf.TOOLS.mupdf_warnings()) == (["tags"], "")
    assert Path.cwd() == here
