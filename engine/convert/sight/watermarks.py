"""Finds what is written across a page, over or under its text: watermarks, in its content or as stamps of reviewers."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import atan2, degrees
from typing import Any

import pymupdf
from pymupdf import mupdf

from engine.convert.page.blocks import Box, around
from engine.convert.sight.bearing import characters_in

_ASLANT, _LARGE, _HUGE = 1.5, 2.0, 20.0
"""Times the size of most text: what runs aslant, and what other text runs over; and points for either."""
_MOST_WORDS, _MOST_LINES = 8, 6
"""More words are a text, and more lines the labels of a drawing, unless they say the same."""
_LEAST_OVER = 2
"""Lines of other text that touch what is written across them."""
_HIDDEN = 2
_KINDS = frozenset({mupdf.PDF_ANNOT_STAMP, mupdf.PDF_ANNOT_WATERMARK})


@dataclass(frozen=True, slots=True)
class Watermark:
    """Text across a page."""

    text: str
    box: Box
    """As PyMuPDF gives text its places: without the page's rotation."""
    spans: Sequence[dict[str, Any]] = field(default=(), compare=False)
    """Of PyMuPDF's, in the page's content."""
    annotation: Any = field(default=None, compare=False)
    """What MuPDF has it in, if it is one."""


def watermarks(blocks: Iterable[dict[str, Any]]) -> list[Watermark]:
    """What is written across a page; `blocks` are those of a dictionary of PyMuPDF's."""
    lines = [line for block in blocks for line in block.get("lines", ()) if line["spans"]]
    large = [line for line in lines if line["spans"][0]["size"] >= _HUGE and characters_in(line)]
    if not large:
        return []
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[line["spans"][0]["size"]] += characters_in(line)
    body = sizes.most_common(1)[0][0]
    found = [line for line in large if _is_across(line, lines, body)]
    marks = [_watermark(group) for group in _together(found)]
    if len(marks) > _MOST_LINES and len({mark.text for mark in marks}) > 1:
        return []
    return [mark for mark in marks if len(mark.text.split()) <= _MOST_WORDS]


def stamps(page: pymupdf.Page) -> list[Watermark]:
    """The stamps that a page shows and that have text."""
    pdf_page = pymupdf._as_pdf_page(page, required=False)
    annotation = mupdf.pdf_first_annot(pdf_page) if pdf_page.m_internal else None
    found: list[Watermark] = []
    while annotation is not None and annotation.m_internal:
        if mupdf.pdf_annot_type(annotation) in _KINDS and not mupdf.pdf_annot_flags(annotation) & _HIDDEN:
            read = mupdf.FzStextPage(annotation, mupdf.FzStextOptions())
            text = " ".join(pymupdf.TextPage(read).extractText().split())
            if text:
                rect = pymupdf.Rect(mupdf.pdf_bound_annot(annotation)) * page.derotation_matrix
                found.append(Watermark(text, tuple(rect), annotation=annotation))
        annotation = mupdf.pdf_next_annot(annotation)
    return found


def hide(marks: Iterable[Watermark]) -> None:
    """Have what MuPDF reads of a page be without these stamps from now on."""
    for mark in marks:
        if mark.annotation is not None:
            mupdf.pdf_set_annot_flags(mark.annotation, mupdf.pdf_annot_flags(mark.annotation) | _HIDDEN)


@contextmanager
def without(marks: Sequence[Watermark]) -> Iterator[None]:
    """Within, what MuPDF reads of a page is without these stamps."""
    before = [(mark.annotation, mupdf.pdf_annot_flags(mark.annotation)) for mark in marks]
    hide(marks)
    try:
        yield
    finally:
        for annotation, flags in before:
            mupdf.pdf_set_annot_flags(annotation, flags)


def _is_across(line: dict[str, Any], lines: Sequence[dict[str, Any]], body: float) -> bool:
    size = line["spans"][0]["size"]
    if size < _ASLANT * body:
        return False
    if _is_aslant(line):
        return True
    if size < _LARGE * body:
        return False
    x0, y0, x1, y1 = line["bbox"]
    if abs(line["dir"][0]) > abs(line["dir"][1]):  # where its letters are, without the room above and below them
        y0, y1 = y0 + 0.25 * (y1 - y0), y1 - 0.25 * (y1 - y0)
    else:
        x0, x1 = x0 + 0.25 * (x1 - x0), x1 - 0.25 * (x1 - x0)
    over = 0
    for other in lines:
        left, top, right, bottom = other["bbox"]
        is_over = left < x1 and right > x0 and top < y1 and bottom > y0
        over += is_over and other["spans"][0]["size"] < size / _ASLANT and characters_in(other) > 2
    return over >= _LEAST_OVER


def _is_aslant(line: dict[str, Any]) -> bool:
    cos, sin = line["dir"]
    angle = degrees(atan2(sin, cos)) % 90
    return 3 < angle < 87


def _together(lines: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Lines in groups of those that follow each other in one direction, as the letters of a word may."""
    group: list[dict[str, Any]] = []
    for line in lines:
        if group and (_looks(group[-1]) != _looks(line) or _gap(group[-1], line) > 2):
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def _looks(line: dict[str, Any]) -> tuple[float, ...]:
    span = line["spans"][0]
    return (round(span["size"]), span["color"], *(round(value, 2) for value in line["dir"]))


def _gap(before: dict[str, Any], after: dict[str, Any]) -> float:
    """How far the beginnings of two lines are apart, less the length of the first, in sizes of their font."""
    (x0, y0), (x1, y1) = before["spans"][0]["origin"], after["spans"][0]["origin"]
    size = float(before["spans"][0]["size"])
    length = 0.5 * size * sum(len(span["text"]) for span in before["spans"])
    return float(max(((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5 - length, 0.0) / size)


def _watermark(lines: Sequence[dict[str, Any]]) -> Watermark:
    texts = ["".join(span["text"] for span in line["spans"]) for line in lines]
    words = " ".join(texts).split()
    text = ("" if all(len(word) == 1 for word in words) else " ").join(words)
    spans = [span for line in lines for span in line["spans"]]
    return Watermark(text, around(tuple(line["bbox"]) for line in lines), spans)
