"""What a page paints besides its text: areas of one colour in their order, and the pixels that come of it all."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pymupdf

from engine.convert.page.blocks import Box

Color = tuple[int, int, int]
"""Red, green and blue, up to 255."""
PAPER: Color = (255, 255, 255)
OPAQUE = 250
"""The alpha from which on nothing is seen through what is painted."""
_ZOOM, _LONGEST = 2.0, 3000.0
"""Pixels for a point, and of a page's longer side at the most."""


def rgb(color: int) -> Color:
    """A colour as MuPDF gives it."""
    return (color >> 16 & 255, color >> 8 & 255, color & 255)


def distance(one: Color, other: Color) -> int:
    """How much two colours differ in what they differ most in."""
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


def mixed(below: Color, above: Color, alpha: int) -> Color:
    """What is seen of one colour through another."""
    red, green, blue = ((b * (255 - alpha) + a * alpha) // 255 for b, a in zip(below, above, strict=True))
    return (red, green, blue)


@dataclass(frozen=True, slots=True)
class Area:
    """What is filled with one colour."""

    order: int
    """How many vector graphics are painted before it."""
    box: Box
    color: Color
    alpha: int
    is_rectangle: bool

    @property
    def is_opaque(self) -> bool:
        """Whether nothing is seen through it."""
        return self.alpha >= OPAQUE

    def has(self, x: float, y: float) -> bool:
        """Whether a point is in its box."""
        left, top, right, bottom = self.box
        return left <= x <= right and top <= y <= bottom

    def holds(self, box: Box) -> bool:
        """Whether all of a box is in its own."""
        return self.has(box[0], box[1]) and self.has(box[2], box[3])


class Paintings:
    """The areas of a page."""

    def __init__(self, areas: Sequence[Area]) -> None:
        self._areas = areas
        self._boxes = np.array([area.box for area in areas], dtype=np.float64).reshape(-1, 4)

    @classmethod
    def of(cls, blocks: Iterable[dict[str, Any]]) -> Self:
        """From the blocks of a dictionary of PyMuPDF's, with vector graphics."""
        areas: list[Area] = []
        order = 0
        for block in blocks:
            if block["type"] != 3:
                continue
            if not block["stroked"] and block["alpha"]:
                color = rgb(block["color"] or 0)
                areas.append(Area(order, tuple(block["bbox"]), color, block["alpha"], bool(block["isrect"])))
            order += 1
        return cls(areas)

    def touching(self, box: Box) -> list[Area]:
        """The areas that take half the height of a line or more, in the order in which they are painted.

        `box` is around the line, which may run in any direction; rules through or below it are none of them.
        """
        if not self._areas:
            return []
        x0, y0, x1, y1 = box
        left, top, right, bottom = self._boxes.T
        least = 0.5 * min(x1 - x0, y1 - y0)
        touches = (np.minimum(right, x1) - np.maximum(left, x0) >= least) & (
            np.minimum(bottom, y1) - np.maximum(top, y0) >= least
        )
        return [self._areas[place] for place in map(int, np.flatnonzero(touches))]


class Pixels:
    """A page as it looks."""

    def __init__(self, pixels: npt.NDArray[np.uint8], to_pixels: pymupdf.Matrix) -> None:
        self._pixels = pixels
        self._to_pixels = to_pixels

    @classmethod
    def of(cls, page: pymupdf.Page) -> Self:
        """Render a page."""
        rect = page.rect
        scale = min(_ZOOM, _LONGEST / max(rect.width, rect.height, 1.0))
        picture = page.get_pixmap(matrix=pymupdf.Matrix(scale, scale), colorspace=pymupdf.csRGB, alpha=False)
        pixels = np.frombuffer(picture.samples, dtype=np.uint8).reshape(picture.height, picture.width, 3)
        # PyMuPDF gives text the places that it has without the page's rotation, and renders the page with it.
        turned = page.rotation_matrix if page.rotation else pymupdf.Matrix(1, 1)
        return cls(pixels, turned * pymupdf.Matrix(scale, 0, 0, scale, -scale * rect.x0, -scale * rect.y0))

    def spread(self, box: Box) -> int:
        """How far the pixels of a box are apart, 0 where they are all the same."""
        part = self._part(box)
        return int(np.max(np.ptp(part, axis=0))) if part.size else 0

    def share_unlike(self, box: Box, color: Color) -> float:
        """The share of pixels that can be told from a colour."""
        part = self._part(box)
        return float(np.mean(_apart(part, color) > 40)) if part.size else 0.0

    def is_covered(self, box: Box, cover: Color, own: Color) -> bool:
        """Whether most is of what covers it, and nothing of a colour of its own."""
        part = self._part(box)
        if not part.size:
            return True
        if np.mean(_apart(part, cover) <= 40) < 0.6:
            return False
        # A dash is a thin line, whose pixels are halfway between the two.
        between = 0.7 * distance(cover, own)
        return bool(between <= 28 or np.mean(_apart(part, own) < between) < 0.01)

    def _part(self, box: Box) -> npt.NDArray[np.int16]:
        x0, y0, x1, y1 = pymupdf.Rect(box) * self._to_pixels
        rows = slice(max(int(y0), 0), max(int(np.ceil(y1)), 0))
        columns = slice(max(int(x0), 0), max(int(np.ceil(x1)), 0))
        part: npt.NDArray[np.int16] = self._pixels[rows, columns].reshape(-1, 3).astype(np.int16)
        return part


def _apart(pixels: npt.NDArray[np.int16], color: Color) -> npt.NDArray[np.int16]:
    apart: npt.NDArray[np.int16] = np.max(np.abs(pixels - np.array(color, dtype=np.int16)), axis=1)
    return apart
