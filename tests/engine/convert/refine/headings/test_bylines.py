"""What stands below the title of a paper is no heading."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.convert.page.blocks import Block, Kind
from engine.convert.refine.headings.headings import Headings
from tests.engine.convert.pages import WIDTH, block, line, page, paragraph, texts


def _centred(text: str, top: float, kind: Kind, size: float, *, bold: bool = False) -> Block:
    half = 0.25 * size * len(text)
    return block(text, (WIDTH / 2 - half, top, WIDTH / 2 + half, top + size), kind, size=size, bold=bold)


def _paper(names: Sequence[str], called: Sequence[bool], size: float) -> list[Block]:
    kinds = [Kind.HEADING if is_called else Kind.PARAGRAPH for is_called in called]
    return [
        _centred("Of Birds and Trees", 60, Kind.HEADING, 18, bold=True),
        *(_centred(name, 90 + 20 * i, kind, size) for i, (name, kind) in enumerate(zip(names, kinds, strict=True))),
    ]


def _headings(first: list[Block], *sections: Block) -> list[str]:
    pages = [page(*first, *sections[:4]), page(*sections[4:], number=2)]
    step = Headings()
    for each in pages:
        step.observe(each)
    for each in pages:
        step.apply(each)
    return [text for each in pages for text in texts(each, Kind.HEADING)]


NAMES = st.lists(st.sampled_from(["A. Writer", "Maria Rossi and J. de Vries", "3 May 2021"]), min_size=1, max_size=3)


@given(NAMES, st.data(), st.sampled_from([10.0, 12.0, 14.0]), st.booleans())
def test_names_and_dates_below_a_title_are_no_headings(
    names: list[str], data: st.DataObject, size: float, bold: bool
) -> None:
    called = data.draw(st.lists(st.booleans(), min_size=len(names), max_size=len(names)))
    title = "Of Birds and Trees"
    parts = [
        block_
        for number in (1, 2, 3)
        for block_ in (line(f"{number} A Part", 200, Kind.HEADING, size=15, bold=bold), paragraph(230))
    ]
    assert _headings(_paper(names, called, size), *parts) == [title, "1 A Part", "2 A Part", "3 A Part"]


@pytest.mark.parametrize("count", [1, 2])
def test_a_heading_below_the_title_that_is_set_like_others_stays_one(count: int) -> None:
    first = _paper(["In Short"], [True], 12)
    rest = [_centred("At Length", 300, Kind.HEADING, 12), paragraph(330)] * count
    expected = ["Of Birds and Trees", "In Short", *["At Length"] * count]
    assert _headings(first, paragraph(130), *rest) == expected


def test_a_heading_below_the_title_at_the_edge_of_the_text_stays_one() -> None:
    first = [line("Of Birds and Trees", 60, Kind.HEADING, size=18), line("In Short", 90, Kind.HEADING, size=12)]
    part = [line("At Length", 300, Kind.HEADING, size=15), paragraph(330)]
    assert _headings(first, paragraph(130), *part) == ["Of Birds and Trees", "In Short", "At Length"]
