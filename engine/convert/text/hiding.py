"""Takes characters that cannot be seen out of what is read, or notes that they are."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import pymupdf

from engine.convert.text.unseen import ALL_SEEN, Unseen


@dataclass(frozen=True, slots=True)
class Hiding:
    """What becomes of the characters of one page that cannot be seen."""

    unseen: Unseen = ALL_SEEN
    marks: bool = False
    """They are kept, as hidden; else they are left out."""

    def __bool__(self) -> bool:
        """Whether there is anything to be done."""
        return self.unseen.count > 0

    def apply(self, raw: dict[str, Any], turn: pymupdf.Matrix | None = None) -> None:
        """See to the spans of a raw dictionary of PyMuPDF's; `turn` leads from the page as it is shown to its places.

        Spans that are kept have the key `hidden`.
        """
        back = ~turn if turn is not None else None
        for block in raw["blocks"] if self else ():
            for line in block.get("lines", ()):
                line["spans"] = [part for span in line["spans"] for part in self._parts(span, back)]

    def _parts(self, span: dict[str, Any], back: pymupdf.Matrix | None) -> Iterator[dict[str, Any]]:
        for is_hidden, chars in groupby(span["chars"], key=lambda char: self.hides(char, back)):
            if self.marks or not is_hidden:
                yield {**span, "chars": list(chars), "hidden": is_hidden}

    def hides(self, char: dict[str, Any], back: pymupdf.Matrix | None = None) -> bool:
        """Whether a character of a raw dictionary cannot be seen; `back` leads to the page as it is shown."""
        place = char["origin"] if back is None else pymupdf.Point(char["origin"]) * back
        return self.unseen.has(char["c"], place[0], place[1])


NOTHING_HIDDEN = Hiding()
