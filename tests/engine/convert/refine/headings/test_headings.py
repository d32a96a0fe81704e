"""What is a heading, and of what level."""

import pytest

from engine.convert.page.blocks import Block, Kind, RefinedPage, Span
from engine.convert.page.outlineentry import OutlineEntry
from engine.convert.refine.headings.headings import Headings
from tests.engine.convert.pages import BODY, block, line, page, paragraph, table, texts


def _settled(*pages: RefinedPage) -> list[RefinedPage]:
    step = Headings()
    for each in pages:
        step.observe(each)
    for each in pages:
        step.apply(each)
    return list(pages)


def _levels(*blocks: Block) -> list[tuple[int, str]]:
    (only,) = _settled(page(*blocks))
    return [(each.level, each.text) for each in only.blocks if each.kind is Kind.HEADING]


def test_text_larger_than_the_body_is_a_heading() -> None:
    assert _levels(line("Chapter", 50, size=20), paragraph(100), line("Section", 200, size=14), paragraph(300)) == [
        (1, "Chapter"),
        (2, "Section"),
    ]


def test_a_larger_line_that_more_of_it_follows_is_text() -> None:
    poem = [line(f"A line of verse, the {n}th", 50 + 20 * n, size=14) for n in range(5)]
    assert _levels(*poem, paragraph(300), paragraph(400), paragraph(500)) == []


def test_a_title_page_stays_as_it_is() -> None:
    title = page(
        line("The Title", 100, Kind.HEADING, size=30), line("A subtitle", 200, size=18), line("An author", 300, size=14)
    )
    pages = _settled(title, *(page(paragraph(100), paragraph(300), number=n) for n in (2, 3)))
    assert texts(pages[0], Kind.HEADING) == ["The Title"]


def test_a_numbered_bold_line_is_a_heading() -> None:
    assert _levels(line("1.2 What to do", 100, bold=True), paragraph(120)) == [(1, "1.2 What to do")]


def test_a_bold_line_is_one_where_the_document_has_others_like_it() -> None:
    seen = [line(f"Seen {n}", 100 * n, Kind.HEADING, bold=True) for n in (1, 2)]
    assert [
        text
        for _, text in _levels(
            seen[0], paragraph(120), seen[1], paragraph(220), line("Missed", 300, bold=True), paragraph(320)
        )
    ] == ["Seen 1", "Seen 2", "Missed"]


def test_a_bold_line_by_itself_is_text() -> None:
    assert _levels(line("Nota bene", 100, bold=True), paragraph(120)) == []


@pytest.mark.parametrize(
    ("size", "bold", "found"),
    [(8.25, True, [(1, "Words"), (1, "npm ci")]), (7.0, True, [(1, "Words")]), (8.25, False, [(1, "Words")])],
)
def test_bold_code_in_the_size_that_browsers_give_it_is_a_heading_beside_words(
    size: float, bold: bool, found: list[tuple[int, str]]
) -> None:
    words = line("Words", 100, Kind.HEADING, bold=True)
    code = block("npm ci", (50, 300, 90, 300 + size), Kind.HEADING, size=size, bold=bold, code=True)
    assert _levels(words, paragraph(120), paragraph(200), code, paragraph(320)) == found


def test_bold_labels_are_no_headings() -> None:
    assert _levels(line("Before:", 100, Kind.HEADING, bold=True), paragraph(120)) == []


def test_a_paragraph_is_no_heading() -> None:
    long = paragraph(120)
    long.kind = Kind.HEADING
    assert _levels(long, paragraph(220), paragraph(320), paragraph(420)) == []


def test_captions_bullets_and_what_is_in_a_table_are_no_headings() -> None:
    (only,) = _settled(
        page(
            line("Figure 3: A house", 50, Kind.HEADING),
            line("• An item", 80, Kind.HEADING),
            table([["a", "b"]], (50, 100, 550, 200)),
            line("A cell", 150, Kind.HEADING, bold=True),
            paragraph(300),
        )
    )
    assert [each.kind for each in only.blocks] == [
        Kind.CAPTION, Kind.LIST_ITEM, Kind.TABLE, Kind.PARAGRAPH, Kind.PARAGRAPH,
    ]  # fmt: skip


def test_small_print_is_no_heading() -> None:
    assert _levels(line("file.py", 100, Kind.HEADING, size=8, bold=True), paragraph(120)) == []


def test_plain_lines_stay_headings_where_the_model_says_so() -> None:
    assert _levels(line("Potato joust", 100, Kind.HEADING), paragraph(120)) == [(1, "Potato joust")]


def test_numbers_tell_levels_where_the_style_does_not() -> None:
    numbers = ("1 One", "1.1 Two", "1.1.1 Three", "References")
    blocks = []
    for place, text in enumerate(numbers):
        blocks += [line(text, 100 * (place + 1), Kind.HEADING, bold=True), paragraph(100 * place + 120)]
    assert [level for level, _ in _levels(*blocks)] == [1, 2, 3, 1]


def test_weight_and_slant_tell_levels_within_a_size() -> None:
    styles = [("A", True, False), ("B", True, True), ("C", False, True)]
    blocks = []
    for place, (text, bold, italic) in enumerate(styles):
        top = 100.0 * (place + 1)
        blocks.append(block(text, (50, top, 60, top + 12), Kind.HEADING, size=12, bold=bold, italic=italic))
        blocks.append(paragraph(top + 20))
    assert [level for level, _ in _levels(*blocks)] == [1, 2, 3]


def test_sizes_that_differ_by_rounding_are_one_level() -> None:
    assert [
        level
        for level, _ in _levels(
            line("A", 100, Kind.HEADING, size=14.0),
            paragraph(120),
            line("B", 200, Kind.HEADING, size=14.2),
            paragraph(220),
        )
    ] == [1, 1]


def test_levels_are_those_of_the_whole_document() -> None:
    first = page(line("Top", 100, Kind.HEADING, size=20), paragraph(130))
    second = page(line("Middle", 100, Kind.HEADING, size=15), paragraph(130), number=2)
    third = page(line("Low", 100, Kind.HEADING, size=12), paragraph(130), number=3)
    pages = _settled(first, second, third)
    assert [each.blocks[0].level for each in pages] == [1, 2, 3]


def test_there_are_no_more_than_six_levels() -> None:
    blocks = []
    for number in range(9):
        blocks += [line(f"H{number}", 80.0 * number, Kind.HEADING, size=40 - 3 * number), paragraph(80 * number + 30)]
    assert max(level for level, _ in _levels(*blocks)) == 6


def test_a_promoted_item_keeps_its_number() -> None:
    item = line("Goals", 100, Kind.LIST_ITEM, size=14)
    item.label, item.depth = "2.", 1
    assert _levels(item, paragraph(130)) == [(1, "2. Goals")]


def test_pages_read_by_their_tags_stay_as_they_are() -> None:
    tagged = page(
        block("Small", (50, 100, 90, 108), Kind.HEADING, size=8, node="0.1"),
        block("Large", (50, 150, 200, 174), size=24, node="0.2"),
    )
    tagged.blocks[0].level = 3
    _settled(tagged)
    assert [(each.kind, each.level) for each in tagged.blocks] == [(Kind.HEADING, 3), (Kind.PARAGRAPH, 0)]


def test_a_document_without_text_is_no_problem() -> None:
    _settled(page(), page(number=2))


def test_of_many_sizes_those_used_most_keep_their_levels() -> None:
    cover = [line(f"Cover {n}", 60 + 60 * n, Kind.HEADING, size=50 - 4 * n) for n in range(6)]
    pages = [page(*cover, paragraph(700))]
    for number in range(2, 8):
        chapter, section = (line("Chapter", 60, Kind.HEADING, size=16), line("Section", 200, Kind.HEADING, size=13))
        pages.append(page(chapter, paragraph(90), section, paragraph(230), number=number))
    _settled(*pages)
    levels = [each.level for each in pages[3].blocks if each.kind is Kind.HEADING]
    assert levels == [5, 6]


# --- what a model calls a heading ---


@pytest.mark.parametrize(
    ("text", "bold", "is_heading"),
    [
        ("It is so.", False, False),
        ("It is so.", True, True),
        ("IT IS SO.", False, True),
        ("It IS SO.", False, False),
        ("2024.", False, False),
        ("1.2 It is so.", False, True),
        ("Before,", True, False),
        ("Before;", True, False),
        ("Before:", True, False),
        ("1.2 Before:", True, True),
        ("x" * 100, False, True),
        ("x" * 101, False, False),
        ("x" * 101, True, True),
        ("***", True, False),
    ],
)
def test_in_the_size_of_the_body_a_heading_must_look_like_one(text: str, bold: bool, is_heading: bool) -> None:
    called = line(text, 100, Kind.HEADING, bold=bold)
    assert _levels(called, paragraph(120), paragraph(220)) == ([(1, text)] if is_heading else [])
    assert called.kind is (Kind.HEADING if is_heading else Kind.PARAGRAPH)


@pytest.mark.parametrize(("height", "is_heading"), [(60, True), (61, False)])
def test_a_block_of_more_than_four_lines_is_no_heading(height: float, is_heading: bool) -> None:
    called = block("Bold", (50, 100, 200, 100 + height), Kind.HEADING, bold=True)
    _levels(called, paragraph(200), paragraph(300))
    assert called.kind is (Kind.HEADING if is_heading else Kind.PARAGRAPH)


@pytest.mark.parametrize(("length", "is_heading"), [(400, True), (401, False)])
def test_a_whole_paragraph_in_large_print_is_no_heading(length: int, is_heading: bool) -> None:
    called = line("x" * length, 100, Kind.HEADING, size=20)
    _levels(called, paragraph(140), paragraph(240), paragraph(340), paragraph(440))
    assert called.kind is (Kind.HEADING if is_heading else Kind.PARAGRAPH)


def test_small_print_is_a_heading_only_with_a_number() -> None:
    assert _levels(line("Small", 100, Kind.HEADING, size=9, bold=True), paragraph(120)) == []
    assert _levels(line("2 Small", 100, Kind.HEADING, size=9, bold=True), paragraph(120)) == [(1, "2 Small")]


@pytest.mark.parametrize(("depth", "becomes"), [(0, 1), (3, 3)])
def test_a_bullet_taken_for_a_heading_is_an_item_of_its_list(depth: int, becomes: int) -> None:
    called = line("• An item", 80, Kind.HEADING)
    called.depth = depth
    assert _levels(called, paragraph(120)) == []
    assert (called.kind, called.depth) == (Kind.LIST_ITEM, becomes)


@pytest.mark.parametrize(
    ("left", "top", "is_heading"),
    [(320, 150, False), (50, 150, True), (570, 150, True), (320, 60, True), (320, 220, True)],
)
def test_what_lies_in_a_table_is_no_heading_and_what_is_beside_it_may_be(
    left: float, top: float, is_heading: bool
) -> None:
    called = line("Cell", top, Kind.HEADING, left=left, bold=True)
    _levels(called, table([["a", "b"]], (300, 100, 560, 200)), paragraph(300), paragraph(400))
    assert (called.kind is Kind.HEADING) is is_heading


# --- what a model has missed ---


def _is_found(missed: Block, *following: Block) -> bool:
    _levels(missed, *(following or (paragraph(200),)), paragraph(400), paragraph(500), paragraph(600))
    return missed.kind is Kind.HEADING


@pytest.mark.parametrize(
    ("text", "is_heading"),
    [
        ("A", True),
        ("A title.", True),
        ("A title:", True),
        ("A title,", False),
        ("A title;", False),
        ("2024", False),
        ("Figure 3", False),
        ("• An item", False),
        ("x" * 200, True),
        ("x" * 201, False),
    ],
)
def test_which_larger_lines_are_headings(text: str, is_heading: bool) -> None:
    assert _is_found(line(text, 100, size=14)) is is_heading


@pytest.mark.parametrize("end", [".", ",", ";", ":"])
def test_a_numbered_bold_line_with_such_an_end_is_text(end: str) -> None:
    assert _is_found(line("1.2 What to do", 100, bold=True))
    assert not _is_found(line(f"1.2 What to do{end}", 100, bold=True))


def test_a_numbered_bold_line_in_small_print_is_text() -> None:
    assert not _is_found(line("1.2 What to do", 100, size=9, bold=True), line("and what not", 120, size=8))


@pytest.mark.parametrize(("height", "is_heading"), [(63, True), (64, False)])
def test_a_larger_block_of_more_than_three_lines_is_text(height: float, is_heading: bool) -> None:
    assert _is_found(block("Large", (50, 100, 200, 100 + height), size=14)) is is_heading


def test_a_larger_line_at_the_end_is_the_heading_of_nothing() -> None:
    last = line("Yours sincerely", 700, size=14)
    assert _levels(paragraph(100), paragraph(200), paragraph(300), last) == []


@pytest.mark.parametrize(
    ("following", "is_heading"),
    [
        (line("Text in the same size", 130, size=14), False),
        (line("Text in a smaller size", 130, size=13), True),
        (line("Text in a larger size", 130, size=18), False),
        (line("A bold line", 130, size=14, bold=True), False),
        (block("x = 1", (50, 130, 90, 144), Kind.CODE, size=16, code=True), True),
        (block("", (50, 130, 90, 190), Kind.PICTURE, size=16), True),
        (block("An item", (50, 130, 90, 144), Kind.LIST_ITEM, size=16), True),
    ],
)
def test_a_heading_stands_over_something_that_is_set_otherwise(following: Block, is_heading: bool) -> None:
    assert _is_found(line("A title", 100, size=14), following) is is_heading


def test_a_bold_number_over_more_bold_text_is_text() -> None:
    assert not _is_found(line("1.2 What to do", 100, bold=True), line("All of this is bold", 120, bold=True))


def test_a_numbered_item_is_a_heading_unless_another_item_follows() -> None:
    for others, is_heading in ((0, True), (1, False)):
        items = [line(text, top, Kind.LIST_ITEM, size=14) for text, top in (("Goals", 100), ("Aims", 130))]
        for number, item in enumerate(items, 1):
            item.label, item.depth = f"{number}.", 1
        assert _is_found(items[0], *items[1 : 1 + others], paragraph(200)) is is_heading
    bullet = line("Goals", 100, Kind.LIST_ITEM, size=14)
    assert not _is_found(bullet)


@pytest.mark.parametrize(
    ("called", "uncalled", "is_heading"), [(1, 0, True), (1, 1, False), (2, 1, True), (2, 2, False), (0, 1, False)]
)
def test_a_style_is_believed_from_half_of_its_lines_on(called: int, uncalled: int, is_heading: bool) -> None:
    blocks: list[Block] = []
    for number in range(called + uncalled):
        kind = Kind.HEADING if number < called else Kind.PARAGRAPH
        blocks += [line(f"Bold {'abcdef'[number]}", 60 + 80 * number, kind, bold=True), paragraph(80 + 80 * number)]
    missed = line("Missed", 600, bold=True)
    _levels(*blocks, missed, paragraph(620))
    assert (missed.kind is Kind.HEADING) is is_heading


@pytest.mark.parametrize(("called", "bold", "is_heading"), [(3, True, True), (2, True, False), (3, False, False)])
def test_a_caption_is_a_heading_where_several_are_set_like_it(called: int, bold: bool, is_heading: bool) -> None:
    blocks: list[Block] = []
    for number in range(called):
        head = line(f"Head {'abc'[number]}", 60 + 80 * number, Kind.HEADING, bold=bold)
        blocks += [head, paragraph(80 + 80 * number)]
    caption = line("What was missed", 600, Kind.CAPTION, bold=bold)
    _levels(*blocks, caption, paragraph(620))
    assert (caption.kind is Kind.HEADING) is is_heading


@pytest.mark.parametrize(("plain", "is_heading"), [("xy", True), ("xyz", False)])
def test_a_line_is_bold_if_more_than_four_fifths_of_its_letters_are(plain: str, is_heading: bool) -> None:
    missed = line("", 100)
    missed.spans = [Span("1.2 abcd", bold=True), Span("efgh", bold=True), Span(f"{plain}")]
    missed.box = (50, 100, 200, 110)
    assert _is_found(missed) is is_heading


def test_a_line_found_is_no_item_any_more() -> None:
    item = line("Goals", 100, Kind.LIST_ITEM, size=14)
    item.label, item.depth = "2.", 1
    assert _is_found(item)
    assert (item.label, item.depth, item.text) == ("", 0, "2. Goals")


# --- levels ---


@pytest.mark.parametrize(
    ("uses", "levels"),
    [
        ([2, 2, 1, 2, 2, 2, 2], [1, 2, 2, 3, 4, 5, 6]),
        ([1, 2, 2, 2, 2, 2, 2], [1, 1, 2, 3, 4, 5, 6]),
        ([2, 2, 2, 2, 2, 2, 1], [1, 2, 3, 4, 5, 6, 6]),
        ([2, 3, 1, 1, 3, 3, 3, 3], [1, 2, 2, 2, 3, 4, 5, 6]),
    ],
)
def test_of_more_than_six_sizes_the_rarest_is_on_the_level_above_it(uses: list[int], levels: list[int]) -> None:
    pages, heads = [], []
    for place, count in enumerate(uses):
        for _ in range(count):
            heads.append(line(f"Head {'abcdefgh'[place]}", 60, Kind.HEADING, size=60 - 5 * place))
            pages.append(page(heads[-1], paragraph(200), paragraph(300), number=len(pages) + 1))
    _settled(*pages)
    found = {each.text: each.level for each in heads}
    assert [found[f"Head {letter}"] for letter in "abcdefgh"[: len(uses)]] == levels


def test_a_number_of_three_parts_is_deeper_than_one_of_two_whatever_its_letters() -> None:
    numbers = ("1 Zebra", "1.1 zebra", "1.1.1 Zebra", "A.1 Annex", "2) Other")
    blocks = []
    for place, text in enumerate(numbers):
        blocks += [line(text, 100 * (place + 1), Kind.HEADING, bold=True), paragraph(100 * place + 120)]
    assert [level for level, _ in _levels(*blocks)] == [1, 2, 3, 2, 1]


def test_labels_that_are_no_headings_make_no_level() -> None:
    blocks = [
        line("Title", 50, Kind.HEADING, size=20),
        paragraph(80),
        line("Before:", 150, Kind.HEADING, size=10.5, bold=True),
        paragraph(170),
        line("Section", 250, Kind.HEADING, bold=True),
        paragraph(270),
    ]
    assert _levels(*blocks) == [(1, "Title"), (2, "Section")]


def test_a_style_of_which_as_many_are_labels_as_are_called_headings_makes_no_level() -> None:
    blocks = [line("Title", 50, Kind.HEADING, size=20), paragraph(80)]
    for place, text in enumerate(("Before:", "After:", "Then,")):
        blocks += [line(text, 150 + 100 * place, Kind.HEADING, size=10.5, bold=True), paragraph(170 + 100 * place)]
    blocks += [line("Section", 550, Kind.HEADING, bold=True), paragraph(570)]
    assert _levels(*blocks) == [(1, "Title"), (2, "Section")]


# --- what the size of the body is ---


def test_the_body_is_set_in_the_size_of_most_characters_not_of_the_longest_block() -> None:
    notes = [paragraph(60.0 + 50 * number, "x" * 100) for number in range(4)]
    quote = block("x" * 250, (50, 400, 550, 440), size=14)
    assert _levels(line("Chapter", 40, size=13), *notes, quote) == [(1, "Chapter")]


@pytest.mark.parametrize(("length", "is_heading"), [(300, True), (299, False)])
def test_a_page_has_text_if_three_tenths_of_it_are_in_the_size_of_the_body(length: int, is_heading: bool) -> None:
    missed = line("T" * 100, 50, size=20)
    flyer = page(missed, paragraph(100, "x" * length), block("x" * (900 - length), (50, 200, 550, 500), size=18))
    _settled(flyer, *(page(paragraph(100), paragraph(300), paragraph(500), number=n) for n in (2, 3, 4)))
    assert (missed.kind is Kind.HEADING) is is_heading


@pytest.mark.parametrize(("size", "is_heading"), [(9, False), (9.25, True), (10.75, True), (11, False)])
def test_what_is_a_tenth_larger_or_smaller_than_the_body_is_not_its_size(size: float, is_heading: bool) -> None:
    missed = line("A title", 50, size=20)
    other = page(missed, block("x" * 300, (50, 100, 550, 200), size=size))
    _settled(other, *(page(paragraph(100), paragraph(300), number=n) for n in (2, 3)))
    assert (missed.kind is Kind.HEADING) is is_heading


@pytest.mark.parametrize(("size", "is_heading"), [(11, True), (10.75, False)])
def test_a_line_a_tenth_larger_than_the_body_is_larger(size: float, is_heading: bool) -> None:
    assert _is_found(line("A title", 100, size=size)) is is_heading


@pytest.mark.parametrize(("size", "is_heading"), [(11, True), (10.75, False)])
@pytest.mark.parametrize("text", ["Figure 3", "Before:"])
def test_what_a_model_calls_a_heading_need_not_look_like_one_if_it_is_larger(
    text: str, size: float, is_heading: bool
) -> None:
    called = line(text, 100, Kind.HEADING, size=size)
    _levels(called, paragraph(120), paragraph(220))
    assert (called.kind is Kind.HEADING) is is_heading


@pytest.mark.parametrize(("size", "is_heading"), [(11, True), (10.75, False)])
def test_a_caption_need_not_be_bold_if_it_is_larger(size: float, is_heading: bool) -> None:
    blocks: list[Block] = []
    for number in range(3):
        blocks += [line("Head", 60 + 80 * number, Kind.HEADING, size=size), paragraph(80 + 80 * number)]
    caption = line("What was missed", 600, Kind.CAPTION, size=size)
    _levels(*blocks, caption, paragraph(620))
    assert (caption.kind is Kind.HEADING) is is_heading


@pytest.mark.parametrize(("height", "is_heading"), [(60, True), (61, False)])
def test_a_block_whose_size_is_not_known_is_measured_as_one_of_ten_points(height: float, is_heading: bool) -> None:
    called = block("1.2 Bold", (50, 100, 200, 100 + height), Kind.HEADING, size=0, bold=True)
    _levels(called, paragraph(200), paragraph(300))
    assert (called.kind is Kind.HEADING) is is_heading


# --- what a style is used for ---


def _lines(*runs: int, called: int = 0) -> list[Block]:
    """Runs of so many larger lines with text between them; the first ones are called headings."""
    made: list[Block] = []
    for run in runs:
        top = 60.0 + 20 * len(made)
        words = ("alpha", "beta", "gamma", "delta", "epsilon")
        made += [line(f"The {words[number]}", top + 20 * number, size=14) for number in range(run)]
        made.append(paragraph(top + 20 * run))
    heads = [each for each in made if each.size == 14]
    for head in heads[:called]:
        head.kind = Kind.HEADING
    return made


@pytest.mark.parametrize(
    ("runs", "called", "is_heading"),
    [((2, 2, 1), 0, True), ((3, 2), 0, False), ((3, 2), 1, False), ((3, 2), 2, False), ((3, 1), 2, True)],
)
def test_a_style_of_which_more_than_two_fifths_run_on_is_text_unless_half_of_it_is_called_headings(
    runs: tuple[int, ...], called: int, is_heading: bool
) -> None:
    blocks = [*_lines(*runs, called=called), paragraph(500), paragraph(600)]
    last = [each for each in blocks if each.size == 14][-1]
    _levels(*blocks)
    assert (last.kind is Kind.HEADING) is is_heading


def test_paragraphs_and_empty_blocks_say_nothing_of_what_a_style_is_used_for() -> None:
    bold = [block(paragraph(0).text, (50, top, 550, top + 48), bold=True) for top in (60.0, 120.0, 180.0)]
    empty = [line("", top, size=14) for top in (240.0, 250.0, 260.0)]
    heads = [
        line("Seen A", 300, Kind.HEADING, bold=True),
        line("Seen B", 400, Kind.HEADING, bold=True),
        line("Seen C", 460, Kind.HEADING, size=14),
        line("Seen D", 500, Kind.HEADING, size=14),
    ]
    missed = [line("Missed E", 550, bold=True), line("Missed F", 600, size=14), line("Missed G", 630, size=14)]
    blocks = [*bold, *empty]
    for head in heads:
        blocks += [head, paragraph(head.box[1] + 20)]
    blocks += [missed[0], paragraph(570), *missed[1:], paragraph(660), paragraph(700), paragraph(760)]
    _levels(*blocks)
    assert [each.kind for each in missed[:2]] == [Kind.HEADING] * 2


def test_a_line_that_turns_out_to_be_text_after_all_is_judged_by_itself() -> None:
    late = line("A title", 100, Kind.PAGE_HEADER, size=14)
    only = page(late, paragraph(200), paragraph(300), paragraph(400))
    step = Headings()
    step.observe(only)
    late.kind = Kind.PARAGRAPH
    step.apply(only)
    assert late.kind is Kind.HEADING


@pytest.mark.parametrize("box", [(280, 140, 320, 150), (540, 140, 580, 150), (400, 90, 440, 110), (400, 190, 440, 210)])
def test_what_lies_in_the_middle_of_a_tables_edge_is_in_it(box: tuple[float, float, float, float]) -> None:
    called = block("Cell", box, Kind.HEADING, bold=True)
    _levels(called, table([["a", "b"]], (300, 100, 560, 200)), paragraph(300), paragraph(400))
    assert called.kind is Kind.PARAGRAPH


# --- what an outline leaves out ---


def _beside_an_outline(*others: Block, bold: bool = True, size: float = 10.0) -> None:
    """Settle these blocks on a page of which an outline names two lines, set like this."""
    named = [line(text, top, Kind.HEADING, size=size, bold=bold) for text, top in (("Alpha", 40), ("Beta", 120))]
    blocks = [named[0], paragraph(60), named[1], paragraph(140), *others, paragraph(700)]
    step = Headings([OutlineEntry(1, each.text, 1, None, each.box[1] - 8) for each in named])
    only = page(*blocks)
    step.observe(only)
    step.apply(only)
    assert [each.kind for each in named] == [Kind.HEADING] * 2


@pytest.mark.parametrize(
    ("text", "size", "italic", "is_heading"),
    [
        ("Gamma", 11, False, True),
        ("Gamma", 10.75, False, False),
        ("GAMMA", 10.75, False, True),
        ("Gamma:", 11, False, False),
        ("Gamma", 14, False, False),
        ("Gamma", 11, True, False),
    ],
)
def test_what_an_outline_leaves_out_is_a_heading_if_it_is_set_like_what_is_named(
    text: str, size: float, italic: bool, is_heading: bool
) -> None:
    missed = block(text, (50, 300, 100, 300 + size), size=size, bold=True, italic=italic)
    _beside_an_outline(missed, paragraph(330), size=size if size < 14 else 11)
    assert (missed.kind is Kind.HEADING) is is_heading


@pytest.mark.parametrize(("others", "is_heading"), [(1, True), (2, False)])
def test_what_an_outline_leaves_out_is_text_if_more_than_half_of_what_is_set_like_it_is(
    others: int, is_heading: bool
) -> None:
    missed = [line(f"Missed {'abc'[number]}", 300.0 + 80 * number, size=14) for number in range(1 + others)]
    _beside_an_outline(*(each for head in missed for each in (head, paragraph(head.box[1] + 20))), bold=False, size=14)
    assert [each.kind is Kind.HEADING for each in missed] == [is_heading] * (1 + others)


def test_what_an_outline_leaves_out_is_text_if_more_in_its_style_or_nothing_follows() -> None:
    missed, more = line("Missed", 300, size=14), line("and more", 320, size=14)
    _beside_an_outline(missed, more, size=14, bold=False)
    assert [missed.kind, more.kind] == [Kind.PARAGRAPH, Kind.HEADING]


def test_a_line_that_turns_out_to_be_text_is_judged_by_what_is_named_in_about_its_size() -> None:
    late = line("Late", 300, Kind.PAGE_HEADER, size=14.25)
    named = [line(text, top, Kind.HEADING, size=14) for text, top in (("Alpha", 40), ("Beta", 120))]
    only = page(named[0], paragraph(60), named[1], paragraph(140), late, paragraph(320))
    step = Headings([OutlineEntry(1, each.text, 1, None, each.box[1] - 8) for each in named])
    step.observe(only)
    late.kind = Kind.PARAGRAPH
    step.apply(only)
    assert late.kind is Kind.HEADING


@pytest.mark.parametrize(
    ("text", "size", "named_in", "is_heading"),
    [("Note", 11, 14, True), ("Note", 10.75, 14, False), ("NOTE", 10, 10, True), ("NOTE", 10, 14, False)],
)
def test_what_a_model_calls_a_heading_and_an_outline_does_not_is_larger_or_in_capitals_like_what_is_named(
    text: str, size: float, named_in: float, is_heading: bool
) -> None:
    called = line(text, 300, Kind.HEADING, size=size, bold=True)
    _beside_an_outline(called, paragraph(330), size=named_in)
    assert called.kind is (Kind.HEADING if is_heading else Kind.PARAGRAPH)


def test_what_an_outline_names_is_a_heading_though_it_does_not_look_like_one() -> None:
    labels = [line(text, top, Kind.HEADING) for text, top in (("Before:", 40), ("Figure 3", 120))]
    only = page(labels[0], paragraph(60), labels[1], paragraph(140), paragraph(240))
    step = Headings([OutlineEntry(2, each.text, 1, None, each.box[1] - 8) for each in labels])
    step.observe(only)
    step.apply(only)
    assert [(each.kind, each.level) for each in labels] == [(Kind.HEADING, 2)] * 2


def test_capitals_in_the_size_of_the_body_may_be_a_heading_where_one_that_is_named_is_set_like_them() -> None:
    named = [line("Alpha", 40, Kind.HEADING, size=14), line("Beta", 120, Kind.HEADING, bold=True)]
    called = line("NOTE", 300, Kind.HEADING, bold=True)
    only = page(named[0], paragraph(60), named[1], paragraph(140), called, paragraph(330))
    step = Headings([OutlineEntry(1, each.text, 1, None, each.box[1] - 8) for each in named])
    step.observe(only)
    step.apply(only)
    assert called.kind is Kind.HEADING


# --- what is set like headings that count ---


def _counting(size: float, *others: Block) -> None:
    blocks: list[Block] = []
    for place, number in enumerate(("I", "II", "III")):
        blocks += [line(f"{number}. SECTION", 40.0 + 80 * place, size=size), paragraph(60.0 + 80 * place)]
    _levels(*blocks, *others, paragraph(600), paragraph(700))
    assert [each.kind for each in blocks[::2]] == [Kind.HEADING] * 3


@pytest.mark.parametrize(
    ("text", "size", "is_heading"), [("The rest", 11, True), ("The rest", 9.25, False), ("THE REST", 9.25, True)]
)
def test_a_line_set_like_headings_that_count_is_one_if_it_is_set_apart_from_the_body(
    text: str, size: float, is_heading: bool
) -> None:
    missed = line(text, 400, size=size)
    _counting(size, missed, line("and what follows", 430, size=9))
    assert (missed.kind is Kind.HEADING) is is_heading


def test_a_line_in_the_slant_of_headings_that_count_is_one() -> None:
    def slanted(text: str, top: float) -> Block:
        return block(text, (50, top, 50 + 5 * len(text), top + 10), italic=True)

    missed = slanted("What is left", 500)
    _counting(10, slanted("A. This", 300), paragraph(320), slanted("B. That", 400), paragraph(420), missed)
    assert missed.kind is Kind.HEADING


def test_headings_without_any_text_have_levels() -> None:
    assert _levels(line("Top", 100, Kind.HEADING, size=20), line("Below", 200, Kind.HEADING, size=14)) == [
        (1, "Top"),
        (2, "Below"),
    ]


# --- headings at the beginning of a paragraph, which have a level from where they were found ---


def _run_in(top: float) -> Block:
    found = line("And so.", top, Kind.HEADING)
    found.level = 6
    return found


@pytest.mark.parametrize(
    ("sizes", "level"),
    [((), 2), ((20,), 2), ((20, 16), 3), ((24, 20, 16), 4), ((48, 40, 32, 26, 22, 18), 6), ((20, 16, 20), 3)],
)
def test_a_heading_within_a_paragraph_is_below_all_that_stand_by_themselves(sizes: tuple[int, ...], level: int) -> None:
    heads = [line(f"Part {n}", 40.0 + 90 * n, size=size) for n, size in enumerate(sizes)]
    blocks = [each for head in heads for each in (head, paragraph(head.box[1] + 30))]
    first, second = _run_in(620), _run_in(700)
    last = line("The end", 760, Kind.HEADING, size=20)
    _levels(*blocks, first, paragraph(640), second, *([last] if sizes else []))
    assert (first.kind, first.level, second.level) == (Kind.HEADING, level, level)
    assert not sizes or last.level == (sizes.index(20) + 1 if 20 in sizes else 5)


def test_a_heading_within_a_paragraph_is_below_what_an_outline_names() -> None:
    named = [line(text, top, Kind.HEADING, size=14) for text, top in (("Alpha", 40), ("Beta", 140))]
    found = _run_in(300)
    only = page(named[0], paragraph(60), named[1], paragraph(160), found, paragraph(320))
    levels = zip((1, 3), named, strict=True)
    step = Headings([OutlineEntry(level, each.text, 1, None, each.box[1] - 8) for level, each in levels])
    step.observe(only)
    step.apply(only)
    assert found.level == max(each.level for each in named) + 1 > 2


# --- headings that stand out from text that is set in, as in manual pages ---


def _manual(*others: Block) -> list[RefinedPage]:
    blocks: list[Block] = []
    for number, name in enumerate(("NAME", "SYNOPSIS", "OPTIONS")):
        top = 40.0 + 120 * number
        blocks += [line(name, top, bold=True), block(BODY, (90.0, top + 20, 550.0, top + 68))]
    return _settled(page(*blocks, *others, block(BODY, (90.0, 700.0, 550.0, 748.0))))


def test_what_stands_out_from_text_that_is_set_in_is_a_heading() -> None:
    below = line("Files", 420, Kind.CAPTION, left=70, bold=True)
    (only,) = _manual(below)
    assert [(each.level, each.text) for each in only.blocks if each.kind is Kind.HEADING] == [
        (1, "NAME"),
        (1, "SYNOPSIS"),
        (1, "OPTIONS"),
        (2, "Files"),
    ]


def test_what_is_set_in_with_the_text_is_no_heading_unless_it_is_larger() -> None:
    option = line("-v, --verbose", 400, Kind.HEADING, left=90, bold=True)
    as_large = line("As large as a heading", 430, Kind.HEADING, left=90, size=11)
    larger = line("A title", 460, Kind.HEADING, left=90, size=16)
    code = line("print(1)", 490, Kind.CODE, left=90)
    item = line("an item", 520, Kind.LIST_ITEM, left=90)
    _manual(option, as_large, larger, code, item)
    assert [each.kind for each in (option, as_large, larger, code, item)] == [
        Kind.PARAGRAPH,
        Kind.HEADING,
        Kind.HEADING,
        Kind.CODE,
        Kind.LIST_ITEM,
    ]


def test_a_table_of_a_manual_stays_one_and_what_follows_it_is_looked_at() -> None:
    cells = table([["a", "b"], ["c", "d"]], (90.0, 400.0, 300.0, 440.0))
    after = line("FILES", 460, bold=True)
    _manual(cells, after)
    assert cells.kind is Kind.TABLE
    assert (after.kind, after.level) == (Kind.HEADING, 1)


def test_a_heading_within_a_paragraph_of_a_manual_is_none_where_it_is_set_in() -> None:
    found = _run_in(400)
    found.box = (90.0, 400.0, 130.0, 410.0)
    _manual(found)
    assert found.kind is Kind.PARAGRAPH


@pytest.mark.parametrize("kind", [Kind.HEADING, Kind.PARAGRAPH])
@pytest.mark.parametrize("word", ["Note", "Important!", "WARNING:", "Hinweis", "Remarques", "Nota"])
def test_the_label_of_a_note_is_no_heading_in_the_size_of_text(word: str, kind: Kind) -> None:
    names = [line(name, 100, Kind.HEADING, bold=True) for name in ("Alpha", "Beta", "Gamma")]
    pages = [page(*(each for name in names for each in (name, paragraph(120))))]
    pages += [page(line(word, 100, kind, bold=True), paragraph(120), number=2)]
    assert [texts(each, Kind.HEADING) for each in _settled(*pages)] == [["Alpha", "Beta", "Gamma"], []]
    larger = _settled(page(line(word, 100, Kind.HEADING, size=14), paragraph(120), paragraph(220)))
    assert texts(larger[0], Kind.HEADING) == [word]


@pytest.mark.parametrize(("text", "is_heading"), [("8", False), ("112", False), ("2024", True)])
def test_a_number_that_may_be_a_pages_is_no_heading_in_the_size_of_text(text: str, is_heading: bool) -> None:
    pages = _settled(page(line(text, 100, Kind.HEADING), paragraph(120), paragraph(220)))
    assert bool(texts(pages[0], Kind.HEADING)) is is_heading


def test_several_sentences_in_the_size_of_text_are_no_heading() -> None:
    bold = "If you have it already, it may be running as a service. If so, please stop it before you begin."
    pages = _settled(page(line(bold, 100, Kind.HEADING, bold=True), paragraph(120), paragraph(220)))
    assert texts(pages[0], Kind.HEADING) == []
