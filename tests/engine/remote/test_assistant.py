"""What an assistant is told: texts, places in them, and pages as pictures that any program reads."""

import io
from collections.abc import Mapping
from typing import Any

import pytest
from PIL import Image

from engine.base.errors import HotfolioError
from engine.job.job import JobState
from engine.job.snapshot import Picture
from engine.remote.assistant import LONGEST_TEXT, MOST_HITS, Assistant, png
from tests.engine.making import source
from tests.engine.server.fakes import FakeEngine


class Shelf(FakeEngine):
    """Whose results say what a test says."""

    def __init__(self, texts: Mapping[int, str]) -> None:
        super().__init__()
        self.texts = texts
        for job_id in texts:
            self.has(job_id, JobState.DONE, source=source(f"{job_id}.pdf"))

    def preview(self, job_id: int, *, page: int | None = None) -> str:
        if not self.texts[job_id]:
            raise HotfolioError("It is gone.")
        return f"page {page}" if page else self.texts[job_id]


def assistant(texts: Mapping[int, str], **limits: Any) -> Assistant:
    return Assistant(Shelf(texts), **limits)  # type: ignore[arg-type] - has what is asked here


def test_words_are_found_in_results_whatever_is_between_them() -> None:
    found = assistant({1: "Once. Straße\nto the HARBOUR, and back.", 2: "", 3: "A street to the harbour."})
    assert found.search("to  the harbour").splitlines() == [
        "job 3, 3.pdf: A street to the harbour.",
        "job 1, 1.pdf: Once. Straße to the HARBOUR, and back.",
    ]
    assert found.search("(to the") == "No result has these words."
    with pytest.raises(HotfolioError):
        found.search(" ")


def test_words_at_the_end_of_a_long_text_are_found_and_no_more_said_than_that() -> None:
    found = assistant({1: "İ" * LONGEST_TEXT + " here and here"}).search("here")
    assert found.endswith("İ here and here")
    assert len(found) < 500
    many = assistant(dict.fromkeys(range(1, 60), "word " * 3)).search("word").splitlines()
    assert (len(many), many[-1]) == (MOST_HITS + 1, "There may be more.")


def test_a_search_that_takes_too_long_says_how_far_it_came() -> None:
    found = assistant({1: "word", 2: "word"}, longest_search_s=0.0).search("word")
    assert found == "It took too long: results before job 3 were not searched."


def test_a_text_is_read_whole_by_pages_or_cut_off() -> None:
    found = assistant({1: "x" * (LONGEST_TEXT + 1), 2: ""})
    assert found.read(1).startswith("job 1, 1.pdf: done")
    assert found.read(1).endswith("x\n(cut off here)")
    assert found.read(1, 7) == "page 7"
    assert found.read(2).endswith("(There is no Markdown of it: It is gone.)")


def test_jobs_are_told_in_a_line_each() -> None:
    found = assistant({1: "x", 2: "y"})
    assert found.status().splitlines()[0] == "2 done"
    assert found.status(1).startswith("job 1, 1.pdf: done")
    with pytest.raises(HotfolioError):
        found.status(99)


def test_a_picture_is_a_png() -> None:
    pixels = bytes(range(18))
    with Image.open(io.BytesIO(png(Picture(2, 3, pixels)))) as image:
        assert (image.size, image.mode, image.tobytes()) == ((2, 3), "RGB", pixels)
