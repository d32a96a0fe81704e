"""Where on a page a heading is that the document names."""

import random

import pytest

from engine.convert.page.blocks import Block, Kind, Span
from engine.convert.refine.headings.headingplaces import Found, HeadingPlaces, Stated, set_apart
from tests.engine.convert.pages import BODY, block, line, page, paragraph

_WORDS = ("valve", "pump", "boiler", "winter", "summer", "pipe", "garden", "water", "meter", "house", "roof", "door")


def _found(blocks: list[Block], *stated: Stated, strictly: bool = False) -> list[tuple[int, int]]:
    """Places and the numbers of blocks."""
    return [(each.place, each.blocks) for each in HeadingPlaces(page(*blocks)).find(stated, strictly=strictly)]


@pytest.mark.parametrize("seed", range(20))
def test_headings_are_found_where_they_are_whatever_is_around_them(seed: int) -> None:
    chance = random.Random(seed)
    blocks: list[Block] = []
    stated: list[Stated] = []
    expected: list[tuple[int, int]] = []
    for number in range(1, 9):
        top = 90.0 * number
        title = " ".join(chance.sample(_WORDS, 4))
        form = chance.choice(("plain", "numbered", "split", "number apart", "heading"))
        expected.append((len(blocks), 2 if form in ("split", "number apart") else 1))
        if form == "split":
            blocks += [line(title[:12], top, size=14), line(title[12:], top + 16)]
        elif form == "number apart":
            blocks += [line(f"{number}.", top, left=20), line(title, top)]
        else:
            shown = f"{number}. {title}" if form == "numbered" else title
            blocks.append(line(shown, top, Kind.HEADING if form == "heading" else Kind.PARAGRAPH))
        blocks.append(paragraph(top + 35, f"A sentence about {title} and more. {BODY}"))
        stated.append(Stated(title, 1, top - 8 if chance.random() < 0.7 else None, 1))
    assert _found(blocks, *stated) == expected


def test_a_block_is_found_once() -> None:
    same = Stated("Alpha", 1, None)
    assert _found([line("Alpha", 100), paragraph(120)], same, same) == [(0, 1)]


def test_a_page_number_beside_a_heading_is_not_its_number() -> None:
    blocks = [line("12", 100, Kind.PAGE_HEADER, left=20), line("Alpha", 100), paragraph(120)]
    assert _found(blocks, Stated("Alpha", 1, 92)) == [(1, 1)]


def test_a_chapter_s_number_above_its_title_is_part_of_it() -> None:
    blocks = [line("Chapter 3", 80, size=20), line("Alpha", 110, size=20), paragraph(150)]
    assert _found(blocks, Stated("Alpha", 1, 92)) == [(0, 2)]


def test_words_like_those_named_are_believed_near_the_place_alone() -> None:
    far = Stated("The valve of the boiler", 1, 500)
    near = far._replace(y=92)
    blocks = [line("The va1ve of the boi1er", 100), paragraph(120)]
    assert (_found(blocks, far), _found(blocks, near)) == ([], [(0, 1)])
    assert _found(blocks, near, strictly=True) == []


def test_two_blocks_far_apart_are_no_heading() -> None:
    assert _found([line("The long", 100), line("title", 200)], Stated("The long title", 1, 92)) == []


def test_tables_pictures_and_listings_are_no_headings() -> None:
    blocks = [line("Alpha", 100, kind) for kind in (Kind.TABLE, Kind.PICTURE, Kind.CODE)]
    assert _found(blocks, Stated("Alpha", 1, 92)) == []


def test_the_number_before_words_that_are_named_without_it_stays_with_them() -> None:
    block_ = paragraph(100)
    block_.spans = [Span("3.1 Alpha. ", bold=True), Span(BODY)]
    (found,) = HeadingPlaces(page(block_)).find([Stated("Alpha", 1, 92, 2)])
    assert found == Found(0, 1, 0, len("3.1 Alpha. "), 2)


@pytest.mark.parametrize(
    ("spans", "count"),
    [
        ([Span("Bold. ", bold=True), Span("Plain.")], 6),
        ([Span("Slanted", italic=True), Span(": "), Span("plain")], 9),
        ([Span("All of it", bold=True)], 0),
        ([Span("None of it")], 0),
        ([Span("First "), Span("second", bold=True)], 0),
    ],
)
def test_what_is_set_apart_is_what_a_block_begins_with(spans: list[Span], count: int) -> None:
    made = block("", (0, 0, 100, 10))
    made.spans = spans
    assert set_apart(made) == count
