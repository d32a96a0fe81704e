"""What an OCR engine is given, and what it gives back."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""Rows, columns, and red, green and blue."""
Corners = NDArray[np.float64]
"""Four points, x and y each: where the top begins, where it ends, where the bottom ends, where it begins, as one reads.
Whichever way text runs, its first edge is its direction and its last one its height."""

ASCENT = 0.8
"""Of a line's height, what is above the baseline; the rest hangs below it. The height is the font's size."""


@dataclass(frozen=True, slots=True)
class ReadWord:
    """Characters without a blank between them, and where they are."""

    text: str
    corners: Corners
    """In pixels; as high as its line."""
    confidence: float | None = None
    """From 0 to 1; its line's if the engine does not say."""


@dataclass(frozen=True, slots=True)
class ReadLine:
    """Words that stand side by side, in the order they are read in."""

    words: tuple[ReadWord, ...]
    corners: Corners
    """In pixels; as high as the font is large, with the baseline at `ASCENT`."""
    confidence: float
    """From 0 to 1."""

    @property
    def text(self) -> str:
        """With single blanks."""
        return " ".join(word.text for word in self.words)


class Engine(Protocol):
    """Reads pictures of pages. It is made with the languages that are asked for, as a tuple of names of Tesseract's."""

    @property
    def name(self) -> str:
        """As it is shown."""
        ...

    def read(self, pixels: Pixels, dpi: float) -> list[ReadLine]:
        """The lines of a page, whichever way it is turned; an empty list where there is no text.

        Raises `OcrFailed`, or whatever the engine raises.
        """
        ...


class OcrFailed(Exception):
    """A page could not be read; `str()` is part of a sentence."""


def at(corners: Corners, start: float, end: float, top: float = 0.0, bottom: float = 1.0) -> Corners:
    """The part of a quadrilateral between two shares of its width and of its height."""

    def point(along: float, down: float) -> Any:
        upper = corners[0] + along * (corners[1] - corners[0])
        lower = corners[3] + along * (corners[2] - corners[3])
        return upper + down * (lower - upper)

    return np.array([point(start, top), point(end, top), point(end, bottom), point(start, bottom)])
