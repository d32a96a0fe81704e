"""Links within a document lead to its headings."""

import pytest

from engine.convert.page.blocks import Block, Kind, RefinedPage, Span
from engine.convert.refine.anchors import AnchorNames, Anchors
from tests.engine.convert.pages import line, page, paragraph, table


def _linked(words: str, number: int, y: float, top: float = 40) -> Block:
    made = line(words, top)
    made.spans = [Span(words, link=f"#page={number}&y={y:.0f}")]
    return made


def _targets(*pages: RefinedPage, selection: str | None = None) -> list[str]:
    step = Anchors(selection)
    for each in pages:
        step.observe(each)
    for each in pages:
        step.apply(each)
    return [span.link for each in pages for block in each.blocks for span in block.spans if span.text != "x"]


def _headings(*tops: tuple[str, float]) -> list[Block]:
    return [made for text, top in tops for made in (line(text, top, Kind.HEADING, size=14), paragraph(top + 30, "x"))]


@pytest.mark.parametrize("above", [0, 5, 28, 71, -6])
def test_a_link_leads_to_the_heading_it_names_whatever_the_margin(above: float) -> None:
    links = [_linked(text, 1, top - above) for text, top in (("Start", 100), ("2. Use", 200), ("End", 300))]
    assert _targets(page(*links, *_headings(("Start", 100), ("Use", 200), ("End", 300))))[:3] == [
        "#start",
        "#use",
        "#end",
    ]


@pytest.mark.parametrize("above", [0, 5, 28, 71])
def test_other_links_lead_as_far_below_their_places_as_those(above: float) -> None:
    links = [_linked(text, 2, top - above) for text, top in (("Start", 100), ("Use", 200), ("see there", 300))]
    chapters = page(*_headings(("Start", 100), ("Use", 200), ("End", 300)), number=2)
    assert _targets(page(*links), chapters)[:3] == ["#start", "#use", "#end"]


def test_a_place_at_no_heading_leads_to_the_last_one_above() -> None:
    links = [_linked("a table", 1, 250), _linked("the top", 1, 10)]
    assert _targets(page(*links, *_headings(("Start", 100), ("Use", 200), ("End", 300))))[:2] == ["#use", ""]


def test_of_headings_of_one_name_the_nearest_is_meant() -> None:
    links = [_linked("Example", 1, y) for y in (95, 290)]
    headings = _headings(("Example", 100), ("Other", 200), ("Example", 300))
    assert _targets(page(*links, *headings))[:2] == ["#example", "#example-1"]


def test_links_to_pages_that_are_left_out_are_none() -> None:
    links = [_linked("Start", 1, 100), _linked("Later", 3, 100)]
    assert _targets(page(*links, *_headings(("Start", 100))), selection="1-2")[:2] == ["#start", ""]


def test_the_words_of_a_link_in_two_styles_are_one_name() -> None:
    made = line("The code", 40)
    made.spans = [Span("The ", link="#page=1&y=150"), Span("code", code=True, link="#page=1&y=150")]
    assert _targets(page(made, *_headings(("Start", 100), ("The code", 200))))[:2] == ["#the-code", "#the-code"]
    made.spans = [Span("The", link="#page=1&y=150"), Span(" "), Span("code", code=True, link="#page=1&y=150")]
    assert _targets(page(made, *_headings(("Start", 100), ("The code", 200))))[:3] == ["#the-code", "", "#the-code"]


def test_links_in_tables_lead_too() -> None:
    made = table([["Name"]], (50, 40, 550, 60))
    made.rows[0][0].spans = [Span("Use", link="#page=1&y=150")]
    _targets(page(made, *_headings(("Start", 100), ("Use", 200))))
    assert made.rows[0][0].spans[0].link == "#use"


def test_no_two_headings_have_one_anchor() -> None:
    names = AnchorNames()
    texts = ("A b!", "a-b", "A B", "a b 1", "\u00c4")
    assert [names.next(text) for text in texts] == ["a-b", "a-b-1", "a-b-2", "a-b-1-1", "\u00e4"]
