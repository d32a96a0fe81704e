"""What is a heading, and of what level."""

from engine.convert.page.blocks import Block, Kind, RefinedPage
from engine.convert.refine.headings import Headings
from tests.engine.convert.pages import block, line, page, paragraph, table, texts


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
