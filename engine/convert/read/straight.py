"""Reads a page straight from what one call of MuPDF's says of it, where only its text is wanted: no model looks at it.

`look_at` has asked already, to find what cannot be seen. Where its spans are not enough (what is hidden or filled into
fields, text from right to left, pages that are turned), the characters are read one by one, as those of other pages.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pymupdf

from engine.convert.open.context import PageContext
from engine.convert.page.blocks import RefinedPage
from engine.convert.read.lastlook import marked
from engine.convert.read.paragraphs import Piece, blocks_of
from engine.convert.read.sheet import Sheet
from engine.convert.sight.unseen import look_at
from engine.convert.text.glyphs.bidi import has_right_to_left
from engine.convert.text.glyphs.fontnames import traits
from engine.convert.text.textflow import styled
from engine.job.job import PageState
from engine.job.options import RefineStep

_PRIVATE_BULLET = re.compile(r"^\s*[\ue000-\uf8ff](?=\s|$)")
"""What symbol fonts have for bullets begins a line, and is a word by itself."""
_SOFT_HYPHEN = "\u00ad"
_NEAR = 0.1
"""Of its size: text that is painted again so near is there once."""


def read(page: PageContext, sheet: Sheet) -> RefinedPage:
    """The text of a page as paragraphs, in reading order."""
    if page.hiding or page.fields or sheet.is_copy:
        pieces = _of_characters(page, sheet)
    else:
        blocks = look_at(sheet.load()) if page.looked is None else page.looked
        pieces = list(_of_spans(blocks))
        if any(map(_needs_characters, pieces)):
            pieces = _of_characters(page, sheet)
    shown = (sheet.load() if sheet.is_copy else sheet.original).rect
    found = blocks_of(pieces, in_columns=RefineStep.COLUMNS not in page.options.skip_steps)
    page.state, page.via = (PageState.OCR, "ocr") if page.ocr_words else (PageState.OK, "text")
    refined = RefinedPage(page.number, float(shown.width), float(shown.height), found)
    sheet.map_back(refined)
    return refined


def _needs_characters(piece: Piece) -> bool:
    """Whether the order of a line's characters, or what they are, is not told by its text alone."""
    text = piece.text
    return not text.isascii() and (has_right_to_left(text) or _SOFT_HYPHEN in text.rstrip()[:-1])


def _of_spans(blocks: list[dict[str, Any]]) -> Iterator[Piece]:
    """The lines of a dictionary of PyMuPDF's; what is painted twice at one place is there once."""
    looks: dict[tuple[str, int], tuple[bool, bool]] = {}
    seen: dict[str, list[tuple[float, float]]] = {}
    for block in blocks:
        for line in block.get("lines", ()):
            spans = line["spans"]
            text = spans[0]["text"] if len(spans) == 1 else "".join([span["text"] for span in spans])
            if not text or text.isspace():
                continue
            main = spans[0] if len(spans) == 1 else _main(spans)
            x, y = main["origin"]
            size = main["size"]
            if "\ue000" <= text.lstrip()[0] <= "\uf8ff":
                text = _PRIVATE_BULLET.sub("•", text)
            places = seen.setdefault(text, [])
            if any(abs(x - left) < _NEAR * size and abs(y - top) < _NEAR * size for left, top in places):
                continue
            places.append((x, y))
            key = (main["font"], main["flags"])
            look = looks.get(key)
            if look is None:
                look = looks[key] = _look(*key)
            cos, _ = line["dir"]
            upright = cos > 0.999 and not line.get("wmode")
            yield Piece(text, _inked(line, spans), y, size, *look, upright)


def _main(spans: list[dict[str, Any]]) -> dict[str, Any]:
    """The first span of the size that most of a line is set in."""
    sizes: Counter[float] = Counter()
    for span in spans:
        sizes[span["size"]] += len(span["text"].strip())
    size = sizes.most_common(1)[0][0]
    return next(span for span in spans if span["size"] == size and not span["text"].isspace())


def _inked(line: dict[str, Any], spans: list[dict[str, Any]]) -> Any:
    """The place of a line without the blanks at its ends."""
    x0, y0, x1, y1 = line["bbox"]
    if len(spans) > 1 and spans[-1]["text"].isspace():
        x1 = max(span["bbox"][2] for span in spans if not span["text"].isspace())
    if len(spans) > 1 and spans[0]["text"].isspace():
        x0 = min(span["bbox"][0] for span in spans if not span["text"].isspace())
    return x0, y0, x1, y1


def _look(name: str, flags: int) -> tuple[bool, bool]:
    """Whether a font is bold, and monospaced."""
    by_name = traits(name)
    return (
        bool(flags & pymupdf.TEXT_FONT_BOLD) or by_name.bold,
        bool(flags & pymupdf.TEXT_FONT_MONOSPACED) or by_name.monospaced,
    )


def _of_characters(page: PageContext, sheet: Sheet) -> list[Piece]:
    """The lines as the layout model's pages have them, without what is hidden and with what was filled in."""
    found = []
    for line in sheet.text(page.hiding, page.fields).lines:
        spans = marked(styled(line)) if page.hiding.marks else styled(line)
        text = "".join(span.text for span in spans).strip()
        if text:
            fonts = [word.font for word in line.words]
            is_bold, is_mono = all(font.bold for font in fonts), all(font.mono for font in fonts)
            found.append(Piece(text, line.box, line.baseline, line.size, is_bold, is_mono, line.is_upright))
    return found
