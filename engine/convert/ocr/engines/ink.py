"""Measures a line of text in its picture: where its baseline is, how large its font, and where words begin and end."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine.convert.ocr.engines.words import is_cjk

_X_HEIGHT, _CAP_HEIGHT, _CJK_HEIGHT = 0.48, 0.7, 0.86
"""In shares of the font's size; those of common text fonts."""
_CJK_DEPTH = 0.1
"""How far CJK characters hang below the baseline."""
_MOSTLY = 0.55
"""Share of capitals and digits in a line that has most ink up to their height, not to that of an x."""
_BODY, _EDGE = 0.25, 0.55
"""Of the ink of a line's densest rows, what a row between baseline and x-height has, and its first and last one."""
_PLAUSIBLE = (0.45, 1.0)
"""The font's size in shares of the height of the box that the detection model draws around a line."""
_DARK = 0.35
"""Of the line's strongest contrast, what counts as ink."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A line, in pixels of its picture."""

    baseline: float
    """From the top."""
    size: float
    """Of the font."""


def contrast(gray: NDArray[np.uint8]) -> NDArray[np.float64]:
    """How much each pixel is ink, whether the text is darker than its background or lighter."""
    difference = np.abs(gray.astype(np.float64) - float(np.median(gray)))
    difference[difference < _DARK * max(float(difference.max(initial=0.0)), 1.0)] = 0
    return difference


def measure(ink: NDArray[np.float64], text: str) -> Measure:
    """The baseline and the font's size of a line, by the rows in which most of its ink is.

    They are those between the baseline and the top of small letters, or of capitals in a line of them.
    """
    height = ink.shape[0]
    rows = ink.sum(axis=1)
    dense = float(np.percentile(rows, 90))
    if dense <= 0:
        return Measure(0.78 * height, 0.72 * height)
    top = bottom = int(np.argmax(np.convolve(rows, np.ones(max(3, height // 4)), "same")))
    while top > 0 and rows[top - 1] >= _BODY * dense:
        top -= 1
    while bottom < height - 1 and rows[bottom + 1] >= _BODY * dense:
        bottom += 1
    strong = np.flatnonzero(rows[top : bottom + 1] >= _EDGE * dense)
    first, last = (top + int(strong[0]), top + int(strong[-1])) if len(strong) else (top, bottom)
    upper = first - _part(rows, first - 1, first, _EDGE * dense)
    baseline = last + 1 + _part(rows, last + 1, last, _EDGE * dense)
    letters = [character for character in text if character.isalnum()] or [text[:1]]
    cjk = sum(map(is_cjk, letters)) > 0.5 * len(letters)
    tall = sum(character.isupper() or character.isdigit() for character in letters) > _MOSTLY * len(letters)
    share = _CJK_HEIGHT if cjk else _CAP_HEIGHT if tall else _X_HEIGHT
    size = float(np.clip((baseline - upper) / share, _PLAUSIBLE[0] * height, _PLAUSIBLE[1] * height))
    return Measure(baseline - (_CJK_DEPTH * size if cjk else 0.0), size)


def _part(rows: NDArray[np.float64], outside: int, inside: int, level: float) -> float:
    """How much of a row outside belongs to the text, by its ink: a fraction of a pixel is a size of font."""
    if not 0 <= outside < len(rows):
        return 0.0
    return float(np.clip(rows[outside] / max(rows[inside], level), 0.0, 1.0))


def tighten(
    ink: NDArray[np.float64], line: Measure, words: Sequence[tuple[str, float, float]]
) -> list[tuple[str, float, float]]:
    """Words with their beginning and end, in shares of the width, at their ink; each up to halfway to the next."""
    width = ink.shape[1]
    top, bottom = max(0, round(line.baseline - 0.8 * line.size)), round(line.baseline + 0.2 * line.size)
    inked: NDArray[np.bool_] = np.asarray(ink[top : max(bottom, top + 1)].any(axis=0))
    halves = [0.0, *((before[2] + after[1]) / 2 for before, after in pairwise(words)), 1.0]
    result = []
    for (text, start, end), (first, last) in zip(words, pairwise(halves), strict=True):
        left, right = round(first * width), round(last * width)
        found = np.flatnonzero(inked[left:right])
        if len(found):
            start, end = (left + int(found[0])) / width, (left + int(found[-1]) + 1) / width
        result.append((text, start, end))
    return result
