"""A DoclingDocument: docling-core takes it, and finds in it what the blocks say."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings

from engine.convert.open.context import MergeContext
from engine.convert.page.blocks import Block, Cell, Continuation, Kind, RefinedPage, Span
from engine.convert.page.pagemodel import PageModel
from engine.convert.write.doclingfile import DoclingFile
from engine.job.options import ConvertOptions
from tests.engine.convert.pages import block, page, paragraph, table
from tests.engine.convert.write.test_markdown import documents

if TYPE_CHECKING:
    from docling_core.types.doc.document import DoclingDocument

BOX = (50.0, 100.0, 550.0, 140.0)


def written(*pages: RefinedPage, **options: Any) -> "DoclingDocument":
    from docling_core.types.doc.document import DoclingDocument  # it brings pandas, which takes a while to load

    sha256 = "1" * 48 + "00000000000000ff"
    head = {"metadata": {"title": "T"}}
    context = MergeContext(
        head,
        "a",
        "a.pdf",
        ConvertOptions(**options),
        Path(),
        iter(()),
        {},
        sha256=sha256,  # type: ignore[arg-type]
    )
    writer = DoclingFile(context)
    text = writer.begin() + "".join(writer.page(PageModel(each.number, refined=each)) for each in pages) + writer.end()
    return DoclingDocument.model_validate(json.loads(text))


def item(label: str, text: str, depth: int = 1) -> Block:
    found = block(text, BOX, Kind.LIST_ITEM, label=label)
    found.depth = depth
    return found


def heading(text: str, level: int) -> Block:
    found = block(text, BOX, Kind.HEADING)
    found.level = level
    return found


def test_it_says_what_it_was_made_of() -> None:
    document = written(page(paragraph(100)), page(paragraph(100), number=3))
    assert document.name == "a"
    assert document.origin is not None
    assert (document.origin.filename, document.origin.mimetype) == ("a.pdf", "application/pdf")
    assert document.origin.binary_hash == 255
    assert {number: (each.size.width, each.size.height) for number, each in document.pages.items()} == {
        1: (600, 800),
        3: (600, 800),
    }


def test_headings_have_their_levels_and_texts_their_places() -> None:
    text = block("Some text.", BOX)
    text.continued = [Continuation(2, (1.0, 2.0, 3.0, 4.0), 5)]
    document = written(page(heading("Top", 1), heading("Part", 2), heading("Deep", 6), text))
    assert document.export_to_markdown().split("\n\n") == ["# Top", "## Part", "###### Deep", "Some text."]
    places = [(p.page_no, p.bbox.as_tuple(), p.charspan) for p in document.texts[3].prov]
    assert places == [(1, BOX, (0, 5)), (2, (1.0, 2.0, 3.0, 4.0), (5, 10))]
    assert {p.bbox.coord_origin.value for p in document.texts[3].prov} == {"TOPLEFT"}


def test_lists_stand_in_lists_with_their_marks() -> None:
    document = written(
        page(item("1.", "One"), item("•", "Inner", 2), item("•", "More", 2), item("2.", "Two"), item("b)", "Lettered"))
    )
    assert document.export_to_markdown().split("\n") == [
        "1. One",
        "    - Inner",
        "    - More",
        "2. Two",
        "",
        "- b) Lettered",
    ]


def test_a_list_that_begins_again_is_another() -> None:
    document = written(page(item("1.", "One"), item("2.", "Two"), item("1.", "Anew")))
    assert [len(group.children) for group in document.groups] == [2, 1]


def test_what_is_in_an_item_is_apart_from_its_first_text() -> None:
    styled = Block(Kind.PARAGRAPH, BOX, [Span("and "), Span("bold", bold=True)], depth=1)
    document = written(page(item("•", "First"), styled, item("•", "Next")))
    assert document.export_to_markdown() == "- First\nand bold\n- Next"


def test_styles_and_links_are_kept_and_places_in_the_document_are_no_links() -> None:
    spans = [
        Span("see "),
        Span("this", bold=True, link="https://example.org/a"),
        Span(" and "),
        Span("that", link="#page=3"),
        Span(" or "),
        Span("x", code=True),
        Span(" "),
        Span("2", script=1),
        Span(" "),
        Span("e=m", math=True),
    ]
    document = written(page(Block(Kind.PARAGRAPH, BOX, spans)))
    found = [(str(each.label), each.text) for each in document.texts]
    assert found == [
        ("text", "see"),
        ("text", "this"),
        ("text", "and that or"),
        ("code", "x"),
        ("text", "2"),
        ("formula", "e=m"),
    ]
    link = document.texts[1]
    assert str(link.hyperlink) == "https://example.org/a"
    assert link.formatting is not None
    assert link.formatting.bold
    assert document.texts[4].formatting is not None
    assert document.texts[4].formatting.script.value == "super"
    assert [each.hyperlink for each in document.texts if each is not link] == [None] * 5


def test_cells_span_what_they_span() -> None:
    rows = [
        [Cell([Span("A")], is_header=True, columns=2), Cell([Span("B")], is_header=True)],
        [Cell([Span("tall")], rows=2), Cell([Span("1")]), Cell([Span("2")])],
        [Cell([Span("3")]), Cell([Span("4")])],
    ]
    document = written(page(Block(Kind.TABLE, BOX, rows=rows)))
    (found,) = document.tables
    assert (found.data.num_rows, found.data.num_cols) == (3, 3)
    assert [[cell.text for cell in row] for row in found.data.grid] == [
        ["A", "A", "B"],
        ["tall", "1", "2"],
        ["tall", "3", "4"],
    ]
    assert [cell.text for cell in found.data.table_cells if cell.column_header] == ["A", "B"]


def test_a_caption_belongs_to_its_table_and_a_picture_to_its_file() -> None:
    caption = block("Table 1: Two.", (50.0, 90.0, 550.0, 99.0), Kind.CAPTION)
    picture = Block(Kind.PICTURE, (50.0, 300.0, 194.0, 372.0), image="images/a-1.png", alt="A dog")
    document = written(page(caption, table([["a", "b"], ["c", "d"]], BOX), paragraph(200), picture), dpi=144)
    assert document.tables[0].caption_text(document) == "Table 1: Two."
    assert document.pictures[0].caption_text(document) == "A dog"
    image = document.pictures[0].image
    assert image is not None
    assert (str(image.uri), image.dpi, image.size.width, image.size.height) == ("images/a-1.png", 144, 288, 144)
    assert document.export_to_markdown().count("Table 1: Two.") == 1


def test_running_heads_are_furniture() -> None:
    document = written(page(block("Chapter", BOX, Kind.PAGE_HEADER), block("Text.", BOX)))
    assert document.texts[0].content_layer.value == "furniture"
    assert document.export_to_markdown() == "Text."


@pytest.mark.parametrize("kind", [Kind.PARAGRAPH, Kind.HEADING, Kind.LIST_ITEM, Kind.CODE, Kind.FOOTNOTE])
def test_what_is_empty_is_left_out(kind: Kind) -> None:
    assert not written(page(Block(kind, BOX))).texts


@given(blocks=documents())
@settings(max_examples=60)
def test_docling_finds_everything_in_its_order(blocks: list[Block]) -> None:
    document = written(page(*blocks))
    found = [text for each, _ in document.iterate_items() if (text := getattr(each, "text", None)) is not None]
    assert found == [each.text if each.kind is Kind.CODE else each.text.strip() for each in blocks if not each.rows]
    assert len(document.tables) == sum(bool(each.rows) for each in blocks)
