"""Pages read by their tags: what every element becomes, and which pages are not read that way."""

import pymupdf
import pytest

from engine.convert.page.blocks import Block, Kind, RefinedPage
from engine.convert.tags import tagreader
from engine.convert.tags.structuretree import NoStructure
from engine.convert.tags.tagreader import TagReader
from engine.convert.write.markdown import MarkdownWriter
from tests.engine.convert.tagged_pdfs import (
    Artifact,
    Kid,
    NextPage,
    Picture,
    TaggedPdf,
    Text,
    Untagged,
    item,
    listing,
    pdf,
    table,
    tag,
)


def read_all(data: bytes, *, trusting: bool = False) -> list[RefinedPage]:
    document = pymupdf.open("pdf", data)
    reader = TagReader(document)
    return [reader.read(number, trusting=trusting) for number in range(1, document.page_count + 1)]


def read(*kids: Kid, role_map: dict[str, str] | None = None) -> list[Block]:
    return read_all(pdf(*kids, role_map=role_map))[0].blocks


def markdown(*kids: Kid, role_map: dict[str, str] | None = None) -> str:
    return MarkdownWriter().page(read_all(pdf(*kids, role_map=role_map))[0])


def kinds(blocks: list[Block]) -> list[tuple[Kind, str]]:
    return [(block.kind, block.text) for block in blocks]


def refusal(data: bytes) -> str:
    with pytest.raises(NoStructure) as raised:
        read_all(data)
    return str(raised.value)


# --- elements ---


def test_text_stays_as_it_is() -> None:
    text = r'"quotes" \u0041 \\ </font> {"json": 1}'
    assert read(tag("Document", tag("P", text)))[0].text == text


def test_headings_have_the_level_of_their_tag() -> None:
    blocks = read(tag("Document", tag("H1", "One"), tag("H2", "Two"), tag("H", "Any"), tag("H6", "Six")))
    assert [(block.kind, block.level, block.text) for block in blocks] == [
        (Kind.HEADING, 1, "One"),
        (Kind.HEADING, 2, "Two"),
        (Kind.HEADING, 0, "Any"),
        (Kind.HEADING, 6, "Six"),
    ]


def test_a_paragraph_is_one_block_whatever_it_is_in() -> None:
    blocks = read(tag("Document", tag("Sect", tag("Div", tag("P", "First line\nsecond line"), tag("P", "Next")))))
    assert kinds(blocks) == [(Kind.PARAGRAPH, "First line second line"), (Kind.PARAGRAPH, "Next")]


def test_list_items_have_label_and_depth() -> None:
    inner = tag("L", item("a)", "Deeper"), item("b)", tag("P", "Deeper too"), tag("P", "and on")))
    blocks = read(tag("L", item("1.", "One", inner), item("2.", tag("P", "Two"))), tag("P", "After"))
    assert [(block.kind, block.label, block.depth, block.text) for block in blocks] == [
        (Kind.LIST_ITEM, "1.", 1, "One"),
        (Kind.LIST_ITEM, "a)", 2, "Deeper"),
        (Kind.LIST_ITEM, "b)", 2, "Deeper too"),
        (Kind.PARAGRAPH, "", 2, "and on"),
        (Kind.LIST_ITEM, "2.", 1, "Two"),
        (Kind.PARAGRAPH, "", 0, "After"),
    ]


def test_a_label_that_is_part_of_the_text_is_told_from_it() -> None:
    blocks = read(tag("L", tag("LI", tag("LBody", tag("P", "• Bullet"))), tag("LI", tag("LBody", "3. Number"))))
    assert [(block.label, block.text) for block in blocks] == [("•", "Bullet"), ("3.", "Number")]


def test_a_table_has_its_cells_and_their_spans() -> None:
    blocks = read(
        tag(
            "Table",
            tag("Caption", "Boats"),
            tag("THead", tag("TR", tag("TH", "Place"), tag("TH", "Count", A="<</O /Table /ColSpan 2>>"))),
            tag(
                "TBody",
                tag("TR", tag("TD", "Quay", A="[<</O /Layout>> <</O /Table /RowSpan 2>>]"), tag("TD"), tag("TD", "7")),
                tag("TR", tag("TD", "1"), tag("TD", tag("P", "2"), tag("P", "more"))),
            ),
        )
    )
    assert kinds(blocks)[0] == (Kind.CAPTION, "Boats")
    found = blocks[1]
    assert [[(cell.text, cell.is_header, cell.columns, cell.rows) for cell in row] for row in found.rows] == [
        [("Place", True, 1, 1), ("Count", True, 2, 1)],
        [("Quay", False, 1, 2), ("", False, 1, 1), ("7", False, 1, 1)],
        [("1", False, 1, 1), ("2\nmore", False, 1, 1)],
    ]
    assert len(set(found.row_nodes)) == 3


def test_text_in_a_table_that_is_in_no_cell_is_kept() -> None:
    row = tag("TR", "India ", tag("P", "Golf "), tag("TD", "Hotel"))
    blocks = read(tag("Table", "Alpha", tag("P", "Bravo"), row, tag("TD", "Juliett")))
    text = " ".join(block.text for block in blocks).split()
    assert sorted(text) == ["Alpha", "Bravo", "Golf", "Hotel", "India", "Juliett"]


def test_code_keeps_its_lines_and_their_indentation() -> None:
    assert kinds(read(tag("P", "Before"), listing("def f():", "    return 1", "f()"), tag("P", "After"))) == [
        (Kind.PARAGRAPH, "Before"),
        (Kind.CODE, "def f():\n    return 1\nf()"),
        (Kind.PARAGRAPH, "After"),
    ]


def test_lines_of_code_that_are_paragraphs_each_are_one_block() -> None:
    lines = [tag("Preformatted", Text(line, font="cour", size=11)) for line in ("if x:", "    y()", "z()")]
    blocks = read(tag("P", "Before"), *lines, role_map={"Preformatted": "P"})
    assert [block.kind for block in blocks] == [Kind.PARAGRAPH, Kind.CODE]
    assert blocks[1].text.split() == ["if", "x:", "y()", "z()"]
    assert len(blocks[1].text.split("\n")) >= 3


def test_code_within_a_line_is_a_style() -> None:
    (block,) = read(tag("P", "Call ", tag("Code", "f()"), " now"))
    assert [(span.text, span.code) for span in block.spans] == [("Call ", False), ("f()", True), (" now", False)]


def test_a_link_is_on_its_text() -> None:
    (block,) = read(tag("P", "See ", tag("Link", "there", uri="https://example.org/a(b)"), " and on"))
    assert [(span.text, span.link) for span in block.spans] == [
        ("See ", ""),
        ("there", "https://example.org/a(b)"),
        (" and on", ""),
    ]


def test_a_link_within_the_document_names_its_page() -> None:
    pages = read_all(pdf(tag("P", "See ", tag("Link", "page two", page=1), " and on", NextPage(), "of it")))
    assert pages[0].blocks[0].spans[1].link.startswith("#page=2")


def test_each_of_many_links_is_on_its_own_text() -> None:
    blocks = read(*(tag("P", tag("Link", f"word {n}", uri=f"https://example.org/{n}")) for n in range(35)))
    assert [(span.text, span.link) for block in blocks for span in block.spans] == [
        (f"word {n}", f"https://example.org/{n}") for n in range(35)
    ]


def test_strong_and_emphasis_are_styles() -> None:
    (block,) = read(tag("P", "A ", tag("Strong", "b"), " ", tag("Em", "c"), " ", tag("Strong", tag("Em", "d")), " e"))
    styled = [(span.text, span.bold, span.italic) for span in block.spans if span.bold or span.italic]
    assert styled == [("b", True, False), ("c", False, True), ("d", True, True)]


def test_a_quotation_is_counted_in_its_blocks() -> None:
    blocks = read(tag("BlockQuote", tag("P", "One"), tag("BlockQuote", tag("P", "Two"))), tag("P", "None"))
    assert [(block.text, block.quote) for block in blocks] == [("One", 1), ("Two", 2), ("None", 0)]


def test_a_figure_has_its_place_and_description() -> None:
    blocks = read(tag("P", "Before"), tag("Figure", Picture(60), Alt="(A grey\n square)"), tag("Caption", "Grey"))
    assert [block.kind for block in blocks] == [Kind.PARAGRAPH, Kind.PICTURE, Kind.CAPTION]
    assert blocks[1].alt == "A grey square"
    left, top, right, bottom = blocks[1].box
    assert (right - left, bottom - top) == pytest.approx((60, 60), abs=1)


def test_text_in_a_figure_is_kept() -> None:
    blocks = read(tag("P", "Before"), tag("Figure", Picture(60), tag("P", "Inside"), Alt="(Grey)"))
    assert [block.text for block in blocks if block.kind is not Kind.PICTURE] == ["Before", "Inside"]


def test_a_note_is_a_footnote() -> None:
    assert kinds(read(tag("P", "Text"), tag("Note", "A note"))) == [
        (Kind.PARAGRAPH, "Text"),
        (Kind.FOOTNOTE, "A note"),
    ]


def test_a_note_within_a_sentence_follows_its_block() -> None:
    note = tag("Note", "A note")
    blocks = read(
        tag("P", "One ", note, tag("Strong", "goes"), " on"), tag("L", item("•", tag("LBody", "Two ", note, "too")))
    )
    assert kinds(blocks) == [
        (Kind.PARAGRAPH, "One goes on"),
        (Kind.FOOTNOTE, "A note"),
        (Kind.LIST_ITEM, "Two too"),
        (Kind.FOOTNOTE, "A note"),
    ]


def test_a_table_of_contents_is_a_list() -> None:
    blocks = read(tag("TOC", tag("TOCI", tag("Reference", "One 1")), tag("TOC", tag("TOCI", "Two 2"))))
    assert [(block.kind, block.depth, block.text) for block in blocks] == [
        (Kind.LIST_ITEM, 1, "One 1"),
        (Kind.LIST_ITEM, 2, "Two 2"),
    ]


def test_leaders_of_contents_are_no_text() -> None:
    entries = tag("TOCI", "1 Birds ........ 3"), tag("TOCI", "2 Fish . . . . . 12"), tag("TOCI", "3 Etc. 20")
    written = markdown(tag("TOC", *entries), tag("P", "He paused .... and went on"))
    assert written.splitlines()[:3] == ["- 1 Birds 3", "- 2 Fish 12", "- 3 Etc. 20"]
    assert "paused .... and" in written


def test_what_stands_between_two_blanks_and_is_no_text_leaves_one() -> None:
    assert read(tag("P", tag("Span", "Birds "), tag("Span", " "), tag("Span", " 3")))[0].text == "Birds 3"


def test_roles_of_the_author_are_mapped_as_he_says() -> None:
    roles = {"Chapter": "H1", "Body#20Text": "P", "P": "P"}
    assert kinds(read(tag("Chapter", "One"), tag("Body#20Text", "Text"), tag("P", "More"), role_map=roles)) == [
        (Kind.HEADING, "One"),
        (Kind.PARAGRAPH, "Text"),
        (Kind.PARAGRAPH, "More"),
    ]


def test_styles_of_headings_that_are_mapped_to_paragraphs_are_headings() -> None:
    blocks = read(tag("Heading#202", "Two"), tag("P", "Text"), role_map={"Heading#202": "P"})
    assert (blocks[0].kind, blocks[0].level) == (Kind.HEADING, 2)


@pytest.mark.parametrize(
    "name", ["Odd#22name", "a#22#3e#3c#2fstruct#3e", "a#0ab", "#ff#fe#80", "N" * 5000, "caf#c3#a9"]
)
def test_roles_may_have_any_name(name: str) -> None:
    roles = {name: "P"}
    blocks = read(tag("H1", "One"), tag(name, "Two"), tag(name, "Three"), tag("P", "Four"), role_map=roles)
    assert [block.text for block in blocks] == ["One", "Two", "Three", "Four"]


@pytest.mark.parametrize("name", ["A#22B#3e#3cC#26", "A#ff#fe#80", "A#20#0aB", "S#c3#bcd"])
def test_fonts_may_have_any_name(name: str) -> None:
    made = TaggedPdf(tag("H1", "One"), tag("P", "Two"))
    font = made.add(f"<</Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding>>")
    made.resources = made.resources.replace("/helv ", f"/helv {font} 0 R /other ")
    assert [block.text for block in read_all(made.data())[0].blocks] == ["One", "Two"]


def test_characters_that_mean_something_in_xml_are_text() -> None:
    text = '<struct idx="0"> &amp; </struct> \' " > &lt;'
    assert [block.text for block in read(tag("P", text))] == [text]


# --- over pages ---


def test_an_element_on_two_pages_has_the_same_node_on_both() -> None:
    pages = read_all(pdf(tag("H1", "Title"), tag("P", "begins here and", NextPage(), "ends there"), tag("P", "Next")))
    first, second = pages[0].blocks[-1], pages[1].blocks[0]
    assert (first.text, second.text) == ("begins here and", "ends there")
    assert first.node
    assert first.node == second.node
    assert second.node != pages[1].blocks[1].node


def test_a_list_item_that_goes_on_is_no_new_item() -> None:
    pages = read_all(pdf(tag("L", item("1.", tag("P", "One"), NextPage(), tag("P", "more")), item("2.", "Two"))))
    assert [(block.kind, block.label, block.depth) for block in pages[1].blocks] == [
        (Kind.PARAGRAPH, "", 1),
        (Kind.LIST_ITEM, "2.", 1),
    ]


def test_a_table_on_two_pages_has_the_same_node_and_other_rows() -> None:
    rows = tag("TR", tag("TD", "a")), tag("TR", tag("TD", "b", NextPage(), "c")), tag("TR", tag("TD", "d"))
    first, second = (page.blocks[0] for page in read_all(pdf(tag("Table", *rows))))
    assert first.node == second.node
    assert len(first.row_nodes) == len(second.row_nodes) == 2
    assert first.row_nodes[1] == second.row_nodes[0]


# --- artifacts ---


def test_running_heads_and_feet_are_kept_apart() -> None:
    blocks = read(Artifact("Head", 30), tag("P", "Text"), Artifact("Foot", 800), tag("P", "More"))
    assert [(block.kind, block.text, block.node == "artifact") for block in blocks] == [
        (Kind.PAGE_HEADER, "Head", True),
        (Kind.PARAGRAPH, "Text", False),
        (Kind.PARAGRAPH, "More", False),
        (Kind.PAGE_FOOTER, "Foot", True),
    ]


def test_running_heads_are_read_only_where_they_are_wanted() -> None:
    reader = TagReader(pymupdf.open("pdf", pdf(Artifact("Head", 30), tag("P", "Text"))))
    assert [block.text for block in reader.read(1, furniture=False).blocks] == ["Text"]


def test_elements_that_are_artifacts_are_kept_apart_too() -> None:
    made = TaggedPdf(tag("P", "Text of the page"), tag("P", "Foot"))
    made.elements[-1].entries["S"] = "/Artifact"
    assert kinds(read_all(made.data())[0].blocks) == [
        (Kind.PAGE_HEADER, "Foot"),
        (Kind.PARAGRAPH, "Text of the page"),
    ]


def test_a_form_in_an_artifact_is_one() -> None:
    made = TaggedPdf(tag("P", "Text of the page"))
    content = b"BT /helv 9 Tf 72 800 Td (Head) Tj ET"
    form = made.add_stream(content, f"/Subtype /Form /BBox [0 0 595 842] /Resources <<{made.resources}>> ")
    made.resources += f" /XObject <</F {form} 0 R>>"
    made.contents[0] += b"/Artifact BMC /F Do EMC"
    assert kinds(read_all(made.data())[0].blocks) == [
        (Kind.PAGE_HEADER, "Head"),
        (Kind.PARAGRAPH, "Text of the page"),
    ]


def test_pages_that_share_their_content_are_read_alike() -> None:
    made = TaggedPdf(Artifact("Head", 30), tag("P", "Text"), NextPage(), tag("P", "x"))
    made.contents[1] = made.contents[0]
    pages = read_all(made.data())
    assert [block.text for block in pages[0].blocks] == ["Head", "Text"]


def test_a_page_is_as_it_was_when_it_has_been_read() -> None:
    reader = TagReader(pymupdf.open("pdf", pdf(Artifact("Head", 30), tag("P", "Text"))))
    once = reader.read(1)
    assert reader.load(1).get_text().split() == ["Head", "Text"]
    assert reader.read(1) == once


def test_a_page_is_as_it_was_when_it_could_not_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise NoStructure("there is something wrong with it")

    reader = TagReader(pymupdf.open("pdf", pdf(Artifact("Head", 30), tag("P", "Text"))))
    monkeypatch.setattr(tagreader, "read_elements", fail)
    with pytest.raises(NoStructure, match="something wrong"):
        reader.read(1)
    assert reader.load(1).get_text().split() == ["Head", "Text"]


# --- trust ---


def test_a_document_without_tags_is_refused() -> None:
    document = pymupdf.open()
    document.new_page().insert_text((72, 72), "Text")
    assert refusal(document.tobytes()) == "it has no tags"


def test_a_page_with_text_outside_its_tags_is_refused_alone() -> None:
    data = pdf(tag("P", "Some text"), Untagged("and some that is not tagged"), NextPage(), tag("P", "Good"))
    reader = TagReader(pymupdf.open("pdf", data))
    with pytest.raises(NoStructure, match=r"^its tags cover only \d\d% of the text$"):
        reader.read(1)
    assert [block.text for block in reader.read(2).blocks] == ["Good"]


def test_a_page_of_artifacts_is_refused() -> None:
    made = TaggedPdf(tag("P", "All of it"))
    made.contents[0] = b"/Artifact BMC " + made.contents[0] + b" EMC"
    assert refusal(made.data()) == "most of its text is tagged as decoration"


def test_paragraphs_only_are_refused_where_some_look_like_headings() -> None:
    data = pdf(tag("P", Text("Heading", size=24)), *[tag("P", "Words of the text. " * 4) for _ in range(4)])
    assert refusal(data) == "its tags are paragraphs only, although it has headings"
    assert len(read_all(data, trusting=True)[0].blocks) == 5


def test_tags_in_another_order_than_the_text_are_refused() -> None:
    made = TaggedPdf(tag("Document", *(tag("P", f"Line number {n}") for n in range(8))))
    made.element("Document").kids.reverse()
    assert refusal(made.data()) == "its tags are in another order than its text"


def test_notes_are_tagged_where_they_belong_and_stand_at_the_foot() -> None:
    lines, notes = ([tag(role, f"{role} number {n}") for n in range(4)] for role in ("P", "Note"))
    made = TaggedPdf(tag("Document", *lines, *notes))
    kids = made.element("Document").kids
    kids[:] = [kid for pair in zip(kids[:4], kids[4:], strict=True) for kid in pair]
    assert [block.text for block in read_all(made.data())[0].blocks][:3] == [
        "P number 0",
        "Note number 0",
        "P number 1",
    ]


def test_a_page_without_text_is_refused_if_it_may_be_a_scan() -> None:
    assert refusal(pdf(tag("P", "Text"), NextPage(), Artifact("1"))) in (
        "it has no text",
        "most of its text is tagged as decoration",
    )


# --- resources ---


def test_marks_may_be_named_in_the_resources() -> None:
    made = TaggedPdf(tag("P", "One"), tag("P", "Two"))
    made.contents[0] = made.contents[0].replace(b"<</MCID 1>>", b"/MC#2f0")
    made.resources += " /Properties <</MC#2f0 <</MCID 1>>>>"
    assert [block.text for block in read_all(made.data())[0].blocks] == ["One", "Two"]


def test_resources_may_be_those_of_the_page_tree() -> None:
    made = TaggedPdf(tag("P", "One"), tag("P", "Two"))
    made.contents[0] = made.contents[0].replace(b"<</MCID 1>>", b"/MC0")
    made.resources += " /Properties <</MC0 <</MCID 1>>>>"
    whole = f"/Resources <<{made.resources}>>".encode()
    data = made.data().replace(whole, b"").replace(b"<</Type /Pages", b"<<" + whole + b" /Type /Pages")
    assert [block.text for block in read_all(pymupdf.open("pdf", data).tobytes())[0].blocks] == ["One", "Two"]


def test_an_encrypted_document_is_read_with_its_password() -> None:
    document = pymupdf.open("pdf", pdf(tag("H1", "Secret"), Artifact("Head")))
    data = document.tobytes(encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="word", owner_pw="owner")
    again = pymupdf.open("pdf", data)
    assert again.authenticate("word")
    assert [block.text for block in TagReader(again).read(1).blocks] == ["Head", "Secret"]


def test_a_page_as_a_whole_reads_well() -> None:
    written = markdown(
        Artifact("Head"),
        tag("H1", "Title"),
        tag("P", "With ", tag("Link", "a link", uri="https://example.org/"), "."),
        tag("L", item("1.", "One"), item("2.", "Two")),
        table(["A", "B"], ["1", "2"]),
        listing("x = 1", "y = 2"),
    )
    assert written == (
        "# Title\n\nWith [a link](https://example.org/).\n\n1. One\n2. Two\n\n"
        "|A|B|\n|---|---|\n|1|2|\n\n```\nx = 1\ny = 2\n```\n"
    )
