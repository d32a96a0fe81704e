"""A quick look at a page: whether some of its characters may be hidden, by spans of text and the areas around them.

All spans are compared with all areas at once: a look at one span after the other takes four times as long.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pymupdf

from engine.convert.sight.paintings import OPAQUE, PAPER, rgb

LEAST_CONTRAST = 13
"""Of 255: a twentieth, which is less than a watermark has."""
TINY = 1.0
"""In points; letters of that size are a third of a millimetre high at the most."""
_PAINTED = int(pymupdf.mupdf.FZ_STEXT_FILLED | pymupdf.mupdf.FZ_STEXT_STROKED)
_MOST_PAIRS = 1 << 16
"""Of spans and areas that are compared at once: some megabytes."""
_Floats = npt.NDArray[np.float64]
_Flags = npt.NDArray[np.bool_]


def suspects(blocks: Sequence[dict[str, Any]]) -> list[bool]:
    """Of each span, whether some of its characters may be hidden; `blocks` are PyMuPDF's, with vector graphics."""
    texts = [
        (
            *span["bbox"],
            order,
            span["alpha"],
            *rgb(span["color"]),
            not is_painted(span) or span["size"] < TINY,
        )
        for span, order in spans_of(blocks)
    ]
    painted = [
        (*block["bbox"], order, block["alpha"], *rgb(block["color"] or 0), block["isrect"])
        for order, block in enumerate(block for block in blocks if block["type"] == 3)
        if not block["stroked"] and block["alpha"]
    ]
    if not painted:
        return _suspects_on_paper(texts)
    rows = np.array(texts, dtype=np.float64).reshape(-1, 10)
    areas = np.array(painted, dtype=np.float64).reshape(-1, 10)
    step = max(_MOST_PAIRS // max(len(areas), 1), 1)
    found: list[bool] = []
    for first in range(0, len(rows), step):
        found += _suspects(rows[first : first + step], areas).tolist()
    return found


def _suspects_on_paper(texts: Sequence[tuple[Any, ...]]) -> list[bool]:
    """The same where there are no areas: of each span, whether it is hardly painted, or of the paper's colour."""
    pale: dict[tuple[float, ...], bool] = {}
    found: list[bool] = []
    for *_, alpha, red, green, blue, is_hardly_painted in texts:
        look = (alpha, red, green, blue)
        if look not in pale:
            row = np.array([(0.0,) * 5 + look + (0.0,)], dtype=np.float64)
            pale[look] = bool(_is_pale(row, np.array(PAPER, dtype=np.float64))[0])
        found.append(is_hardly_painted or pale[look])
    return found


def spans_of(blocks: Iterable[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], int]]:
    """Spans, each with how many vector graphics are painted before it."""
    order = 0
    for block in blocks:
        if block["type"] == 3:
            order += 1
        for line in block.get("lines", ()):
            for span in line["spans"]:
                yield span, order


def is_painted(span: dict[str, Any]) -> bool:
    """Whether a span's characters leave something on the page."""
    return bool(span["char_flags"] & _PAINTED) and span["alpha"] >= LEAST_CONTRAST


def _suspects(texts: _Floats, areas: _Floats) -> _Flags:
    """Of each span, whether it is hardly painted, under an area, or of the colour of what it may stand on."""
    found: _Flags = texts[:, 9] != 0
    ground = np.zeros(len(texts), dtype=np.int64)
    pairs = _touching(texts, areas)
    if len(pairs[0]):
        text, area = texts[pairs[0]], areas[pairs[1]]
        is_below = area[:, 4] < text[:, 4]
        is_opaque = area[:, 5] >= OPAQUE
        found[pairs[0][~is_below & is_opaque]] = True
        # What is below the last rectangle that holds all of a span is of no account.
        is_sheet = is_below & is_opaque & (area[:, 9] != 0) & _holds(area.T, text.T)
        np.maximum.at(ground, pairs[0][is_sheet], pairs[1][is_sheet] + 1)
        is_ground = is_below & (pairs[1] + 1 >= ground[pairs[0]])
        found[pairs[0][is_ground & _is_pale(text, area[:, 6:9])]] = True
    found |= (ground == 0) & _is_pale(texts, np.array(PAPER, dtype=np.float64))
    return found


def _touching(texts: _Floats, areas: _Floats) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Which span is touched by which area: one that takes half the height of a line or more.

    The same as `Paintings.touching`, of all spans.
    """
    x0, y0, x1, y1 = (edge[:, None] for edge in texts.T[:4])
    left, top, right, bottom = areas.T[:4]
    least = 0.5 * np.minimum(x1 - x0, y1 - y0)
    touched = np.minimum(right, x1) - np.maximum(left, x0) >= least
    touched &= np.minimum(bottom, y1) - np.maximum(top, y0) >= least
    spans, places = np.nonzero(touched)
    return spans, places


def _holds(areas: _Floats, texts: _Floats) -> _Flags:
    """Whether areas hold all of the spans beside them."""
    left, top, right, bottom = areas[:4]
    x0, y0, x1, y1 = texts[:4]
    begins: _Flags = (left <= x0) & (x0 <= right) & (top <= y0) & (y0 <= bottom)
    ends: _Flags = (left <= x1) & (x1 <= right) & (top <= y1) & (y1 <= bottom)
    return begins & ends


def _is_pale(texts: _Floats, grounds: _Floats) -> _Flags:
    """Whether spans can hardly be told from the colours that they are on."""
    apart = np.max(np.abs(texts[:, 6:9] - grounds), axis=1)
    pale: _Flags = apart * texts[:, 5] / 255 < LEAST_CONTRAST
    return pale
