"""Renders a page for OCR, and tells from what was read how the page lies."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pymupdf
from numpy.typing import NDArray
from PIL import Image
from pymupdf import mupdf

from engine.convert.ocr.engines.ocrengine import Corners, Pixels, ReadLine
from engine.convert.page.blocks import Box

_DPI = 200.0
"""What 9 points are read at without an error, by either engine."""
_FINE_DPI, _SMALL_PAGE = 300.0, 400.0
"""Of a page no longer than so many points: a receipt, a card."""
_MOST_PIXELS = 12_000_000
_LEAST_SIDE = 32
_BLOCK, _LEAST_CONTRAST = 8, 24
"""A page is blank if none of its blocks of so many pixels differs from another by more than this, of 255."""
_LARGEST_PAGE = 1200.0
"""The longer side of a page that is laid out, in points: that of DIN A3."""
_LEAST_SKEW, _MOST_SKEW = 0.3, 15.0
"""Degrees; less is not worth a turned copy, and what is more is no skew but a drawing with slanted labels."""
_ALIKE, _AGREEING, _FEW_LINES = 2.0, 0.6, 3
"""A page is skewed if so much of its text, and so many lines, are within so many degrees of each other."""


@dataclass(frozen=True, slots=True)
class Raster:
    """A page as a picture."""

    pixels: Pixels
    dpi: float

    @property
    def scale(self) -> float:
        """Points of a pixel."""
        return 72 / self.dpi

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing to be read, but for noise."""
        gray = np.asarray(Image.fromarray(self.pixels).convert("L").reduce(_BLOCK), np.int16)
        return int(gray.max()) - int(gray.min()) < _LEAST_CONTRAST


def render(page: pymupdf.Page, without: Sequence[Box]) -> Raster | None:
    """The page as it is shown, but for the text in these boxes; None where it is too small to hold any.

    A page larger than an architect's drawing has fewer pixels an inch.
    """
    width, height = page.rect.width / 72, page.rect.height / 72
    dpi = _FINE_DPI if 72 * max(width, height) <= _SMALL_PAGE else _DPI
    dpi = min(dpi, math.sqrt(_MOST_PIXELS / max(width * height, 1e-6)))
    if min(width, height) * dpi < _LEAST_SIDE:
        return None
    zoom = dpi / 72
    shown = page.get_displaylist()
    if without:
        matrix, boxes = mupdf.fz_make_matrix(zoom, 0, 0, zoom, 0, 0), [mupdf.ll_fz_make_rect(*box) for box in without]
        pixmap = pymupdf.Pixmap(
            mupdf.fz_new_pixmap_from_display_list_culling_text2(shown, matrix, mupdf.fz_device_rgb(), 0, boxes), 0
        )
    else:
        pixmap = shown.get_pixmap(matrix=pymupdf.Matrix(zoom, zoom), colorspace=pymupdf.csRGB, alpha=0)
    pixels = np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.stride)
    return Raster(pixels[:, : 3 * pixmap.width].reshape(pixmap.height, pixmap.width, 3), dpi)


def direction(lines: Sequence[ReadLine]) -> float:
    """How far most text is turned from level, in degrees with the clock, from -180 to 180.

    First by quarters, then by the median of lines that run that way, if they agree.
    """
    if not lines:
        return 0.0
    edges = np.array([line.corners[1] - line.corners[0] for line in lines])
    lengths = np.hypot(edges[:, 0], edges[:, 1])
    angles = np.degrees(np.arctan2(edges[:, 1], edges[:, 0]))
    quarters = np.round(angles / 90).astype(int) % 4
    quarter = int(np.argmax(np.bincount(quarters, weights=lengths, minlength=4)))
    chosen = quarters == quarter
    off = (angles[chosen] - 90 * quarter + 180) % 360 - 180
    skew = _weighted_median(off, lengths[chosen])
    alike = np.abs(off - skew) < _ALIKE
    agree = alike.sum() >= _FEW_LINES and lengths[chosen][alike].sum() >= _AGREEING * lengths[chosen].sum()
    if not (agree and _LEAST_SKEW <= abs(skew) <= _MOST_SKEW):
        skew = 0.0
    return (90 * quarter + skew + 180) % 360 - 180


def upright(rect: pymupdf.Rect, angle: float) -> tuple[pymupdf.Matrix, float, float]:
    """What turns a page whose text is turned by an angle upright, and the width and height it then has, in points.

    A poster, or a photograph that takes a pixel for a point, is made smaller: the layout model has learnt from pages.
    """
    turn = pymupdf.Matrix(-angle)
    if angle % 90 == 0:  # without the errors of a cosine
        turn = pymupdf.Matrix(*(round(value) for value in turn))
    if max(rect.width, rect.height) > _LARGEST_PAGE:
        smaller = _LARGEST_PAGE / max(rect.width, rect.height)
        turn *= pymupdf.Matrix(smaller, smaller)
    turned = pymupdf.Rect(rect) * turn
    return turn * pymupdf.Matrix(1, 0, 0, 1, -turned.x0, -turned.y0), turned.width, turned.height


def moved(corners: Corners, matrix: pymupdf.Matrix) -> Corners:
    """Points, by a matrix."""
    a, b, c, d, e, f = matrix
    x, y = corners[..., 0], corners[..., 1]
    return np.stack([a * x + c * y + e, b * x + d * y + f], axis=-1)


def box_around(corners: Corners) -> Box:
    """The smallest box that holds all points."""
    (x0, y0), (x1, y1) = corners.reshape(-1, 2).min(axis=0), corners.reshape(-1, 2).max(axis=0)
    return (float(x0), float(y0), float(x1), float(y1))


def reading_order(boxes: Sequence[Box]) -> list[int]:
    """The order in which boxes are read on an upright page: columns from left to right, and in them from top to bottom.

    The page is cut where no box is, across as long as there are gaps, then into columns: the XY cut of G. Nagy.
    """
    return list(_cut(boxes, list(range(len(boxes))), 0))


def _cut(boxes: Sequence[Box], among: list[int], depth: int) -> Iterable[int]:
    if len(among) > 1 and depth < 40:
        height = float(np.median([boxes[i][3] - boxes[i][1] for i in among]))
        for axis, gap in ((0, 0.8 * height), (1, 0.5 * height), (1, 0.0)):
            parts = _parts(boxes, among, axis, gap)
            if len(parts) > 1 and (axis == 1 or all(len(part) > 1 for part in parts)):
                return [index for part in parts for index in _cut(boxes, part, depth + 1)]
    return sorted(among, key=lambda i: (boxes[i][0], boxes[i][1]))


def _parts(boxes: Sequence[Box], among: list[int], axis: int, gap: float) -> list[list[int]]:
    """Boxes in groups between which there is a gap along an axis (0 for x)."""
    parts: list[list[int]] = []
    reached = -math.inf
    for index in sorted(among, key=lambda i: boxes[i][axis]):
        if boxes[index][axis] - reached > gap or not parts:
            parts.append([])
        parts[-1].append(index)
        reached = max(reached, boxes[index][axis + 2])
    return parts


def _weighted_median(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    return float(values[order][int(np.searchsorted(reached, 0.5 * reached[-1]))])
