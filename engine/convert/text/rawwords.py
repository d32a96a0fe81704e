"""Words of a line of MuPDF's raw dictionary, which gives characters one by one."""

from collections.abc import Container
from typing import Any

import pymupdf

from engine.convert.text.bidi import has_right_to_left
from engine.convert.text.characters import readable
from engine.convert.text.fontnames import traits
from engine.convert.text.leftwardwords import leftward_words
from engine.convert.text.textline import Font, Word

_OCR_FONT = "GlyphLessFont"
"""The font that Tesseract gives its invisible text; its flags say monospaced, which means nothing."""


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
        font = _font(span, fonts, monospaced)
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
            [(char, _font(span, fonts, monospaced)) for span in entry["spans"] for char in span["chars"]]
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


def _font(span: dict[str, Any], fonts: dict[tuple[Any, ...], Font], monospaced: Container[str]) -> Font:
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
