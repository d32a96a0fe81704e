"""The filter language."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.job.job import JobState
from engine.job.snapshot import JobSnapshot
from tests.tui.fake_engine import FakeEngine
from tui.dashboard.jobfilter import FilterError, parse_filter


def entries_of(engine: FakeEngine) -> list[JobSnapshot]:
    return list(engine.snapshot().changed)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("scan", {1, 3}),
        ("SCAN", {1, 3}),
        ("!scan", {2, 4}),
        ("state:failed", {3}),
        ("state:f,q", {1, 2, 3}),
        ("!state:done", {1, 2, 3}),
        ("profile:sca", {2, 4}),
        ("!profile:scans folder:", {1, 3}),
        ("folder:nowhere", set()),
        ("pages>100", {4}),
        ("pages<=20", {3}),
        ("priority>0", {2}),
        ("scan state:queued", {1}),
        ("#4", {4}),
        ("id>=3", {3, 4}),
    ],
)
def test_filters(text: str, wanted: set[int]) -> None:
    engine = FakeEngine()
    engine.add("scan a.pdf")
    engine.add("letter.pdf", priority=1, profile="scans")
    engine.add("scan b.pdf", JobState.FAILED, pages=20)
    engine.add("book.pdf", JobState.DONE, pages=187, done=187, profile="Scans")
    job_filter = parse_filter(text)
    assert job_filter is not None
    assert {entry.job.id for entry in entries_of(engine) if job_filter(entry)} == wanted


@pytest.mark.parametrize("text", ["state:nonsense", "pages>many", "weight>3"])
def test_a_filter_that_means_nothing_says_so(text: str) -> None:
    with pytest.raises(FilterError):
        parse_filter(text)


@given(st.text())
def test_no_text_breaks_the_filter(text: str) -> None:
    engine = FakeEngine()
    engine.add("scan a.pdf")
    try:
        job_filter = parse_filter(text)
    except FilterError:
        return
    if job_filter is not None:
        job_filter(entries_of(engine)[0])
