"""Formulas on their way into blocks and Markdown, whatever boxes the layout model has put around them."""

import pytest
from pymupdf4llm.helpers.document_layout import LayoutBox, PageLayout

from engine.convert.formulas.pageformulas import put_formulas
from engine.convert.page.blocks import Kind, RefinedPage
from engine.convert.refine.inline import Inline
from engine.convert.text.layoutblocks import read_blocks
from engine.convert.write.markdown import MarkdownWriter
from tests.engine.convert.formulas.setglyphs import ROMAN, SetPage


def read(page: SetPage, *boxes: LayoutBox) -> RefinedPage:
    put_formulas(page.text)
    refined = read_blocks(
        PageLayout(page_number=1, width=400, height=400, boxes=list(boxes), fulltext=[], words=[], links=[]), page.text
    )
    Inline().apply(refined, page.text)
    return refined


def with_text() -> SetPage:
    page = SetPage()
    for y in (60, 72, 84, 200, 212, 224):
        page.prose("The quick brown fox jumps over the lazy dog and goes on to the next", 50, y)
    return page


def equation(page: SetPage, y: float) -> None:
    x = page.put("y", 180, y)
    x = page.put("=", x + 3, y, font=ROMAN)
    page.put("x", x + 3, y)
    page.put("(1)", 335, y, font=ROMAN)


@pytest.mark.parametrize("kind", ["formula", "section-header", "text"])
def test_a_formula_set_apart_is_a_block_of_its_own_whatever_it_was_taken_for(kind: str) -> None:
    page = with_text()
    equation(page, 130)
    boxes = [
        LayoutBox(48, 50, 352, 88, "text"),
        LayoutBox(178, 120, 352, 134, kind),
        LayoutBox(48, 190, 352, 228, "text"),
    ]
    refined = read(page, *boxes)
    assert [block.kind for block in refined.blocks] == [Kind.PARAGRAPH, Kind.FORMULA, Kind.PARAGRAPH]
    assert MarkdownWriter().page(refined).split("\n\n")[1] == "$$y = x \\tag{1}$$"


def test_a_formula_within_a_box_parts_its_text() -> None:
    page = with_text()
    equation(page, 130)
    refined = read(page, LayoutBox(48, 50, 352, 228, "text"))
    assert [block.kind for block in refined.blocks] == [Kind.PARAGRAPH, Kind.FORMULA, Kind.PARAGRAPH]


def test_a_formula_in_no_box_stands_between_the_text_above_and_below() -> None:
    page = with_text()
    equation(page, 130)
    refined = read(page, LayoutBox(48, 50, 352, 88, "text"), LayoutBox(48, 190, 352, 228, "text"))
    assert [block.kind for block in refined.blocks] == [Kind.PARAGRAPH, Kind.FORMULA, Kind.PARAGRAPH]


def test_what_is_left_of_a_box_around_a_part_of_a_formula_is_nothing() -> None:
    page = with_text()
    equation(page, 130)
    refined = read(
        page,
        LayoutBox(48, 50, 352, 88, "text"),
        LayoutBox(178, 120, 300, 134, "formula"),
        LayoutBox(330, 120, 352, 134, "formula"),
        LayoutBox(48, 190, 352, 228, "text"),
    )
    assert sum(block.kind is Kind.FORMULA for block in refined.blocks) == 1


def test_formulas_in_a_line_stand_between_dollar_signs_with_blanks_and_punctuation_outside() -> None:
    page = with_text()
    x = page.prose("for each value of", 50, 96)
    x = page.put("x", x, 96)
    page.put("1", x, 98, 7, ROMAN)
    x = page.put(",", x + 3.5, 96, font=ROMAN)
    x = page.prose("and of", x + 3, 96)
    page.put("y", x, 96)
    page.prose("it", x + 8, 96)
    refined = read(page, LayoutBox(48, 50, 352, 100, "text"), LayoutBox(48, 190, 352, 228, "text"))
    assert MarkdownWriter().page(refined).split("\n\n")[0].endswith("for each value of $x_{1}$, and of $y$ it")
