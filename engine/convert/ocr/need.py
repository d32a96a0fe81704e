"""Whether a page is to be read by OCR, and which of its own text is worth keeping.

Text is good that is painted, or lies invisibly over a scan, and whose characters are known. A page with good text keeps
it. OCR is for the rest: pages without text, places whose characters are not known, and pictures that look like text to
the library's model.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pymupdf
from pymupdf import mupdf
from pymupdf4llm.ocr.analyze_page import OCR_MODEL_THRESHOLD, predict_ocr_probability
from pymupdf4llm.ocr.compute_ocr_features import compute_features

from engine.convert.page.blocks import Box
from engine.job.options import OcrMode

_TEXT = pymupdf.TEXT_MEDIABOX_CLIP | pymupdf.TEXT_IGNORE_ACTUALTEXT | pymupdf.TEXT_ACCURATE_BBOXES
_WITH_PICTURES = pymupdf.TEXT_ACCURATE_BBOXES | pymupdf.TEXT_PRESERVE_IMAGES | pymupdf.TEXT_COLLECT_VECTORS
_UNKNOWN = "\ufffd"
_MOST_UNKNOWN = 0.1
"""Share of a page's characters that may be unknown: bullets of a symbol font, say. The library's figure."""
_LITTLE_TEXT = 150
"""Characters; a page with fewer and a picture all over is a scan with a stamp, or with a line of a fax machine."""
_LEAST_LAYER = 10
"""Characters; fewer that are invisible are no text layer of a scan."""
_LEAST_WORDLIKE = 0.5
"""Share of letters and digits in a text layer; what a failed OCR leaves has fewer."""
_WHOLE_PAGE, _SMALL_PICTURE = 0.5, 0.02
"""Shares of the page's area."""
_MANY_PATHS = 20
"""Glyphs drawn as outlines: fewer are rules and boxes."""
_INLINE_PICTURE = re.compile(rb"\bBI\b")


@dataclass(frozen=True, slots=True)
class Need:
    """What OCR is to do on a page, and what is to become of its own text."""

    ocr: bool
    keep: tuple[Box, ...] = ()
    """Where its own text is good: not shown to the engine."""
    drop: tuple[Box, ...] = ()
    """Where its own text is worthless: replaced by what is read."""
    reason: str = ""
    """Why OCR is to run, for a person."""


@dataclass
class _Text:
    """The page's own text."""

    painted: list[Box] = field(default_factory=list)
    hidden: list[Box] = field(default_factory=list)
    unknown: list[Box] = field(default_factory=list)
    painted_size: int = 0
    hidden_size: int = 0
    unknown_size: int = 0
    wordlike_size: int = 0
    """Letters and digits of the hidden text."""

    @property
    def size(self) -> int:
        """Characters in all."""
        return self.painted_size + self.hidden_size + self.unknown_size


def need_of(page: pymupdf.Page, mode: OcrMode) -> Need:
    """What is to be done with a page under a mode; a few milliseconds, and 30 for one with both text and pictures."""
    if mode is OcrMode.NEVER:
        return Need(ocr=False)
    text = _own_text(page)
    pictures, paths = _what_is_shown(page)
    area = max(page.rect.width * page.rect.height, 1.0)
    covered = min(sum(map(_area, pictures)) / area, 1.0)
    shows_more = bool(pictures or paths)
    if mode is OcrMode.FORCE:
        if not shows_more and not text.unknown:
            return Need(ocr=False)
        return Need(True, tuple(text.painted), (*text.unknown, *text.hidden), "OCR is forced")
    has_bad_layer = bool(text.hidden) and not _is_good_layer(text, covered)
    drop = (*text.unknown, *(text.hidden if has_bad_layer else ()))
    keep = (*text.painted, *(() if has_bad_layer else text.hidden))
    if text.unknown_size > _MOST_UNKNOWN * text.size:
        return Need(True, keep, drop, "its text cannot be decoded")
    if not shows_more:
        return Need(ocr=False)
    good = text.painted_size + (0 if has_bad_layer else text.hidden_size)
    if not good:
        looks_worth_it = covered > _SMALL_PICTURE or max(map(_area, pictures), default=0) > 400 or paths >= _MANY_PATHS
        reason = "its text layer is no text" if has_bad_layer else "it has no text"
        return Need(True, keep, drop, reason) if looks_worth_it else Need(ocr=False)
    if text.hidden and not has_bad_layer:
        return Need(ocr=False)  # it has been read before
    if good < _LITTLE_TEXT and covered > _WHOLE_PAGE:
        return Need(True, keep, drop, "it has little text over a picture")
    if _looks_like_text(page, pictures, area, paths):
        return Need(True, keep, drop, "its pictures look like text")
    return Need(ocr=False)


def is_clearly_text(page: pymupdf.Page, blocks: Iterable[dict[str, Any]]) -> bool:
    """Whether `need_of` would see no need of OCR, as far as that is told without reading the page once more.

    `blocks` are those of `look_at`. Half a millisecond, and one more of a page that has pictures or forms.
    """
    graphics = size = 0
    for block in blocks:
        graphics += block["type"] == 3
        for line in block.get("lines", ()):
            for span in line["spans"]:
                text = span["text"]
                if (not text.isascii() or not text.isprintable()) and any(map(_is_unknown, text)):
                    return False
                size += 0 if _is_hidden(span) else len(text) - text.count(" ")
    if graphics < _MANY_PATHS and not _may_have_pictures(page):
        return True
    pictures, paths = _what_is_shown(page)
    if paths >= _MANY_PATHS:
        return False
    area = max(page.rect.width * page.rect.height, 1.0)
    return not pictures or (size >= _LITTLE_TEXT and sum(map(_area, pictures)) < _SMALL_PICTURE * area)


def _may_have_pictures(page: pymupdf.Page) -> bool:
    """Whether something of a page may show a picture or a gradient: its resources, annotations, or a picture inline."""
    pdf_page = pymupdf._as_pdf_page(page, required=False)
    if not pdf_page.m_internal or mupdf.pdf_first_annot(pdf_page).m_internal:
        return True
    resources = mupdf.pdf_page_resources(pdf_page)
    if any(mupdf.pdf_dict_len(mupdf.pdf_dict_gets(resources, name)) for name in ("XObject", "Shading", "Pattern")):
        return True
    return _INLINE_PICTURE.search(page.read_contents()) is not None


def looks_scanned(page: pymupdf.Page) -> bool:
    """Whether a page shows pictures but has no text at all."""
    return not page.get_text("text", flags=_TEXT).strip() and bool(_what_is_shown(page)[0])


def _own_text(page: pymupdf.Page) -> _Text:
    text = _Text()
    for span in _spans(page):
        characters = "".join(span["text"].split())
        if not characters:
            continue
        unknown = sum(map(_is_unknown, characters))
        if 2 * unknown > len(characters):
            text.unknown.append(span["bbox"])
            text.unknown_size += len(characters)
        elif _is_hidden(span):
            text.hidden.append(span["bbox"])
            text.hidden_size += len(characters)
            text.wordlike_size += sum(character.isalnum() for character in characters)
        else:
            text.painted.append(span["bbox"])
            text.painted_size += len(characters)
    return text


def _spans(page: pymupdf.Page) -> Iterable[dict[str, Any]]:
    for block in page.get_text("dict", flags=_TEXT)["blocks"]:
        for line in block.get("lines", ()):
            yield from line["spans"]


def _is_hidden(span: dict[str, Any]) -> bool:
    painted = span["char_flags"] & (pymupdf.mupdf.FZ_STEXT_FILLED | pymupdf.mupdf.FZ_STEXT_STROKED)
    return not painted or span["alpha"] == 0


def _is_unknown(character: str) -> bool:
    """Whether it is what MuPDF gives for a glyph without a meaning, or a code where no character can be."""
    return character == _UNKNOWN or (character < " ") or "\x7f" <= character < "\xa0"


def _is_good_layer(text: _Text, covered: float) -> bool:
    """Whether text that OCR has put over a scan before is text, and not a speck it has read."""
    if text.hidden_size < _LEAST_LAYER and covered > _WHOLE_PAGE:
        return False
    return text.wordlike_size >= _LEAST_WORDLIKE * text.hidden_size


def _what_is_shown(page: pymupdf.Page) -> tuple[list[Box], int]:
    """The boxes of pictures on the page, and how many paths it has that are no rectangles or rules."""
    pictures: list[Box] = []
    paths = 0
    bounds = page.rect
    for kind, box in page.get_bboxlog():
        shown = bounds & pymupdf.Rect(box)
        if shown.is_empty:
            continue
        if kind in ("fill-image", "fill-imgmask", "fill-shade", "clip-imgmask"):
            pictures.append(tuple(shown))
        elif kind == "fill-path" and shown.width > 1 and shown.height > 1:
            paths += 1
    return pictures, paths


def _looks_like_text(page: pymupdf.Page, pictures: list[Box], area: float, paths: int) -> bool:
    """Whether the library's model takes what the page shows beside its text for text."""
    if sum(map(_area, pictures)) < _SMALL_PICTURE * area and paths < _MANY_PATHS:
        return False
    blocks = page.get_text("dict", flags=_WITH_PICTURES, clip=pymupdf.INFINITE_RECT())["blocks"]
    blocks = [block for block in blocks if not (bounds := page.rect & block["bbox"]).is_empty and abs(bounds)]
    if not any(block["type"] == 1 or not block.get("isrect", True) for block in blocks):
        return False
    return bool(predict_ocr_probability(compute_features(blocks, page.rect, page)) >= OCR_MODEL_THRESHOLD)


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
