"""Takes characters that cannot be seen out of what is read, or notes that they are."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import pymupdf

from engine.convert.sight.unseen import ALL_SEEN, Unseen


@dataclass(frozen=True, slots=True)
class Hiding:
    """What becomes of the characters of one page that cannot be seen."""

    unseen: Unseen = ALL_SEEN
    marks: bool = False
    """They are kept, as hidden; else they are left out."""
    apart: Unseen = ALL_SEEN
    """Characters that are told apart from the page's text, and left out of it."""
    back: pymupdf.Matrix | None = None
    """What leads to the places that `unseen` knows from those of the characters that are asked for."""

    def __bool__(self) -> bool:
        """Whether there is anything to be done."""
        return self.unseen.count > 0 or self.apart.count > 0

    def moved(self, turn: pymupdf.Matrix) -> "Hiding":
        """The same for the page after it has been turned or moved by a matrix."""
        return replace(self, back=~turn) if self else self

    def apply(self, raw: dict[str, Any]) -> None:
        """See to the spans of a raw dictionary of PyMuPDF's. Spans that are kept have the key `hidden`."""
        for block in raw["blocks"] if self else ():
            for line in block.get("lines", ()):
                line["spans"] = [part for span in line["spans"] for part in self._parts(span)]

    def _parts(self, span: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for (is_hidden, is_left_out), chars in groupby(span["chars"], key=lambda c: (self.hides(c), self.drops(c))):
            if not is_left_out:
                yield {**span, "chars": list(chars), "hidden": is_hidden}

    def hides(self, char: dict[str, Any]) -> bool:
        """Whether a character of a raw dictionary cannot be seen."""
        return self.unseen.has(char["c"], *self._place(char))

    def drops(self, char: dict[str, Any]) -> bool:
        """Whether a character is left out."""
        return (not self.marks and self.hides(char)) or self.apart.has(char["c"], *self._place(char))

    def _place(self, char: dict[str, Any]) -> tuple[float, float]:
        x, y = char["origin"] if self.back is None else pymupdf.Point(char["origin"]) * self.back
        return x, y


NOTHING_HIDDEN = Hiding()
