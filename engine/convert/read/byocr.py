"""Reads a page by OCR where it needs it.

`ocrneed` says what the page needs, `scan` makes a picture of it, an engine of `ocrengines` reads it, and `ocrlayer`
puts the words on an upright copy of the page (`sheet`), which is laid out like any other.
"""

from collections.abc import Sequence

import pymupdf

from engine.convert.ocr.engines.ocrengine import Corners, ReadLine
from engine.convert.ocr.layer import LayerLine, add_layer
from engine.convert.ocr.need import Need, is_clearly_text, looks_scanned, need_of
from engine.convert.ocr.scan import Raster, box_around, direction, moved, reading_order, render
from engine.convert.open.context import OcrWord, PageContext
from engine.convert.page.blocks import Box, UnsureWord
from engine.convert.read.sheet import Sheet, raster_copy, upright_copy
from engine.job.options import OcrMode
from engine.job.warningkind import WarningKind

_SURE = 0.8
"""Confidence of a line that is read beside text the page already has; less may be a picture's texture."""

_DOUBTFUL = 0.75
"""Confidence of a page of which much may be wrong: print comes to more than 0.9, handwriting to about a half."""

_DOUBTFUL_WORD = 0.85
"""Confidence of a word that may be wrong: on clean scans, one in five hundred has less, and most of these are."""


def read(page: PageContext) -> Sheet | None:
    """The page with the words that OCR has read; None where it has no need of it, or nothing was found.

    Raises `NotLoaded`, or whatever the engine raises.
    """
    ocr, shown = page.document.ocr, page.load()
    if not ocr.is_there:
        if ocr.problem and looks_scanned(shown):
            page.error = f"This page looks scanned. {ocr.problem}"
        return None
    need = need_of(shown, ocr.mode)
    raster = render(shown, need.keep) if need.ocr else None
    if raster is None or raster.is_blank:
        return None
    engine = ocr.engine()
    page.on_ocr()
    lines = engine.read(raster.pixels, raster.dpi)
    if need.keep:
        lines = [line for line in lines if line.confidence > _SURE]
    if not lines:
        return None
    angle = direction(lines)
    if need.keep:  # a page with text of its own lies the way that text runs
        own = (page.turned + shown.rotation) % 360
        angle = own if 90 * round(angle / 90) % 360 == own else 0.0
    sheet = _copy(shown, raster, need, angle)
    to_page = pymupdf.Matrix(raster.scale, raster.scale)
    _write(sheet, lines, to_page * sheet.turn)
    page.ocr_words = [
        OcrWord(
            word.text,
            _quad(moved(word.corners, to_page)),
            line.confidence if word.confidence is None else word.confidence,
        )
        for line in lines
        for word in line.words
    ]
    sure = _confidence(lines)
    page.why = f"{need.reason}; read by {engine.name}, {sure:.0%} sure"
    if sure < _DOUBTFUL:
        page.notices[WarningKind.UNSURE] = 1
    if ocr.problem:
        page.error = ocr.problem
    return sheet


def unsure_words(page: PageContext) -> list[UnsureWord]:
    """Those of the words that OCR has read of which it is not sure."""
    return [
        UnsureWord(word.text, round(word.confidence, 3), _box(word))
        for word in page.ocr_words
        if word.confidence < _DOUBTFUL_WORD
    ]


def is_text_enough(page: PageContext) -> bool:
    """Whether a page has no need of OCR, nor of a word on its want, by what a look at it has shown."""
    if page.looked is None:
        return False
    if not page.document.ocr.is_there:
        spans = (span for block in page.looked for line in block.get("lines", ()) for span in line["spans"])
        return not page.document.ocr.problem or any(not span["text"].isspace() for span in spans)
    return page.document.ocr.mode is OcrMode.AUTO and is_clearly_text(page.load(), page.looked)


def _confidence(lines: Sequence[ReadLine]) -> float:
    """The mean of all characters, from 0 to 1."""
    sizes = [sum(len(word.text) for word in line.words) for line in lines]
    return sum(line.confidence * size for line, size in zip(lines, sizes, strict=True)) / max(sum(sizes), 1)


def _copy(shown: pymupdf.Page, raster: Raster, need: Need, angle: float) -> Sheet:
    try:
        return upright_copy(shown, angle, need.drop)
    except Exception:
        if need.keep:
            raise
        return raster_copy(shown, raster, angle)


def _write(sheet: Sheet, lines: list[ReadLine], to_sheet: pymupdf.Matrix) -> None:
    """Put lines on a sheet, and into the order in which they are read there."""
    order = reading_order([box_around(moved(line.corners, to_sheet)) for line in lines])
    lines[:] = [lines[index] for index in order]
    layer = [
        LayerLine(
            tuple((word.text, moved(word.corners, to_sheet)) for word in line.words), moved(line.corners, to_sheet)
        )
        for line in lines
    ]
    add_layer(sheet.load(), layer)


def _box(word: OcrWord) -> Box:
    across, down = word.quad[::2], word.quad[1::2]
    return (min(across), min(down), max(across), max(down))


def _quad(corners: Corners) -> tuple[float, float, float, float, float, float, float, float]:
    x0, y0, x1, y1, x2, y2, x3, y3 = (float(value) for value in corners.reshape(-1))
    return (x0, y0, x1, y1, x2, y2, x3, y3)
