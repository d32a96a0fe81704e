"""Selections of pages: one form for all ways to write one, and which pages of a document they mean."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.job.options import ConvertOptions
from engine.job.pageranges import (
    PageNumbers,
    canonical_ranges,
    first_selected,
    is_selected,
    missing_pages,
    selected_pages,
)
from tests.engine.making import job

_number = st.integers(1, 60)


@st.composite
def parts(draw: st.DrawFn) -> str:
    """One range, as somebody may write it."""
    first = draw(_number)
    blank = draw(st.sampled_from(["", " "]))
    match draw(st.sampled_from(["page", "range", "open"])):
        case "page":
            return f"{blank}{first}"
        case "open":
            return f"{first}{blank}-"
        case _:
            return f"{first}-{blank}{draw(st.integers(first, 70))}{blank}"


selections = st.lists(parts(), min_size=1, max_size=8).map(",".join)


def meant(selection: str, count: int) -> list[int]:
    """The pages, by the plainest reading."""
    found = set()
    for part in selection.replace(" ", "").split(","):
        first, dash, last = part.partition("-")
        found |= set(range(int(first), int(last or count) + 1) if dash else [int(first)])
    return sorted(page for page in found if page <= count)


@given(selections, st.integers(0, 70))
def test_every_way_to_write_a_selection_means_the_same_pages(selection: str, count: int) -> None:
    canonical = canonical_ranges(selection)
    assert canonical_ranges(canonical) == canonical
    pages = selected_pages(canonical, count)
    assert list(pages) == meant(selection, count)
    assert [page for page in range(1, count + 1) if is_selected(canonical, page)] == list(pages)
    # Runs that could be one are one, or there would be two forms for the same pages.
    assert all(before[1] + 1 < after[0] for before, after in zip(pages.ranges, pages.ranges[1:], strict=False))
    assert first_selected(canonical, len(pages)) == pages


@given(selections, st.integers(1, 70))
def test_what_is_missing_is_what_was_asked_for_and_is_not_there(selection: str, count: int) -> None:
    missing = missing_pages(canonical_ranges(selection), count)
    # A range without an end asks for what there is, so it misses something only where it begins too late.
    asked_for = {page for page in meant(selection, 70) if page > count}
    named = set() if missing is None else set(selected_pages(missing, 70))
    assert named <= asked_for
    if not re.search(r"-\s*(,|$)", selection):
        assert named == asked_for


@given(selections, st.integers(1, 70))
def test_pages_have_places(selection: str, count: int) -> None:
    pages = selected_pages(canonical_ranges(selection), count)
    numbers = list(pages)
    assert len(pages) == len(numbers)
    for place, page in enumerate(numbers):
        assert pages.at(place) == page
        assert pages.place(page) == place
        assert pages.nearest(page) == page
    assert [page for page in range(-2, 75) if page in pages] == numbers
    for place in (-1, len(numbers)):
        with pytest.raises(IndexError):
            pages.at(place)
    if numbers:
        assert pages.further(numbers[0], len(numbers) + 3) == numbers[-1]
        assert pages.further(numbers[-1], -len(numbers)) == numbers[0]


@pytest.mark.parametrize(
    ("value", "canonical"),
    [
        ("3,1,2", "1-3"),
        ("5-,7-9,2", "2,5-"),
        ("1-10, 15,20-", "1-10,15,20-"),
        (7, "7"),
        ([1, "4-6", 5], "1,4-6"),
        ("1-", "1-"),
        (None, None),
    ],
)
def test_a_selection_has_one_form(value: Any, canonical: str | None) -> None:
    assert canonical_ranges(value) == canonical


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("", "name at least one page"),
        (" , ", "name at least one page"),
        ("0-3", "pages count from 1"),
        ("9-3", "runs backwards"),
        ("-3", "give pages as in"),
        ("1;3", "give pages as in"),
        ("٣", "give pages as in"),
        ("999999999", "give pages as in"),
        (True, "give pages as in"),
        (1.5, "give pages as in"),
        (",".join(["1"] * 1001), "at most 1000 ranges"),
    ],
)
def test_what_is_no_selection_is_refused_with_a_sentence(value: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        canonical_ranges(value)


def test_a_job_knows_its_pages_by_how_many_of_them_the_document_has() -> None:
    selected = ConvertOptions(pages="2-3,5-7,20-")
    assert job(pages=4, options=selected).page_numbers == PageNumbers(((2, 3), (5, 6)))
    assert job(pages=6, options=selected).page_numbers == PageNumbers(((2, 3), (5, 7), (20, 20)))
    assert job(options=selected).page_numbers is None
    assert job(pages=4).page_numbers == PageNumbers(((1, 4),))


@pytest.mark.parametrize(
    ("selection", "missing"),
    [("1-10", None), ("8-12", "11-12"), ("8-", None), ("11-", "11-"), ("2,12,15-", "12,15-"), (None, None)],
)
def test_pages_a_document_of_ten_has_not_are_named(selection: str | None, missing: str | None) -> None:
    assert missing_pages(selection, 10) == missing
