"""Sets a picture of a page straight, for an engine that reads level lines alone.

The angle is the one at which ink falls into the fewest rows (or columns, on a page that was turned by a quarter): the
projection profile of W. Postl's patent (US 4,723,297), as most programs for scans have it.
"""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.convert.ocr.engines.ocrengine import Corners

_LONGEST = 800
"""Pixels of the longer side on which the angle is measured."""
_WIDEST, _COARSE, _FINE = 12.0, 0.5, 0.05
"""Degrees."""
_MOST_INK = 60_000
_LEAST_ANGLE = 0.15
"""Degrees; less is left as it is."""


def skew_of(gray: NDArray[np.uint8]) -> float:
    """How far a page's lines fall to the right, in degrees; 0 on an empty page, and beyond 12."""
    height, width = gray.shape
    factor = max(1, round(max(height, width) / _LONGEST))
    small = np.asarray(Image.fromarray(gray).reduce(factor), np.float64)
    ink = np.abs(small - np.median(small))
    ys, xs = np.nonzero(ink > max(24.0, 0.4 * float(ink.max(initial=0.0))))
    if len(xs) < 50:
        return 0.0
    if len(xs) > _MOST_INK:
        chosen = np.linspace(0, len(xs) - 1, _MOST_INK).astype(int)
        ys, xs = ys[chosen], xs[chosen]

    def sharpness(angle: float) -> float:
        slope = math.tan(math.radians(angle))
        return max(_sharpness(ys - slope * xs), _sharpness(xs + slope * ys))

    best = max(np.arange(-_WIDEST, _WIDEST + _COARSE, _COARSE), key=sharpness)
    best = max(np.arange(best - _COARSE, best + _COARSE + _FINE, _FINE), key=sharpness)
    is_real = _LEAST_ANGLE <= abs(best) < _WIDEST and sharpness(best) > 1.05 * sharpness(0.0)
    return float(best) if is_real else 0.0


def level(gray: NDArray[np.uint8], angle: float) -> NDArray[np.uint8]:
    """The picture turned so that lines that fall by an angle (degrees) are level; it grows by its corners."""
    background = int(np.median(gray))
    image = Image.fromarray(gray).rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=background)
    return np.asarray(image, np.uint8)


def back(corners: Corners, angle: float, before: tuple[int, ...], after: tuple[int, ...]) -> Corners:
    """Points on a levelled picture (of the shape `after`) as points on the one before."""
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    x, y = corners[..., 0] - after[1] / 2, corners[..., 1] - after[0] / 2
    return np.stack([cos * x - sin * y + before[1] / 2, sin * x + cos * y + before[0] / 2], axis=-1)


def _sharpness(places: NDArray[np.float64]) -> float:
    """How unevenly ink is spread over rows."""
    rows = np.bincount((places - places.min()).astype(int))
    return float(np.square(np.diff(rows.astype(np.float64))).sum())
