"""Counts what reviewers have written onto a page in annotations that do not show it: notes, comments on marks."""

import pymupdf
from pymupdf import mupdf

_COMMENTED = frozenset(
    {
        mupdf.PDF_ANNOT_TEXT,
        mupdf.PDF_ANNOT_HIGHLIGHT,
        mupdf.PDF_ANNOT_UNDERLINE,
        mupdf.PDF_ANNOT_SQUIGGLY,
        mupdf.PDF_ANNOT_STRIKE_OUT,
        mupdf.PDF_ANNOT_CARET,
    }
)
"""Kinds whose text is to be read in a window of the reader's alone; that of a text box is on the page."""


def count_remarks(page: pymupdf.Page) -> int:
    """How many annotations of a page have a text that the page does not show."""
    pdf_page = pymupdf._as_pdf_page(page, required=False)
    annotation = mupdf.pdf_first_annot(pdf_page) if pdf_page.m_internal else None
    count = 0
    while annotation is not None and annotation.m_internal:
        if mupdf.pdf_annot_type(annotation) in _COMMENTED:
            count += bool((mupdf.pdf_annot_contents(annotation) or "").strip())
        annotation = mupdf.pdf_next_annot(annotation)
    return count
