"""Words of a line of MuPDF's raw dictionary, which gives characters one by one, or of spans and listed words.

To list a page's characters takes MuPDF several times as long as to list its spans and words. By these, the places of
characters within a word are taken to be spread evenly, as they are in code.
"""

from collections.abc import Container, Iterator, Sequence
from typing import Any

import pymupdf

from engine.convert.text.glyphs.bidi import has_right_to_left
from engine.convert.text.glyphs.characters import readable
from engine.convert.text.glyphs.fontnames import is_nameless, traits
from engine.convert.text.glyphs.leftwardwords import leftward_words
from engine.convert.text.glyphs.mathfonts import math_font
from engine.convert.text.textline import Font, Word

_OCR_FONT = "GlyphLessFont"
"""The font that Tesseract gives its invisible text; its flags say monospaced, which means nothing."""
_SYNTHETIC = 512
"""Of a span's flags: MuPDF has put it there, for a gap."""
Listed = tuple[float, float, float, float, str, int, int, int]
"""A word as PyMuPDF lists them: its box, its text, and the numbers of its block, of its line and its own."""


def read_words(
    entry: dict[str, Any], fonts: dict[tuple[Any, ...], Font], monospaced: Container[str] = ()
) -> list[Word]:
    """The words of a line of a raw dictionary; `monospaced` are the names of fonts that are by their widths."""
    cos, sin = entry["dir"]
    upright = abs(cos - 1) < 1e-3
    words: list[Word] = []
    lead: float | None = None
    for span in entry["spans"]:
        chars = span["chars"]
        if not chars:
            continue
        font = font_of(span, fonts, monospaced)
        # The place along and across the direction of writing, of each character's origin.
        if upright:
            starts = [char["origin"][0] for char in chars]
        else:
            starts = [char["origin"][0] * cos + char["origin"][1] * sin for char in chars]
        first = 0
        while first < len(chars):
            if chars[first]["c"].isspace():
                if words:
                    is_gap = bool(chars[first]["synthetic"])
                    words[-1].is_gap = is_gap and (words[-1].is_gap or not words[-1].blank_after)
                    words[-1].blank_after = True
                elif lead is None and not chars[first]["synthetic"]:
                    lead = starts[first]
                first += 1
                continue
            last = first + 1
            while last < len(chars) and not chars[last]["c"].isspace():
                last += 1
            words.append(_word(chars, starts, first, last, font, (cos, sin), upright))
            words[0].lead = lead
            first = last
    if upright and any(has_right_to_left(word.text) for word in words):
        return leftward_words(
            [(char, font_of(span, fonts, monospaced)) for span in entry["spans"] for char in span["chars"]]
        )
    return words


def _word(
    chars: list[dict[str, Any]],
    starts: list[float],
    first: int,
    last: int,
    font: Font,
    direction: tuple[float, float],
    upright: bool,
) -> Word:
    cos, sin = direction
    part = chars[first:last]
    boxes = [char["bbox"] for char in part]
    box = (
        min(b[0] for b in boxes),
        min(b[1] for b in boxes),
        max(b[2] for b in boxes),
        max(b[3] for b in boxes),
    )
    edges = starts[first:last]
    x, y = part[0]["origin"]
    if upright:
        end, baseline = max(box[2], edges[-1]), y
    else:
        corners = [(boxes[-1][i], boxes[-1][j]) for i in (0, 2) for j in (1, 3)]
        end, baseline = max(cx * cos + cy * sin for cx, cy in corners), y * cos - x * sin
    if last < len(chars) and starts[last] > edges[-1]:
        end = max(min(end, starts[last]), edges[-1]) if end > starts[last] else end
    edges.append(end)
    return Word(readable("".join([char["c"] for char in part])), font, edges, baseline, box, raw=part)


def is_told_by_spans(blocks: Sequence[dict[str, Any]]) -> bool:
    """Whether a page's text is: upright, from left to right, in fonts with names, none of them for mathematics."""
    fonts: set[str] = set()
    for block in blocks:
        for line in block.get("lines", ()):
            if line["dir"] != (1.0, 0.0) or line["wmode"]:
                return False
            for span in line["spans"]:
                fonts.add(span["font"])
                text = span["text"]
                if not text.isascii() and has_right_to_left(text):
                    return False
    return not any(is_nameless(font) or math_font(font) is not None for font in fonts)


def listed_words(
    entry: dict[str, Any], listed: Iterator[Listed], fonts: dict[tuple[Any, ...], Font]
) -> list[Word] | None:
    """The words of a line, taken from those listed for its page; None if these are others."""
    words: list[Word] = []
    lead: float | None = None
    left = ""
    """Of the word that was taken last, what is yet to come."""
    box = (0.0, 0.0, 0.0, 0.0)
    for span in entry["spans"]:
        text = span["text"]
        parts = text.split()
        if not parts:
            if words:
                words[-1].blank_after = bool(text) or words[-1].blank_after
            elif lead is None and text and not span["char_flags"] & _SYNTHETIC:
                lead = span["origin"][0]
            if left:
                return None
            continue
        if text[0].isspace():
            if words:
                words[-1].blank_after = True
            elif lead is None and not span["char_flags"] & _SYNTHETIC:
                lead = span["origin"][0]
        font = font_of(span, fonts)
        span_box = span["bbox"]
        for number, part in enumerate(parts):
            if not left:
                *rest, left, _, _, _ = next(listed, (0.0, 0.0, 0.0, 0.0, "", 0, 0, 0))
                box = (rest[0], rest[1], rest[2], rest[3])
            if not left.startswith(part):
                return None
            left = left[len(part) :]
            start = max(box[0], span_box[0])
            end = min(box[2], span_box[2]) if left or number + 1 == len(parts) else box[2]
            words.append(_spread(part, font, (start, max(start, end)), span["origin"][1], box))
            words[-1].blank_after = number + 1 < len(parts)
            words[0].lead = lead
        if text[-1].isspace():
            words[-1].blank_after = True
            if left:
                return None
    return None if left else words


def _spread(text: str, font: Font, reach: tuple[float, float], baseline: float, box: tuple[float, ...]) -> Word:
    start, end = reach
    step = (end - start) / len(text)
    edges = [start + place * step for place in range(len(text))]
    edges.append(end)
    return Word(readable(text), font, edges, baseline, (start, box[1], end, box[3]))


def font_of(span: dict[str, Any], fonts: dict[tuple[Any, ...], Font], monospaced: Container[str] = ()) -> Font:
    """How a span is set, as one object for all that are set so."""
    is_hidden = bool(span.get("hidden"))
    key = (span["font"], span["size"], span["flags"], span["char_flags"], span["color"], span["alpha"], is_hidden)
    font = fonts.get(key)
    if font is None:
        name, flags, char_flags = span["font"], span["flags"], span["char_flags"]
        painted = bool(char_flags & (pymupdf.mupdf.FZ_STEXT_FILLED | pymupdf.mupdf.FZ_STEXT_STROKED))
        by_ocr = _OCR_FONT in name or not painted
        by_name = traits(name)
        font = Font(
            name=name,
            size=float(span["size"]),
            bold=bool(flags & pymupdf.TEXT_FONT_BOLD or char_flags & pymupdf.mupdf.FZ_STEXT_BOLD) or by_name.bold,
            italic=bool(flags & pymupdf.TEXT_FONT_ITALIC) or by_name.italic,
            mono=not by_ocr
            and (bool(flags & pymupdf.TEXT_FONT_MONOSPACED) or by_name.monospaced or name in monospaced),
            strike=False,
            color=int(span["color"]),
            visible=painted and span["alpha"] > 0,
            hidden=is_hidden,
        )
        fonts[key] = font
    return font
