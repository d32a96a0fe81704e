"""The pages that are selected are converted alone, and stay what they are: page 5 is page 5 everywhere."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.base.errors import HotfolioError
from engine.facade.engine import Engine
from engine.job.job import Job, JobState
from engine.job.options import ConvertOptions
from engine.settings.settings import Settings
from tests import pdfs
from tests.backends import local_backend


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder = tmp_path_factory.mktemp("selection")
    settings = Settings(input=folder / "in", output=folder / "out", ocr="never", num_workers=2)
    (folder / "six.pdf").write_bytes(pdfs.text_pages(6))
    with Engine(settings, watch=False, backend=local_backend) as engine:
        yield engine


def converted(engine: Engine, name: str, pages: str, formats: str = "md") -> Job:
    """The job of the six pages under a name, ended."""
    file = engine.settings.output.parent / name
    file.write_bytes((engine.settings.output.parent / "six.pdf").read_bytes())
    options = ConvertOptions.model_validate({"pages": pages, "formats": formats, "ocr": "never"})
    job = engine.submit(file, options=options)
    assert engine.wait_until_idle(60)
    return engine.job(job.id).job


def test_selected_pages_keep_their_numbers_everywhere(engine: Engine) -> None:
    job = converted(engine, "some.pdf", "2,5-", "md,txt,json,png")
    assert (job.state, job.pages, job.pages_done) == (JobState.DONE, 3, 3)
    folder = Path(os.fsdecode(job.output or b""))
    for text in ((folder / "some.md").read_text(), (folder / "some.txt").read_text()):
        assert [f"marker-{page}." in text for page in range(1, 7)] == [False, True, False, False, True, True]
    found = json.loads((folder / "some.json").read_text())
    assert [page["page_number"] for page in found["pages"]] == [2, 5, 6]
    assert found["page_count"] == 6
    assert sorted(file.name for file in (folder / "pages").iterdir()) == ["0002.png", "0005.png", "0006.png"]
    manifest = json.loads((folder / "manifest.json").read_text())
    assert [page["page"] for page in manifest["pages"]] == [2, 5, 6]
    assert manifest["options"]["pages"] == "2,5-"
    assert manifest["warnings"] == []
    page_map = engine.detail(job.id).page_map
    assert list(page_map.pages) == [2, 5, 6]
    assert len(page_map.marks) == 3
    assert "marker-5." in engine.preview(job.id, page=5)
    assert engine.peek(job.id, 5, 40, 40).rgb != engine.peek(job.id, 2, 40, 40).rgb
    with pytest.raises(HotfolioError, match="There is no page 3"):
        engine.preview(job.id, page=3)


def test_pages_beyond_the_end_are_passed_over_with_a_warning(engine: Engine) -> None:
    job = converted(engine, "beyond.pdf", "6-9,20")
    assert (job.state, job.pages) == (JobState.DONE, 1)
    assert engine.detail(job.id).warnings == (
        "Of the pages asked for, 7-9,20 are not there: the document has 6 pages.",
    )


def test_a_selection_without_a_page_of_the_document_is_one_sentence(engine: Engine) -> None:
    job = converted(engine, "none.pdf", "10-20")
    assert job.state is JobState.FAILED
    assert job.reason == "The document has 6 pages; none of 10-20 is among them."
