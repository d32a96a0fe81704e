"""Formulas on tagged pages: LaTeX in the elements that hold their characters."""

import pymupdf

from engine.convert.page.blocks import Kind
from engine.convert.tags.tagreader import TagReader
from engine.convert.write.markdown import MarkdownWriter
from tests.engine.convert.glyphs import with_font
from tests.engine.convert.tagged_pdfs import tag

ITALIC = "<</Type /Font /Subtype /Type1 /BaseFont /CMMI10 /Encoding /WinAnsiEncoding>>"
PROSE = "Some words of an ordinary paragraph stand here before anything else does"


def test_a_formula_of_a_tagged_page_is_latex() -> None:
    data = with_font(ITALIC, "(a=b)", tag("P", PROSE), tag("P", PROSE))
    page = TagReader(pymupdf.open("pdf", data)).read(1)
    assert MarkdownWriter().page(page).split("\n\n")[-1] == "$a = b$\n"
    assert page.blocks[-1].kind is Kind.PARAGRAPH


def test_without_the_step_it_is_its_characters() -> None:
    data = with_font(ITALIC, "(a=b)", tag("P", PROSE), tag("P", PROSE))
    page = TagReader(pymupdf.open("pdf", data)).read(1, formulas=False)
    assert page.blocks[-1].text == "a=b"
