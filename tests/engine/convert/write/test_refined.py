"""The writers of a refined document besides Markdown, and the document as a whole in all three."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.convert.open.context import MergeContext, Writer
from engine.convert.page.blocks import Block, Cell, Kind, RefinedPage, Span, UnsureWord
from engine.convert.page.pagemodel import PageModel
from engine.convert.write import refined
from engine.job.options import ConvertOptions

BOX = (1.0, 2.0, 3.0, 4.0)
HEAD = {"filename": "a.pdf", "page_count": 2, "toc": [[1, "One", 1]], "metadata": {"title": "A"}, "form_fields": {}}
NewWriter = Callable[[MergeContext], Writer]


def block(kind: Kind, text: str, **changes: Any) -> Block:
    return Block(kind, BOX, [Span(text)], **changes)


def _context(**options: Any) -> MergeContext:
    return MergeContext(
        HEAD | {"use_ocr": 0}, "a", "a.pdf", ConvertOptions(**options), Path(), pages=(), failed={}  # type: ignore[arg-type]
    )  # fmt: skip


def written(new_writer: NewWriter, *pages: list[Block] | tuple[int, str], **options: Any) -> str:
    writer = new_writer(_context(**options))
    texts = [
        writer.missing(*page)
        if isinstance(page, tuple)
        else writer.page(PageModel(number, refined=RefinedPage(number, 600.0, 800.0, page)))
        for number, page in enumerate(pages, 1)
    ]
    return "".join([writer.begin(), *texts, writer.end()])


def as_text(*pages: list[Block] | tuple[int, str], **options: Any) -> str:
    return written(refined.TextFile, *pages, **options)


def as_json(*pages: list[Block] | tuple[int, str]) -> Any:
    return json.loads(written(refined.JsonFile, *pages))


# --- text ---


def test_text_has_a_blank_line_between_blocks() -> None:
    text = as_text(
        [block(Kind.HEADING, "One", level=1), block(Kind.PARAGRAPH, " a * b\nc ")], [block(Kind.CODE, "  x")]
    )
    assert text == "One\n\na * b\nc\n\n  x\n\n"


def test_items_have_their_labels_and_what_is_in_them_is_indented() -> None:
    text = as_text(
        [
            block(Kind.LIST_ITEM, "a", label="1.", depth=1),
            block(Kind.LIST_ITEM, "b", depth=2),
            block(Kind.PARAGRAPH, "c\nd", depth=2),
        ]
    )
    assert text == "1. a\n\n  • b\n\n    c\n    d\n\n"


def test_columns_of_a_table_are_below_each_other() -> None:
    rows = [
        [Cell([Span("Place")], is_header=True), Cell([Span("n")])],
        [Cell([Span("Old\nquay")]), Cell([Span("41")])],
        [Cell()],
    ]
    assert as_text([Block(Kind.TABLE, BOX, rows=rows)]) == "Place     n\nOld quay  41\n\n\n"


def test_pictures_are_described_and_empty_blocks_left_out() -> None:
    pictures = [
        Block(Kind.PICTURE, BOX, alt="A cat"),
        Block(Kind.PICTURE, BOX, image="b.png"),
        block(Kind.PARAGRAPH, " "),
    ]
    assert as_text(pictures) == "[A cat]\n\n"


def test_text_has_running_heads_and_feet_only_if_asked_for() -> None:
    page = [block(Kind.PAGE_HEADER, "Head"), block(Kind.PARAGRAPH, "Text"), block(Kind.PAGE_FOOTER, "Foot")]
    assert as_text(page) == "Text\n\n"
    assert as_text(page, page_header=True) == "Head\n\nText\n\n"
    assert as_text(page, page_footer=True) == "Text\n\nFoot\n\n"


def test_a_page_that_failed_says_so() -> None:
    assert (
        as_text([block(Kind.PARAGRAPH, "a")], (2, "it burnt")) == "a\n\n[Page 2 could not be converted: it burnt]\n\n"
    )


# --- JSON ---


def test_json_has_the_document_and_its_pages() -> None:
    document = as_json([block(Kind.PARAGRAPH, "a")], (2, "it burnt"))
    assert {key: document[key] for key in HEAD} == HEAD
    (page,) = document["pages"]
    assert (page["page_number"], page["width"], page["height"]) == (1, 600.0, 800.0)


def test_json_of_a_block_has_its_text_style_and_structure() -> None:
    spans = [Span("a "), Span("b", bold=True, script=1, link="http://c/")]
    boxes = as_json(
        [
            Block(Kind.HEADING, BOX, spans, level=2, size=14.0),
            block(Kind.LIST_ITEM, "c", depth=2, label="a)", quote=1),
            Block(Kind.PICTURE, BOX, image="images/d.png", alt="A cat"),
        ]
    )["pages"][0]["boxes"]
    place = {"x0": 1.0, "y0": 2.0, "x1": 3.0, "y1": 4.0}
    assert boxes == [
        {
            **place,
            "boxclass": "section-header",
            "text": "a b",
            "header_level": 2,
            "size": 14.0,
            "spans": [{"text": "a "}, {"text": "b", "bold": True, "script": 1, "link": "http://c/"}],
        },
        {
            **place,
            "boxclass": "list-item",
            "text": "c",
            "depth": 2,
            "label": "a)",
            "quote": 1,
            "spans": [{"text": "c"}],
        },
        {**place, "boxclass": "picture", "text": "", "image": "images/d.png", "alt": "A cat"},
    ]


def test_json_has_the_words_that_may_have_been_read_wrong() -> None:
    page = RefinedPage(1, 600.0, 800.0, [], unsure=[UnsureWord("rnan", 0.5, BOX)])
    entry = json.loads(refined.JsonFile(_context()).page(PageModel(1, refined=page)))
    place = {"x0": 1.0, "y0": 2.0, "x1": 3.0, "y1": 4.0}
    assert entry["unsure_words"] == [{**place, "text": "rnan", "confidence": 0.5}]


def test_json_of_a_table_has_its_cells() -> None:
    rows = [[Cell([Span("A")], is_header=True, columns=2)], [Cell([Span("a")], rows=2), Cell()]]
    (box,) = as_json([Block(Kind.TABLE, BOX, rows=rows)])["pages"][0]["boxes"]
    assert box["text"] == "A\na\t"
    assert box["table"] == [[{"text": "A", "header": True, "colspan": 2}], [{"text": "a", "rowspan": 2}, {"text": ""}]]


# --- Markdown ---


def test_markdown_says_in_a_comment_which_page_failed() -> None:
    text = written(refined.MarkdownFile, [block(Kind.PARAGRAPH, "é")], (2, "it -- burnt"))
    assert text == "é\n<!-- Page 2 could not be converted: it - - burnt -->\n\n"


# --- checkpoints ---


def test_a_page_is_the_same_after_a_checkpoint() -> None:
    rows = [[Cell([Span("A", code=True)], is_header=True, columns=2)], [Cell(rows=3), Cell([Span("b\nc")])]]
    page = RefinedPage(
        3,
        600.0,
        800.0,
        [
            Block(Kind.TABLE, BOX, rows=rows, row_nodes=["0.1", "0.2"], node="0"),
            Block(Kind.CODE, BOX, [Span("  x\n\n", code=True, strike=True, script=-1, link="#a")], goes_on=True),
            Block(Kind.PICTURE, BOX, image="i.png", alt="x", depth=1, label="a", quote=2, level=3, size=4.0),
        ],
        unsure=[UnsureWord("rnan", 0.5, BOX)],
    )
    assert RefinedPage.from_json(json.loads(json.dumps(page.to_json()))) == page
