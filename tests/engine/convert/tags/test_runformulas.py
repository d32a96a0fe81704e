"""Formulas on tagged pages: LaTeX in the elements that hold their characters."""

import pymupdf

from engine.convert.page.blocks import Kind
from engine.convert.tags.tagreader import TagReader
from engine.convert.write.markdown import MarkdownWriter
from tests.engine.convert.glyphs import with_font
from tests.engine.convert.tagged_pdfs import TaggedPdf, pdf, tag

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


def markdown(data: bytes) -> str:
    return MarkdownWriter().page(TagReader(pymupdf.open("pdf", data)).read(1))


def test_a_formula_says_by_its_description_what_it_is() -> None:
    formula = tag("Formula", "x = y over 2", Alt=r"(\\[x = \\frac{y}{2}\\])")
    assert markdown(pdf(tag("Document", tag("P", PROSE), formula))).endswith("\n\n$$x = \\frac{y}{2}$$\n")


def test_in_a_line_it_stays_in_it() -> None:
    formula = tag("Formula", "x2", Alt="(LaTeX formula starts x^{2} LaTeX formula ends)")
    assert markdown(pdf(tag("Document", tag("P", "The square ", formula, " of it")))) == "The square $x^{2}$ of it\n"


def test_a_description_in_words_is_none() -> None:
    formula = tag("Formula", "x2", Alt="(x squared)")
    assert markdown(pdf(tag("Document", tag("P", "The square ", formula, " of it")))) == "The square x2 of it\n"


def test_a_file_of_its_own_goes_before_the_description() -> None:
    document = TaggedPdf(tag("Document", tag("P", PROSE), tag("Formula", "a b c", Alt="(x^2)")))
    source = document.add_stream(
        b"\\begin{align*} a &= b \\label{one} \\\\ &= c \\end{align*}",
        "/Type /EmbeddedFile /Subtype /application#2Fx-tex",
    )
    file = document.add(f"<</Type /Filespec /AFRelationship /Source /EF <</F {source} 0 R>>>>")
    document.element("Formula").entries["AF"] = f"[{file} 0 R]"
    shown = markdown(document.data())
    assert shown.endswith("$$\\begin{aligned} a &= b  \\\\ &= c \\end{aligned}$$\n")
