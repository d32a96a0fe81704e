"""Finds what reviewers have written onto a page in annotations that do not show it: notes, comments on marks."""

from collections.abc import Sequence
from typing import Any

import pymupdf
from pymupdf import mupdf

from engine.convert.page.blocks import Box, Remark

_COMMENTED = {
    mupdf.PDF_ANNOT_TEXT: "text",
    mupdf.PDF_ANNOT_HIGHLIGHT: "highlight",
    mupdf.PDF_ANNOT_UNDERLINE: "underline",
    mupdf.PDF_ANNOT_SQUIGGLY: "squiggly",
    mupdf.PDF_ANNOT_STRIKE_OUT: "strikeout",
    mupdf.PDF_ANNOT_CARET: "caret",
    mupdf.PDF_ANNOT_SQUARE: "square",
    mupdf.PDF_ANNOT_CIRCLE: "circle",
    mupdf.PDF_ANNOT_POLYGON: "polygon",
    mupdf.PDF_ANNOT_POLY_LINE: "polyline",
    mupdf.PDF_ANNOT_LINE: "line",
    mupdf.PDF_ANNOT_INK: "ink",
    mupdf.PDF_ANNOT_FILE_ATTACHMENT: "fileattachment",
}
"""Kinds whose text is to be read in a window of the reader's alone; that of a text box is on the page."""
_LONGEST = 10_000
"""Characters of a remark."""
_LONGEST_MARKED = 300
"""Characters of what it marks."""


def find_remarks(page: pymupdf.Page) -> list[Remark]:
    """What annotations of a page say that the page does not show; boxes are those of the page without its rotation."""
    pdf_page = pymupdf._as_pdf_page(page, required=False)
    annotation = mupdf.pdf_first_annot(pdf_page) if pdf_page.m_internal else None
    words: list[tuple[Any, ...]] | None = None
    found: list[Remark] = []
    while annotation is not None and annotation.m_internal:
        kind = _COMMENTED.get(mupdf.pdf_annot_type(annotation))
        text = (mupdf.pdf_annot_contents(annotation) or "").replace("\r", "\n").strip() if kind else ""
        if kind and text:
            places = _marked_places(annotation, page)
            if places and words is None:
                words = page.get_text("words")
            marked = _words_in(places, words or [])
            box = tuple(pymupdf.Rect(mupdf.pdf_bound_annot(annotation)) * page.derotation_matrix)
            found.append(Remark(kind, box, text[:_LONGEST], _author(annotation), marked))
        annotation = mupdf.pdf_next_annot(annotation)
    return found


def _author(annotation: Any) -> str:
    said = mupdf.pdf_dict_gets(mupdf.pdf_annot_obj(annotation), "T")
    return " ".join(mupdf.pdf_to_text_string(said).split())[:100]


def _marked_places(annotation: Any, page: pymupdf.Page) -> list[pymupdf.Rect]:
    if not mupdf.pdf_annot_has_quad_points(annotation):
        return []
    quads = (
        mupdf.pdf_annot_quad_point(annotation, place) for place in range(mupdf.pdf_annot_quad_point_count(annotation))
    )
    return [pymupdf.Rect(mupdf.fz_rect_from_quad(quad)) * page.derotation_matrix for quad in quads]


def _words_in(places: Sequence[pymupdf.Rect], words: Sequence[tuple[Any, ...]]) -> str:
    inside = (str(word[4]) for word in words if any(_has_middle(place, word[:4]) for place in places))
    return " ".join(inside)[:_LONGEST_MARKED]


def _has_middle(place: pymupdf.Rect, box: Box) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return bool(place.x0 <= x <= place.x1 and place.y0 <= y <= place.y1)
