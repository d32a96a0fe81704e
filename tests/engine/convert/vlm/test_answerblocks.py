"""What a model writes becomes blocks: Markdown, HTML tables and LaTeX, well meant or not, and comes out as Markdown."""

import time
from typing import Any

import pytest

from engine.convert.page.blocks import Block, Box, Kind, RefinedPage, Span
from engine.convert.page.told import Element, Told
from engine.convert.refine.furniture import Furniture
from engine.convert.refine.headings.headings import Headings
from engine.convert.vlm.answerblocks import blocks_of
from engine.convert.vlm.readhtml import MOST_CELLS, read_tables
from engine.convert.vlm.readmarkdown import read_markdown
from engine.convert.write.markdown import MarkdownWriter
from tests.engine.convert.pages import HEIGHT, WIDTH

BOX: Box = (10.0, 20.0, 300.0, 60.0)
PAGE: Box = (0.0, 0.0, WIDTH, HEIGHT)


def said(category: str, text: str, box: Box | None = BOX) -> list[Block]:
    return blocks_of(Told([Element(category, box, text)]), (WIDTH, HEIGHT), lambda box: "")


def written(blocks: list[Block]) -> str:
    return MarkdownWriter().page(RefinedPage(1, WIDTH, HEIGHT, blocks, is_settled=True))


def shape(blocks: list[Block]) -> list[tuple[Any, ...]]:
    return [(block.kind, block.text, block.level or block.label) for block in blocks]


@pytest.mark.parametrize(
    ("category", "text", "expected"),
    [
        ("Title", "# A title", [(Kind.HEADING, "A title", 1)]),
        ("Title", "A title", [(Kind.HEADING, "A title", 1)]),
        ("Section-header", "### 1.2 Here", [(Kind.HEADING, "1.2 Here", 3)]),
        ("Section-header", "Here\nand there", [(Kind.HEADING, "Here and there", 2)]),
        ("Text", "One\ntwo.\n\nThree.", [(Kind.PARAGRAPH, "One two.", ""), (Kind.PARAGRAPH, "Three.", "")]),
        ("Text", "漢字\n仮名", [(Kind.PARAGRAPH, "漢字仮名", "")]),
        ("Text", "```\na  = 1\n```", [(Kind.CODE, "a  = 1", "")]),
        ("Text", "    not code", [(Kind.PARAGRAPH, "not code", "")]),
        ("List-item", "- One", [(Kind.LIST_ITEM, "One", "•")]),
        ("List-item", "• One\n• Two", [(Kind.LIST_ITEM, "One", "•"), (Kind.LIST_ITEM, "Two", "•")]),
        ("List-item", "3. Three", [(Kind.LIST_ITEM, "Three", "3.")]),
        ("List-item", "(a) One", [(Kind.LIST_ITEM, "One", "(a)")]),
        ("List-item", "One", [(Kind.LIST_ITEM, "One", "•")]),
        ("Caption", "# Figure 1", [(Kind.CAPTION, "Figure 1", "")]),
        ("Footnote", "1. See there.", [(Kind.FOOTNOTE, "1. See there.", "")]),
        ("Page-header", "Chapter 1", [(Kind.PAGE_HEADER, "Chapter 1", "")]),
        ("Page-footer", "12", [(Kind.PAGE_FOOTER, "12", "")]),
        ("Formula", "$$\nE = mc^2\n$$", [(Kind.FORMULA, "E = mc^2", "")]),
        ("Formula", r"\[ E = mc^2 \]", [(Kind.FORMULA, "E = mc^2", "")]),
        ("Picture", "", [(Kind.PICTURE, "", "")]),
        ("Text", "  ", []),
        ("Formula", "$$ $$", []),
        ("Caption", "", []),
        ("Title", "#", [(Kind.HEADING, "#", 1)]),
    ],
)
def test_each_category_is_a_kind_of_block(category: str, text: str, expected: list[tuple[Any, ...]]) -> None:
    blocks = said(category, text)
    assert shape(blocks) == expected
    assert all(block.box == BOX for block in blocks)


def test_a_picture_without_a_place_is_none_and_text_without_one_is_kept() -> None:
    assert said("Picture", "", None) == []
    (block,) = said("Text", "Words.", None)
    assert block.box == PAGE


def test_text_keeps_its_styles_links_and_formulas() -> None:
    (block,) = said(
        "Text",
        r"**b** *i* ~~s~~ `c` x<sup>2</sup> [l](https://a.example/) <b>B</b><br>$\frac{a}{b}$ and \(y_1\), $5 or $6",
    )
    spans = {span.text.strip(): span for span in block.spans}
    assert spans["b"].bold
    assert spans["i"].italic
    assert spans["s"].strike
    assert spans["c"].code
    assert spans["2"].script == 1
    assert spans["l"].link == "https://a.example/"
    assert spans["B"].bold
    assert spans[r"\frac{a}{b}"].math
    assert spans["y_1"].math
    assert spans[", $5 or $6"] == Span(", $5 or $6")
    assert "$\\frac{a}{b}$ and $y_1$" in written([block])


def test_lists_in_lists_and_what_belongs_to_an_item_keep_their_depth() -> None:
    blocks = read_markdown("1. One\n\n   More.\n\n   - In it\n2. ```\n   code\n   ```\n> Quoted", PAGE)
    assert [(b.kind, b.text, b.label, b.depth, b.quote) for b in blocks] == [
        (Kind.LIST_ITEM, "One", "1.", 1, 0),
        (Kind.PARAGRAPH, "More.", "", 1, 0),
        (Kind.LIST_ITEM, "In it", "•", 2, 0),
        (Kind.LIST_ITEM, "", "2.", 1, 0),
        (Kind.CODE, "code", "", 1, 0),
        (Kind.PARAGRAPH, "Quoted", "", 0, 1),
    ]


# --- tables ---


def cells(rows: list[list[Any]]) -> list[list[tuple[Any, ...]]]:
    return [[(c.text, c.is_header, c.columns, c.rows) for c in row] for row in rows]


def test_a_table_in_html_has_its_head_and_its_cells_over_several_columns() -> None:
    html = (
        "<table><thead><tr><th>a</th><th colspan='2'>b &amp; c</th></tr></thead>"
        "<tbody><tr><td rowspan=2>1<br>2</td><td><b>x</b></td><td>$y_1$</td></tr><tr><td></td><td>z</td></tr></table>"
    )
    (block,) = said("Table", html)
    assert cells(block.rows) == [
        [("a", True, 1, 1), ("b & c", True, 2, 1)],
        [("1\n2", False, 1, 2), ("x", False, 1, 1), ("y_1", False, 1, 1)],
        [("", False, 1, 1), ("z", False, 1, 1)],
    ]
    assert block.rows[1][1].spans[0].bold
    assert block.rows[1][2].spans[0].math


@pytest.mark.parametrize(
    "text",
    ["<table><tr><td>a</td><td>b</td></tr><tr><td>1</td><td>2</td></tr></table>", "|a|b|\n|---|---|\n|1|2|"],
)
def test_a_simple_table_comes_out_with_pipes(text: str) -> None:
    assert written(said("Table", text)) == "|a|b|\n|---|---|\n|1|2|\n"


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ("<table><tr><td>a", [["a"]]),
        ("<table><td>a<td>b<tr><td>c", [["a", "b"], ["c"]]),
        ("<table></table>", []),
        ("<table><tr><td>a<table><tr><td>in</td></tr></table>b</td></tr></table>", [["a\nin\nb"]]),
        ("<table><tr><td colspan='-5' rowspan='x'>a</td></tr></table>", [["a"]]),
        ("</td></table><table><tr><td>a</td></tr></table>", [["a"]]),
        ("<table><tr><td>a</td></tr></table><table><tr><td>b</td></tr></table>", [["a"], ["b"]]),
    ],
)
def test_html_that_is_not_as_it_should_be_loses_no_text(html: str, found: list[list[str]]) -> None:
    assert [[cell.text for cell in row] for rows in read_tables(html)[0] for row in rows] == found


@pytest.mark.parametrize(
    "html",
    [
        "<tr><td>a</td><td>b</td></tr>",
        "a<table><caption>b</caption></table>",
        "<table>a<tr>b</tr></table>",
        "<p>a</p>\n<table></table>\nb",
    ],
)
def test_text_that_is_in_no_cell_is_kept(html: str) -> None:
    assert "".join(block.text for block in said("Table", html)).split() in (["a", "b"], ["ab"])


def test_cells_over_a_million_columns_and_a_million_cells_are_bounded() -> None:
    (((row,),), _) = read_tables("<table><tr><td colspan=99999 rowspan=1000000>a</td></tr></table>")
    assert row[0].columns <= 200
    assert row[0].rows == 1
    many = read_tables("<table>" + "<tr>" + "<td>a" * 40_000)[0]
    assert sum(len(r) for rows in many for r in rows) <= MOST_CELLS


# --- what is meant to do harm ---


@pytest.mark.parametrize(
    ("category", "text"),
    [
        ("Text", "<script>alert(1)</script>"),
        ("Text", "<img src=x onerror=alert(1)>\n\n<div onclick=x>words</div>"),
        ("Formula", r"\text{<script>alert(1)</script>}"),
        ("Formula", "a\n\n<script>alert(1)</script>\n\n# b"),
        ("Text", "$a<script>b$ and $![x](javascript:1)$"),
        ("Text", "[x](javascript:alert(1)) <a href='javascript:1'>y</a> ![z](https://a.example/track.png)"),
        ("Table", "<table><tr><td><a href='data:text/html,x'>a</a><script>b</script></td></tr></table>"),
        ("Section-header", "<iframe src=x>"),
    ],
)
def test_nothing_that_a_page_says_becomes_html_or_a_link_that_runs(category: str, text: str) -> None:
    from tests.engine.convert.markdown_reader import MarkdownIt

    tokens = MarkdownIt("commonmark").parse(written(said(category, text)))
    flat = [child for token in tokens for child in [token, *(token.children or ())]]
    assert not [token for token in flat if token.type in ("html_block", "html_inline", "image")]
    assert not [token for token in flat if "javascript" in str(token.attrs) or "data:" in str(token.attrs)]


@pytest.mark.parametrize(
    "text",
    [
        "> " * 8_000 + "x",
        "- " * 8_000 + "x",
        "*" * 20_000,
        "[" * 20_000,
        "<b>" * 8_000,
        "$" * 20_001,
        "|a" * 8_000,
        "$a " * 12_000,
        "$$ a" * 8_000,
        "\\\\(" * 20_000,
        "\\\\[a" * 16_000,
        "`" * 20_000,
        "<a href=" * 8_000,
        "<table><tr><td>" * 4_000,
    ],
    ids=lambda text: text[:4],
)
def test_no_text_takes_long_to_read(text: str) -> None:
    started = time.process_time()
    blocks = said("Text", text)
    written(blocks)
    assert time.process_time() - started < 3


# --- what is settled ---


def test_document_steps_leave_what_a_model_says_is_a_heading_or_a_running_head() -> None:
    def pages() -> list[RefinedPage]:
        told = Told(
            [
                Element("Page-header", (10, 10, 300, 20), "Only here"),
                Element("Section-header", (10, 100, 300, 110), "#### Deep"),
                Element("Text", (10, 200, 300, 210), "**3. Not a heading**"),
            ]
        )
        return [RefinedPage(1, WIDTH, HEIGHT, blocks_of(told, (WIDTH, HEIGHT), lambda box: ""), is_settled=True)]

    (page,) = pages()
    for step in (Furniture(), Headings()):
        step.observe(page)
        step.apply(page)
    assert [page] == pages()
    assert RefinedPage.from_json(page.to_json()) == page
