"""Chunks: what stands together, what is cut where, and that nothing is lost, too long, or has another id next time."""

import json
import re
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.convert.open.context import MergeContext
from engine.convert.page.blocks import Block, Cell, Continuation, Kind, RefinedPage, Span
from engine.convert.page.pagemodel import PageModel
from engine.convert.write.chunks import ChunkFile
from engine.convert.write.textsize import measure, sentence_starts, tokens, word_starts
from engine.job.formats import Format
from engine.job.options import ChunkUnit, ConvertOptions
from tests.engine.convert.pages import block, table
from tests.places import DOCS

BOX = (1.0, 2.0, 3.0, 4.004)
WORDS = "the boats that come in at night are counted by hand in the morning and written into a book by the harbour"


def heading(text: str, level: int = 1) -> Block:
    return Block(Kind.HEADING, BOX, [Span(text)], level=level)


def paragraph(text: str) -> Block:
    return block(text, BOX)


def item(text: str, depth: int = 1) -> Block:
    return Block(Kind.LIST_ITEM, BOX, [Span(text)], depth=depth, label="•")


def words(number: int, mark: str = "w") -> str:
    """So many words, which are as many tokens; no two are the same."""
    return " ".join(
        f"{mark}{'abcdefghij'[n // 100]}{'abcdefghij'[n // 10 % 10]}{'abcdefghij'[n % 10]}" for n in range(number)
    )


def sentences(number: int, length: int) -> str:
    """Sentences of so many words, and a full stop each."""
    every = words(number * length).split()
    return " ".join(" ".join(every[n * length : (n + 1) * length]).capitalize() + "." for n in range(number))


def chunks(
    *pages: list[Block] | tuple[int, str] | None, source: str = "a/b.pdf", **options: Any
) -> list[dict[str, Any]]:
    """Of a document of these pages; None is one that was not selected."""
    asked = {"chunk_size": 40, "chunk_overlap": 0, **options}
    context = MergeContext({}, "b", "b.pdf", ConvertOptions(**asked), Path(), [], {}, source=source, sha256="f" * 64)
    writer = ChunkFile(context)
    texts = [writer.begin()]
    for number, page in enumerate(pages, 1):
        if isinstance(page, tuple):
            texts.append(writer.missing(*page))
        elif page is not None:
            texts.append(writer.page(PageModel(number, refined=RefinedPage(number, 600.0, 800.0, page))))
    return [json.loads(line) for line in "".join([*texts, writer.end()]).splitlines()]


def said(*pages: Any, **options: Any) -> list[str]:
    return [chunk["text"] for chunk in chunks(*pages, **options)]


# --- an entry ---


def test_a_chunk_says_what_it_is_and_where_it_is_from() -> None:
    (found,) = chunks([heading("One"), paragraph("Some text.")])
    assert {**found, "id": None} == {
        "id": None,
        "index": 0,
        "text": "# One\n\nSome text.",
        "headings": ["One"],
        "pages": [1, 1],
        "types": ["heading", "paragraph"],
        "tokens": 5,
        "characters": 17,
        "source": "a/b.pdf",
        "sha256": "f" * 64,
        "boxes": [{"page": 1, "x0": 1.0, "y0": 2.0, "x1": 3.0, "y1": 4.0}],
    }


def test_a_chunk_has_the_kinds_of_the_warnings_about_its_pages_and_its_document() -> None:
    writer = ChunkFile(
        MergeContext(
            {"kinds": ["layers"]}, "b", "b.pdf", ConvertOptions(chunk_size=16, chunk_overlap=0), Path(), [], {}
        )
    )
    texts = [
        writer.page(
            PageModel(number, refined=RefinedPage(number, 600.0, 800.0, [paragraph(words(16))]), notices=notices)
        )
        for number, notices in ((1, {"unsure": 1, "hidden": 9}), (2, {}))
    ]
    found = [json.loads(line) for line in "".join([*texts, writer.end()]).splitlines()]
    assert [chunk["warnings"] for chunk in found] == [["hidden", "unsure", "layers"], ["layers"]]


def test_an_empty_document_has_no_chunks() -> None:
    assert chunks() == chunks([]) == chunks([paragraph("  "), heading(""), Block(Kind.TABLE, BOX)]) == []


def test_failed_pages_and_those_not_selected_are_a_gap() -> None:
    found = chunks([paragraph(words(15))], (2, "it burnt"), None, [paragraph(words(15, "x"))])
    assert [(chunk["text"], chunk["pages"]) for chunk in found] == [(f"{words(15)}\n\n{words(15, 'x')}", [1, 4])]


def test_running_heads_are_in_no_chunk_unless_asked_for() -> None:
    page = [Block(Kind.PAGE_HEADER, BOX, [Span("Head")]), paragraph("Text")]
    assert said(page) == ["Text"]
    assert said(page, page_header=True) == ["Head\n\nText"]


def test_a_paragraph_over_two_pages_has_both_boxes() -> None:
    joined = paragraph(words(60))
    joined.continued = [Continuation(2, (5.0, 6.0, 7.0, 8.0), 150)]
    first, second = chunks([joined], [])
    assert [box["page"] for box in first["boxes"]] == [1, 2]
    assert [box["page"] for box in second["boxes"]] == [2]
    assert (first["pages"], second["pages"]) == ([1, 2], [2, 2])


# --- sections ---


def test_whole_blocks_are_packed_up_to_the_size() -> None:
    blocks = [paragraph(words(15, mark)) for mark in "abcde"]
    assert said(blocks) == [
        f"{words(15, 'a')}\n\n{words(15, 'b')}",
        f"{words(15, 'c')}\n\n{words(15, 'd')}",
        words(15, "e"),
    ]


def test_a_chunk_does_not_reach_over_the_heading_of_another_section() -> None:
    found = chunks([heading("A"), paragraph(words(12)), heading("B"), paragraph(words(12))])
    assert [chunk["headings"] for chunk in found] == [["A"], ["B"]]
    assert found[1]["text"].startswith("# B\n\n")


def test_the_path_has_the_headings_above() -> None:
    blocks = [
        heading("A"),
        heading("A.1", 2),
        paragraph(words(12)),
        heading("A.2", 2),
        paragraph(words(60)),
        heading("B"),
    ]
    found = [chunk["headings"] for chunk in chunks([*blocks, paragraph("x")])]
    assert found == [["A", "A.1"], ["A", "A.2"], ["A", "A.2"], ["B"]]


def test_tiny_sections_are_joined_unless_the_next_one_is_above() -> None:
    tiny = [heading("A", 2), paragraph("a"), heading("B", 2), paragraph("b"), heading("C"), paragraph("c")]
    found = chunks([heading("Top"), paragraph(words(20)), *tiny])
    assert [chunk["text"].splitlines()[0] for chunk in found] == ["# Top", "## A", "# C"]
    assert "## B" in found[1]["text"]
    assert found[1]["headings"] == ["Top"]


def test_the_end_of_a_section_is_not_joined_with_the_next_one() -> None:
    found = chunks([heading("A"), paragraph(words(36)), paragraph("end of it"), heading("B"), paragraph("b")])
    assert [chunk["headings"] for chunk in found] == [["A"], ["A"], ["B"]]


def test_a_chunk_that_is_half_full_ends_with_the_page() -> None:
    assert said([paragraph(words(20))], [paragraph("next")]) == [words(20), "next"]
    assert said([paragraph(words(19))], [paragraph("next")]) == [f"{words(19)}\n\nnext"]


def test_a_heading_longer_than_a_chunk_is_cut_as_text() -> None:
    found = chunks([heading(words(50)), paragraph("x")])
    assert all(chunk["tokens"] <= 40 for chunk in found)
    assert re.findall(r"\w+", " ".join(chunk["text"] for chunk in found)) == [*words(50).split(), "x"]


# --- long blocks ---


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    assert said([paragraph(sentences(7, 9))]) == [
        " ".join(re.findall(r"[A-Z][^.]*\.", sentences(7, 9))[first : first + 4]) for first in (0, 4)
    ]


def test_a_long_sentence_is_cut_between_words_and_a_long_word_anywhere() -> None:
    assert said([paragraph(words(50))]) == [words(40), " ".join(words(50).split()[40:])]
    assert [len(text) for text in said([paragraph("x" * 50)], chunk_size=20, chunk_unit="characters")] == [20, 20, 10]


def test_chinese_is_cut_between_sentences_and_characters() -> None:
    assert said([paragraph("这是一句话。" * 7)], chunk_size=20) == [
        "这是一句话。" * 3,
        "这是一句话。" * 3,
        "这是一句话。",
    ]
    assert said([paragraph("长" * 30)], chunk_size=20) == ["长" * 20, "长" * 10]


def test_a_long_table_is_cut_between_rows_and_every_part_has_the_head() -> None:
    rows = [["Place", "Boats"], *([f"quay {n}", str(n)] for n in range(12))]
    found = said([table(rows, BOX)])
    assert len(found) > 1
    assert all(text.startswith("|Place|Boats|\n|---|---|\n|quay ") for text in found)
    assert re.findall(r"quay (\d+)", "\n".join(found)) == [str(n) for n in range(12)]


def test_cells_over_rows_are_repeated_where_a_table_is_cut() -> None:
    rows = [[Cell([Span("Harbour")], is_header=True), Cell([Span("Boats")], is_header=True)]]
    rows += [[Cell([Span("North")], rows=12), Cell([Span("b0")])], *([Cell([Span(f"b{n}")])] for n in range(1, 12))]
    found = said([Block(Kind.TABLE, BOX, rows=rows)])
    assert len(found) > 1
    assert all(row.startswith("|North|b") for text in found for row in text.splitlines()[2:])


def test_a_row_longer_than_a_chunk_is_text() -> None:
    found = chunks([table([["A", "B"], [words(30), words(30, "x")], ["c", "d"]], BOX)])
    assert all(chunk["tokens"] <= 40 for chunk in found)
    text = " ".join(chunk["text"] for chunk in found)
    assert set(f"{words(30)} {words(30, 'x')} A B c d".split()) <= set(re.findall(r"\w+", text))


def test_a_listing_is_cut_between_lines_and_fenced_again() -> None:
    code = Block(Kind.CODE, BOX, [Span("\n".join(f"    call(number)  # {n}" for n in range(12)), code=True)])
    found = said([code])
    assert len(found) > 1
    assert all(text.startswith("```\n    call") and text.endswith("\n```") for text in found)
    assert re.findall(r"# (\d+)", "\n".join(found)) == [str(n) for n in range(12)]


def test_items_stay_whole_and_nested() -> None:
    found = said([item(words(15, "a")), item(words(15, "b"), 2), item(words(15, "c"), 2)])
    assert found == [f"- {words(15, 'a')}\n  - {words(15, 'b')}", f"- {words(15, 'c')}"]


def test_a_caption_stays_with_what_it_is_of() -> None:
    caption = Block(Kind.CAPTION, BOX, [Span(words(10, "c"))])
    picture = Block(Kind.PICTURE, BOX, image="images/a.png", alt="A cat")
    found = said([paragraph(words(30)), picture, caption])
    assert found == [words(30), f"![A cat](<images/a.png>)\n\n{words(10, 'c')}"]


def test_a_picture_of_which_nothing_is_said_is_in_no_chunk() -> None:
    assert said([Block(Kind.PICTURE, BOX, image="images/a.png"), paragraph("a")]) == ["a"]


def test_a_link_longer_than_a_chunk_loses_its_target_and_not_its_text() -> None:
    spans = [Span("see "), Span("the register of boats", link="https://example.org/" + "a/" * 200)]
    assert said([Block(Kind.PARAGRAPH, BOX, spans)]) == ["see", "the register of boats"]


# --- overlap ---


def test_a_chunk_begins_with_the_last_sentences_of_the_one_before() -> None:
    first, second = said([paragraph(sentences(4, 8)), paragraph(words(20, "x"))], chunk_overlap=20)
    last_two = " ".join(re.findall(r"[A-Z][^.]*\.", first)[2:])
    assert second == f"{last_two}\n\n{words(20, 'x')}"


def test_parts_of_a_paragraph_overlap_by_words_where_sentences_are_too_long() -> None:
    first, second = said([paragraph(words(60))], chunk_overlap=10)
    assert first.split() == words(40).split()
    assert second.split() == words(60).split()[30:]


def test_nothing_overlaps_from_one_section_to_the_next() -> None:
    found = said([heading("A"), paragraph(sentences(3, 9)), heading("B"), paragraph(words(20))], chunk_overlap=30)
    assert found[1] == f"# B\n\n{words(20)}"


# --- ids ---


def test_ids_are_the_same_every_time_and_another_files_are_not() -> None:
    pages = [heading("A"), paragraph(words(60))], [paragraph(words(60)), paragraph(words(60))]
    ids = [chunk["id"] for chunk in chunks(*pages)]
    assert ids == [chunk["id"] for chunk in chunks(*pages)]
    assert len(set(ids)) == len(ids)
    assert not set(ids) & {chunk["id"] for chunk in chunks(*pages, source="c.pdf")}


def test_a_changed_page_changes_the_ids_of_no_other_sections() -> None:
    rest = [[heading("B"), paragraph(words(70, "b"))], [heading("C"), paragraph(words(30, "c"))]]
    before = [c["id"] for c in chunks([heading("A"), paragraph(words(30))], *rest)]
    after = [c["id"] for c in chunks([heading("A"), paragraph(words(100, "x"))], *rest)]
    assert before[1:] == after[-len(before[1:]) :]


def test_in_a_text_without_headings_borders_come_together_again() -> None:
    pages = [[paragraph(words(12, f"p{n}")) for n in range(4)] for _ in range(8)]
    before, after = chunks(*pages), chunks([paragraph("changed")], *pages[1:])
    same = {c["text"] for c in before if c["pages"][0] > 2} & {c["text"] for c in after if c["pages"][0] > 2}
    assert same == {c["text"] for c in before if c["pages"][0] > 2}


# --- sizes ---


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("", 0),
        ("boats in it", 3),
        ("characters", 2),
        ("12345", 2),
        ("----", 1),
        ("中文字", 3),
        ("a.b", 3),
        ("Straße", 2),
    ],
)
def test_tokens_are_estimated(text: str, number: int) -> None:
    assert tokens(text) == number


def test_abbreviations_and_numbers_end_no_sentence() -> None:
    text = 'Dr. Smith paid 3.50 (cf. Fig. 2). He left. "Why?" asked A. Jones! Then… nothing.'
    starts = [0, *sentence_starts(text)]
    sentences_ = [text[start:end].strip() for start, end in pairwise([*starts, len(text)])]
    assert sentences_ == [
        "Dr. Smith paid 3.50 (cf. Fig. 2).",
        "He left.",
        '"Why?"',
        "asked A. Jones!",
        "Then…",
        "nothing.",
    ]


def test_dots_without_end_take_no_time() -> None:
    assert sentence_starts("." * 200_000) == []
    assert word_starts("\t" * 200_000) == []


# --- anything ---

TEXTS = st.lists(
    st.sampled_from([*WORDS.split(), "end.", "A", "中文。", "x_y*z", "x" * 70, "\n", "1. ", "#", "<b>", "|", "`"]),
    min_size=1,
    max_size=40,
).map(" ".join)
SPANS = st.builds(
    Span, TEXTS, st.booleans(), st.booleans(), st.just(False), st.booleans(), link=st.sampled_from(["", "https://a.b/"])
)


@st.composite
def blocks(draw: st.DrawFn) -> Block:
    kind = draw(st.sampled_from([k for k in Kind if k is not Kind.PICTURE]))
    if kind is Kind.TABLE:
        cells = st.builds(
            Cell, st.lists(SPANS, max_size=1), st.booleans(), st.sampled_from([1, 1, 2]), st.sampled_from([1, 1, 3])
        )
        return Block(kind, BOX, rows=draw(st.lists(st.lists(cells, min_size=1, max_size=3), min_size=1, max_size=6)))
    depth = draw(st.integers(0, 2)) if kind is not Kind.HEADING else 0
    spans = draw(st.lists(SPANS, min_size=1, max_size=3))
    if kind is Kind.CODE:
        spans = [Span(" ".join(span.text for span in spans), code=True)]
    return Block(
        kind,
        BOX,
        spans,
        level=draw(st.integers(0, 3)),
        depth=max(depth, kind is Kind.LIST_ITEM),
        label=draw(st.sampled_from(["", "•", "3.", "b)"])),
    )


LETTERS = re.compile(r"[^\W_]+")
MARKS = re.compile(r"</?(?:strong|em|del|sup|sub|code|table|t[rdh]|br?|i|s|a)\b[^>]*>|\]\(https://a\.b/\)")


def numbered(pages: list[list[Block]]) -> int:
    """Put a number of its own behind every word; returns how many there are."""
    numbers = count()
    for each in (each for page in pages for each in page):
        for span in [*each.spans, *(span for row in each.rows for cell in row for span in cell.spans)]:
            span.text = LETTERS.sub(lambda found: f"{found[0]}q{next(numbers)}q", span.text)
    return next(numbers)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(blocks(), max_size=5), max_size=3),
    st.sampled_from([40, 90]),
    st.sampled_from([0, 15]),
    st.sampled_from([*ChunkUnit]),
)
def test_nothing_is_lost_and_nothing_is_too_long(
    pages: list[list[Block]], size: int, overlap: int, unit: ChunkUnit
) -> None:
    size = size * 2 if unit is ChunkUnit.CHARACTERS else size
    total = numbered(pages)
    found = chunks(*pages, chunk_size=size, chunk_overlap=overlap, chunk_unit=unit, page_header=True, page_footer=True)
    of_unit = measure(unit)
    assert all(of_unit(chunk["text"]) <= size for chunk in found)
    assert all((chunk["tokens"], chunk["characters"]) == (tokens(chunk["text"]), len(chunk["text"])) for chunk in found)
    assert [chunk["index"] for chunk in found] == list(range(len(found)))
    assert len({chunk["id"] for chunk in found}) == len(found)
    together = "".join("".join(LETTERS.findall(MARKS.sub("", chunk["text"]))) for chunk in found)
    assert [number for number in range(total) if f"q{number}q" not in together] == []


# --- docs ---


def test_the_chunk_in_the_docs_is_one() -> None:
    docs = (DOCS / "configuration.md").read_text(encoding="utf-8")
    shown = json.loads(docs.partition("**`chunks`**")[2].partition("```json\n")[2].partition("```")[0])
    section = [heading("Harbour"), paragraph(words(30))]
    text = Block(Kind.PARAGRAPH, (72.0, 90.5, 301.2, 104.0), [Span("Boats are counted by hand.")])
    title = Block(Kind.HEADING, (72.0, 66.0, 120.4, 82.0), [Span("Boats")], level=2)
    found = chunks(section, None, [title, text], source=shown["source"])[-1]
    assert list(found) == list(shown)
    assert {**found, "index": 0, "sha256": shown["sha256"]} == shown


def test_the_command_in_the_docs_asks_for_formats_that_there_are() -> None:
    docs = (DOCS / "configuration.md").read_text(encoding="utf-8")
    asked = re.findall(r"^    hotfolio convert report\.pdf -f (\S*chunks\S*)$", docs, re.MULTILINE)
    assert [ConvertOptions(formats=formats).formats for formats in asked] == [  # type: ignore[arg-type]
        (Format.MD, Format.HTML, "chunks", "page-txt")
    ]
