"""Measures a line of text in its picture: where its baseline is, and how large its font."""

import numpy as np
from numpy.typing import NDArray

from engine.convert.ocrengines.words import is_cjk

_SMALL = frozenset("acegmnopqrsuvwxyzàáâãäåæçèéêëñòóôõöøùúûüýÿœąęığşșț.,-–—~:;'\"…·’‘“”`")
"""What rises no higher than an x, or weighs nothing."""
_X_HEIGHT, _CAP_HEIGHT, _CJK_HEIGHT = 0.48, 0.7, 0.86
"""In shares of the font's size; those of common text fonts."""
_CJK_DEPTH = 0.1
"""How far CJK characters hang below the baseline."""
_PLAUSIBLE = (0.5, 1.0)
"""The font's size in shares of the height of the box that the detection model draws around a line."""


def measure(gray: NDArray[np.uint8], text: str) -> tuple[float, float]:
    """The baseline and the font's size of a line that fills a picture from left to right, in pixels from its top.

    The rows in which most ink is are those between baseline and top of small letters, or of capitals in a line of them.
    """
    height = gray.shape[0]
    usual = 0.72 * height
    rows = _ink(gray)
    if rows.max(initial=0.0) <= 0:
        return 0.78 * height, usual
    dense = rows >= 0.4 * float(np.percentile(rows, 90))
    middle = int(np.argmax(np.convolve(rows, np.ones(max(3, height // 4)), "same")))
    top = bottom = middle
    while top > 0 and dense[top - 1]:
        top -= 1
    while bottom < height - 1 and dense[bottom + 1]:
        bottom += 1
    band = bottom + 1 - top
    letters = [character for character in text if not character.isspace()]
    if sum(map(is_cjk, letters)) > 0.5 * len(letters):
        size = float(np.clip(band / _CJK_HEIGHT, _PLAUSIBLE[0] * height, _PLAUSIBLE[1] * height))
        return bottom + 1 - _CJK_DEPTH * size, size
    small = sum(character in _SMALL for character in letters)
    share = _X_HEIGHT if small > 0.4 * len(letters) else _CAP_HEIGHT
    size = float(np.clip(band / share, _PLAUSIBLE[0] * height, _PLAUSIBLE[1] * height))
    return float(bottom + 1), size


def _ink(gray: NDArray[np.uint8]) -> NDArray[np.float64]:
    """How much ink each row has, whether the text is darker than its background or lighter."""
    values = gray.astype(np.float64)
    background = float(np.median(values))
    difference = np.abs(values - background)
    difference[difference < 0.35 * max(float(difference.max(initial=0.0)), 1.0)] = 0
    return np.asarray(difference.sum(axis=1))
