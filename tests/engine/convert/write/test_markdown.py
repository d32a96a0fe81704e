"""The Markdown writer: each kind of block, and that what is read back is what was written."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.convert.page.blocks import Block, Cell, Kind, RefinedPage, Span
from engine.convert.write.markdown import MarkdownWriter, inline
from tests.engine.convert.markdown_reader import Chars, Read, Style, read_markdown, text_of

BOX = (0.0, 0.0, 1.0, 1.0)


def block(kind: Kind, *spans: Span | str, **changes: object) -> Block:
    return Block(kind, BOX, [Span(s) if isinstance(s, str) else s for s in spans], **changes)  # type: ignore[arg-type]


def paragraph(*spans: Span | str, **changes: object) -> Block:
    return block(Kind.PARAGRAPH, *spans, **changes)


def item(label: str, text: str, depth: int = 1, **changes: object) -> Block:
    return block(Kind.LIST_ITEM, text, label=label, depth=depth, **changes)


def cells(*rows: list[str | Cell]) -> Block:
    return Block(
        Kind.TABLE, BOX, rows=[[cell if isinstance(cell, Cell) else Cell([Span(cell)]) for cell in row] for row in rows]
    )


def write(*blocks: Block, **options: bool) -> str:
    return MarkdownWriter(**options).page(RefinedPage(1, 600.0, 800.0, list(blocks)))


# --- kinds of blocks ---


@pytest.mark.parametrize(("level", "marks"), [(0, "#"), (1, "#"), (3, "###"), (6, "######"), (9, "######")])
def test_a_heading_has_its_level(level: int, marks: str) -> None:
    assert write(block(Kind.HEADING, Span("One\ntwo", bold=True), level=level)) == f"{marks} One two\n"


def test_blocks_are_apart_and_items_of_a_list_are_not() -> None:
    written = write(paragraph("One"), item("•", "a"), item("•", "b"), paragraph("Two"), block(Kind.CAPTION, "Three"))
    assert written == "One\n\n- a\n- b\n\nTwo\n\nThree\n"


def test_lists_are_nested_and_numbered_as_they_were() -> None:
    written = write(
        item("3.", "c"), item("•", "x", 2), paragraph("more of x", depth=2), item("10)", "y", 2), item("4.", "d")
    )
    assert written == "3. c\n   - x\n\n     more of x\n\n   10. y\n4. d\n"


def test_a_list_below_an_item_that_begins_with_another_number_is_set_apart() -> None:
    written = write(item("8.", "a"), item("3.", "b", 2), item("4.", "c", 2), item("9.", "d"))
    assert written == "8. a\n\n   3. b\n   4. c\n9. d\n"


def test_a_label_that_markdown_does_not_have_is_text() -> None:
    assert write(item("a)", "text"), item("IV.", "text")) == "- a) text\n- IV. text\n"


def test_a_numbered_list_right_after_another_begins_anew() -> None:
    written = write(item("1.", "a"), item("2.", "b"), item("1.", "c"))
    assert [found.number for found in read_markdown(written)] == [1, 2, 1]


def test_a_listing_is_fenced_longer_than_any_fence_in_it() -> None:
    written = write(block(Kind.CODE, "```\n  x\n````\n\ny"))
    assert written == "`````\n```\n  x\n````\n\ny\n`````\n"


def test_a_listing_in_a_list_is_indented_with_it() -> None:
    (_, code) = read_markdown(write(item("1.", "a"), block(Kind.CODE, "x:\n    y\n\nz", depth=1)))
    assert (code.kind, code.depth, code.text) == ("code", 1, "x:\n    y\n\nz")


def test_a_quotation_has_a_mark_on_every_line() -> None:
    written = write(paragraph("a\nb", quote=1), paragraph("c", quote=1), paragraph("d", quote=2), paragraph("e"))
    assert written == "> a  \n> b\n>\n> c\n>\n> > d\n\ne\n"


def test_a_table_has_pipes_only_between_its_cells() -> None:
    written = write(cells(["A", "B"], ["a | b", Cell([Span("x|y", code=True)])], ["one\ntwo"]))
    assert written == "|A|B|\n|---|---|\n|a \\| b|`x\\|y`|\n|one<br>two||\n"


def test_a_table_with_spans_is_html() -> None:
    wide = Cell([Span("<A> & B", bold=True)], is_header=True, columns=2)
    written = write(cells([wide], [Cell([Span("a", link="http://x.y/?a&b")], rows=3), "b\nc"]))
    assert written == (
        '<table>\n<tr>\n<th colspan="2"><b>&lt;A&gt; &amp; B</b></th>\n</tr>\n'
        '<tr>\n<td rowspan="3"><a href="http://x.y/?a&amp;b">a</a></td>\n<td>b<br>c</td>\n</tr>\n</table>\n'
    )


def test_a_picture_is_linked_or_described() -> None:
    picture = Block(Kind.PICTURE, BOX, image="images/a b.png", alt="A [b] cat")
    assert write(picture) == "![A \\[b\\] cat](<images/a b.png>)\n"
    picture.image = ""
    assert write(picture) == "*A [b] cat*\n"
    picture.alt = ""
    assert write(picture) == ""


def test_running_heads_and_feet_are_left_out_unless_wanted() -> None:
    blocks = [block(Kind.PAGE_HEADER, "Head"), paragraph("Text"), block(Kind.PAGE_FOOTER, "Foot")]
    assert write(*blocks) == "Text\n"
    assert write(*blocks, page_header=True) == "Head\n\nText\n"
    assert write(*blocks, page_footer=True) == "Text\n\nFoot\n"


def test_what_is_empty_leaves_no_trace() -> None:
    assert write(paragraph(" "), block(Kind.HEADING, ""), Block(Kind.TABLE, BOX), paragraph("a")) == "a\n"


def test_a_list_goes_on_from_page_to_page() -> None:
    writer = MarkdownWriter()
    pages = [[item("1.", "a")], [paragraph("more of a", depth=1), item("2.", "b")]]
    written = "".join(writer.page(RefinedPage(n, 600.0, 800.0, blocks)) for n, blocks in enumerate(pages, 1))
    assert written == "1. a\n\n   more of a\n\n2. b\n"


# --- text ---


@pytest.mark.parametrize(
    "text",
    [
        "a_b snake_case_name",
        "2 < 3 > 1",
        "R&D; AT&T",
        "50% #1 1.5",
        "(see [1])",
        "Wow!",
        "a - b",
        "~5 km",
        "x = y",
        "a~ b",
    ],
)
def test_no_more_is_escaped_than_must_be(text: str) -> None:
    assert len(inline([Span(text)])) - len(text) <= text.count("~")


@pytest.mark.parametrize(
    ("spans", "written"),
    [
        ([Span("a "), Span("b", bold=True), Span(" c")], "a **b** c"),
        ([Span("a"), Span("b", bold=True), Span("c")], "a**b**c"),
        ([Span("a "), Span("b ", bold=True), Span("c")], "a **b** c"),
        ([Span("b", bold=True), Span("i", italic=True)], "**b**<em>i</em>"),
        ([Span("Note:", bold=True), Span("text")], "**Note**:text"),
        ([Span("a", bold=True, italic=True, strike=True)], "~~***a***~~"),
        ([Span("x"), Span("2", script=1), Span("y", script=-1)], "x<sup>2</sup><sub>y</sub>"),
        ([Span("a`b", code=True)], "``a`b``"),
        ([Span("`", code=True)], "`` ` ``"),
        ([Span("See!"), Span("x]", link="http://a.b/c(d")], "See\\![x\\]](<http://a.b/c(d>)"),
        ([Span("x", link="http://a.b/c(d)"), Span(" y", link="http://a.b/c(d)", bold=True)], "[x](http://a.b/c(d)) [**y**](http://a.b/c(d))"),
        ([Span("x", link="http://a.b/ü <z>")], "[x](http://a.b/ü%20%3Cz%3E)"),
        ([Span("x", link="#page=3&y=4")], "x"),
        ([Span("x", link="#heading")], "[x](#heading)"),
    ],
)  # fmt: skip
def test_styles_are_written_with_marks_where_they_count(spans: list[Span], written: str) -> None:
    assert inline(spans) == written


PIECES = [
    "<b>", "&amp;", "&#35;", "http://a.b/c", "1. ", "- ", "# ", "> ", "```", "~~~", "[x](y)", "![x](y)", "[x]: y",
    "<!-- ", "--", "---", "===", "***", "| a | b |", "-|-", "`` ` ``", "**a**", "_a_", "~~a~~", "~a~", "\\*", "a_b_c",
    "&copy;", "1) ", "+ ", "[^1]", "\\", "    x", "\t", "<https://a.b>", "\n# ", "\n1. ", "\n\n", "\n---", "x\n===",
]  # fmt: skip
TEXTS = st.lists(
    st.one_of(st.sampled_from(PIECES), st.text(" \nabZé中€*_#>|<&[]!~\\`.()-+=:/\"'12", max_size=4)), max_size=6
).map("".join)
LINKS = [
    "",
    "",
    "",
    "",
    "http://a.b/",
    "http://a.b/c(d",
    "http://a.b/x y",
    "http://a.b/\\*_[]|",
    "#a-b",
    "mailto:x@y.z",
]
SOMETIMES = st.sampled_from([False, False, False, True])
SPANS = st.builds(
    Span, TEXTS, SOMETIMES, SOMETIMES, SOMETIMES, SOMETIMES, st.sampled_from([0, 0, 0, 1, -1]), st.sampled_from(LINKS)
)
TEXT = TEXTS.filter(str.strip)
CODE = st.lists(
    st.sampled_from(["```", "````x", "~~~", "  a", "\tb", "", "- c", "> d", "`"]), min_size=1, max_size=5
).map("\n".join)


def lines(text: str) -> list[str]:
    """As they are read: without blanks around and without empty ones."""
    return [" ".join(line.split()) for line in text.split("\n") if line.strip()]


@settings(max_examples=150)
@given(TEXT)
def test_any_text_is_read_back(text: str) -> None:
    plain = [
        paragraph(text),
        paragraph(text, quote=1),
        block(Kind.HEADING, text, level=2),
        item("•", text),
        item("1.", text),
        cells(["h"], [text]),
    ]
    for each in plain:
        (found,) = read_markdown(write(each))
        chars = found.rows[1][0] if each.rows else found.chars
        expected = lines(text) if each.kind is not Kind.HEADING else lines(text.replace("\n", " "))
        assert lines(text_of(chars)) == expected
        assert {style for char, style in chars if not char.isspace()} == {Style()}


@settings(max_examples=250)
@given(st.lists(SPANS, min_size=1, max_size=4).filter(lambda spans: "".join(s.text for s in spans).strip() != ""))
def test_any_styles_are_read_back(spans: list[Span]) -> None:
    for each in (paragraph(*spans), cells(["h"], [Cell(spans)])):
        (found,) = read_markdown(write(each))
        assert_same(found.rows[1][0] if each.rows else found.chars, spans)


def assert_same(found: Chars, spans: list[Span]) -> None:
    """The same text, and letters and digits in the same style; code is nothing but code."""
    expected = [(char, span) for span in spans for char in span.text if not char.isspace()]
    visible = [(char, style) for char, style in found if not char.isspace()]
    assert text_of(visible) == "".join(char for char, _ in expected)
    for (char, style), (_, span) in zip(visible, expected, strict=True):
        assert style.code == span.code
        if char.isalnum():
            assert (style.script, bool(style.link)) == (span.script, bool(span.link))
            if not span.code:
                assert (style.bold, style.italic, style.strike) == (span.bold, span.italic, span.strike)


@st.composite
def documents(draw: st.DrawFn) -> list[Block]:
    """Blocks as readers make them: no item is more than one level below the one before."""
    blocks: list[Block] = []
    depth = quote = 0
    numbers: dict[int, int] = {}
    for _ in range(draw(st.integers(1, 8))):
        kind = draw(
            st.sampled_from([Kind.PARAGRAPH, Kind.HEADING, Kind.LIST_ITEM, Kind.LIST_ITEM, Kind.CODE, Kind.TABLE])
        )
        text = draw(st.sampled_from(["a", "b # c", "1. d", "- e\n- f", "g|h", "> i", "[j](k)"]))
        if kind is Kind.LIST_ITEM:
            depth = draw(st.integers(1, depth + 1))
            label = draw(st.sampled_from(["•", "1."]))
            numbers = {at: number for at, number in numbers.items() if at <= depth}
            if label == "1.":
                numbers[depth] = numbers.get(depth, draw(st.sampled_from([0, 0, 2]))) + 1
                label = f"{numbers[depth]}."
            else:
                numbers.pop(depth, None)
            blocks.append(item(label, text, depth, quote=quote))
            continue
        if kind is Kind.HEADING or draw(st.booleans()):
            depth, numbers = 0, {}
            quote = draw(st.sampled_from([0, 0, 0, 1, 2]))
        if kind is Kind.CODE:
            blocks.append(block(kind, draw(CODE), depth=depth, quote=quote))
        elif kind is Kind.TABLE:
            blocks.append(cells(["h", text], [text, "x"]))
            blocks[-1].depth, blocks[-1].quote = depth, quote
        else:
            level = draw(st.integers(1, 6)) if kind is Kind.HEADING else 0
            blocks.append(block(kind, text, level=level, depth=depth, quote=quote))
    return blocks


KINDS = {
    Kind.PARAGRAPH: "paragraph",
    Kind.HEADING: "heading",
    Kind.LIST_ITEM: "item",
    Kind.CODE: "code",
    Kind.TABLE: "table",
}


def outline(found: Read) -> tuple[object, ...]:
    text = found.text if found.kind == "code" else lines(found.text)
    rows = [[lines(text_of(cell)) for cell in row] for row in found.rows]
    return (found.kind, text, found.level, found.depth, found.quote, found.number, rows)


def expected_outline(each: Block) -> tuple[object, ...]:
    is_numbered = each.kind is Kind.LIST_ITEM and each.label != "•"
    text: object = each.text if each.kind is Kind.CODE else [] if each.rows else lines(each.text)
    if each.kind is Kind.HEADING:
        text = lines(each.text.replace("\n", " "))
    rows = [[lines(cell.text) for cell in row] for row in each.rows]
    number = int(each.label[:-1]) if is_numbered else None
    return (KINDS[each.kind], text, each.level, each.depth, each.quote, number, rows)


@settings(max_examples=300)
@given(documents())
def test_any_structure_is_read_back(blocks: list[Block]) -> None:
    assert [outline(found) for found in read_markdown(write(*blocks))] == [expected_outline(each) for each in blocks]
