"""Headings that the document itself calls so: by its outline, or by the links of its table of contents."""

import pytest

from engine.convert.page.blocks import Block, Kind, RefinedPage, Span
from engine.convert.page.outlineentry import OutlineEntry
from engine.convert.refine.headings.headings import Headings
from tests.engine.convert.pages import BODY, block, line, page, paragraph, texts


def _entry(level: int, title: str, y: float | None = None, *, number: int = 1, x: float | None = None) -> OutlineEntry:
    return OutlineEntry(level, title, number, x, None if y is None else y - 8)


def _settled(
    outline: list[OutlineEntry], *pages: RefinedPage, title: str = "", by_tex: bool = False
) -> list[RefinedPage]:
    step = Headings(outline, title, by_tex=by_tex)
    for each in pages:
        step.observe(each)
    for each in pages:
        step.apply(each)
    return list(pages)


def _headings(*pages: RefinedPage) -> list[tuple[int, str]]:
    return [(each.level, each.text) for one in pages for each in one.blocks if each.kind is Kind.HEADING]


def _run_in(title: str, rest: str, top: float, *, bold: bool = True) -> Block:
    made = paragraph(top)
    made.spans = [Span(title, bold=bold), Span(rest)]
    return made


def test_what_the_outline_names_is_a_heading_of_its_level_however_it_is_set() -> None:
    outline = [_entry(1, "Alpha", 100), _entry(3, "Beta", 200), _entry(2, "Gamma", 300)]
    names = [line("Alpha", 100), line("Beta", 200, size=20), line("Gamma", 300, bold=True)]
    pages = _settled(outline, page(*(each for name in names for each in (name, paragraph(name.box[1] + 20)))))
    assert _headings(*pages) == [(1, "Alpha"), (3, "Beta"), (2, "Gamma")]


@pytest.mark.parametrize(
    ("shown", "named"),
    [
        ("1.2 The Valve", "The Valve"),
        ("The Valve", "1.2 The Valve"),
        ("Chapter 3 The Valve", "The Valve"),
        ("IV. The Valve", "IV The  valve"),
        ("The eﬃcient valve", "The efficient valve"),
        ("The val\u2010ve", "The valve"),
        ("The V\ufffdlve of the boiler", "The Valve of the boiler"),
    ],
)
def test_numbers_and_what_fonts_make_of_words_do_not_matter(shown: str, named: str) -> None:
    pages = _settled([_entry(2, named, 100)], page(line(shown, 100), paragraph(120)))
    assert _headings(*pages) == [(2, shown)]


def test_other_words_are_no_heading() -> None:
    pages = _settled(
        [_entry(1, "The Valve", 100), _entry(1, "The end", 300)],
        page(line("The Pump", 100), paragraph(120), line("The end", 300), paragraph(320)),
    )
    assert _headings(*pages) == []  # and an outline of which half is not there is not believed


def test_number_and_words_in_two_blocks_are_one_heading() -> None:
    number, words = line("2.1", 100, bold=True), line("The Valve", 100, left=90, bold=True)
    (only,) = _settled([_entry(2, "2.1 The Valve", 100)], page(number, words, paragraph(120)))
    assert _headings(only) == [(2, "2.1 The Valve")]
    assert only.blocks[0].box == (50, 100, 135, 110)
    assert len(only.blocks) == 2


def test_a_title_in_two_sizes_is_one_heading() -> None:
    upper, lower = line("The Long Title", 100, Kind.HEADING, size=24), line("of the Work", 130, Kind.HEADING, size=18)
    pages = _settled([_entry(1, "The Long Title of the Work", 100)], page(upper, lower, paragraph(170)))
    assert _headings(*pages) == [(1, "The Long Title of the Work")]


def test_a_heading_that_its_paragraph_runs_on_from_is_cut_off() -> None:
    (only,) = _settled([_entry(4, "The Valve", 100)], page(_run_in("0.6.1 The Valve. ", BODY, 100), paragraph(200)))
    assert _headings(only) == [(4, "0.6.1 The Valve.")]
    assert texts(only, Kind.PARAGRAPH) == [BODY.strip(), BODY]


def test_a_sentence_that_begins_with_the_words_of_a_heading_stays_whole() -> None:
    outline = [_entry(1, "Alpha", 100), _entry(1, "The Valve", 200)]
    sentence = _run_in("The Valve ", BODY, 200, bold=False)
    pages = _settled(outline, page(line("Alpha", 100), sentence, line("The Valve", 300), paragraph(320)))
    assert _headings(*pages) == [(1, "Alpha"), (1, "The Valve")]


def test_two_headings_in_one_block_are_two() -> None:
    both = line("1 Alpha 1.1 Beta", 100, Kind.HEADING, bold=True)
    pages = _settled([_entry(1, "1 Alpha", 100), _entry(2, "1.1 Beta", 112)], page(both, paragraph(130)))
    assert _headings(*pages) == [(1, "1 Alpha"), (2, "1.1 Beta")]


def test_a_heading_of_which_the_outline_has_the_first_line_stays_whole() -> None:
    whole = line("What to do with a valve in winter", 100, Kind.HEADING, size=14)
    pages = _settled([_entry(1, "What to do with a valve", 100)], page(whole, paragraph(130)))
    assert _headings(*pages) == [(1, "What to do with a valve in winter")]


def test_of_equal_words_the_place_decides() -> None:
    def examples(top: float, left: float) -> list[Block]:
        return [
            block("Example", (left, top, left + 40, top + 10)),
            block("Text. " * 20, (left, top + 20, left + 200, top + 90)),
        ]

    outline = [
        _entry(2, "Example", 400, x=50),
        _entry(3, "Example", 400, x=330),
        _entry(1, "Example", 100, x=330),
    ]
    (only,) = _settled(outline, page(*examples(100, 50), *examples(400, 50), *examples(100, 330), *examples(400, 330)))
    assert [(each.level, each.box[:2]) for each in only.blocks if each.kind is Kind.HEADING] == [
        (2, (50, 400)), (1, (330, 100)), (3, (330, 400)),
    ]  # fmt: skip


def test_a_heading_taken_for_a_running_head_is_one() -> None:
    (only,) = _settled(
        [_entry(1, "Alpha", 30), _entry(1, "Beta", 300)],
        page(line("Alpha", 30, Kind.PAGE_HEADER), paragraph(120), line("Beta", 300), paragraph(320)),
    )
    assert _headings(only) == [(1, "Alpha"), (1, "Beta")]


def test_what_the_outline_leaves_out_needs_to_look_like_what_it_names() -> None:
    outline = [_entry(1, "Alpha", 100), _entry(2, "Beta", 200)]
    (only,) = _settled(
        outline,
        page(
            line("Alpha", 100, Kind.HEADING, size=16, bold=True),
            paragraph(120),
            line("Beta", 200, Kind.HEADING, size=13, bold=True),
            paragraph(220),
            line("Note", 300, Kind.HEADING, bold=True),
            paragraph(320),
            line("Owner: nobody", 400, bold=True),
            paragraph(420),
            line("References", 500, size=16, bold=True),
            paragraph(520),
        ),
    )
    assert _headings(only) == [(1, "Alpha"), (2, "Beta"), (1, "References")]


def test_numbers_go_on_below_the_level_that_an_outline_ends_at() -> None:
    outline = [_entry(1, "Alpha", 100), _entry(2, "Beta", 150)]
    blocks = [line("1 Alpha", 100, Kind.HEADING, size=16, bold=True), paragraph(120)]
    blocks += [line("1.1 Beta", 150, Kind.HEADING, bold=True), paragraph(170)]
    blocks += [_run_in("1.1.1 Is there a way? ", BODY, 250), _run_in("1.1.2 Another. ", BODY, 350)]
    (only,) = _settled(outline, page(*blocks, _run_in("Not this. ", BODY, 450)))
    assert _headings(only) == [
        (1, "1 Alpha"), (2, "1.1 Beta"), (3, "1.1.1 Is there a way?"), (3, "1.1.2 Another."),
    ]  # fmt: skip


def test_the_label_of_a_note_is_no_heading_though_small_headings_are_set_like_it() -> None:
    outline = [_entry(1, "Alpha", 100), _entry(2, "Beta", 200), _entry(2, "Gamma", 300)]
    blocks = [line("Alpha", 100, Kind.HEADING, size=16, bold=True), paragraph(120)]
    for top, text in ((200, "Beta"), (300, "Gamma"), (400, "Gas required"), (500, "REFERENCES")):
        blocks += [line(text, top, Kind.HEADING, bold=True), paragraph(top + 20)]
    pages = _settled(outline, page(*blocks))
    assert [text for _, text in _headings(*pages)] == ["Alpha", "Beta", "Gamma", "REFERENCES"]


def test_levels_count_from_below_the_title_that_the_document_is_called_by() -> None:
    def pages() -> list[RefinedPage]:
        return [
            page(
                line("The Work", 50, Kind.HEADING, size=24),
                line("Alpha", 100, Kind.HEADING, size=16),
                paragraph(120),
                line("Beta", 300, Kind.HEADING, size=13),
                paragraph(320),
            )
        ]

    outline = [_entry(1, "Alpha", 100), _entry(2, "Beta", 300)]
    assert _headings(*_settled(outline, *pages(), title="The work")) == [(1, "The Work"), (2, "Alpha"), (3, "Beta")]
    assert _headings(*_settled(outline, *pages())) == [(1, "The Work"), (1, "Alpha"), (2, "Beta")]


def test_levels_count_from_below_a_title_where_other_headings_are_no_larger_than_text() -> None:
    def pages(size: float) -> list[RefinedPage]:
        alpha, beta = (
            line(text, top, Kind.HEADING, size=size, bold=True) for text, top in (("Alpha", 100), ("Beta", 300))
        )
        return [page(line("The Work", 50, Kind.HEADING, size=24), alpha, paragraph(120), beta, paragraph(320))]

    outline = [_entry(1, "Alpha", 100), _entry(1, "Beta", 300)]
    assert _headings(*_settled(outline, *pages(10.0))) == [(1, "The Work"), (2, "Alpha"), (2, "Beta")]
    assert _headings(*_settled(outline, *pages(16.0))) == [(1, "The Work"), (1, "Alpha"), (1, "Beta")]


def test_an_outline_of_other_things_is_not_believed() -> None:
    outline = [_entry(1, f"Scan {number}", number=number) for number in (1, 2, 3)] + [_entry(1, "Nota bene", 100)]
    pages = [
        page(line("Nota bene", 100), paragraph(120)),
        page(paragraph(100), number=2),
        page(paragraph(90), number=3),
    ]
    assert _headings(*_settled(outline, *pages)) == []


def _contents(*entries: tuple[str, int, float]) -> list[Block]:
    made = []
    for number, (title, to, y) in enumerate(entries):
        entry = line(f"{title} ..... {to}", 100 + 20 * number)
        entry.spans = [Span(entry.text, link=f"#page={to}&y={y - 8:.0f}")]
        made.append(entry)
    return made


def test_what_a_table_of_contents_leads_to_is_a_heading() -> None:
    first = page(*_contents(("Alpha", 2, 100), ("Beta", 2, 300), ("Gamma", 3, 100)), paragraph(500))
    second = page(line("Alpha", 100, bold=True), paragraph(120), line("Beta", 300, bold=True), paragraph(320), number=2)
    third = page(line("Gamma", 100, bold=True), paragraph(120), line("Delta", 300), paragraph(320), number=3)
    assert _headings(*_settled([], first, second, third)) == [(1, "Alpha"), (1, "Beta"), (1, "Gamma")]


def test_a_link_in_a_sentence_makes_no_heading() -> None:
    pages = [page(paragraph(100)), page(line("widget", 100), paragraph(120), number=2)]
    pages[0].blocks[0].spans = [Span("See "), Span("widget", link="#page=2&y=92"), Span(BODY)]
    assert _headings(*_settled([], *pages)) == []


@pytest.mark.parametrize(
    ("others", "by_tex", "expected"), [(1, True, [1, 2, 2]), (1, False, [1, 1, 1]), (2, True, [1, 1, 1, 1])]
)
def test_a_title_that_tex_has_set_larger_than_all_else_is_above_the_outline(
    others: int, expected: list[int], *, by_tex: bool
) -> None:
    outline = [_entry(1, "Alpha", 200), _entry(1, "Beta", 400)]
    titles = [line("All of it", 40 * n, Kind.HEADING, size=20) for n in range(1, others + 1)]
    names = [line(name, top, Kind.HEADING, size=14) for name, top in (("Alpha", 200), ("Beta", 400))]
    blocks = [*titles, *(each for name in names for each in (name, paragraph(name.box[1] + 20)))]
    assert [level for level, _ in _headings(*_settled(outline, page(*blocks), by_tex=by_tex))] == expected


def test_what_stands_between_the_title_and_the_first_stated_heading_is_none() -> None:
    outline = [_entry(1, "Alpha", 200), _entry(1, "Beta", 400)]
    blocks = [
        line("All of it", 40, Kind.HEADING, size=24),
        line("Ada Writer", 80, Kind.HEADING, size=11),
        *(each for name, top in (("Alpha", 200), ("Beta", 400)) for each in (line(name, top), paragraph(top + 20))),
    ]
    assert _headings(*_settled(outline, page(*blocks))) == [(1, "All of it"), (2, "Alpha"), (2, "Beta")]


@pytest.mark.parametrize("by_tex", [True, False])
def test_a_bold_title_in_the_size_of_text_is_one_above_headings_that_are_not(by_tex: bool) -> None:
    outline = [_entry(1, "Alpha", 200), _entry(1, "Beta", 400)]
    title = line("OF BIRDS", 50, Kind.HEADING, bold=True)
    parts = [line("1. Alpha", 200, Kind.HEADING), paragraph(220), line("2. Beta", 400, Kind.HEADING), paragraph(420)]
    pages = _settled(outline, page(title, line("A. Writer", 80), paragraph(100), *parts), by_tex=by_tex)
    assert _headings(*pages) == [(1, "OF BIRDS"), (1 + by_tex, "1. Alpha"), (1 + by_tex, "2. Beta")]


def test_a_bold_line_above_a_larger_heading_that_is_named_is_no_title() -> None:
    outline = [_entry(1, "Alpha", 200), _entry(2, "Beta", 400)]
    parts = [line("Alpha", 200, Kind.HEADING, size=16, bold=True), paragraph(220)]
    parts += [line("Beta", 400, Kind.HEADING, bold=True), paragraph(420)]
    pages = _settled(outline, page(line("Taken from elsewhere", 50, Kind.HEADING, bold=True), paragraph(80), *parts))
    assert _headings(*pages) == [(1, "Alpha"), (2, "Beta")]


def test_a_sign_of_another_font_in_a_heading_does_not_end_it() -> None:
    made = paragraph(100)
    made.spans = [Span("Use ", bold=True), Span("📊"), Span(" to learn", bold=True), Span(f" {BODY}")]
    pages = _settled([_entry(1, "Use 📊 to learn", 100)], page(made))
    assert _headings(*pages) == [(1, "Use 📊 to learn")]
